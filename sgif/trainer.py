"""Training of one scale (paper, section 3.4). No I/O: what there is to tell goes to a callback."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from datasets.errors import InputError
from sgif.config import Config
from sgif.critics import Critic
from sgif.frames import resize
from sgif.layers import initialise
from sgif.losses import (
    adversarial_loss,
    colour_statistics_loss,
    gradient_penalty,
    reconstruction_loss,
    wasserstein_loss,
)
from sgif.model import GeneratorPyramid, build_generator
from sgif.noise import seeded
from sgif.pyramid import Scale

LOG_LINES_A_SCALE = 50


@dataclass
class TrainedScale:
    """What a scale leaves behind: its critics (the next scale starts from them) and how well it reconstructs."""

    critics: dict[str, Critic]
    amplitude: float
    rmse: float


@dataclass
class Means:
    """Running means of named scalars between two log lines."""

    sums: dict[str, Tensor] = field(default_factory=dict)
    count: int = 0

    def add(self, values: dict[str, Tensor]) -> None:
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0) + value.detach()
        self.count += 1

    def take(self) -> dict[str, float]:
        means = {name: float(total) / self.count for name, total in self.sums.items()}
        self.sums, self.count = {}, 0
        return means


def build_critics(scale: Scale, config: Config) -> dict[str, Critic]:
    """The untrained critics of a scale: `image`, `video`, or both."""
    model = config.model
    wanted = [("image", 2, model.image_critic), ("video", 3, model.video_critic)]
    return {
        name: Critic(dimensions, scale.channels, model.layers, model.kernel, model.norm, model.leak)
        for name, dimensions, there in wanted
        if there
    }


def carry_over(source: nn.Module, target: nn.Module) -> bool:
    """Copy all weights if every shape agrees (SinGAN: where the width is unchanged); else leave `target` as it is."""
    have, want = source.state_dict(), target.state_dict()
    if have.keys() != want.keys() or any(have[k].shape != want[k].shape for k in want):
        return False
    target.load_state_dict(have)
    return True


def frame_rmse(video: Tensor, real: Tensor) -> float:
    """Root mean square error of each frame, averaged over frames (section 3.4.2). Both [T, 3, H, W]."""
    return float((video - real).square().mean(dim=(1, 2, 3)).sqrt().mean())


def train_scale(
    pyramid: GeneratorPyramid,
    scale: Scale,
    real: Tensor,
    previous: dict[str, Critic],
    seed: int,
    report: Callable[[dict[str, float]], None],
) -> TrainedScale:
    """Train the generator of `scale` and append it, frozen, to `pyramid`.

    Arguments:
        pyramid: the trained coarser scales; gets one more.
        scale: the level to train.
        real: the clip at this level, float [T, 3, h, w] in [-1, 1].
        previous: critics of the scale below, to start from.
        seed: of the whole run; the scale derives its own stream from it, so that a resumed run draws the same.
        report: called now and then with the mean losses since the last call, `scale` and `iteration`.

    Raises:
        InputError: the losses are no longer finite.
    """
    config, losses, optim = pyramid.config, pyramid.config.losses, pyramid.config.optim
    rng = seeded(seed, 1, scale.index)
    generator = build_generator(scale, config.model)
    critics = build_critics(scale, config)
    for net in (generator, *critics.values()):
        initialise(net, rng)
    if optim.carry_weights and scale.index:
        carry_over(pyramid.generators[-1], generator)
        for name in critics.keys() & previous.keys():
            carry_over(previous[name], critics[name])
    for net in (generator, *critics.values()):
        net.to(real.device).train().requires_grad_(True)

    below = scale.index
    anchor = torch.zeros_like(real) if below == 0 else resize(pyramid.reconstruct(scales=below), scale.size)
    amplitude = 1.0 if below == 0 else config.noise.amplitude * frame_rmse(anchor, real)
    pyramid.append(generator, amplitude)

    betas = (optim.beta1, optim.beta2)
    generator_step = torch.optim.Adam(generator.parameters(), lr=optim.lr_generator, betas=betas)
    critic_steps = {n: torch.optim.Adam(c.parameters(), lr=optim.lr_critic, betas=betas) for n, c in critics.items()}
    optimisers = [generator_step, *critic_steps.values()]
    weights = {"image": losses.image, "video": losses.video}
    decay = max(1, math.ceil(optim.decay_at * scale.iterations))
    every = max(1, scale.iterations // LOG_LINES_A_SCALE)
    means = Means()
    began = time.perf_counter()

    for iteration in range(1, scale.iterations + 1):
        start = int(torch.randint(len(real) - scale.chunk + 1, (), generator=rng))
        window = slice(start, start + scale.chunk)
        target = real[window]
        if below == 0:
            base = torch.zeros_like(target)
        else:
            base = resize(pyramid.generate(scale.chunk, rng, scales=below), scale.size)
        fake = pyramid.refine(scale.index, base, pyramid.noise(scale.index, scale.chunk, scale.size, rng))

        seen = {}
        for name, critic in critics.items():
            critic.requires_grad_(True)
            points = penalty_points(target, fake.detach(), config, rng)
            seen[f"critic_{name}"] = wasserstein_loss(critic, target, fake.detach())
            seen[f"penalty_{name}"] = losses.penalty * gradient_penalty(critic, points)
            critic_steps[name].zero_grad(set_to_none=True)
            (seen[f"critic_{name}"] + seen[f"penalty_{name}"]).backward()
            critic_steps[name].step()
            critic.requires_grad_(False)

        # The generator has not moved since `fake` was made, so its graph serves the generator's step too.
        for name, critic in critics.items():
            seen[f"adversarial_{name}"] = weights[name] * adversarial_loss(critic, fake)
        z = pyramid.z_star[window] if below == 0 else None
        reconstruction = pyramid.refine(scale.index, anchor[window], z)
        seen["reconstruction"] = losses.reconstruction * reconstruction_loss(
            reconstruction, target, losses.reconstruction_kind
        )
        if losses.colour:
            seen["colour"] = losses.colour * colour_statistics_loss(fake, target)
        generator_step.zero_grad(set_to_none=True)
        sum(value for name, value in seen.items() if not name.startswith(("critic", "penalty"))).backward()
        generator_step.step()

        means.add(seen)
        if iteration == decay:
            for optimiser in optimisers:
                for group in optimiser.param_groups:
                    group["lr"] *= optim.decay_to
        if iteration % every == 0 or iteration == scale.iterations:
            values = means.take()
            if not all(map(math.isfinite, values.values())):
                bad = next(name for name, value in values.items() if not math.isfinite(value))
                raise InputError(
                    f"scale {scale.index}, iteration {iteration}: {bad} is not finite; "
                    "try a lower optim.lr_generator, or another seed"
                )
            report({"scale": scale.index, "iteration": iteration, **values, "seconds": time.perf_counter() - began})

    pyramid.freeze()
    rmse = frame_rmse(pyramid.reconstruct(scales=below + 1), real)
    return TrainedScale(critics, amplitude, rmse)


def penalty_points(real: Tensor, fake: Tensor, config: Config, rng: torch.Generator) -> Tensor:
    """Where the gradient penalty is taken: interpolates with one mixing weight a step ([10]), or the samples.

    With `speed.penalty_crop` below 1, a random window of that share of each side: the penalty is a mean over pixels of
    a patch critic, so a window estimates the same mean for a part of the cost.
    """
    if config.losses.penalty_at == "interpolates":
        mix = float(torch.rand((), generator=rng))
        points = mix * real + (1 - mix) * fake
    else:
        points = fake
    share = config.speed.penalty_crop
    if share == 1:
        return points
    height, width = points.shape[-2:]
    smallest = 1 + config.model.layers * (config.model.kernel - 1)
    h, w = (min(side, max(smallest + 4, math.ceil(side * share))) for side in (height, width))
    top = int(torch.randint(height - h + 1, (), generator=rng))
    left = int(torch.randint(width - w + 1, (), generator=rng))
    return points[..., top : top + h, left : left + w]


def train_pyramid(
    pyramid: GeneratorPyramid,
    real: Tensor,
    critics: dict[str, Critic],
    seed: int,
    report: Callable[[dict[str, float]], None],
) -> Iterator[TrainedScale]:
    """Train all scales that `pyramid` lacks, coarsest first, and yield after each.

    Arguments:
        real: the clip at its finest size, float [T, 3, H, W] in [-1, 1].
        critics: of the last trained scale, empty at the start.
    """
    for scale in pyramid.scales[len(pyramid.generators) :]:
        trained = train_scale(pyramid, scale, resize(real, scale.size), critics, seed, report)
        critics = trained.critics
        yield trained
