"""The stem of Inception-v3, batch norm folded: five convolutions with ReLU and a max-pooling after the third.

    [-1, 1] -> 1a 3x3/2 -> 2a 3x3 -> 2b 3x3 padded  = pre-pool1, 64-d
            -> max 3x3/2 -> 3b 1x1 -> 4a 3x3        = pre-pool2, 192-d

Layer names are pytorch-fid's and torchvision's. A feature at pre-pool2 sees 23 x 23 pixels, at stride 4. pytorch-fid's
second block ends after the second pooling; here, as in SinGAN's SIFID code, that pooling is left out.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional


def features(x: Tensor, weights: Mapping[str, Tensor], layer: str) -> Tensor:
    """Features of a batch of frames.

    Args:
        x: float32 [B, 3, H, W] in [-1, 1], at least `LAYERS[layer].min_side` pixels on a side.
        weights: `{layer name}.weight` and `{layer name}.bias`, float32, batch norm folded in.
        layer: `pre-pool1` or `pre-pool2`.

    Returns:
        float32 [B, 64, H', W'] or [B, 192, H', W'], not negative.
    """
    if layer not in ("pre-pool1", "pre-pool2"):
        raise ValueError(f"no layer {layer!r}")
    x = _convolve(x, weights, "Conv2d_1a_3x3", stride=2)
    x = _convolve(x, weights, "Conv2d_2a_3x3")
    x = _convolve(x, weights, "Conv2d_2b_3x3", padding=1)
    if layer == "pre-pool1":
        return x
    x = functional.max_pool2d(x, kernel_size=3, stride=2)
    x = _convolve(x, weights, "Conv2d_3b_1x1")
    return _convolve(x, weights, "Conv2d_4a_3x3")


def places(height: int, width: int, layer: str) -> tuple[int, int]:
    """Rows and columns of the map of features of a frame of this size."""

    def along(side: int) -> int:
        side = (side - 3) // 2 + 1 - 2
        return side if layer == "pre-pool1" else (side - 3) // 2 + 1 - 2

    return along(height), along(width)


def _convolve(x: Tensor, weights: Mapping[str, Tensor], name: str, stride: int = 1, padding: int = 0) -> Tensor:
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    return torch.relu_(functional.conv2d(x, weight, bias, stride=stride, padding=padding))
