"""Convolutions over a clip held as frames: every tensor is [T, C, H, W], one clip, time where a batch would be.

This layout makes a spatial convolution an ordinary `conv2d`, gives the image critic its batch of frames for free, and
lets batch norm take its statistics over time and space, as `BatchNorm3d` does on [1, C, T, H, W].

Space is never padded here (the nets run on input padded by the caller, as SinGAN does); time is padded with zeros in
each layer, because a clip of 8 frames cannot pay the 10 frames that five unpadded layers would cost.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sgif.convolution import convolve
from sgif.norm import BatchNorm


def stack_neighbours(x: Tensor, neighbours: int) -> Tensor:
    """Put each frame beside its temporal neighbours on the channel axis (paper, section 3.3.2).

    Beyond either end of the clip there is no neighbour; the end frame stands in for it (our choice).

    Arguments:
        x: frames [T, C, H, W].
        neighbours: how many frames on either side.

    Returns:
        [T, (2 * neighbours + 1) * C, H, W], the earliest frame's channels first.
    """
    if neighbours == 0:
        return x
    index = torch.arange(len(x), device=x.device)
    shifts = range(-neighbours, neighbours + 1)
    return torch.cat([x[(index + shift).clamp(0, len(x) - 1)] for shift in shifts], dim=1)


def pad_time(x: Tensor, frames: int, mode: str) -> Tensor:
    """Add `frames` frames at either end of [T, C, H, W]: "zeros", or "replicate" for copies of the end frame."""
    if mode == "zeros":
        return F.pad(x, (0, 0) * 3 + (frames, frames))
    return torch.cat([x[:1]] * frames + [x] + [x[-1:]] * frames)


class Conv2d(nn.Conv2d):
    """A convolution in space alone, unpadded: `torch.nn.Conv2d` in value and weights, see `sgif.convolution`."""

    def forward(self, x: Tensor) -> Tensor:
        """Map [T, C_in, H, W] to [T, C_out, H - k + 1, W - k + 1]."""
        return convolve(x, self.weight.unsqueeze(2), self.bias)


class Conv3d(nn.Module):
    """A regular 3D convolution, kernel [k, k, k], padded in time only.

    The weight has the shape of `torch.nn.Conv3d`, [out, in, k, k, k], and so has the value; see `sgif.convolution`.

    Arguments:
        channels_in, channels_out, kernel: as in `torch.nn.Conv3d`; the kernel is odd.
        padding: what stands before the first and after the last frame, see `pad_time`.
        bias: whether one is added.
    """

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int = 3, padding: str = "zeros", bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels_out, channels_in, kernel, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(channels_out)) if bias else None
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        """Map [T, C_in, H, W] to [T, C_out, H - k + 1, W - k + 1]."""
        if self.padding == "zeros":
            return convolve(x, self.weight, self.bias)
        middle = self.weight.shape[2] // 2
        return convolve(pad_time(x, middle, self.padding), self.weight, self.bias)[middle:-middle]


class SeparableConv3d(nn.Module):
    """A k x k x k convolution split into 1 x k x k in space, then k x 1 x 1 in time (paper, section 3.3.1).

    Arguments: as in `Conv3d`; without bias, only the second half has none: nothing takes off that of the first.
    """

    def __init__(
        self, channels_in: int, channels_out: int, kernel: int = 3, padding: str = "zeros", bias: bool = True
    ) -> None:
        super().__init__()
        self.space = Conv2d(channels_in, channels_out, kernel)
        self.time = Conv2d(channels_out, channels_out, (kernel, 1), bias=bias)
        self.padding = padding

    def forward(self, x: Tensor) -> Tensor:
        """Map [T, C_in, H, W] to [T, C_out, H - k + 1, W - k + 1]."""
        x = pad_time(self.space(x), self.time.kernel_size[0] // 2, self.padding)
        frames, channels, height, width = x.shape
        # Time becomes the height of one image whose width is all pixels: with channels last, that is the same memory.
        plane = x.permute(0, 2, 3, 1).reshape(1, frames, height * width, channels).permute(0, 3, 1, 2)
        plane = self.time(plane)
        return plane.permute(0, 2, 3, 1).reshape(-1, height, width, channels).permute(0, 3, 1, 2)


def conv_block(
    convolution: Callable[..., nn.Module], channels_in: int, channels_out: int, kernel: int, norm: str, leak: float
) -> nn.Sequential:
    """Convolution, norm over time and space, leaky ReLU: SinGAN's block.

    A convolution before a norm has no bias, as the norm takes any off again. In training there is one clip in a batch,
    so "batch" and "instance" are the same; frozen, the first goes by running statistics, the second by what it sees.
    """
    layers = [convolution(channels_in, channels_out, kernel, bias=norm == "none")]
    if norm != "none":
        layers.append(BatchNorm(channels_out, track_running_stats=norm == "batch"))
    layers.append(nn.LeakyReLU(leak))
    return nn.Sequential(*layers)


@torch.no_grad()
def initialise(net: nn.Module, generator: torch.Generator) -> None:
    """SinGAN's initial weights: convolutions N(0, 0.02), norm scales N(1, 0.02), biases 0; drawn from `generator`.

    Without norms such weights would let the signal die out. The hidden convolutions of a net that has none get He's
    deviation instead, sqrt(2 / inputs), which keeps it. [ours]
    """
    normed = any(isinstance(module, BatchNorm) for module in net.modules())
    last = [name for name, parameter in net.named_parameters() if parameter.ndim > 1][-1]
    for name, parameter in net.named_parameters():
        if parameter.ndim > 1:
            deviation = 0.02 if normed or name == last else (2 / parameter[0].numel()) ** 0.5
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * deviation)
        elif name.endswith("weight"):
            parameter.copy_(1 + torch.randn(parameter.shape, generator=generator) * 0.02)
        else:
            parameter.zero_()
