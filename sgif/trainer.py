"""Training of one scale (paper, section 3.4). No I/O: what there is to tell goes to a callback.

For slow motion (section 5.2) `rate` times as many frames are generated, and every `rate`-th is compared with the clip:
by the video critic and by the reconstruction, whose z* is such a path as the samples' [ours: the paper says nothing of
the reconstruction]; the image critic sees all frames. A step's part of the path is drawn apart from its window of the
clip: critics compare distributions. [ours]
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Adam

from sgif.config import Config
from sgif.critics import Critic
from sgif.crops import Crop, draw_crop
from sgif.execution import EXACT, Execution
from sgif.frames import resize
from sgif.health import Means, check_losses
from sgif.layers import initialise
from sgif.losses import (
    adversarial_loss,
    colour_statistics_loss,
    colour_statistics_loss_of_crop,
    gradient_penalty,
    reconstruction_loss,
    wasserstein_loss,
)
from sgif.model import GeneratorPyramid, build_generator
from sgif.noise import seeded
from sgif.norm import BatchNorm
from sgif.patches import patch_distance
from sgif.penalty import penalty_points
from sgif.pool import Pool
from sgif.pyramid import Scale
from sgif.reconstruction import frame_rmse, peak_signal_to_noise

LOG_LINES_A_SCALE = 50
NORM_SAMPLES = 32
"""Fakes and reconstructions that the running statistics of mean weights are taken from."""


@dataclass
class TrainedScale:
    """What a scale leaves behind.

    Attributes:
        critics: the next scale starts from them.
        amplitude: of this scale's noise.
        rmse: of the reconstruction, averaged over frames, on [-1, 1].
        psnr: of the reconstruction clipped to [-1, 1], in dB, over all frames.
    """

    critics: dict[str, Critic]
    amplitude: float
    rmse: float
    psnr: float


def build_critics(scale: Scale, config: Config) -> dict[str, Critic]:
    """The untrained critics of a scale: `image`, `video`, or both; none where patch distributions stand in for them."""
    model = config.model
    if config.plus.by_patches(scale.index):
        return {}
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


class ScaleTraining:
    """The training of one scale, step by step: everything that a step reads and changes is here or in `pyramid`.

    Arguments:
        pyramid: the trained coarser scales; gets the generator of `scale` as one more.
        scale: the level to train.
        real: the clip at this level, float [T, 3, h, w] in [-1, 1].
        previous: critics of the scale below, to start from.
        seed: of the whole run; the scale derives its own stream from it, so that a resumed run draws the same.
        how: how nets are computed in a step; amplitude and reconstruction are always computed exactly.

    Attributes:
        iteration: how many steps were taken.
        amplitude: of this scale's noise.
        grey: weighted reconstruction loss of a grey clip.
    """

    def __init__(
        self,
        pyramid: GeneratorPyramid,
        scale: Scale,
        real: Tensor,
        previous: dict[str, Critic],
        seed: int,
        how: Execution = EXACT,
    ) -> None:
        self.pyramid, self.scale, self.real, self.config = pyramid, scale, real, pyramid.config
        self.how = how
        self._average: dict[str, Tensor] = {}
        self._penalty_how = how if self.config.speed.penalty_precision == "same" else how.exact()
        self.iteration = 0
        losses = self.config.losses
        self.grey = losses.reconstruction * float(
            reconstruction_loss(torch.zeros_like(real), real, losses.reconstruction_kind)
        )
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

        self._rate = pyramid.rate
        self._from_clip = scale.index > 0 and self.config.task.base == "clip"
        if scale.index:
            below = pyramid.scales[scale.index - 1].size
            known = resize(real, below) if self._from_clip else pyramid.reconstruct(scales=scale.index)
            self.anchor = resize(known, scale.size)
            self.amplitude = self.config.noise.amplitude * frame_rmse(self.anchor[:: self._rate], real)
        else:
            self.anchor, self.amplitude = real.new_zeros(len(pyramid.z_star), *real.shape[1:]), 1.0
        pyramid.append(self.generator, self.amplitude)
        speed = self.config.speed
        self._pool = None
        if scale.index and speed.pool and not self._from_clip:
            self._pool = Pool(lambda n: self._below(seeded(seed, 3, scale.index, n)), speed.pool, speed.pool_refresh)

        optim = self.config.optim
        betas = (optim.beta1, optim.beta2)
        plus = self.config.plus
        rate = plus.patch_lr if plus.by_patches(scale.index) else optim.lr_generator
        self.optimisers = {"generator": Adam(self.generator.parameters(), lr=rate, betas=betas)} | {
            f"critic_{name}": Adam(critic.parameters(), lr=optim.lr_critic, betas=betas)
            for name, critic in self.critics.items()
        }

    def step(self) -> dict[str, Tensor]:
        """One iteration: the steps of each critic, then those of the generator.

        Returns:
            The weighted losses, scalars: of the last step of each.
        """
        self.iteration += 1
        optim, seen = self.config.optim, {}
        critic_steps = optim.critic_steps if self.critics else 1
        for number in range(critic_steps):
            with torch.set_grad_enabled(number == critic_steps - 1):  # the last fake serves the generator, too
                window, crop = self._draw_view()
                base, fake = self._fake(window, crop)
            real = crop.cut(self.real[window]) if crop else self.real[window]
            phase = self._draw_phase()
            losses, gradient = self._step_critics(real, fake, phase)
            seen |= losses
        for number in range(optim.generator_steps):
            if number:  # the graph of the fake before is used up, and the generator has moved
                window, crop = self._draw_view()
                base, fake = self._fake(window, crop)
                phase = self._draw_phase()
            seen |= self._step_generator(window, crop, base, fake, gradient, phase)
        self._add_to_average()
        if self.iteration == self._decay_at:
            self._decay()
        return seen

    def refresh_pool(self) -> bool:
        """Make a sample of the frozen scales as a pool would, and drop it: for measuring. False if there is no pool."""
        if self._pool is None:
            return False
        self._pool.make(0)
        return True

    def check_weights(self) -> None:
        """Raise `Diverged` if a weight is no longer finite."""
        for name, net in self._nets().items():
            if not all(bool(torch.isfinite(value).all()) for value in net.state_dict().values()):
                check_losses({f"a weight of the {name}": math.nan}, self.scale.index, self.iteration, self.config)

    def finish(self) -> TrainedScale:
        """Freeze the generator, with its mean weights if `optim.average` wants them, and measure its reconstruction."""
        if self._average:
            self.generator.load_state_dict(self._average, strict=False)
            self._measure_norms()
        self.pyramid.freeze()
        if self._from_clip:
            reconstruction = self.pyramid.refine(self.scale.index, self.anchor, None)
        else:
            reconstruction = self.pyramid.reconstruct(scales=self.scale.index + 1)
        reconstruction = reconstruction[:: self._rate]
        rmse, psnr = frame_rmse(reconstruction, self.real), peak_signal_to_noise(reconstruction, self.real)
        return TrainedScale(self.critics, self.amplitude, rmse, psnr)

    def state(self) -> dict[str, Tensor]:
        """Everything that the steps so far have changed, as tensors that do not change any more."""
        tensors = {"iteration": torch.tensor(self.iteration), "rng": self.rng.get_state()}
        for name, net in self._nets().items():
            tensors |= {f"{name}.{key}": value for key, value in net.state_dict().items()}
            for index, moments in self.optimisers[name].state_dict()["state"].items():
                tensors |= {f"optimiser_{name}.{index}.{key}": value for key, value in moments.items()}
        tensors |= {f"average.{key}": value for key, value in self._average.items()}
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
        if self.config.optim.average:
            self._average = {k: tensors[f"average.{k}"].to(v) for k, v in self.generator.named_parameters()}
        self.rng.set_state(tensors["rng"])
        self.iteration = iteration
        if iteration >= self._decay_at:
            self._decay()

    def _nets(self) -> dict[str, nn.Module]:
        return {"generator": self.generator} | {f"critic_{name}": critic for name, critic in self.critics.items()}

    def _draw_view(self) -> tuple[slice, Crop | None]:
        """The frames and the part of them that a step looks at."""
        start = int(torch.randint(len(self.real) - self.scale.chunk + 1, (), generator=self.rng))
        side, (height, width) = self.config.speed.crop, self.scale.size
        crop = draw_crop(self.scale.size, side, self.rng) if side and max(height, width) > side else None
        return slice(start, start + self.scale.chunk), crop

    def _draw_phase(self) -> int:
        """Which of a fake's frames stands where the clip has its first."""
        return int(torch.randint(self._rate, (), generator=self.rng)) if self._rate > 1 else 0

    @torch.no_grad()
    def _add_to_average(self) -> None:
        """Move the mean of the generator's weights on: a plain mean at first, then one with its decay."""
        if not self.config.optim.average:
            return
        share = max(1 - self.config.optim.average, 1 / self.iteration)
        for key, value in self.generator.named_parameters():
            if key in self._average:
                self._average[key].lerp_(value, share)
            else:
                self._average[key] = value.clone()

    @torch.no_grad()
    def _measure_norms(self) -> None:
        """Give the norms the running statistics of these weights: means over fakes and reconstructions.

        Those that were there are other weights', and so would a mean of them be.
        """
        norms = [module for module in self.generator.modules() if isinstance(module, BatchNorm)]
        momenta = [norm.momentum for norm in norms]
        for number in range(1, 2 * NORM_SAMPLES + 1):
            for norm in norms:
                norm.momentum = 1 / number  # of all so far, a plain mean
            window, crop = self._draw_view()
            if number % 2:
                self._fake(window, crop)
            else:
                self._reconstruct(window, crop)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum

    def _below(self, rng: torch.Generator) -> Tensor:
        """A random sample of the frozen scales, at this scale's size."""
        frames = self.scale.chunk * self._rate
        below = self.pyramid.generate(frames, rng, scales=self.scale.index, how=self.how)
        return resize(below, self.scale.size)

    def _fake(self, window: slice, crop: Crop | None) -> tuple[Tensor, Tensor]:
        """What the scales below made, whole, and a random sample of it at this scale, with the generator's graph.

        With `task.base` clip, the clip's window at the size below stands in for what they made.
        """
        frames, size, index = self.scale.chunk * self._rate, self.scale.size, self.scale.index
        if index == 0:
            base = self.real.new_zeros(frames, *self.real.shape[1:])
        elif self._from_clip:
            base = self.anchor[window]
        elif self._pool:
            base = self._pool.draw(self.iteration, self.rng)
        else:
            base = self._below(self.rng)
        noise = self.pyramid.noise(index, frames, size, self.rng)
        return base, self.pyramid.refine(index, base, noise, crop, self.how)

    def _reconstruct(self, window: slice, crop: Crop | None) -> Tensor:
        """The window's frames, made from z_opt."""
        made = slice(window.start * self._rate, window.stop * self._rate)
        z = self.pyramid.z_star[made] if self.scale.index == 0 else None
        return self.pyramid.refine(self.scale.index, self.anchor[made], z, crop, self.how)[:: self._rate]

    def _judged(self, critic: str, fake: Tensor, phase: int) -> Tensor:
        """The frames that a critic sees: of slow motion the video critic every `rate`-th [paper], from `phase` on.

        The paper does not say from which. With a random one all frames between are part of a clip, too. [ours]
        """
        return fake[phase :: self._rate] if critic == "video" else fake

    def _step_critics(self, real: Tensor, fake: Tensor, phase: int) -> tuple[dict[str, Tensor], Tensor | None]:
        """One step of each critic: its losses, and with `speed.joint` the generator's adversarial gradient at `fake`.

        E[D(fake)] stands in the critic's loss and, negated, in the generator's: one backward pass serves both.
        """
        speed, seen = self.config.speed, {}
        joint = torch.zeros_like(fake) if speed.joint else None
        for name, critic in self.critics.items():
            critic.requires_grad_(True)
            judged = fake.detach().requires_grad_(speed.joint)
            scores = critic(self._judged(name, judged, phase), self.how)
            loss = seen[f"critic_{name}"] = wasserstein_loss(scores, critic(real, self.how))
            if (self.iteration - 1) % speed.penalty_every == 0:
                # Between as many samples as there are real frames: an estimate of the same mean.
                points = penalty_points(real, fake.detach()[phase :: self._rate], self.config, self.rng)
                weight = self.config.losses.penalty * speed.penalty_every
                penalty = weight * gradient_penalty(partial(critic, how=self._penalty_how), points)
                seen[f"penalty_{name}"] = penalty
                loss = loss + penalty
            optimiser = self.optimisers[f"critic_{name}"]
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            if joint is not None and judged.grad is not None:
                seen[f"adversarial_{name}"] = self._adversarial_weight(name) * adversarial_loss(scores)
                joint -= self._adversarial_weight(name) * judged.grad
            optimiser.step()
            critic.requires_grad_(False)
        return seen, joint

    def _adversarial_weight(self, critic: str) -> float:
        losses = self.config.losses
        return {"image": losses.image, "video": losses.video}[critic]

    def _step_generator(
        self, window: slice, crop: Crop | None, base: Tensor, fake: Tensor, joint: Tensor | None, phase: int
    ) -> dict[str, Tensor]:
        # The generator has not moved since `fake` was made, so the graph that the critics' fake left serves here too.
        losses, whole, seen = self.config.losses, self.real[window], {}
        real = crop.cut(whole) if crop else whole
        if joint is None:
            for name, critic in self.critics.items():
                scores = critic(self._judged(name, fake, phase), self.how)
                seen[f"adversarial_{name}"] = self._adversarial_weight(name) * adversarial_loss(scores)
        if self.config.plus.by_patches(self.scale.index):
            seen["patches"] = self._patch_loss(fake[phase :: self._rate], real)
        reconstruction = self._reconstruct(window, crop)
        kind = losses.reconstruction_kind
        seen["reconstruction"] = losses.reconstruction * reconstruction_loss(reconstruction, real, kind)
        if losses.colour:
            # Every frame of slow motion has the colours of the clip's frame that it is part of. [ours]
            whole = whole.repeat_interleave(self._rate, 0) if self._rate > 1 else whole
            if crop:
                colour = colour_statistics_loss_of_crop(fake, crop.cut(base), base, whole)
            else:
                colour = colour_statistics_loss(fake, whole)
            seen["colour"] = losses.colour * colour
        self.optimisers["generator"].zero_grad(set_to_none=True)
        total = sum(seen.values())
        if joint is None:
            total.backward()
        else:
            torch.autograd.backward([total, fake], [None, joint])
        plus = self.config.plus
        if plus.by_patches(self.scale.index) and plus.patch_clip is not None:
            nn.utils.clip_grad_norm_(self.generator.parameters(), plus.patch_clip)
        self.optimisers["generator"].step()
        return seen

    def _patch_loss(self, fake: Tensor, real: Tensor) -> Tensor:
        plus = self.config.plus
        distance = patch_distance(fake, real, plus.patch_sizes, plus.patch_frames, plus.patch_projections, self.rng)
        return plus.patch_weight * distance

    def _decay(self) -> None:
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] *= self.config.optim.decay_to


def run_scale(
    training: ScaleTraining,
    report: Callable[[dict[str, float]], None],
    keep_due: Callable[[], bool] = lambda: False,
    keep: Callable[[ScaleTraining], None] = lambda training: None,
) -> TrainedScale:
    """Take all steps that are left.

    Arguments:
        training: at its start, or with a state loaded.
        report: called now and then with the mean losses since the last call, `scale`, `iteration` and `seconds`, the
            mean time of an iteration.
        keep_due: asked after every step whether the state should be kept now.
        keep: keeps the state; called only with one whose losses and weights were found sound.

    Raises:
        Diverged: the losses are not finite or run away.
    """
    scale, config = training.scale, training.config
    every = max(1, scale.iterations // LOG_LINES_A_SCALE)
    means = Means()
    began, first = time.perf_counter(), training.iteration
    while training.iteration < scale.iterations:
        means.add(training.step())
        iteration = training.iteration
        due = keep_due()
        if due:
            check_losses(means.read(), scale.index, iteration, config, training.grey)
        if iteration % every == 0 or iteration == scale.iterations:
            values = means.take()
            check_losses(values, scale.index, iteration, config, training.grey)
            pace = (time.perf_counter() - began) / (iteration - first)
            report({"scale": scale.index, "iteration": iteration, **values, "seconds": pace})
        if due:
            training.check_weights()
            keep(training)
    training.check_weights()
    return training.finish()
