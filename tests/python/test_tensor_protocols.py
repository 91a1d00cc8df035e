"""Tensors as Python objects: attributes, printing, copies, NumPy's protocols."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

import weft


def test_attributes():
    t = weft.zeros((2, 3), dtype=weft.float16)
    assert (t.shape, t.ndim, t.size, t.itemsize, t.nbytes) == ((2, 3), 2, 6, 2, 12)
    assert (t.dim(), t.numel(), t.element_size(), len(t)) == (2, 6, 2, 2)
    with pytest.raises(AttributeError):
        t.shape = (3, 2)
    with pytest.raises(TypeError, match="len"):
        len(weft.zeros(()))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (weft.asarray([1.0, 2.5]), "Tensor([1. , 2.5])"),
        (weft.asarray([1, 2]), "Tensor([1, 2])"),
        (weft.asarray(1.5), "Tensor(1.5)"),
        (weft.asarray([True]), "Tensor([ True])"),
        (weft.asarray([1.0], dtype="float64"), "Tensor([1.], dtype=float64)"),
        (weft.asarray([1], dtype="int8"), "Tensor([1], dtype=int8)"),
        (weft.zeros((0, 2)), "Tensor([], shape=(0, 2), dtype=float32)"),
        (weft.ones(1).requires_grad_(), "Tensor([1.], requires_grad=True)"),
        (weft.ones(1, device="reference"), "Tensor([1.], device='reference:0')"),
        (weft.ones((2, 2)), "Tensor([[1., 1.],\n        [1., 1.]])"),
    ],
)
def test_repr(value, text):
    assert repr(value) == text


def test_str_and_format():
    assert str(weft.asarray([[1.0, 2.0]])) == "[[1. 2.]]"
    assert f"{weft.asarray(1.23456):.2f}" == "1.23"
    assert f"{weft.asarray([1, 2])}" == "[1 2]"


def test_python_numbers(device):
    assert float(weft.asarray(1.5)) == 1.5
    assert int(weft.asarray(3)) == 3
    assert complex(weft.asarray(2j)) == 2j
    assert bool(weft.asarray(0.0)) is False
    assert bool(weft.asarray([1]))
    assert [10, 20, 30][weft.asarray(1)] == 20
    assert weft.asarray(2**63, dtype="uint64").item() == 2**63
    assert weft.asarray([True]).item() is True
    assert isinstance(weft.asarray(1).item(), int)
    assert math.isnan(weft.asarray(math.nan).item())
    assert weft.asarray([1, 2]).astype("float16")[1].item() == 2.0
    for bad in (lambda: bool(weft.ones(2)), lambda: weft.ones(2).item(), lambda: float(weft.ones(2))):
        with pytest.raises(ValueError, match=r"\(2,\)"):
            bad()
    with pytest.raises(TypeError, match="index"):
        [1][weft.asarray(0.0)]


def test_iteration_and_membership():
    t = weft.asarray([[1, 2], [3, 4]])
    assert [row.tolist() for row in t] == [[1, 2], [3, 4]]
    _, b = t
    assert b.tolist() == [3, 4]
    assert 3 in t
    assert 9 not in t
    with pytest.raises(TypeError, match="iterated"):
        iter(weft.asarray(1))


def test_comparison_with_anything_else():
    t = weft.ones(2)
    assert (t == None) is False  # noqa: E711
    assert (t != "text") is True
    assert hash(t) == hash(t)
    assert len({t, weft.ones(2)}) == 2
    assert (t == t).tolist() == [True, True]


def test_pickle_and_copies(device):
    for dtype in ("float32", "bfloat16", "int8", "bool", "complex64", "float16"):
        t = weft.asarray([[1.0, 0.0], [1.0, 1.0]], dtype=dtype).eval()
        back = pickle.loads(pickle.dumps(t))
        assert (back.dtype, back.shape) == (t.dtype, t.shape)
        assert weft.array_equal(back, t)
    w = weft.ones(2).requires_grad_()
    assert pickle.loads(pickle.dumps(w)).requires_grad
    twin = copy.deepcopy(w)
    assert twin.requires_grad
    assert twin.is_leaf
    with weft.no_grad():
        twin += 1
    assert w.tolist() == [1, 1]
    assert twin.tolist() == [2, 2]
    alias = copy.copy(w)
    (alias * 2).sum().backward()
    assert w.grad.tolist() == [2, 2]
    with pytest.raises(RuntimeError, match="leaves"):
        copy.deepcopy(w * 2)
    assert pickle.loads(pickle.dumps(weft.float32)) == weft.float32
    assert pickle.loads(pickle.dumps(weft.device("cpu"))) == weft.device("cpu")


def test_numpy_views():
    t = weft.arange(6).reshape(2, 3) + 0
    a = t.numpy()
    assert not a.flags.writeable
    assert t.numpy().ctypes.data == a.ctypes.data
    with pytest.raises(ValueError, match="read-only"):
        a[0] = 1
    t += 100
    t.eval()
    assert a.tolist() == [[0, 1, 2], [3, 4, 5]]
    del t
    gc.collect()
    _ = [weft.ones(6) * i + 0 for i in range(10)]
    weft.eval(_)
    assert a.tolist() == [[0, 1, 2], [3, 4, 5]]
    x = weft.arange(6).reshape(2, 3)
    assert x.T.numpy().tolist() == [[0, 3], [1, 4], [2, 5]]
    assert weft.zeros((0, 3)).numpy().shape == (0, 3)


def test_a_live_export_is_not_overwritten():
    x = weft.zeros(1000) + 1
    a = x.numpy()
    for _ in range(5):
        x += 1
        x.eval()
    assert a.tolist() == [1] * 1000
    assert x[0].item() == 6


def test_array_protocol():
    t = weft.asarray([1.0, 2.0])
    assert np.asarray(t).dtype == np.float32
    assert np.asarray(t, dtype=np.float64).dtype == np.float64
    b = np.array(t)
    b[0] = 5
    assert t.tolist() == [1, 2]
    assert np.array(t, copy=True).flags.writeable
    assert np.concatenate([t, np.zeros(1)]).tolist() == [1, 2, 0]
    assert np.mean(t) == 1.5
    with pytest.raises(ValueError, match="copy"):
        t.__array__(np.float64, copy=False)


def test_ufuncs(device):
    t = weft.asarray([1.0, 4.0])
    out = np.sqrt(t)
    assert isinstance(out, weft.Tensor)
    assert out.tolist() == [1, 2]
    assert isinstance(np.add(np.ones(2), t), weft.Tensor)
    assert isinstance(np.float64(2) * t, weft.Tensor)
    assert isinstance(np.ones(2) * t, weft.Tensor)
    assert np.absolute(-t).tolist() == [1, 4]
    assert np.add.reduce(t) == 5
    assert isinstance(np.spacing(t), np.ndarray)
    w = weft.asarray([3.0]).requires_grad_()
    np.square(w).sum().backward()
    assert w.grad.item() == 6
    with pytest.raises(TypeError):
        np.add(np.ones(2), t, out=t)


def test_array_api_attributes():
    t = weft.ones(2)
    assert t.__array_namespace__() is weft
    info = weft.__array_namespace_info__()
    assert info.default_dtypes()["integral"] == weft.int64
    assert set(info.dtypes(kind="bool")) == {"bool"}
    assert weft.device("cpu") in info.devices()
    assert weft.__array_api_version__ == "2025.12"


def test_every_name_is_there():
    for name in weft.__all__:
        if name not in ("compile", "Trainer", "testing", "data", "metrics", "losses", "train"):
            assert getattr(weft, name, weft) is not weft or name in ("newaxis",), name
    assert "linalg" in dir(weft)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = weft.nonsense


def test_casts():
    t = weft.asarray([1.7, 0.0])
    assert t.int().dtype == weft.int32
    assert t.long().tolist() == [1, 0]
    assert t.bool().tolist() == [True, False]
    assert t.half().dtype == weft.float16
    assert t.bfloat16().dtype == weft.bfloat16
    assert t.double().dtype == weft.float64
    assert t.astype(int).dtype == weft.int64
    assert t.type(weft.uint8).dtype == weft.uint8


def test_methods_of_python_functions():
    t = weft.asarray([[1.0, 2.0], [3.0, 0.0]])
    assert [i.tolist() for i in t.nonzero()] == [[0, 0, 1], [0, 1, 0]]
    assert t.diagonal().tolist() == [1, 0]
    assert t.trace().item() == 1
    assert t.diff(axis=0).tolist() == [[2, -2]]
    assert t.median().item() == 1.5
    assert t.quantile(0.5, axis=0).tolist() == [2, 1]
    assert t.allclose(t)
    assert t.softmax(-1).sum().item() == pytest.approx(2)
    assert t.norm().item() == pytest.approx(14**0.5)


def test_assign():
    t = weft.zeros((2, 2), dtype=weft.float16)
    assert t.assign(1) is t
    assert t.assign(np.arange(4).reshape(2, 2)).tolist() == [[0, 1], [2, 3]]
    assert t.dtype == weft.float16
    t.zero_()
    t.fill_(3)
    assert t.tolist() == [[3, 3], [3, 3]]
    t.assign(weft.ones((2, 2), device="reference"))
    assert t.device.type == "cpu"


def test_weak_references_and_lifetimes():
    t = weft.ones(3)
    ref = weakref.ref(t)
    del t
    assert ref() is None
    w = weft.ones(3).requires_grad_()
    loss = (w * w).sum()
    del w
    loss.backward()  # nobody is left to tell


def test_subclasses():
    class Named(weft.Tensor):
        def __init__(self, data, name):
            super().__init__(data)
            self.name = name
            self.requires_grad = True

    t = Named([1.0, 2.0], "w")
    (t * t).sum().backward()
    assert t.grad.tolist() == [2, 4]
    assert t.name == "w"
    assert isinstance(t + 1, weft.Tensor)


def test_threads():
    errors = []

    def work(seed):
        try:
            for i in range(30):
                with weft.device("reference" if seed % 2 else "cpu"):
                    x = weft.full((50,), float(seed * i))
                    assert (x * 2 + 1).sum().item() == 50 * (seed * i * 2 + 1)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []


def test_eval_takes_trees():
    a, b = weft.ones(2) + 1, weft.ones(2) * 3
    weft.eval({"a": [a], "b": (b, 3)}, None)
    with weft.profile() as p:
        a.tolist()
    assert p.kernels == []
    assert (weft.ones(2) + 1).eval().tolist() == [2, 2]
    weft.synchronize()


def test_profile():
    x = weft.ones((64, 64)) + 0
    x.eval()
    with weft.profile() as p:
        (x @ x).sum().item()
    assert p.kernels
    assert all(k.seconds >= 0 for k in p.kernels)
    assert p.seconds > 0
    assert len(p.syncs) >= 1
    assert "kernels" in str(p)


def test_texts():
    x = weft.ones(3) + weft.asarray([1.0, 2.0, 3.0])
    assert "add" in weft.graph_text(x)
    assert weft.runtime_stats()["evaluations"] >= 0


def test_a_process_ends_cleanly():
    code = """
import atexit, weft
x = weft.ones(3, device="reference") + 1
keep = [x.eval(), x.numpy(), weft.ones(3).requires_grad_() * 2]
atexit.register(lambda: print(x.tolist()))
"""
    import os

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (result.returncode, result.stdout.strip(), result.stderr) == (0, "[2.0, 2.0, 2.0]", "")
