"""Batch norm against torch's own, to the second gradient."""

import pytest
import torch
from torch import nn

from sgif.norm import BatchNorm


def clip(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.double, generator=torch.Generator().manual_seed(seed))


def outcome(kind, x, inner):
    """Output, gradient, gradients of the gradient, and running statistics after one step of `kind`."""
    net = kind(4).double()
    net.weight.data.copy_(torch.tensor([0.5, 1.0, -2.0, 0.1]))
    net.bias.data.copy_(torch.tensor([0.0, 1.0, 2.0, -1.0]))
    x = x.clone().requires_grad_()
    out = net(x)
    (first,) = torch.autograd.grad((inner(out)).sum(), x, create_graph=True)
    weights = torch.linspace(-1, 1, first.numel(), dtype=torch.double).reshape(first.shape)
    (first.square() * weights).sum().backward()
    return [out, first, x.grad, net.weight.grad, net.running_mean, net.running_var, net.num_batches_tracked]


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("inner", [torch.tanh, torch.square, lambda y: y * clip(*y.shape, seed=3)])
def test_it_is_torchs_to_the_second_gradient(layout, inner):
    x = (3 * clip(3, 4, 5, 6) + 1).contiguous(memory_format=layout)
    for ours, theirs in zip(outcome(BatchNorm, x, inner), outcome(nn.BatchNorm2d, x, inner), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)


def test_second_gradients_agree_with_differences():
    net = BatchNorm(2).double()
    x = clip(2, 2, 2, 3).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda x: net(x).tanh(), (x,))


def test_a_trained_norm_uses_running_statistics():
    ours, theirs = BatchNorm(4).double(), nn.BatchNorm2d(4).double()
    for net in (ours, theirs):
        net(clip(3, 4, 5, 6))
        net.eval()
    assert torch.equal(ours(clip(2, 4, 3, 3, seed=1)), theirs(clip(2, 4, 3, 3, seed=1)))


def test_statistics_of_bfloat16_are_float32():
    net = BatchNorm(4)
    x = (1000 + clip(3, 4, 50, 60)).to(torch.bfloat16)
    out = net(x)
    assert out.dtype == torch.bfloat16 and net.running_mean.dtype == torch.float32
    torch.testing.assert_close(net.running_mean, 0.1 * x.float().mean((0, 2, 3)), rtol=1e-5, atol=0)
