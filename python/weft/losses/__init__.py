"""Losses: functions with PyTorch's names and meaning, their classes, and the names ``weft.Trainer`` knows them by.

============================================================  ==========================================
class numbers, or yes and no                                  `cross_entropy`, `nll_loss`, `focal_loss`,
                                                              `binary_cross_entropy`,
                                                              `binary_cross_entropy_with_logits`
numbers                                                       `mse_loss`, `l1_loss`, `huber_loss`,
                                                              `smooth_l1_loss`
distributions                                                 `kl_div`, `gaussian_nll_loss`,
                                                              `poisson_nll_loss`
scores and embeddings                                         `hinge_loss`, `hinge_embedding_loss`,
                                                              `cosine_embedding_loss`,
                                                              `triplet_margin_loss`
masks                                                         `dice_loss`
sequences                                                     `ctc_loss`
============================================================  ==========================================
"""

from __future__ import annotations

from collections.abc import Callable

from weft import Tensor

from .classification import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    FocalLoss,
    NLLLoss,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    focal_loss,
    nll_loss,
)
from .ctc import CTCLoss, ctc_loss
from .distributions import (
    GaussianNLLLoss,
    KLDivLoss,
    PoissonNLLLoss,
    gaussian_nll_loss,
    kl_div,
    poisson_nll_loss,
)
from .margin import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    HingeLoss,
    TripletMarginLoss,
    cosine_embedding_loss,
    hinge_embedding_loss,
    hinge_loss,
    triplet_margin_loss,
)
from .regression import (
    HuberLoss,
    L1Loss,
    MSELoss,
    SmoothL1Loss,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from .segmentation import DiceLoss, dice_loss

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "DiceLoss",
    "FocalLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "TripletMarginLoss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cosine_embedding_loss",
    "cross_entropy",
    "ctc_loss",
    "dice_loss",
    "focal_loss",
    "gaussian_nll_loss",
    "get",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "nll_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "triplet_margin_loss",
]

_BY_NAME: dict[str, Callable[..., Tensor]] = {
    "bce": binary_cross_entropy,
    "bce_with_logits": binary_cross_entropy_with_logits,
    "cosine_embedding": cosine_embedding_loss,
    "cross_entropy": cross_entropy,
    "ctc": ctc_loss,
    "dice": dice_loss,
    "focal": focal_loss,
    "gaussian_nll": gaussian_nll_loss,
    "hinge": hinge_loss,
    "hinge_embedding": hinge_embedding_loss,
    "huber": huber_loss,
    "kl_div": kl_div,
    "l1": l1_loss,
    "mse": mse_loss,
    "nll": nll_loss,
    "poisson_nll": poisson_nll_loss,
    "smooth_l1": smooth_l1_loss,
    "triplet_margin": triplet_margin_loss,
}


def get(loss: str | Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The loss of this name; anything callable is itself.

    Examples
    --------
    >>> import weft
    >>> weft.losses.get("mse").__name__
    'mse_loss'
    """
    if callable(loss):
        return loss
    if loss in _BY_NAME:
        return _BY_NAME[loss]
    raise ValueError(f"unknown loss {loss!r}; known: {', '.join(_BY_NAME)}, or give a function of (output, target)")
