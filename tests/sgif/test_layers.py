"""Layers against torch's own convolutions."""

import pytest
import torch
from torch import nn

from sgif.convolution import _by_torch, convolve
from sgif.layers import Conv3d, SeparableConv3d, initialise, stack_neighbours


def volume(x):
    """[T, C, H, W] as torch's [1, C, T, H, W]."""
    return x.transpose(0, 1).unsqueeze(0)


def frames(v):
    return v[0].transpose(0, 1)


def twin(ours):
    theirs = nn.Conv3d(3, 5, 3, padding=(1, 0, 0), padding_mode=ours.padding).double()
    theirs.load_state_dict(ours.state_dict())
    return theirs


@pytest.mark.parametrize("length", [1, 2, 3, 8])
@pytest.mark.parametrize("padding", ["zeros", "replicate"])
def test_conv3d_is_torchs_in_value_gradient_and_second_gradient(length, padding):
    ours = Conv3d(3, 5, padding=padding).double()
    initialise(ours, torch.Generator().manual_seed(0))
    theirs = twin(ours)
    x = torch.randn(length, 3, 6, 7, dtype=torch.double, generator=torch.Generator().manual_seed(1))

    results = []
    for call, net in ((lambda y: ours(y), ours), (lambda y: frames(theirs(volume(y))), theirs)):
        y = x.clone().requires_grad_()
        out = call(y).tanh()
        (first,) = torch.autograd.grad(out.square().sum(), y, create_graph=True)
        second = torch.autograd.grad(first.square().sum(), [y, net.weight, net.bias], allow_unused=True)
        results.append([out, first, *second])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("padding", ["zeros", "replicate"])
def test_separable_convolution_is_space_then_time(padding):
    ours = SeparableConv3d(3, 5, padding=padding).double()
    initialise(ours, torch.Generator().manual_seed(0))
    space = nn.Conv3d(3, 5, (1, 3, 3)).double()
    time = nn.Conv3d(5, 5, (3, 1, 1), padding=(1, 0, 0), padding_mode=padding).double()
    space.load_state_dict({"weight": ours.space.weight.unsqueeze(2), "bias": ours.space.bias})
    time.load_state_dict({"weight": ours.time.weight.unsqueeze(-1), "bias": ours.time.bias})
    x = torch.randn(4, 3, 6, 7, dtype=torch.double, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(ours(x), frames(time(space(volume(x)))))


@pytest.mark.parametrize("taps", [1, 3, 5])
@pytest.mark.parametrize("bias", [True, False])
def test_what_other_devices_run_has_the_same_values(taps, bias):
    x, weight = torch.randn(4, 3, 6, 7, dtype=torch.double), torch.randn(5, 3, taps, 3, 3, dtype=torch.double)
    offset = torch.randn(5, dtype=torch.double) if bias else None
    torch.testing.assert_close(_by_torch(x, weight, offset), convolve(x, weight, offset))


@pytest.mark.parametrize("shape", [(5, 3, 1, 3, 3), (5, 3, 3, 3, 3), (5, 3, 1, 3, 1)])
def test_convolutions_second_gradients_agree_with_differences(shape):
    draw = torch.Generator().manual_seed(0)
    x, weight, bias = (
        torch.randn(*size, dtype=torch.double, generator=draw).requires_grad_() for size in ((2, 3, 3, 4), shape, (5,))
    )
    assert torch.autograd.gradcheck(convolve, (x, weight, bias))
    assert torch.autograd.gradgradcheck(convolve, (x, weight, bias))


def test_separable_convolution_has_fewer_parameters_than_a_regular_one():
    count = [sum(p.numel() for p in net(32, 32).parameters()) for net in (SeparableConv3d, Conv3d)]
    assert count[0] < count[1] / 2


def test_neighbours_stand_in_temporal_order_and_the_ends_repeat():
    x = torch.arange(4.0).reshape(4, 1, 1, 1)
    assert stack_neighbours(x, 1).flatten(1).tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 3]]
    assert stack_neighbours(x, 2).flatten(1).tolist()[0] == [0, 0, 0, 1, 2]
    assert stack_neighbours(x, 0) is x


def test_initial_weights_are_singans_and_come_from_the_generator_alone():
    nets = []
    for _ in range(2):
        torch.rand(7)  # disturbs the global generator
        net = nn.Sequential(nn.Conv2d(32, 64, 3), nn.BatchNorm2d(64))
        initialise(net, torch.Generator().manual_seed(3))
        nets.append(net)
    weight = nets[0][0].weight.detach()
    assert abs(float(weight.std()) - 0.02) < 0.001 and abs(float(weight.mean())) < 0.001
    assert abs(float(nets[0][1].weight.detach().mean()) - 1) < 0.02
    for a, b in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        assert torch.equal(a, b)
