"""The OpenCL backend against NumPy, and what only it has: shapes of code, asynchronous plans, checks on the device."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from kernel_builder import Builder, elementwise, run_plan
from kernel_cases import CASES, check, reduce_rows, softmax

from weft.backend import Launch, Plan, Unsupported

_GPU = ("reduce", "softmax", "layer", "gemm", "conv", "one", "padded", "transposed", "philox", "gather")


def supported(backend: Any, builder: Builder) -> None:
    if builder.kind not in backend.capabilities.kinds:
        pytest.skip(f"the core lowers {builder.kind}")
    types = {instr.type for instr in builder.instrs} | {access.dtype for access in builder.accesses}
    if "float64" in types and "float64" not in backend.capabilities.dtypes:
        pytest.skip("no float64 on this device")


@pytest.mark.parametrize("name", CASES)
def test_case(name: str, opencl: Any) -> None:
    builder, expected = CASES[name]()
    supported(opencl, builder)
    check(builder, expected, builder.run(opencl))
    assert opencl.status(0) == 0


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(_GPU)])
def test_case_with_gpu_shapes(name: str, opencl_gpu_shapes: Any) -> None:
    builder, expected = CASES[name]()
    supported(opencl_gpu_shapes, builder)
    check(builder, expected, builder.run(opencl_gpu_shapes))


# ---- the same bits whatever the shape of the code ------------------------------------------------


def columns(x: Any, length: int) -> Builder:
    """Sums over rows that do not lie contiguously: x is (length, rows)."""
    builder = Builder([x.shape[1]], [length])
    a = builder.access(builder.arg(x), [1, x.shape[1]])
    out = builder.access(builder.arg(np.zeros(x.shape[1], np.float32)), [1, 0], store=True)
    with builder.stage(inner=True):
        total = builder.op("reduce.sum", "float32", builder.load(a))
    with builder.stage():
        builder.store(out, total)
    return builder


def in_two_dimensions(x: Any, split: int) -> Builder:
    rows, length = x.shape
    builder = Builder([rows], [split, length // split])
    a = builder.access(builder.arg(x), [length, length // split, 1])
    out = builder.access(builder.arg(np.zeros(rows, np.float32)), [1, 0, 0], store=True)
    with builder.stage(inner=True):
        total = builder.op("reduce.sum", "float32", builder.load(a))
    with builder.stage():
        builder.store(out, total)
    return builder


@pytest.mark.parametrize("length", [20, 96, 1000, 1024])
@pytest.mark.parametrize("shapes", ["opencl", "opencl_gpu_shapes"])
def test_a_sum_depends_on_its_length_alone(length: int, shapes: str, request: pytest.FixtureRequest) -> None:
    backend = request.getfixturevalue(shapes)
    x = np.random.default_rng(1).normal(size=(40, length)).astype(np.float32)
    rows = reduce_rows("sum", x).run(backend)[1]
    np.testing.assert_array_equal(columns(np.ascontiguousarray(x.T), length).run(backend)[1], rows)
    for split in (2, 4, 5):
        if length % split == 0:
            np.testing.assert_array_equal(in_two_dimensions(x, split).run(backend)[1], rows)
    np.testing.assert_array_equal(reduce_rows("sum", x[:3]).run(backend)[1], rows[:3])


@pytest.mark.parametrize("op", ["exp", "log1p", "tanh", "erf", "acos", "sin", "pow", "atan2"])
def test_a_function_gives_the_same_bits_everywhere(op: str, opencl: Any) -> None:
    """On contiguous rows (vectors), strided ones (single elements), and at the end of a row."""
    x = np.random.default_rng(2).uniform(-1, 1, 1003).astype(np.float32)
    inputs = [np.abs(x), x] if op in ("pow", "atan2") else [x]
    straight = elementwise(op, "float32", *inputs).run(opencl)[-1]
    for step in (1, 2):
        n = 17
        builder = Builder([n])
        loads = [builder.access(builder.arg(v), [step]) for v in inputs]
        out = builder.access(builder.arg(np.zeros(n, np.float32)), [1], store=True)
        with builder.stage():
            builder.store(out, builder.op(op, "float32", *[builder.load(load) for load in loads]))
        np.testing.assert_array_equal(builder.run(opencl)[-1], straight[: n * step : step])


# ---- checks --------------------------------------------------------------------------------------


def checked(values: list[int], code: int) -> Builder:
    x = np.array(values, np.int32)
    builder = Builder([x.size])
    source = builder.access(builder.arg(x), [1])
    out = builder.access(builder.arg(np.zeros_like(x)), [1], store=True)
    with builder.stage():
        value = builder.load(source)
        builder.op("check", "bool", builder.op("lt", "bool", builder.imm(0, "int32"), value), imm=code)
        builder.store(out, value)
    return builder


@pytest.mark.parametrize("size", [2, 100])
def test_a_failing_check_stops_what_follows(size: int, opencl: Any) -> None:
    plain = elementwise("neg", "int32", np.ones(size, np.int32))
    good, bad, after = checked([1] * size, 5), checked([1] * (size - 1) + [-2], 6), checked([-1] * size, 7)
    results = run_plan(opencl, [good, bad, after, plain])
    np.testing.assert_array_equal(results[0][1], np.ones(size))
    np.testing.assert_array_equal(results[2][1], np.zeros(size))
    np.testing.assert_array_equal(results[3][1], np.zeros(size))
    assert opencl.status(0) == 6
    assert opencl.status(0) == 0
    np.testing.assert_array_equal(run_plan(opencl, [good])[0][1], np.ones(size))
    assert opencl.status(0) == 0


@pytest.mark.parametrize("shapes", ["opencl", "opencl_gpu_shapes"])
def test_a_check_on_each_row(shapes: str, request: pytest.FixtureRequest) -> None:
    backend = request.getfixturevalue(shapes)
    for last, code in ((1.0, 0), (np.nan, 9)):
        x = np.ones((50, 300), np.float32)
        x[-1, -1] = last
        builder = Builder([50], [300])
        a = builder.access(builder.arg(x), [300, 1])
        out = builder.access(builder.arg(np.zeros(50, np.float32)), [1, 0], store=True)
        with builder.stage(inner=True):
            value = builder.load(a)
            builder.op("check", "bool", builder.op("eq", "bool", value, value), imm=9)
            total = builder.op("reduce.sum", "float32", value)
        with builder.stage():
            builder.store(out, total)
        builder.run(backend)
        assert backend.status(0) == code


# ---- plans ---------------------------------------------------------------------------------------


def add_scalar(n: int) -> Builder:
    builder = Builder([n])
    a = builder.access(builder.arg(np.zeros(n, np.float32)), [1])
    out = builder.access(0, [1], store=True)
    with builder.stage():
        builder.store(out, builder.op("add", "float32", builder.load(a), builder.param(0.0)))
    return builder


def test_runs_in_quick_succession_see_their_own_parameters(opencl: Any) -> None:
    builder = add_scalar(1000)
    executable = opencl.load(0, Plan(1, len(builder.words), (Launch(opencl.compile(0, builder.kernel()), (0,), 0),)))
    buffer = opencl.alloc(0, 4000)
    opencl.copy_in(0, buffer, 0, memoryview(bytes(4000)))
    words = np.array(builder.packed(), np.int64)
    for i in range(200):
        words[-1] = int(np.float32(i).view(np.int32))
        opencl.run(executable, [buffer], memoryview(words), False)
    out = np.zeros(1000, np.float32)
    opencl.copy_out(0, memoryview(out).cast("B"), buffer, 0)
    np.testing.assert_array_equal(out, np.full(1000, sum(range(200))))


def test_threads_share_a_device(opencl: Any) -> None:
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for _ in range(10):
                x = np.random.default_rng(seed).normal(size=500).astype(np.float32)
                np.testing.assert_array_equal(elementwise("neg", "float32", x).run(opencl)[1], -x)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_measure_gives_seconds_for_each_launch(opencl: Any) -> None:
    builder = softmax(np.ones((64, 100), np.float32))
    program = opencl.compile(0, builder.kernel())
    plan = Plan(2, len(builder.words), (Launch(program, (0, 1), 0), Launch(program, (0, 1), 0)))
    executable = opencl.load(0, plan)
    buffers = [opencl.alloc(0, 25600) for _ in range(2)]
    seconds = opencl.run(executable, buffers, memoryview(np.array(builder.packed(), np.int64)), True)
    assert len(seconds) == 2
    assert all(0 < s < 10 for s in seconds)


def test_sizes_change_from_run_to_run(opencl: Any) -> None:
    """One program and one executable for every size: short rows and long ones take different shapes."""
    x = np.random.default_rng(3).normal(size=(4, 700)).astype(np.float32)
    builds = None
    for _ in range(2):
        for length in (3, 40, 700, 1, 90):
            builder = reduce_rows("max", np.ascontiguousarray(x[:, :length]))
            np.testing.assert_array_equal(builder.run(opencl)[1], x[:, :length].max(1))
        if builds is not None:
            assert opencl.kernel_builds() == builds
        builds = opencl.kernel_builds()


def test_memory(opencl: Any) -> None:
    empty = opencl.alloc(0, 0)
    opencl.copy_in(0, empty, 0, memoryview(b""))
    opencl.copy_out(0, memoryview(bytearray()), empty, 0)
    opencl.free(0, empty)
    with pytest.raises(MemoryError):
        opencl.alloc(0, 1 << 60)
    buffer = opencl.alloc(0, 100)
    opencl.copy_in(0, buffer, 10, memoryview(b"abcdef"))
    out = bytearray(3)
    opencl.copy_out(0, memoryview(out), buffer, 12)
    assert bytes(out) == b"cde"


def test_the_unknown_is_unsupported(opencl: Any) -> None:
    with pytest.raises(Unsupported):
        opencl.compile(0, elementwise("frobnicate", "int32", np.zeros(1, np.int32)).kernel())
    with pytest.raises(Unsupported):
        opencl.compile(0, Builder([1], kind="sort").kernel())


def test_devices(opencl: Any) -> None:
    kinds = [device.kind for device in opencl.devices()]
    assert kinds == sorted(kinds, key=["gpu", "accelerator", "cpu"].index)
    assert all(device.memory > 0 for device in opencl.devices())
    for device in range(len(kinds)):
        x = np.arange(10, dtype=np.int32)
        np.testing.assert_array_equal(elementwise("neg", "int32", x).run(opencl, device)[1], -x)
