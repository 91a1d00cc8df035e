"""What holds for every metric: batches, merging, tracing, moving and saving make no difference."""

from __future__ import annotations

import numpy as np
import pytest

import weft
from weft import _core, metrics
from weft.metrics._metric import Sum

ROWS = 60
rng = np.random.default_rng(5)
SCORES, CLASSES = rng.normal(size=(ROWS, 4)).astype(np.float32), rng.integers(0, 4, size=ROWS)
NUMBERS, TRUTH = rng.normal(size=(2, ROWS)).astype(np.float32)
CHANCES, ANSWERS = rng.uniform(size=ROWS).astype(np.float32), rng.integers(0, 2, size=ROWS)
LABELS = rng.integers(0, 4, size=(ROWS, 3)), rng.integers(0, 2, size=(ROWS, 3))


def bias(output, target):
    return (output - target).mean()


CASES = [
    (metrics.Accuracy(), SCORES, CLASSES),
    (metrics.Accuracy(top_k=2), SCORES, CLASSES),
    (metrics.Precision(4), SCORES, CLASSES),
    (metrics.Recall(), CHANCES, ANSWERS),
    (metrics.F1(4, "weighted"), SCORES, CLASSES),
    (metrics.ConfusionMatrix(4), SCORES, CLASSES),
    (metrics.MeanIoU(4), SCORES, CLASSES),
    (metrics.AUROC(32), CHANCES, ANSWERS),
    (metrics.AUROC(32, num_classes=4, from_logits=True), SCORES, CLASSES),
    (metrics.ExactAUROC(), CHANCES, ANSWERS),
    (metrics.MAE(), NUMBERS, TRUTH),
    (metrics.MSE(), NUMBERS, TRUTH),
    (metrics.RMSE(), NUMBERS, TRUTH),
    (metrics.R2(), NUMBERS, TRUTH),
    (metrics.Perplexity(), SCORES, CLASSES),
    (metrics.BLEU(max_n=2), *LABELS),
    (metrics.ExactMatch(), LABELS[0] % 2, LABELS[1]),
    (metrics.get(bias), NUMBERS, TRUTH),
]
CUTS = [10, 11, 40]


def update(metric, output, target, cuts=(), step=None):
    for some in np.split(np.arange(ROWS), cuts):
        (step or metric.update)(weft.asarray(output[some]), weft.asarray(target[some]))


def at_once(metric, output, target):
    metric = metric.fresh()
    update(metric, output, target)
    return metric.compute().numpy()


def close(got, want):
    np.testing.assert_allclose(got, want, rtol=2e-6, atol=1e-7)


@pytest.fixture(params=CASES, ids=lambda case: case[0].name)
def case(request, device):
    prototype, output, target = request.param
    return prototype.fresh().to(device), output, target


def test_however_it_is_cut(case):
    metric, output, target = case
    want = at_once(*case)
    assert np.isfinite(want).all()
    assert want.any()
    update(metric, output, target, CUTS)
    close(metric.compute().numpy(), want)
    before = metric.compute()
    metric.reset()
    close(before.numpy(), want)
    update(metric, output, target, CUTS[:1])
    close(metric.compute().numpy(), want)


def test_merged(case):
    metric, output, target = case
    parts = [metric.fresh() for _ in range(len(CUTS) + 2)]  # one of them sees nothing
    for part, some in zip(parts, np.split(np.arange(ROWS), CUTS), strict=False):
        part.update(weft.asarray(output[some]), weft.asarray(target[some]))
    for part in parts:
        metric.merge(part)
    close(metric.compute().numpy(), at_once(*case))


def test_compiled(case):
    metric, output, target = case
    if not metric.traceable:
        pytest.skip("it is not traceable, and says so")

    @weft.compile
    def step(output, target):
        metric.update(output, target)
        return ()

    cuts = [20, 40]
    update(metric, output, target, cuts, step)
    assert step.traces == 1
    close(metric.compute().numpy(), at_once(*case))


def test_nothing_is_read(case):
    metric, output, target = case
    batch = weft.asarray(output), weft.asarray(target)
    weft.eval(*batch)
    with weft.profile() as profile:
        metric.update(*batch)
    if metric.traceable:
        assert profile.syncs == []
    with weft.profile() as profile:
        weft.eval(*metric.buffers())
    assert profile.fallbacks == []


def test_saved_and_loaded(case):
    metric, output, target = case
    update(metric, output[:30].repeat(2, 0), target[:30].repeat(2, 0))
    saved = {name: value.numpy().copy() for name, value in metric.state_dict().items()}
    other = metric.fresh()
    assert other.name == metric.name
    other.load_state_dict(saved)
    np.testing.assert_array_equal(other.compute().numpy(), metric.compute().numpy())
    update(other, output, target)
    for name, value in metric.state_dict().items():  # its state is its own
        np.testing.assert_array_equal(value.numpy(), saved[name])


def test_gradients_do_not_get_in(device):
    output = weft.asarray(NUMBERS).requires_grad_()
    for metric in (metrics.MSE(), metrics.R2(), metrics.get(bias)):
        metric.update(output * 2, weft.asarray(TRUTH))
        assert not metric.compute().requires_grad


def test_sums_keep_small_terms(device, monkeypatch):
    """A plain float32 sum would stay at 2**24."""
    capabilities = _core._capabilities
    monkeypatch.setattr(_core, "_capabilities", lambda device: {**capabilities(device), "dtypes": ["float32", "int64"]})
    total = Sum()
    assert total.high.dtype == weft.float32
    total.add(weft.asarray(2.0**24))
    for _ in range(10):
        total.add(weft.asarray(1.0))
    assert total.high.item() + total.low.item() == 2**24 + 10

    metric = metrics.MSE()
    update(metric, NUMBERS, TRUTH, CUTS)
    assert metric.compute().dtype == weft.float32
    close(metric.compute().item(), ((NUMBERS - TRUTH) ** 2).mean())
    monkeypatch.undo()
    assert metric.to(device).compute().dtype == weft.float64  # a device that has it
    close(metric.compute().item(), ((NUMBERS - TRUTH) ** 2).mean())


def test_between_devices():
    metric = metrics.R2()
    update(metric, NUMBERS, TRUTH)
    want = metric.compute().item()
    elsewhere = metric.fresh().to("reference")
    elsewhere.merge(metric)
    assert {state.device.name for state in elsewhere.buffers()} == {"reference:0"}
    np.testing.assert_allclose(elsewhere.compute().item(), want, rtol=1e-12)
    np.testing.assert_allclose(metric.to(weft.device("reference")).compute().item(), want, rtol=1e-12)


def test_mean_of_rows():
    metric = metrics.get(bias)
    assert metric.name == "bias"
    metric.update(weft.asarray([1.0, 2.0, 3.0]), weft.zeros(3))
    metric.update(weft.asarray([10.0]), weft.zeros(1))
    metric.update(weft.zeros((0,)), weft.zeros((0,)))
    assert metric.compute().item() == 4
    constant = metrics.Mean(lambda output, target: 2.5, "constant")
    constant.update({"a": weft.zeros((3, 2))}, None)
    assert (constant.compute().item(), constant.name) == (2.5, "constant")
    with pytest.raises(ValueError, match=r"gave a tensor of shape \(3,\)"):
        metrics.Mean(lambda output, target: output).update(weft.zeros(3), weft.zeros(3))


def test_a_module_as_metric_keeps_its_weights():
    loss = weft.losses.CrossEntropyLoss(weight=weft.ones(4))
    metric = metrics.get(loss)
    assert metric.name == "CrossEntropyLoss"
    update(metric, SCORES, CLASSES)
    metric.reset()
    assert loss.weight.tolist() == [1, 1, 1, 1]
    assert set(metric.state_dict()) == {"rows", "total.high", "total.low"}


def test_by_name():
    names = "accuracy precision recall f1 auroc confusion_matrix mean_iou mae mse rmse r2 perplexity bleu exact_match"
    for name in names.split():
        metric = metrics.get(name)
        assert metric.name == name
        assert metrics.get(metric) is metric
        assert type(metrics.get(type(metric))) is type(metric)
    assert metrics.F1(name="test_f1").name == "test_f1"
    assert metrics.F1.name == "f1"
    with pytest.raises(ValueError, match="unknown metric 'auc'; known: accuracy"):
        metrics.get("auc")


def test_what_does_not_merge():
    with pytest.raises(ValueError, match="merge"):
        metrics.F1(3).merge(metrics.F1(4))
    with pytest.raises(ValueError, match="merge"):
        metrics.Precision().merge(metrics.Recall())
    with pytest.raises(ValueError, match="merge"):
        metrics.R2().merge(metrics.MSE())


def test_a_metric_of_ones_own_says_what_is_missing():
    class Mine(metrics.Metric):
        pass

    with pytest.raises(NotImplementedError, match="Mine defines no update"):
        Mine().update(None, None)
    with pytest.raises(NotImplementedError, match="Mine defines no compute"):
        Mine().compute()
