"""Layers and losses as functions, with PyTorch's names and meaning."""

from typing import TYPE_CHECKING, Any

from .activation import (
    elu,
    gelu,
    hardswish,
    leaky_relu,
    log_softmax,
    mish,
    prelu,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from .attention import rotary_embedding, scaled_dot_product_attention, sinusoidal_positions
from .convolution import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d
from .dropout import dropout, dropout2d
from .folding import fold, unfold
from .linear import bilinear, linear
from .normalization import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from .padding import pad
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from .resampling import grid_sample, interpolate, pixel_shuffle, pixel_unshuffle
from .sparse import embedding, one_hot

if TYPE_CHECKING:
    from weft.losses import (
        binary_cross_entropy,
        binary_cross_entropy_with_logits,
        cosine_embedding_loss,
        cross_entropy,
        ctc_loss,
        dice_loss,
        focal_loss,
        gaussian_nll_loss,
        hinge_embedding_loss,
        hinge_loss,
        huber_loss,
        kl_div,
        l1_loss,
        mse_loss,
        nll_loss,
        poisson_nll_loss,
        smooth_l1_loss,
        triplet_margin_loss,
    )

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cosine_embedding_loss",
    "cross_entropy",
    "ctc_loss",
    "dice_loss",
    "dropout",
    "dropout2d",
    "elu",
    "embedding",
    "focal_loss",
    "fold",
    "gaussian_nll_loss",
    "gelu",
    "grid_sample",
    "group_norm",
    "hardswish",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool1d",
    "max_pool2d",
    "mish",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "pad",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "rms_norm",
    "rotary_embedding",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "sinusoidal_positions",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
    "triplet_margin_loss",
    "unfold",
]


def __getattr__(name: str) -> Any:
    """Losses are at home in `weft.losses`, which needs this module: they are looked up when they are asked for."""
    if name in __all__:
        from weft import losses

        return getattr(losses, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
