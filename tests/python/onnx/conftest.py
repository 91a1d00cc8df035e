"""Running exported files."""

from __future__ import annotations

import numpy as np
import pytest

import weft
from weft._tree import flatten


@pytest.fixture
def session(tmp_path):
    """session(function, *inputs, **options): the exported function in onnxruntime."""
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")

    def made(function, *inputs, **options):
        path = tmp_path / "model.onnx"
        weft.onnx.export(function, inputs, path, **options)
        return runtime.InferenceSession(path, providers=["CPUExecutionProvider"])

    return made


@pytest.fixture
def agrees(session):
    """agrees(function, *inputs, **options): both give the same; returns the session."""

    def check(function, *inputs, tolerance=1e-5, **options):
        made = session(function, *inputs, **options)
        compare(made, function, *inputs, tolerance=tolerance)
        return made

    return check


@pytest.fixture
def operators(tmp_path):
    """operators(): of the file written last, in their order."""

    def found():
        onnx = pytest.importorskip("onnx")
        return [node.op_type for node in onnx.load(tmp_path / "model.onnx").graph.node]

    return found


def compare(session, function, *inputs, tolerance=1e-5):
    """What onnxruntime computes against what weft computes, for these inputs."""
    names = [value.name for value in session.get_inputs()]
    arrays = [x.numpy() for x in flatten(inputs)[0]]
    found = session.run(None, dict(zip(names, arrays, strict=True)))
    with weft.no_grad():
        wanted = [t for t in flatten(function(*inputs))[0] if t is not None]
    for a, b in zip(found, wanted, strict=True):
        assert a.dtype == b.numpy().dtype
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b.numpy(), rtol=tolerance, atol=tolerance)
