"""The losses of one scale (paper, equations 3 to 6): scalars, of frames [T, 3, H, W] in [-1, 1] or of score maps."""

from collections.abc import Callable

import torch
from torch import Tensor


def wasserstein_loss(fake_scores: Tensor, real_scores: Tensor) -> Tensor:
    """Critic loss of WGAN on score maps, to be minimised by the critic: E[D(fake)] - E[D(real)] (equation 4, left)."""
    return fake_scores.mean() - real_scores.mean()


def adversarial_loss(fake_scores: Tensor) -> Tensor:
    """Generator's part of WGAN: -E[D(fake)]. Without the fake's graph on the scores the generator learns nothing."""
    return -fake_scores.mean()


def gradient_penalty(critic: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
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


def colour_statistics_loss_of_crop(fake: Tensor, base: Tensor, whole_base: Tensor, whole_real: Tensor) -> Tensor:
    """What `colour_statistics_loss` would be for the whole frame that a crop was cut from, estimated from the crop.

    The generator's change of each moment is measured in the crop and added to the moment of the whole frame below (a
    control variate): over random crops the estimates of mean and mean square are unbiased, and with a crop as large as
    the frame they are exact.

    Arguments:
        fake: the generator's output in the crop.
        base: what it refined, in the crop.
        whole_base: what it refined, whole.
        whole_real: the clip, whole.
    """
    moments = _moments(whole_base) + _moments(fake) - _moments(base)
    difference = _mean_and_variance(moments) - _mean_and_variance(_moments(whole_real))
    return difference.abs().sum(0).mean()


def _moments(frames: Tensor) -> Tensor:
    """Mean and mean square of each channel of each frame, [2, T, 3]."""
    return torch.stack([frames.mean(dim=(2, 3)), frames.square().mean(dim=(2, 3))])


def _mean_and_variance(moments: Tensor) -> Tensor:
    return torch.stack([moments[0], moments[1] - moments[0].square()])
