"""Batch norm over time and space whose second gradient costs a few passes over memory.

A gradient penalty differentiates the backward pass of every norm. torch composes that second gradient of some thirty
operations, with sums that are slow for channels-last memory; written out, it is one more pass of the same backward
kernel and a combination of three tensors with one coefficient a channel.

With x^ = (x - mean) s and s = (var + eps)^(-1/2), all sums over one channel's n elements, the backward pass is

    gx = w s (gy - <gy> - x^ <gy x^>)

and for v, the gradient by gx of what comes after, phi = sum(v gx) has the gradients

    by gy:  w s (v - <v> - x^ <v x^>)                       the same map, for it is symmetric
    by w:   s (sum(v gy) - n <v><gy> - n <v x^><gy x^>)
    by x:  -w s^2 (<v x^> gy + <gy x^> v - <gy><v x^> - <v><gy x^>
                   + x^ (<v gy> - <v><gy> - 3 <v x^><gy x^>))
"""

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import FunctionCtx, once_differentiable

_LAST = torch.channels_last


class BatchNorm(nn.BatchNorm2d):
    """`torch.nn.BatchNorm2d` in value, weights, running statistics and gradients up to the second."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise [T, C, H, W] over T, H and W; statistics are taken in float32 or better."""
        if x.device.type != "cpu" or not self.training:
            return super().forward(x)
        running = (None, None)
        if self.track_running_stats:
            self.num_batches_tracked.add_(1)
            running = (self.running_mean, self.running_var)
        return _Norm.apply(x.contiguous(memory_format=_LAST), self.weight, self.bias, *running, self.momentum, self.eps)


class _Norm(Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        momentum: float,
        eps: float,
    ) -> Tensor:
        out, mean, scale = torch.native_batch_norm(x, weight, bias, running_mean, running_var, True, momentum, eps)
        ctx.save_for_backward(x, weight, mean, scale)
        ctx.eps = eps
        return out

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mean, scale = ctx.saved_tensors
        by_x, by_weight, by_bias = _NormBackward.apply(gradient, x, weight, mean, scale, ctx.eps)
        return by_x, by_weight, by_bias, None, None, None, None


class _NormBackward(Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx, gradient: Tensor, x: Tensor, weight: Tensor, mean: Tensor, scale: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        gradient = gradient.contiguous(memory_format=_LAST)
        by_x, by_weight, by_bias = _backward(gradient, x, weight, mean, scale, eps)
        ctx.save_for_backward(gradient, x, weight, mean, scale, by_weight, by_bias)
        ctx.eps = eps
        ctx.mark_non_differentiable(by_weight, by_bias)  # nothing of ours differentiates them again
        return by_x, by_weight, by_bias

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, v: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        gradient, x, weight, mean, scale, gx_hat, g = ctx.saved_tensors
        count = x.numel() // x.shape[1]
        v = v.contiguous(memory_format=_LAST)
        by_gradient, v_hat, v_sum = _backward(v, x, weight, mean, scale, ctx.eps)
        g, gx_hat, v_sum, v_hat = (total.to(scale.dtype) / count for total in (g, gx_hat, v_sum, v_hat))
        vg = _sum(v * gradient).to(scale.dtype) / count
        by_weight = scale * count * (vg - v_sum * g - v_hat * gx_hat)
        factor = -weight * scale.square()
        of_x_hat = factor * (vg - v_sum * g - 3 * v_hat * gx_hat)
        of_x = of_x_hat * scale
        constant = -factor * (g * v_hat + v_sum * gx_hat) - of_x * mean
        by_x = gradient * _channels(factor * v_hat, x)
        by_x.addcmul_(v, _channels(factor * gx_hat, x)).addcmul_(x, _channels(of_x, x)).add_(_channels(constant, x))
        return by_gradient, by_x, by_weight, None, None, None


def _backward(
    gradient: Tensor, x: Tensor, weight: Tensor, mean: Tensor, scale: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients by x, weight (sum of gradient and x^) and bias (sum of gradient)."""
    return torch.ops.aten.native_batch_norm_backward(
        gradient, x, weight, None, None, mean, scale, True, eps, [True, True, True]
    )


def _sum(x: Tensor) -> Tensor:
    """Sum of each channel of [T, C, H, W] in channels-last memory: a product with ones, faster than a reduction."""
    rows = x.permute(0, 2, 3, 1).reshape(-1, x.shape[1])
    return rows.new_ones(len(rows)) @ rows


def _channels(values: Tensor, x: Tensor) -> Tensor:
    return values.to(x.dtype)[:, None, None]
