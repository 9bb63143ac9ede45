"""Convolution over space and time whose gradients of any order run on kernels made for convolutions.

Frames are [T, C, H, W]; the weight is [C_out, C_in, k_t, k, k] as in `torch.nn.Conv3d`. Space is not padded; time is
padded with zeros, so that T stays. On a CPU the map is a sum of k_t `conv2d`, one a temporal tap, each over just the
frames that it reaches. Convolution, its gradient by the input and its gradient by the weight are each linear in two
arguments, and each one's gradients are the other two: three functions close the circle, however often it is
differentiated. torch's own second gradient (which a gradient penalty needs) takes a convolution whose kernel is as
large as the image for it. Elsewhere than on a CPU the map is torch's `conv2d` or `conv3d`.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx

_BACKWARD = torch.ops.aten.convolution_backward
_LAST = torch.channels_last


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Map [T, C_in, H, W] to [T, C_out, H - k + 1, W - k + 1], in the dtype of `x`.

    Arguments:
        x: frames.
        weight: [C_out, C_in, k_t, k, k] with odd k_t.
        bias: [C_out], or None.
    """
    weight, bias = weight.to(x.dtype), None if bias is None else bias.to(x.dtype)
    return _Convolution.apply(x, weight, bias) if x.device.type == "cpu" else _by_torch(x, weight, bias)


def _by_torch(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    taps = weight.shape[2]
    if taps == 1:
        return F.conv2d(x, weight.squeeze(2), bias)
    volume = x.transpose(0, 1).unsqueeze(0)
    return F.conv3d(volume, weight, bias, padding=(taps // 2, 0, 0))[0].transpose(0, 1)


def _reaches(taps: int, frames: int) -> Iterator[tuple[int, slice, slice]]:
    """Each tap that reaches a frame, the middle one first: its index, the frames that it reads, those it writes."""
    middle = taps // 2
    yield middle, slice(None), slice(None)
    for lag in range(1, min(middle + 1, frames)):
        yield middle - lag, slice(None, -lag), slice(lag, None)
        yield middle + lag, slice(lag, None), slice(None, -lag)


def _forward(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    out = None
    for tap, read, write in _reaches(weight.shape[2], len(x)):
        kernel = weight[:, :, tap].contiguous(memory_format=_LAST)
        if out is None:
            out = F.conv2d(x, kernel, bias)
        else:
            out[write] += F.conv2d(x[read], kernel)
    return out


def _by_input(gradient: Tensor, weight: Tensor) -> Tensor:
    """Gradient by x [T, C_in, H, W], of the gradient by the output."""
    frames, _, height, width = gradient.shape
    shape = (frames, weight.shape[1], height + weight.shape[3] - 1, width + weight.shape[4] - 1)
    total = None
    for tap, read, write in _reaches(weight.shape[2], frames):
        part = gradient[write]
        unread = gradient.new_empty(()).expand(len(part), *shape[1:])  # only its shape counts
        kernel = weight[:, :, tap].contiguous(memory_format=_LAST)
        part = _BACKWARD(part, unread, kernel, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [True, False, False])[0]
        if total is None:
            total = part.contiguous(memory_format=_LAST)
        else:
            total[read] += part
    return total


def _by_weight(gradient: Tensor, x: Tensor, shape: torch.Size) -> Tensor:
    """Gradient by the weight, of the gradient by the output and the input."""
    total = gradient.new_zeros(shape)
    unread = gradient.new_empty(()).expand(*shape[:2], *shape[3:])
    for tap, read, write in _reaches(shape[2], len(x)):
        parts = gradient[write], x[read], unread
        total[:, :, tap] = _BACKWARD(*parts, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [False, True, False])[1]
    return total


class _Convolution(Function):
    """(x, w, b) -> x * w + b."""

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _forward(x, weight, bias)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=_LAST)
        wanted = ctx.needs_input_grad
        return (
            _ByInput.apply(gradient, weight) if wanted[0] else None,
            _ByWeight.apply(gradient, x, weight.shape) if wanted[1] else None,
            gradient.sum((0, 2, 3)) if wanted[2] else None,
        )


class _ByInput(Function):
    """(gradient by the output, w) -> gradient by x."""

    @staticmethod
    def forward(ctx: FunctionCtx, gradient: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(gradient, weight)
        return _by_input(gradient, weight)

    @staticmethod
    def backward(ctx: FunctionCtx, second: Tensor) -> tuple[Tensor | None, ...]:
        gradient, weight = ctx.saved_tensors
        second = second.contiguous(memory_format=_LAST)
        return (
            _Convolution.apply(second, weight, None) if ctx.needs_input_grad[0] else None,
            _ByWeight.apply(gradient, second, weight.shape) if ctx.needs_input_grad[1] else None,
        )


class _ByWeight(Function):
    """(gradient by the output, x) -> gradient by w."""

    @staticmethod
    def forward(ctx: FunctionCtx, gradient: Tensor, x: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(gradient, x)
        return _by_weight(gradient, x, shape)

    @staticmethod
    def backward(ctx: FunctionCtx, second: Tensor) -> tuple[Tensor | None, ...]:
        gradient, x = ctx.saved_tensors
        return (
            _Convolution.apply(x, second, None) if ctx.needs_input_grad[0] else None,
            _ByInput.apply(gradient, second) if ctx.needs_input_grad[1] else None,
            None,
        )
