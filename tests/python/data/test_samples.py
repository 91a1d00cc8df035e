"""The data sets at hand: shapes, shares of the classes, that nothing is lost, and what is said without scikit-learn."""

import subprocess
import sys

import numpy as np
import pytest

from weft import data

datasets = pytest.importorskip("sklearn.datasets")


def whole(name):
    return getattr(datasets, f"load_{name}")(return_X_y=True)


@pytest.mark.parametrize("name", ["digits", "iris", "wine", "breast_cancer"])
def test_classes_keep_their_shares(name):
    (x, y), (x_test, y_test) = getattr(data, name)()
    original, labels = whole(name)
    assert x.dtype == x_test.dtype == np.float32
    assert y.dtype == y_test.dtype == np.int64
    assert y.shape == (len(x),)
    assert len(x) + len(x_test) == len(original)
    assert abs(len(x_test) / len(original) - 0.25) < 0.01
    counts = np.bincount(labels)
    np.testing.assert_array_equal(np.bincount(y) + np.bincount(y_test), counts)
    assert np.all(np.abs(np.bincount(y_test) - counts / 4) < 1)


def test_digits_are_images():
    (x, y), _ = data.digits()
    assert x.shape[1:] == (1, 8, 8)
    assert (x.min(), x.max()) == (0, 1)
    original, labels = whole("digits")
    found = np.flatnonzero((original == (x[0] * 16).reshape(-1)).all(1))
    assert labels[found].tolist() == [y[0]]


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_tables_are_standardized_by_the_training_rows(name):
    (x, y), (x_test, _) = getattr(data, name)()
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(0), 1, atol=1e-5)
    (raw, raw_y), (raw_test, _) = getattr(data, name)(standardize=False)
    original, _ = whole(name)
    rows = np.concatenate([raw, raw_test])
    np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(original.astype("float32"), axis=0))
    np.testing.assert_allclose(
        x_test, (raw_test.astype("float64") - raw.mean(0, dtype="float64")) / raw.std(0, dtype="float64"), atol=1e-4
    )
    np.testing.assert_array_equal(y, raw_y)


def test_diabetes_has_values_of_shape_n_1():
    (x, y), (_, y_test) = data.diabetes()
    assert y.shape == (len(x), 1)
    assert y.dtype == np.float32
    np.testing.assert_array_equal(np.sort(np.concatenate([y, y_test]).ravel()), np.sort(whole("diabetes")[1]))


def test_splits_are_always_the_same():
    for (x, y), (again_x, again_y) in zip(data.iris(), data.iris(), strict=True):
        np.testing.assert_array_equal(x, again_x)
        np.testing.assert_array_equal(y, again_y)


def test_sample_images():
    pytest.importorskip("PIL")
    images = data.sample_images()
    assert images.shape == (2, 3, 427, 640)
    assert images.dtype == np.float32
    original = np.stack(datasets.load_sample_images().images)
    np.testing.assert_allclose(images, original.transpose(0, 3, 1, 2) / 255, rtol=1e-6)


@pytest.mark.parametrize("call", ["digits", "diabetes", "sample_images"])
def test_without_scikit_learn_it_is_said_what_to_install(call, monkeypatch):
    for module in ("sklearn.datasets", "PIL"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=r'not installed: pip install "weft\[demo\]"'):
        getattr(data, call)()


def test_sample_text():
    text = data.sample_text()
    assert len(text) == 1_000_000
    assert data.sample_text(5000) == text[:5000]
    assert data.sample_text(0) == ""
    assert "argparse" in text[:1000]
    assert len(set(text)) < 200


def test_sample_text_is_the_same_in_another_process():
    code = "import weft, zlib; print(zlib.crc32(weft.data.sample_text(200_000).encode()))"
    runs = {
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1


def test_without_sources_it_is_said(monkeypatch):
    monkeypatch.setattr("weft.data.samples._source", lambda module: "")
    with pytest.raises(RuntimeError, match="no sources"):
        data.sample_text()
