"""The reference backend against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from kernel_builder import Builder, elementwise, run_plan
from kernel_cases import CASES, check
from weft.backends.reference import ReferenceBackend

from weft.backend import BackendError, Capabilities, Unsupported


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    builder, expected = CASES[name]()
    backend = ReferenceBackend()
    check(builder, expected, builder.run(backend))
    assert backend.status(0) == 0


@pytest.mark.parametrize(
    "name", [name for name in CASES if name.startswith(("softmax", "layer", "reduce.sum", "conv-", "gemm-f"))]
)
def test_chunks_change_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    builder, _ = CASES[name]()
    if builder.kind != "loop":  # as a plain loop, the contraction may round otherwise but must be close
        kind, expected = builder.kind, CASES[name]()[1]
        builder.kind = "loop"
        check(builder, expected, builder.run(ReferenceBackend()))
        builder.kind = kind
        return
    whole = builder.run(ReferenceBackend())
    monkeypatch.setattr("weft.backends.reference.loop.Tape.run.__defaults__", (7,))
    for one, other in zip(whole, builder.run(ReferenceBackend()), strict=True):
        np.testing.assert_array_equal(one, other)


def checked(values: list[int], code: int) -> Builder:
    """Copies, and checks that every value is positive."""
    x = np.array(values, np.int32)
    builder = Builder([x.size])
    source = builder.access(builder.arg(x), [1])
    out = builder.access(builder.arg(np.zeros_like(x)), [1], store=True)
    with builder.stage():
        value = builder.load(source)
        builder.op("check", "bool", builder.op("lt", "bool", builder.imm(0, "int32"), value), imm=code)
        builder.store(out, value)
    return builder


def test_a_failing_check_stops_what_follows() -> None:
    backend = ReferenceBackend()
    plain = elementwise("neg", "int32", np.array([1, 2], np.int32))
    good, bad, after = checked([1, 2], 5), checked([1, -2], 6), checked([-1], 7)
    results = run_plan(backend, [good, bad, after, plain])
    np.testing.assert_array_equal(results[0][1], [1, 2])
    np.testing.assert_array_equal(results[2][1], [0])
    np.testing.assert_array_equal(results[3][1], [0, 0])
    assert backend.status(0) == 6
    assert backend.status(0) == 0
    np.testing.assert_array_equal(run_plan(backend, [good])[0][1], [1, 2])
    assert backend.status(0) == 0


def test_measure_gives_seconds() -> None:
    from weft.backend import Launch, Plan

    backend = ReferenceBackend()
    builder = elementwise("neg", "int32", np.array([1, 2], np.int32))
    program = backend.compile(0, builder.kernel())
    plan = backend.load(0, Plan(2, len(builder.words), (Launch(program, (0, 1), 0),)))
    buffers = [backend.alloc(0, 8), backend.alloc(0, 8)]
    seconds = backend.run(plan, buffers, memoryview(np.array(builder.packed(), np.int64)), True)
    assert seconds is not None
    assert len(seconds) == 1
    assert seconds[0] > 0


def test_donated_buffer() -> None:
    """The input's buffer is the output's."""
    from weft.backend import Launch, Plan

    backend = ReferenceBackend()
    builder = elementwise("add", "int32", np.arange(1000, dtype=np.int32), np.arange(1000, dtype=np.int32))
    program = backend.compile(0, builder.kernel())
    plan = backend.load(0, Plan(1, len(builder.words), (Launch(program, (0, 0, 0), 0),)))
    buffer = backend.alloc(0, 4000)
    backend.copy_in(0, buffer, 0, memoryview(builder.arrays[0]).cast("B"))
    backend.run(plan, [buffer], memoryview(np.array(builder.packed(), np.int64)), False)
    out = np.zeros(1000, np.int32)
    backend.copy_out(0, memoryview(out).cast("B"), buffer, 0)
    np.testing.assert_array_equal(out, 2 * np.arange(1000))


def test_the_unknown_is_unsupported() -> None:
    backend = ReferenceBackend()
    with pytest.raises(Unsupported):
        backend.compile(0, elementwise("frobnicate", "int32", np.zeros(1, np.int32)).kernel())
    builder = Builder([1], kind="attention")
    with pytest.raises(Unsupported):
        backend.compile(0, builder.kernel())


def test_an_access_outside_its_buffer_is_an_error() -> None:
    builder = Builder([8])
    source = builder.access(builder.arg(np.zeros(4, np.float32)), [1])
    out = builder.access(builder.arg(np.zeros(8, np.float32)), [1], store=True)
    with builder.stage():
        builder.store(out, builder.load(source))
    with pytest.raises(IndexError):
        builder.run(ReferenceBackend())


def test_devices_and_capabilities() -> None:
    backend = ReferenceBackend()
    assert [device.kind for device in backend.devices()] == ["cpu"]
    assert isinstance(backend.capabilities, Capabilities)
    assert "loop" in backend.capabilities.kinds
    assert not issubclass(Unsupported, BackendError)
