"""Training of one scale (paper, section 3.4). No I/O: what there is to tell goes to a callback."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Adam

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


class ScaleTraining:
    """The training of one scale, step by step: everything that a step reads and changes is here or in `pyramid`.

    Arguments:
        pyramid: the trained coarser scales; gets the generator of `scale` as one more.
        scale: the level to train.
        real: the clip at this level, float [T, 3, h, w] in [-1, 1].
        previous: critics of the scale below, to start from.
        seed: of the whole run; the scale derives its own stream from it, so that a resumed run draws the same.

    Attributes:
        iteration: how many steps were taken.
        amplitude: of this scale's noise.
    """

    def __init__(
        self, pyramid: GeneratorPyramid, scale: Scale, real: Tensor, previous: dict[str, Critic], seed: int
    ) -> None:
        self.pyramid, self.scale, self.real, self.config = pyramid, scale, real, pyramid.config
        self.iteration = 0
        self._decay_at = max(1, math.ceil(self.config.optim.decay_at * scale.iterations))
        self.rng = seeded(seed, 1, scale.index)
        self.generator, self.critics = build_generator(scale, self.config.model), build_critics(scale, self.config)
        nets = (self.generator, *self.critics.values())
        for net in nets:
            initialise(net, self.rng)
        if self.config.optim.carry_weights and scale.index:
            carry_over(pyramid.generators[-1], self.generator)
            for name in self.critics.keys() & previous.keys():
                carry_over(previous[name], self.critics[name])
        for net in nets:
            net.to(real.device).train().requires_grad_(True)

        if scale.index:
            self.anchor = resize(pyramid.reconstruct(scales=scale.index), scale.size)
            self.amplitude = self.config.noise.amplitude * frame_rmse(self.anchor, real)
        else:
            self.anchor, self.amplitude = torch.zeros_like(real), 1.0
        pyramid.append(self.generator, self.amplitude)

        optim = self.config.optim
        betas = (optim.beta1, optim.beta2)
        self.optimisers = {"generator": Adam(self.generator.parameters(), lr=optim.lr_generator, betas=betas)} | {
            f"critic_{name}": Adam(critic.parameters(), lr=optim.lr_critic, betas=betas)
            for name, critic in self.critics.items()
        }

    def step(self) -> dict[str, Tensor]:
        """One iteration: a step of each critic, then one of the generator. Returns the weighted losses, scalars."""
        self.iteration += 1
        start = int(torch.randint(len(self.real) - self.scale.chunk + 1, (), generator=self.rng))
        window = slice(start, start + self.scale.chunk)
        fake = self._fake()
        seen = self._step_critics(self.real[window], fake)
        seen |= self._step_generator(window, fake)
        if self.iteration == self._decay_at:
            self._decay()
        return seen

    def finish(self) -> TrainedScale:
        """Freeze the generator and measure its reconstruction."""
        self.pyramid.freeze()
        rmse = frame_rmse(self.pyramid.reconstruct(scales=self.scale.index + 1), self.real)
        return TrainedScale(self.critics, self.amplitude, rmse)

    def state(self) -> dict[str, Tensor]:
        """Everything that the steps so far have changed, as tensors that do not change any more."""
        tensors = {"iteration": torch.tensor(self.iteration), "rng": self.rng.get_state()}
        for name, net in self._nets().items():
            tensors |= {f"{name}.{key}": value for key, value in net.state_dict().items()}
            for index, moments in self.optimisers[name].state_dict()["state"].items():
                tensors |= {f"optimiser_{name}.{index}.{key}": value for key, value in moments.items()}
        return {key: value.detach().cpu().clone() for key, value in tensors.items()}

    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Go on from where `state` was taken.

        Raises:
            KeyError, ValueError, RuntimeError: the tensors are not the state of such a training.
        """
        iteration = int(tensors["iteration"])
        if not 0 < iteration <= self.scale.iterations:
            raise ValueError(f"iteration {iteration} of {self.scale.iterations}")
        for name, net in self._nets().items():
            net.load_state_dict({k: tensors[f"{name}.{k}"] for k in net.state_dict()})
            optimiser, moments = self.optimisers[name], {}
            for index in range(len(list(net.parameters()))):
                prefix = f"optimiser_{name}.{index}."
                moments[index] = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
                if not moments[index]:
                    raise KeyError(prefix)
            optimiser.load_state_dict({**optimiser.state_dict(), "state": moments})
        self.rng.set_state(tensors["rng"])
        self.iteration = iteration
        if iteration >= self._decay_at:
            self._decay()

    def _nets(self) -> dict[str, nn.Module]:
        return {"generator": self.generator} | {f"critic_{name}": critic for name, critic in self.critics.items()}

    def _fake(self) -> Tensor:
        """A random sample at this scale, with the graph of this scale's generator."""
        chunk, size, below = self.scale.chunk, self.scale.size, self.scale.index
        if below == 0:
            base = torch.zeros_like(self.real[:chunk])
        else:
            base = resize(self.pyramid.generate(chunk, self.rng, scales=below), size)
        return self.pyramid.refine(below, base, self.pyramid.noise(below, chunk, size, self.rng))

    def _step_critics(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        seen = {}
        for name, critic in self.critics.items():
            critic.requires_grad_(True)
            points = penalty_points(real, fake.detach(), self.config, self.rng)
            seen[f"critic_{name}"] = wasserstein_loss(critic, real, fake.detach())
            seen[f"penalty_{name}"] = self.config.losses.penalty * gradient_penalty(critic, points)
            optimiser = self.optimisers[f"critic_{name}"]
            optimiser.zero_grad(set_to_none=True)
            (seen[f"critic_{name}"] + seen[f"penalty_{name}"]).backward()
            optimiser.step()
            critic.requires_grad_(False)
        return seen

    def _step_generator(self, window: slice, fake: Tensor) -> dict[str, Tensor]:
        # The generator has not moved since `fake` was made, so the graph that the critics' fake left serves here too.
        losses, real = self.config.losses, self.real[window]
        weights = {"image": losses.image, "video": losses.video}
        seen = {f"adversarial_{n}": weights[n] * adversarial_loss(critic, fake) for n, critic in self.critics.items()}
        z = self.pyramid.z_star[window] if self.scale.index == 0 else None
        reconstruction = self.pyramid.refine(self.scale.index, self.anchor[window], z)
        kind = losses.reconstruction_kind
        seen["reconstruction"] = losses.reconstruction * reconstruction_loss(reconstruction, real, kind)
        if losses.colour:
            seen["colour"] = losses.colour * colour_statistics_loss(fake, real)
        self.optimisers["generator"].zero_grad(set_to_none=True)
        sum(seen.values()).backward()
        self.optimisers["generator"].step()
        return seen

    def _decay(self) -> None:
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] *= self.config.optim.decay_to


def run_scale(
    training: ScaleTraining,
    report: Callable[[dict[str, float]], None],
    after_step: Callable[[ScaleTraining], None] = lambda training: None,
) -> TrainedScale:
    """Take all steps that are left.

    Arguments:
        training: at its start, or with a state loaded.
        report: called now and then with the mean losses since the last call, `scale`, `iteration` and `seconds`, the
            mean time of an iteration.
        after_step: called after every step; may keep the state.

    Raises:
        InputError: the losses are no longer finite.
    """
    scale = training.scale
    every = max(1, scale.iterations // LOG_LINES_A_SCALE)
    means = Means()
    began, first = time.perf_counter(), training.iteration
    while training.iteration < scale.iterations:
        means.add(training.step())
        iteration = training.iteration
        if iteration % every == 0 or iteration == scale.iterations:
            values = means.take()
            for name, value in values.items():
                if not math.isfinite(value):
                    raise InputError(
                        f"scale {scale.index}, iteration {iteration}: {name} is not finite; "
                        "try a lower optim.lr_generator, or another seed"
                    )
            pace = (time.perf_counter() - began) / (iteration - first)
            report({"scale": scale.index, "iteration": iteration, **values, "seconds": pace})
        after_step(training)
    return training.finish()


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
