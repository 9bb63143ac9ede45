"""The losses of one scale (paper, equations 3 to 6). All take frames [T, 3, H, W] in [-1, 1] and return a scalar."""

import torch
from torch import Tensor, nn


def wasserstein_loss(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """Critic loss of WGAN, to be minimised by the critic: E[D(fake)] - E[D(real)] (equation 4, left part)."""
    return critic(fake).mean() - critic(real).mean()


def adversarial_loss(critic: nn.Module, fake: Tensor) -> Tensor:
    """Generator's part of WGAN: -E[D(fake)]. `fake` must carry its graph, or the generator learns nothing from it."""
    return -critic(fake).mean()


def gradient_penalty(critic: nn.Module, points: Tensor) -> Tensor:
    """E[(|grad D| - 1)^2] at `points` (equation 4, right part, without its weight).

    As in SinGAN: the gradient is that of the summed score map, its norm runs over the channels of each pixel, and the
    mean over frames and pixels.
    """
    points = points.detach().requires_grad_(True)
    scores = critic(points)
    (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    return (gradient.norm(2, dim=1) - 1).square().mean()


def reconstruction_loss(reconstruction: Tensor, real: Tensor, kind: str) -> Tensor:
    """Mean absolute ("l1", equation 5) or mean squared ("mse", SinGAN) difference."""
    difference = reconstruction - real
    return difference.abs().mean() if kind == "l1" else difference.square().mean()


def colour_statistics_loss(fake: Tensor, real: Tensor) -> Tensor:
    """Distance of mean and variance of each colour channel of each frame, averaged over both (equation 6).

    Frame t of `fake` is compared with frame t of `real`. The prose under equation 6 says variance where the equation
    has Cov; for a single channel the two are the same.
    """
    mean = fake.mean(dim=(2, 3)) - real.mean(dim=(2, 3))
    variance = fake.var(dim=(2, 3), unbiased=False) - real.var(dim=(2, 3), unbiased=False)
    return (mean.abs() + variance.abs()).mean()
