"""Losses against closed forms and numpy."""

import numpy as np
import pytest
import torch
from torch import nn

from sgif.critics import Critic
from sgif.layers import initialise
from sgif.losses import (
    adversarial_loss,
    colour_statistics_loss,
    gradient_penalty,
    reconstruction_loss,
    wasserstein_loss,
)


class Linear(nn.Module):
    """D(x) = sum over channels of w_c x_c at each pixel: its gradient is w everywhere."""

    def __init__(self, *weights):
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights).reshape(1, 3, 1, 1))

    def forward(self, x):
        return (self.weights * x).sum(dim=1, keepdim=True)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("weights", [(3.0, 4.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 0.5)])
def test_gradient_penalty_of_a_linear_critic(weights):
    expected = (np.linalg.norm(weights) - 1) ** 2
    assert gradient_penalty(Linear(*weights), random(4, 3, 5, 6)).item() == pytest.approx(expected, rel=1e-5)


def test_gradient_penalty_moves_a_critic_towards_slope_one():
    critic = Linear(3.0, 4.0, 0.0)
    gradient_penalty(critic, random(4, 3, 5, 6)).backward()
    assert critic.weights.grad[0, 0] > 0 and critic.weights.grad[0, 1] > 0  # a step against it shrinks the slope


def test_wasserstein_loss_is_fake_minus_real():
    critic, real, fake = Linear(1.0, 2.0, 3.0), random(2, 3, 4, 4, seed=1), random(2, 3, 4, 4, seed=2)
    expected = critic(fake).mean() - critic(real).mean()
    assert wasserstein_loss(critic(fake), critic(real)).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("dimensions", [2, 3])
def test_adversarial_gradient_reaches_the_fake_and_not_the_frozen_critic(dimensions):
    critic = Critic(dimensions, 4)
    initialise(critic, torch.Generator().manual_seed(0))
    critic.requires_grad_(False)
    fake = random(5, 3, 13, 13).requires_grad_()
    adversarial_loss(critic(fake)).backward()
    assert float(fake.grad.abs().sum()) > 0
    assert all(p.grad is None for p in critic.parameters())


def test_colour_statistics_against_numpy():
    fake, real = random(3, 3, 6, 7, seed=1), random(3, 3, 6, 7, seed=2)
    a, b = fake.numpy(), real.numpy()
    expected = np.mean(
        [abs(a[t, c].mean() - b[t, c].mean()) + abs(a[t, c].var() - b[t, c].var()) for t in range(3) for c in range(3)]
    )
    assert float(colour_statistics_loss(fake, real)) == pytest.approx(expected, rel=1e-5)


def test_colour_statistics_do_not_see_layout_but_see_the_frame():
    real = random(4, 3, 6, 6) * torch.arange(1, 5).reshape(4, 1, 1, 1)
    assert float(colour_statistics_loss(real.flip(-1).flip(-2), real)) == pytest.approx(0, abs=1e-6)
    assert float(colour_statistics_loss(real.flip(0), real)) > 1


def test_reconstruction_losses():
    a, b = random(2, 3, 4, 4, seed=1), random(2, 3, 4, 4, seed=2)
    assert float(reconstruction_loss(a, b, "l1")) == pytest.approx(float((a - b).abs().mean()))
    assert float(reconstruction_loss(a, b, "mse")) == pytest.approx(float(((a - b) ** 2).mean()))
