"""Losses against their formulas written out in NumPy, and their gradients against differences of these."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import weft
from weft import losses

rng = np.random.default_rng(3)


def normal(*shape: int) -> Any:
    return rng.normal(size=shape)


def uniform(*shape: int) -> Any:
    return rng.uniform(0.05, 0.95, size=shape)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def log_softmax(x: Any) -> Any:
    return x - np.log(np.exp(x).sum(1, keepdims=True))


@dataclass(frozen=True)
class Case:
    """A loss with `reduction="none"`, what each of its elements should be, and what to call both with.

    The first `smooth` arguments are those with gradients, and the others are given as they are.
    """

    name: str
    loss: Callable[..., weft.Tensor]
    formula: Callable[..., Any]
    arguments: tuple[Any, ...]
    smooth: int = 1


def of(loss: Callable[..., weft.Tensor], **options: Any) -> Callable[..., weft.Tensor]:
    return lambda *tensors, reduction="none": loss(*tensors, **options, reduction=reduction)


def picked(weights: Any, x: Any, target: Any) -> Any:
    return -weights[target] * np.take_along_axis(x, target[:, None], 1)[:, 0]


def binary(x: Any, t: Any, positive: Any = 1.0) -> Any:
    return -(positive * t * np.log(sigmoid(x)) + (1 - t) * np.log(1 - sigmoid(x)))


def sigmoid_focal(x: Any, t: Any, alpha: float, gamma: float) -> Any:
    right = np.where(t == 1, sigmoid(x), 1 - sigmoid(x))
    return np.where(t == 1, alpha, 1 - alpha) * (1 - right) ** gamma * -np.log(right)


def softmax_focal(x: Any, t: Any, alpha: Any, gamma: float) -> Any:
    log_right = np.take_along_axis(log_softmax(x), t[:, None], 1)[:, 0]
    return -alpha[t] * (1 - np.exp(log_right)) ** gamma * log_right


def cosine(a: Any, b: Any, t: Any, margin: float) -> Any:
    angle = (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))
    return np.where(t == 1, 1 - angle, np.maximum(0, angle - margin))


def triplet(a: Any, p: Any, n: Any, margin: float, norm: float, swap: bool) -> Any:
    def distance(x: Any, y: Any) -> Any:
        return np.linalg.norm(x - y + 1e-6, ord=norm, axis=-1)

    far = np.minimum(distance(a, n), distance(p, n)) if swap else distance(a, n)
    return np.maximum(0, margin + distance(a, p) - far)


def dice(p: Any, t: Any) -> Any:
    both, each = (p * t).sum((2, 3)), p.sum((2, 3)) + t.sum((2, 3))
    return 1 - (2 * both + 1e-5) / (each + 1e-5)


def stirling(t: Any) -> Any:
    large = np.where(t > 1, t, 1)
    return np.where(t > 1, large * np.log(large) - large + 0.5 * np.log(2 * np.pi * large), 0)


SIGNS = np.array([1, -1, -1, 1, 1, -1])
CLASSES = np.array([0, 3, 2, 1, 3, 0])
WEIGHTS = np.array([0.5, 1.0, 2.0, 1.5])
COUNTS = np.array([0.0, 1.0, 2.0, 5.0, 9.0, 3.0])
ANSWERS = np.array([1.0, 0.0, 0.0, 1.0, 1.0, 0.0])
MASKS = (rng.uniform(size=(2, 3, 4, 2)) > 0.5).astype(float)
PLACES = rng.integers(0, 3, size=(2, 4, 2))
HOT = np.eye(3)[PLACES].transpose(0, 3, 1, 2)

CASES = [
    Case("l1", of(losses.l1_loss), lambda x, t: abs(x - t), (normal(6), normal(6)), 2),
    Case("mse", of(losses.mse_loss), lambda x, t: (x - t) ** 2, (normal(2, 3), normal(2, 3)), 2),
    Case(
        "huber",
        of(losses.huber_loss, delta=0.7),
        lambda x, t: np.where(abs(x - t) < 0.7, (x - t) ** 2 / 2, 0.7 * (abs(x - t) - 0.35)),
        (normal(8), normal(8)),
        2,
    ),
    Case(
        "smooth_l1",
        of(losses.smooth_l1_loss, beta=0.7),
        lambda x, t: np.where(abs(x - t) < 0.7, (x - t) ** 2 / 1.4, abs(x - t) - 0.35),
        (normal(8), normal(8)),
        2,
    ),
    Case("smooth_l1_0", of(losses.smooth_l1_loss, beta=0), lambda x, t: abs(x - t), (normal(4), normal(4)), 2),
    Case(
        "nll",
        lambda x, t, w, reduction="none": losses.nll_loss(x, t, w, reduction=reduction),
        lambda x, t, w: picked(w, x, t),
        (normal(6, 4), CLASSES, WEIGHTS),
    ),
    Case(
        "nll_images",
        of(losses.nll_loss),
        lambda x, t: -np.take_along_axis(x, t[:, None], 1)[:, 0],
        (normal(2, 3, 4, 2), PLACES),
    ),
    Case(
        "bce",
        of(losses.binary_cross_entropy),
        lambda x, t: -(t * np.log(x) + (1 - t) * np.log(1 - x)),
        (uniform(6), uniform(6)),
        2,
    ),
    Case(
        "bce_with_logits",
        lambda x, t, w, reduction="none": losses.binary_cross_entropy_with_logits(
            x, t, pos_weight=w, reduction=reduction
        ),
        binary,
        (normal(4, 3), uniform(4, 3), np.array([1.0, 3.0, 0.5])),
        2,
    ),
    Case(
        "focal",
        of(losses.focal_loss, alpha=0.3, gamma=1.5),
        lambda x, t: sigmoid_focal(x, t, 0.3, 1.5),
        (normal(6), ANSWERS),
    ),
    Case(
        "focal_classes",
        lambda x, t, w, reduction="none": losses.focal_loss(x, t, w, 2.0, reduction),
        lambda x, t, w: softmax_focal(x, t, w, 2.0),
        (normal(6, 4), CLASSES, WEIGHTS),
    ),
    Case("kl_div", of(losses.kl_div), lambda x, t: t * (np.log(t) - x), (normal(2, 3), uniform(2, 3)), 2),
    Case(
        "kl_div_log",
        of(losses.kl_div, log_target=True),
        lambda x, t: np.exp(t) * (t - x),
        (normal(2, 3), normal(2, 3)),
        2,
    ),
    Case(
        "gaussian_nll",
        lambda x, t, v, reduction="none": losses.gaussian_nll_loss(x, t, v, full=True, reduction=reduction),
        lambda x, t, v: 0.5 * (np.log(2 * np.pi * v) + (x - t) ** 2 / v),
        (normal(4, 2), normal(4, 2), uniform(4, 2)),
        3,
    ),
    Case(
        "gaussian_nll_rows",
        lambda x, t, v, reduction="none": losses.gaussian_nll_loss(x, t, v, reduction=reduction),
        lambda x, t, v: 0.5 * (np.log(v[:, None]) + (x - t) ** 2 / v[:, None]),
        (normal(4, 2), normal(4, 2), uniform(4)),
        3,
    ),
    Case("poisson_nll", of(losses.poisson_nll_loss), lambda x, t: np.exp(x) - t * x, (normal(6), COUNTS)),
    Case(
        "poisson_nll_full",
        of(losses.poisson_nll_loss, log_input=False, full=True),
        lambda x, t: x - t * np.log(x + 1e-8) + stirling(t),
        (uniform(6), COUNTS),
    ),
    Case("hinge", of(losses.hinge_loss), lambda x, t: np.maximum(0, 1 - t * x), (normal(6), SIGNS)),
    Case(
        "hinge_embedding",
        of(losses.hinge_embedding_loss, margin=0.5),
        lambda x, t: np.where(t == 1, x, np.maximum(0, 0.5 - x)),
        (uniform(6), SIGNS),
    ),
    Case(
        "cosine_embedding",
        of(losses.cosine_embedding_loss, margin=0.1),
        lambda a, b, t: cosine(a, b, t, 0.1),
        (normal(6, 3), normal(6, 3), SIGNS),
        2,
    ),
    *(
        Case(
            f"triplet_margin_{norm}_{swap}",
            of(losses.triplet_margin_loss, margin=2.0, p=norm, swap=swap),
            lambda a, p, n, norm=norm, swap=swap: triplet(a, p, n, 2.0, norm, swap),
            (normal(4, 3), normal(4, 3), normal(4, 3)),
            3,
        )
        for norm, swap in ((2, False), (1, True), (3, True), (np.inf, False))
    ),
    Case("dice", of(losses.dice_loss), dice, (uniform(2, 3, 4, 2), MASKS)),
    Case(
        "dice_sigmoid",
        of(losses.dice_loss, activation="sigmoid"),
        lambda x, t: dice(sigmoid(x), t),
        (normal(2, 3, 4, 2), MASKS),
    ),
    Case(
        "dice_classes",
        of(losses.dice_loss, activation="softmax"),
        lambda x, t: dice(np.exp(log_softmax(x)), HOT),
        (normal(2, 3, 4, 2), PLACES),
    ),
]


def differences(f: Callable[..., float], arrays: list[Any], step: float = 1e-6) -> list[Any]:
    """The central differences of f with respect to each array."""
    found = []
    for k, array in enumerate(arrays):
        slope = np.zeros_like(array)
        for i in np.ndindex(array.shape):
            ends = []
            for sign in (1, -1):
                moved = [a.copy() for a in arrays]
                moved[k][i] += sign * step
                ends.append(f(*moved))
            slope[i] = (ends[0] - ends[1]) / (2 * step)
        found.append(slope)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values_and_gradients(case, device):
    smooth, fixed = list(case.arguments[: case.smooth]), case.arguments[case.smooth :]
    variables = [weft.asarray(a, dtype=weft.float32).requires_grad_() for a in smooth]
    others = [weft.asarray(a, dtype=weft.float32 if a.dtype.kind == "f" else weft.int64) for a in fixed]
    want = case.formula(*case.arguments)

    got = case.loss(*variables, *others)
    assert got.shape == want.shape
    np.testing.assert_allclose(got.numpy(), want, rtol=2e-5, atol=2e-6)
    total = case.loss(*variables, *others, reduction="sum")
    np.testing.assert_allclose(total.item(), want.sum(), rtol=2e-5)
    if case.name != "nll":  # whose mean is weighted
        np.testing.assert_allclose(case.loss(*variables, *others, reduction="mean").item(), want.mean(), rtol=2e-5)

    total.backward()
    slopes = differences(lambda *arrays: case.formula(*arrays, *fixed).sum(), smooth)
    for variable, slope in zip(variables, slopes, strict=True):
        np.testing.assert_allclose(variable.grad.numpy(), slope, rtol=1e-4, atol=2e-5)


def test_nll_ignores_and_weighs():
    x, target = normal(6, 4), CLASSES
    for ignored in (-100, 3):
        kept = target != ignored
        got = losses.nll_loss(weft.asarray(x), weft.asarray(target), weft.asarray(WEIGHTS), ignored)
        want = picked(WEIGHTS, x, target)[kept].sum() / WEIGHTS[target[kept]].sum()
        np.testing.assert_allclose(got.item(), want, rtol=1e-12)
    alone = losses.nll_loss(weft.asarray(x[1]), weft.asarray(3))
    np.testing.assert_allclose(alone.item(), -x[1, 3], rtol=1e-12)


def test_nll_of_log_softmax_is_cross_entropy(device):
    x, target = weft.asarray(normal(6, 4), dtype=weft.float32), weft.asarray(CLASSES)
    got = losses.nll_loss(weft.nn.functional.log_softmax(x, 1), target)
    np.testing.assert_allclose(got.item(), losses.cross_entropy(x, target).item(), rtol=1e-6)


def test_kl_div_batchmean_is_the_divergence():
    p, q = np.array([[0.5, 0.5, 0.0]]), np.array([[0.25, 0.25, 0.5]])
    got = losses.kl_div(weft.asarray(q).log(), weft.asarray(p), "batchmean")
    np.testing.assert_allclose(got.item(), math.log(2), rtol=1e-12)


def test_saturated_probabilities_stay_finite(device):
    p = weft.asarray([0.0, 1.0, 0.0, 1.0]).requires_grad_()
    loss = losses.binary_cross_entropy(p, weft.asarray([0.0, 1.0, 1.0, 0.0]), reduction="none")
    assert loss.tolist() == [0.0, 0.0, 100.0, 100.0]  # PyTorch's bound
    loss.sum().backward()
    assert np.isfinite(p.grad.numpy()).all()
    outside = losses.binary_cross_entropy(weft.asarray([1.5, -0.5]), weft.asarray([1.0, 0.0]), reduction="none")
    assert np.isnan(outside.numpy()).all()

    x = weft.asarray([1000.0, -1000.0]).requires_grad_()
    right = weft.asarray([1.0, 0.0])
    for loss in (losses.binary_cross_entropy_with_logits, losses.focal_loss):
        assert loss(x, right).item() == 0
        np.testing.assert_allclose(loss(x, 1 - right, reduction="sum").item() % 1000, 0, atol=1e-3)
        x.grad = None
        (loss(x, right) + loss(x, 1 - right)).backward()
        assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_gradient_where_all_is_right(gamma):
    x = weft.asarray([[100.0, 0.0]]).requires_grad_()
    losses.focal_loss(x, weft.asarray([0]), None, gamma).backward()
    np.testing.assert_allclose(x.grad.numpy(), 0, atol=1e-6)


def test_small_variances_keep_their_gradient():
    var = weft.asarray([1e-9, 1.0]).requires_grad_()
    loss = losses.gaussian_nll_loss(weft.zeros(2), weft.zeros(2), var, eps=1e-2, reduction="none")
    np.testing.assert_allclose(loss.numpy(), [0.5 * math.log(1e-2), 0], rtol=1e-6)
    loss.sum().backward()
    np.testing.assert_allclose(var.grad.numpy(), [50, 0.5], rtol=1e-5)


def test_empty_masks_agree():
    nothing = weft.zeros((1, 1, 2, 2))
    assert losses.dice_loss(nothing, nothing).item() == 0


MODULES = [
    (losses.MSELoss("sum"), losses.mse_loss, {"reduction": "sum"}, "xx"),
    (losses.L1Loss(), losses.l1_loss, {}, "xx"),
    (losses.HuberLoss(delta=0.5), losses.huber_loss, {"delta": 0.5}, "xx"),
    (losses.SmoothL1Loss(beta=0.5), losses.smooth_l1_loss, {"beta": 0.5}, "xx"),
    (losses.CrossEntropyLoss(label_smoothing=0.1), losses.cross_entropy, {"label_smoothing": 0.1}, "xc"),
    (losses.NLLLoss(ignore_index=1), losses.nll_loss, {"ignore_index": 1}, "xc"),
    (losses.BCELoss(), losses.binary_cross_entropy, {}, "pp"),
    (losses.BCEWithLogitsLoss(reduction="sum"), losses.binary_cross_entropy_with_logits, {"reduction": "sum"}, "xp"),
    (losses.FocalLoss(gamma=1.0), losses.focal_loss, {"gamma": 1.0}, "xc"),
    (losses.KLDivLoss("batchmean", True), losses.kl_div, {"reduction": "batchmean", "log_target": True}, "xx"),
    (losses.GaussianNLLLoss(full=True), losses.gaussian_nll_loss, {"full": True}, "xxp"),
    (losses.PoissonNLLLoss(full=True), losses.poisson_nll_loss, {"full": True}, "xp"),
    (losses.HingeLoss(), losses.hinge_loss, {}, "xx"),
    (losses.HingeEmbeddingLoss(0.5), losses.hinge_embedding_loss, {"margin": 0.5}, "xx"),
    (losses.CosineEmbeddingLoss(0.2), losses.cosine_embedding_loss, {"margin": 0.2}, "xxs"),
    (losses.TripletMarginLoss(p=1), losses.triplet_margin_loss, {"p": 1}, "xxx"),
    (losses.DiceLoss("sigmoid"), losses.dice_loss, {"activation": "sigmoid"}, "mm"),
]


@pytest.mark.parametrize(("module", "function", "options", "kinds"), MODULES, ids=lambda x: type(x).__name__)
def test_modules_pass_their_options_on(module, function, options, kinds):
    make = {
        "x": lambda: normal(3, 4),
        "p": lambda: uniform(3, 4),
        "c": lambda: np.array([0, 1, 2]),
        "s": lambda: np.array([1, -1, 1]),
        "m": lambda: uniform(2, 3, 4, 4),
    }
    tensors = [weft.asarray(make[kind]()) for kind in kinds]
    assert module(*tensors).item() == function(*tensors, **options).item()
    assert module(*tensors).item() != pytest.approx(0)


def test_class_weights_move_and_are_saved():
    loss = losses.CrossEntropyLoss(weight=weft.asarray([1.0, 2.0, 3.0]))
    assert list(loss.state_dict()) == ["weight"]
    assert loss.to(weft.float64).weight.dtype == weft.float64
    assert "weight" not in repr(losses.BCEWithLogitsLoss(pos_weight=weft.ones(2)))
    assert repr(losses.HuberLoss(delta=2.0)) == "HuberLoss(reduction='mean', delta=2.0)"
    with pytest.raises(AttributeError):
        losses.HuberLoss().weight  # noqa: B018


def test_by_name():
    plain = (
        "mse l1 huber smooth_l1 cross_entropy nll bce bce_with_logits focal kl_div gaussian_nll poisson_nll dice ctc"
    )
    for name in [*plain.split(), "hinge", "hinge_embedding", "cosine_embedding", "triplet_margin"]:
        assert callable(losses.get(name))
    assert losses.get("l1") is losses.l1_loss
    assert losses.get(max) is max
    with pytest.raises(ValueError, match="unknown loss 'mean_squares'; known: bce"):
        losses.get("mean_squares")


X, Y = weft.zeros((3, 4)), weft.zeros((3, 5))
BAD = [
    (lambda: losses.l1_loss(X, Y), ValueError, r"l1_loss: input of shape \(3, 4\) and target of shape \(3, 5\)"),
    (lambda: losses.kl_div(X, Y), ValueError, "kl_div"),
    (lambda: losses.binary_cross_entropy(weft.zeros((3, 1)), weft.zeros(3)), ValueError, "reshape"),
    (lambda: losses.l1_loss(X, X, "average"), ValueError, "reduction must be"),
    (lambda: losses.huber_loss(X, X, delta=0), ValueError, "delta must be positive"),
    (lambda: losses.smooth_l1_loss(X, X, beta=-1), ValueError, "beta"),
    (lambda: losses.nll_loss(X, weft.zeros(3)), ValueError, "expected class numbers of shape"),
    (lambda: losses.nll_loss(X, weft.zeros((4,), dtype=weft.int64)), ValueError, "expected class numbers of shape"),
    (lambda: losses.nll_loss(X, weft.asarray([0, 1, 2]), weft.ones(3)), ValueError, "weight of shape"),
    (lambda: losses.nll_loss(X, weft.asarray([0, 1, 4])).item(), IndexError, "out of bounds"),
    (lambda: losses.nll_loss(X, weft.asarray([0, 1, -1])).item(), IndexError, "out of bounds"),
    (lambda: losses.focal_loss(X, weft.asarray([0, 1, 4])).item(), IndexError, "out of bounds"),
    (lambda: losses.gaussian_nll_loss(X, X, weft.ones(4)), ValueError, "var of shape"),
    (lambda: losses.gaussian_nll_loss(X, X, -1.0), ValueError, "negative"),
    (lambda: losses.cosine_embedding_loss(X, X, weft.ones(4)), ValueError, "expected"),
    (lambda: losses.triplet_margin_loss(X, X, Y), ValueError, "negative"),
    (lambda: losses.triplet_margin_loss(X, X, X, margin=0), ValueError, "margin"),
    (lambda: losses.triplet_margin_loss(X, X, X, p=0), ValueError, "p must be positive"),
    (lambda: losses.dice_loss(X, X), ValueError, "masks"),
    (lambda: losses.dice_loss(weft.zeros((1, 2, 3)), weft.zeros((1, 2, 3)), "relu"), ValueError, "activation"),
    (lambda: losses.dice_loss(weft.zeros((1, 2, 3)), weft.asarray([[0, 1, 2]])).item(), IndexError, "out of bounds"),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD)
def test_bad_input(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_compiled_training_step():
    """The compiled step gives what the same step gives uncompiled."""
    x, target = weft.asarray(normal(8, 3)), weft.asarray((normal(8) > 0).astype(float))

    def train(wrap: Callable[[Any], Any]) -> Any:
        weight = weft.zeros((3,), dtype=weft.float64).requires_grad_()

        def step(x: weft.Tensor, target: weft.Tensor) -> weft.Tensor:
            loss = losses.binary_cross_entropy_with_logits(x @ weight, target)
            (slope,) = weft._core._gradients([loss], [weft.ones_like(loss)], [weight], False)
            weight.assign(weight.detach() - 0.5 * slope)
            return loss.detach()

        run = wrap(step)
        return [run(x, target).item() for _ in range(3)]

    plain = train(lambda step: step)
    assert plain[0] == pytest.approx(math.log(2))
    assert plain[2] < plain[1] < plain[0]
    np.testing.assert_allclose(train(weft.compile), plain, rtol=1e-12)
