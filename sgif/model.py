"""The pyramid of trained generators, and the two ways through it: random samples and the reconstruction."""

import torch
import torch.nn.functional as F
from torch import Tensor

from sgif.config import Config, ModelConfig
from sgif.crops import Crop
from sgif.execution import EXACT, Execution
from sgif.frames import resize
from sgif.generators import Generator
from sgif.noise import draw_noise
from sgif.pyramid import Scale
from sgif.slow import draw_path

FRAMES_AT_ONCE = 8
"""Frames that a frozen 2D generator works on at a time."""


def build_generator(scale: Scale, model: ModelConfig) -> Generator:
    """The untrained generator of a scale."""
    return Generator(
        dimensions=scale.dimensions,
        channels=scale.channels,
        layers=model.layers,
        kernel=model.kernel,
        separable=model.separable,
        neighbours=model.neighbours,
        time_padding=model.time_padding,
        norm=model.norm if model.generator_norm == "same" else model.generator_norm,
        leak=model.leak,
    )


def draw_z_star(rng: torch.Generator, frames: int, size: tuple[int, int], config: Config) -> Tensor:
    """The fixed noise of a clip of `frames` frames, [frames * rate, 3, *size]; for slow motion a path of its own."""
    still, rate = config.plus.still_noise, config.task.rate
    if rate > 1:
        return draw_path(rng, frames * rate, size, whole=frames * rate, still=still)
    return draw_noise(rng, frames, size, coarsest=True, shared=False, still=still)


class GeneratorPyramid:
    """Generators G_1 … G_n with their noise amplitudes and z*, coarsest first (paper, equations 1 and 2).

    Attributes:
        config: the training's config.
        scales: the planned levels, one for each generator that is or will be there.
        generators: trained so far; in eval mode and without gradients, except the one in training.
        amplitudes: noise amplitude sigma of each.
        z_star: fixed noise [T, 3, h, w] at the coarsest scale that reconstructs the training clip.
        rate: frames that are generated for each frame of the clip: of T * rate frames, every rate-th is the clip's.
    """

    def __init__(self, config: Config, scales: list[Scale], z_star: Tensor) -> None:
        self.config = config
        self.scales = scales
        self.generators: list[Generator] = []
        self.amplitudes: list[float] = []
        self.z_star = z_star
        self.rate = config.task.rate

    def append(self, generator: Generator, amplitude: float) -> None:
        """Add the next scale's generator."""
        self.generators.append(generator)
        self.amplitudes.append(amplitude)

    def freeze(self) -> None:
        """Fix the finest generator: no gradients, running statistics of the norms."""
        self.generators[-1].eval().requires_grad_(False).zero_grad(set_to_none=True)

    def refine(
        self,
        index: int,
        base: Tensor,
        noise: Tensor | None,
        crop: Crop | None = None,
        how: Execution = EXACT,
    ) -> Tensor:
        """One scale: G_n(sigma_n z_n, base), whole or just the part in `crop`.

        Arguments:
            index: which generator.
            base: float [T, 3, H, W].
            noise: float [T or 1, 3, H, W], None for zeros; or as much larger as the generator reaches on each side,
                where it is to see noise beyond the border, too.
            crop: the part wanted. The generator sees as much around it as it reaches, so that, norms aside (in training
                they take their statistics from what they see), the result is that part of the whole result.
            how: number format and memory layout of the computation.
        """
        generator = self.generators[index]
        if noise is not None and noise.shape[-1] > base.shape[-1]:
            padded = F.pad(base, [generator.reach] * 4) + self.amplitudes[index] * noise
        else:
            noisy = base if noise is None else base + self.amplitudes[index] * noise
            padded = F.pad(noisy, [generator.reach] * 4)
        if crop is not None:
            padded, base = crop.cut(padded, generator.reach), crop.cut(base)
        whole = generator.training or generator.dimensions == 3 or generator.sees_all
        if whole or len(base) <= FRAMES_AT_ONCE:
            return generator(padded, base, how)
        # A frozen 2D generator sees no further than its neighbours: a long clip need not be held whole.
        parts, last, beside = [], len(base), generator.neighbours
        for start in range(0, last, FRAMES_AT_ONCE):
            stop = min(start + FRAMES_AT_ONCE, last)
            first, end = max(0, start - beside), min(last, stop + beside)
            parts.append(generator(padded[first:end], base[first:end], how)[start - first : stop - first])
        return torch.cat(parts)

    def noise(self, index: int, frames: int, size: tuple[int, int], rng: torch.Generator) -> Tensor:
        """Random noise for one scale, [T or 1, 3, H, W]; one map for all frames at 2D scales (section 3.3.2).

        With `plus.border_noise` that of the coarsest scale reaches beyond the border as far as the generator does.
        In slow motion it is a path, as long as z*; of fewer frames a part of one.
        """
        plus, shared = self.config.plus, self.scales[index].dimensions == 2 and self.config.model.shared_noise
        beyond = self.generators[0].reach if any(plus.border_noise) and index == 0 else 0
        size = size[0] + 2 * beyond, size[1] + 2 * beyond
        still = 0.0 if index else plus.still_noise
        if index == 0 and self.rate > 1:
            noise = draw_path(rng, frames, size, whole=len(self.z_star), still=still)
        else:
            noise = draw_noise(rng, frames, size, coarsest=index == 0, shared=shared, still=still)
        if beyond:
            vertical, beside = plus.border_noise
            strength = torch.full(size, vertical)
            strength[:, :beyond], strength[:, -beyond:] = beside, beside
            strength[beyond:-beyond, beyond:-beyond] = 1
            noise = noise * strength
        return noise.to(self.z_star.device)

    def level_size(self, index: int, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of level `index` when the finest level has `size`."""
        own, finest = self.scales[index].size, self.scales[-1].size
        if tuple(size) == finest:
            return own
        return max(1, round(size[0] * own[0] / finest[0])), max(1, round(size[1] * own[1] / finest[1]))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the finest planned level."""
        return self.scales[-1].size

    def coarsest_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the coarsest level when the finest has `size`."""
        return self.level_size(0, size)

    @property
    def least_side(self) -> int:
        """Of the coarsest level: half of what a generator sees, for below that both borders rule every pixel."""
        return 1 + self.config.model.layers * (self.config.model.kernel - 1) // 2

    @torch.no_grad()
    def generate(
        self,
        frames: int,
        rng: torch.Generator,
        *,
        scales: int | None = None,
        size: tuple[int, int] | None = None,
        how: Execution = EXACT,
    ) -> Tensor:
        """A random sample from the coarsest `scales` generators, [frames, 3, h, w], not clipped.

        Arguments:
            frames: number of frames; any.
            rng: CPU generator of all its noise.
            scales: how many generators to go through; by default all that are planned.
            size: height and width of the finest planned level; by default the training clip's.
            how: number format and memory layout of the computation.
        """
        size = size or self.scales[-1].size
        video = None
        for index in range(len(self.scales) if scales is None else scales):
            level = self.level_size(index, size)
            base = self.z_star.new_zeros(frames, 3, *level) if video is None else resize(video, level)
            video = self.refine(index, base, self.noise(index, frames, level, rng), how=how)
        assert video is not None, "at least one scale"
        return video

    @torch.no_grad()
    def reconstruct(self, *, scales: int, start: int = 0, frames: int | None = None) -> Tensor:
        """The clip made from z_opt = (z*, 0, …, 0), or the window of `frames` frames from `start` on, cut from z*.

        In slow motion at the higher rate: every `rate`-th frame is one of the clip's, those between are new.
        """
        z = self.z_star[start : None if frames is None else start + frames]
        video = None
        for index in range(scales):
            level = self.scales[index].size
            if video is None:
                video = self.refine(index, torch.zeros_like(z), z)
            else:
                video = self.refine(index, resize(video, level), None)
        assert video is not None, "at least one scale"
        return video
