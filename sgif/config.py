"""Everything that a training can be told, as frozen dataclasses. The defaults are the `paper` preset.

Each comment says whose choice a value is: [paper] SinGAN-GIF states it; [SinGAN] the paper is silent and SinGAN's code
says it; [ours] both are silent, or a named deviation for a preset. Keys from outside are dotted (`losses.colour`);
unknown keys and values out of range are refused with one line.
"""

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from datasets.errors import InputError
from datasets.names import unknown


@dataclass(frozen=True)
class PyramidConfig:
    """Sizes of the scales, in pixels and frames."""

    coarsest_side: int = 25  # [paper] short side of the coarsest scale
    factor: float = 4 / 3  # [paper] r; refitted so that the finest scale is exactly the clip's size, as in SinGAN
    scales: int | None = None  # [ours] number of scales; by default the nearest to what `factor` gives
    short_side: int | None = None  # [ours] the clip is scaled down until its short side is at most this
    long_side: int | None = 256  # [paper] "256x256", read as the longer side
    frames: int = 32  # [paper] clips have 8 to 32 frames; longer ones are cut
    chunk_coarsest: int = 16  # [paper] frames a step at the coarsest scale ...
    chunk_finest: int = 8  # [paper] ... "gradually" fewer: [ours] linearly over the scales


@dataclass(frozen=True)
class ModelConfig:
    """Shapes of generators and critics."""

    scales_3d: int = 4  # [paper] 3D generators at the coarsest 4 scales, 2D above
    separable: bool = True  # [paper] separable 3D convolutions in the generator
    neighbours: int = 1  # [paper] preceding and following frame stacked in 2D generators; 0 is SinGAN's generator
    time_padding: Literal["zeros", "replicate"] = "zeros"  # [ours] of each 3D layer of the generator
    shared_noise: bool = True  # [paper] one noise map for all frames in 2D scales
    image_critic: bool = True  # [paper]
    video_critic: bool = True  # [paper]
    layers: int = 5  # [SinGAN]
    kernel: int = 3  # [SinGAN]
    channels: int = 32  # [SinGAN] width at the coarsest scale ...
    channels_double_every: int = 4  # [SinGAN] ... doubled after so many scales ...
    channels_max: int = 128  # [SinGAN] ... up to this
    norm: Literal["batch", "none"] = "batch"  # [SinGAN] in generator and critics
    # [ours] of the generator, where it is to be another. "instance": frozen too, it takes statistics of what it sees
    generator_norm: Literal["same", "batch", "none", "instance"] = "same"
    leak: float = 0.2  # [SinGAN]


@dataclass(frozen=True)
class LossConfig:
    """Weights of equation 3."""

    image: float = 1.0  # [paper] adversarial loss of the image critic
    video: float = 5.0  # [paper] alpha
    reconstruction: float = 50.0  # [paper] beta
    reconstruction_kind: Literal["l1", "mse"] = "l1"  # [paper] equation 5; SinGAN's is mse
    colour: float = 2.0  # [paper] gamma
    penalty: float = 0.1  # [paper] lambda
    penalty_at: Literal["interpolates", "samples"] = "interpolates"  # [ours] equation 4 writes samples, [10] the other


@dataclass(frozen=True)
class OptimConfig:
    """Schedule of one scale. An iteration is so many steps of each critic, then so many of the generator."""

    iterations: tuple[int, ...] = (8000,)  # [paper] a scale, coarsest first; the last entry holds for all above it
    critic_steps: int = 1  # [ours] the paper is silent; SinGAN takes 3 ...
    generator_steps: int = 1  # [ours] ... and 3, all on one sample; here each further step draws another
    lr_generator: float = 5e-4  # [paper]
    lr_critic: float = 5e-4  # [paper]
    beta1: float = 0.5  # [SinGAN]
    beta2: float = 0.999  # [SinGAN]
    decay_at: float = 0.8  # [SinGAN] 1600 of 2000 epochs: the share of iterations after which the rate falls ...
    decay_to: float = 0.1  # [SinGAN] ... to this fraction
    average: float = 0.0  # [ours] decay a step of the mean of the generator's weights that a scale keeps; 0: the last
    carry_weights: bool = True  # [SinGAN] a scale starts from the one below where shapes agree
    runaway: float = 1000.0  # [ours] a mean weighted loss beyond this, or a reconstruction worse than grey, ends a run


@dataclass(frozen=True)
class NoiseConfig:
    """Amplitude of the noise above the coarsest scale."""

    amplitude: float = 0.1  # [SinGAN] times the reconstruction's RMSE, averaged over frames [paper]


@dataclass(frozen=True)
class PlusConfig:
    """What `sgif-plus` adds to the paper (sgif/PLUS.md). All off elsewhere; all are [ours]."""

    patch_scales: int = 0  # the coarsest scales, trained by the distribution of their patches instead of by critics
    patch_weight: float = 10.0  # of that loss
    patch_lr: float = 1e-3  # rate of the generator there
    patch_clip: float | None = 10.0  # norm to which its gradients are cut there: a net without norm can die of a few
    patch_sizes: tuple[int, ...] = (3, 5, 7, 11)  # sides of the patches, in pixels
    patch_frames: int = 3  # their length
    patch_projections: int = 128  # random directions a size and iteration
    still_noise: float = 0.0  # share of the coarsest noise's variance that all frames have in common
    # Amplitude of the noise above and below the coarsest scale's frames, and beside them; 0 pads with zeros [SinGAN].
    border_noise: tuple[float, float] = (0.0, 0.0)
    retrieval: bool = False  # the scales above those are not trained: they take their details out of the clip
    soften: float = 0.8  # deviation in pixels of the Gaussian that takes the generator's pixel noise off its layouts
    dealt: bool = False  # at the first size patches are not the nearest: a moment gets the clip's, each equally often
    settle: tuple[int, ...] = (4, 1, 1)  # replacements at a scale's own size before a step up; the last for all above
    alpha: float = 0.02  # of the completeness weight, in units of the patches' variance: smaller uses more of the clip
    apart: float = 0.08  # no patch comes from within this share of the short side from its own place, at any time

    def by_patches(self, scale: int) -> bool:
        """Whether this scale (0 for the coarsest) learns from patch distributions, and so has no critic."""
        return scale < self.patch_scales

    def by_retrieval(self, scale: int) -> bool:
        """Whether this scale (0 for the coarsest) takes its details out of the clip, and so has no generator."""
        return self.retrieval and scale >= self.patch_scales


@dataclass(frozen=True)
class NearestConfig:
    """Layouts by nearest patches, without training: `patch-nn` (sgif/PATCH_NN.md).

    [VGPNN] is what Haim et al. (ECCV 2022) say or their code does.
    """

    layout: bool = False  # layouts come from noise by nearest patches; no scale is trained
    layout_side: int = 50  # [ours] short side of the layouts, where every patch is compared with every other
    coarsest_side: int = 19  # [ours] short side of the coarsest level; VGPNN's: 15
    coarsest_frames: int = 3  # [VGPNN] its frames
    factor: float = 1 / 0.85  # [VGPNN] from level to level, in space and time
    side: int = 7  # [VGPNN] of a patch, in pixels
    frames: int = 3  # [VGPNN] of a patch
    steps: tuple[int, ...] = (1, 2)  # [ours] replacements a level, the last for all above it; VGPNN's: 1, 5
    noise: float = 6.0  # [ours] deviation of the noise at the coarsest level; colours lie in [-1, 1]; VGPNN's: 5
    dealt: bool = True  # [ours] at the coarsest level each patch of the clip is used equally often; VGPNN: the nearest
    height: float = 2.0  # [ours] of a patch's row at the coarsest level, in units of the patches' variance
    vote: Literal["median", "mean"] = "median"  # [VGPNN] of what the patches over a pixel say
    alpha: float = 0.02  # [ours] of the completeness weight, which VGPNN leaves out; as plus.alpha
    apart: float = 0.06  # [ours] as plus.apart: whole samples would now and then be copies


@dataclass(frozen=True)
class SpeedConfig:
    """Levers that trade exactness of a step for time or memory. All are off in the `paper` preset; all are [ours]."""

    crop: int | None = None  # side in pixels of the random crop that a step trains on; by default whole frames
    pool: int = 0  # how many outputs of the frozen scales are kept to train on; 0: a new one every iteration
    pool_refresh: int = 4  # iterations after which the oldest of them is replaced
    penalty_crop: float = 1.0  # side of the random window that the penalty sees, as a share of the frame's or crop's
    penalty_every: int = 1  # the penalty is taken every so many iterations, then weighted by as much
    joint: bool = False  # critics and generator learn from one pass of the critics, and move at the same time
    precision: Literal["float32", "bfloat16", "auto"] = "float32"  # of activations; auto: bfloat16 where it is fast
    penalty_precision: Literal["float32", "same"] = "float32"  # of the penalty's
    channels_last: bool = False  # memory layout on GPUs; on CPUs it is always this one
    recompute: bool = False  # gradient checkpointing: less memory for more time


@dataclass(frozen=True)
class TaskConfig:
    """What the training is for (paper, section 5; sgif/tasks.py has the keys that go with each kind)."""

    kind: Literal["sample", "slowmo", "superres"] = "sample"
    factor: int = 2  # [paper] 2 in its example: how many times as many frames, or pixels in each direction
    # [ours] what super-resolution learns to refine: what the generators below make, as always, or the clip itself at
    # the size below. Then only the finest scale is trained; those below, which nothing uses, take one step.
    base: Literal["generators", "clip"] = "generators"

    @property
    def rate(self) -> int:
        """Frames that are generated for each frame of the clip."""
        return self.factor if self.kind == "slowmo" else 1


@dataclass(frozen=True)
class Config:
    """A whole training."""

    pyramid: PyramidConfig = field(default_factory=PyramidConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    losses: LossConfig = field(default_factory=LossConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    noise: NoiseConfig = field(default_factory=NoiseConfig)
    plus: PlusConfig = field(default_factory=PlusConfig)
    nearest: NearestConfig = field(default_factory=NearestConfig)
    speed: SpeedConfig = field(default_factory=SpeedConfig)
    task: TaskConfig = field(default_factory=TaskConfig)

    def __post_init__(self) -> None:
        for key, holds, rule in _rules(self):
            if not holds:
                raise InputError(f"{key}: {rule}; change this key")


def _rules(config: Config) -> list[tuple[str, bool, str]]:
    """What a valid config satisfies: key, whether it holds, the rule in words."""
    pyramid, model, losses, optim, speed = config.pyramid, config.model, config.losses, config.optim, config.speed
    plus, nearest = config.plus, config.nearest
    field_of_view = 1 + model.layers * (model.kernel - 1)
    weights = ("image", "video", "reconstruction", "colour", "penalty")
    return [
        ("model.kernel", model.kernel >= 3 and model.kernel % 2 == 1, "must be odd and at least 3"),
        ("model.layers", model.layers >= 2, "must be at least 2"),
        ("model.channels", 1 <= model.channels <= model.channels_max, "must lie between 1 and model.channels_max"),
        ("model.channels_double_every", model.channels_double_every >= 1, "must be at least 1"),
        ("model.scales_3d", model.scales_3d >= 0, "must not be negative"),
        ("model.neighbours", 0 <= model.neighbours <= 4, "must lie between 0 and 4"),
        ("model.leak", 0 <= model.leak < 1, "must lie in [0, 1)"),
        ("model.image_critic", model.image_critic or model.video_critic, "a model needs at least one critic"),
        (
            "pyramid.coarsest_side",
            pyramid.coarsest_side >= field_of_view,
            f"must be at least the receptive field, {field_of_view} pixels",
        ),
        ("pyramid.factor", 1.05 <= pyramid.factor <= 4, "must lie between 1.05 and 4"),
        ("pyramid.scales", pyramid.scales is None or 1 <= pyramid.scales <= 32, "must lie between 1 and 32"),
        ("pyramid.short_side", pyramid.short_side is None or pyramid.short_side >= 25, "must be at least 25"),
        ("pyramid.long_side", pyramid.long_side is None or pyramid.long_side >= 25, "must be at least 25"),
        ("pyramid.frames", pyramid.frames >= 2, "must be at least 2"),
        ("pyramid.chunk_coarsest", pyramid.chunk_coarsest >= 1, "must be at least 1"),
        ("pyramid.chunk_finest", pyramid.chunk_finest >= 1, "must be at least 1"),
        *((f"losses.{name}", getattr(losses, name) >= 0, "must not be negative") for name in weights),
        ("optim.iterations", bool(optim.iterations) and min(optim.iterations) >= 1, "must be one or more counts >= 1"),
        ("optim.critic_steps", 1 <= optim.critic_steps <= 16, "must lie between 1 and 16"),
        ("optim.generator_steps", 1 <= optim.generator_steps <= 16, "must lie between 1 and 16"),
        ("optim.average", 0 <= optim.average < 1, "must lie in [0, 1)"),
        ("optim.lr_generator", 0 < optim.lr_generator < 1, "must lie in (0, 1)"),
        ("optim.lr_critic", 0 < optim.lr_critic < 1, "must lie in (0, 1)"),
        ("optim.beta1", 0 <= optim.beta1 < 1, "must lie in [0, 1)"),
        ("optim.beta2", 0 <= optim.beta2 < 1, "must lie in [0, 1)"),
        ("optim.decay_at", 0 < optim.decay_at <= 1, "must lie in (0, 1]"),
        ("optim.decay_to", 0 < optim.decay_to <= 1, "must lie in (0, 1]"),
        ("optim.runaway", optim.runaway > 0, "must be positive"),
        ("noise.amplitude", config.noise.amplitude >= 0, "must not be negative"),
        ("plus.patch_scales", plus.patch_scales >= 0, "must not be negative"),
        ("plus.patch_weight", plus.patch_weight > 0, "must be positive"),
        ("plus.patch_lr", 0 < plus.patch_lr < 1, "must lie in (0, 1)"),
        ("plus.patch_clip", plus.patch_clip is None or plus.patch_clip > 0, "must be positive"),
        ("plus.patch_sizes", bool(plus.patch_sizes) and min(plus.patch_sizes) >= 2, "must be one or more sides >= 2"),
        ("plus.patch_frames", plus.patch_frames >= 1, "must be at least 1"),
        ("plus.patch_projections", plus.patch_projections >= 1, "must be at least 1"),
        ("plus.still_noise", 0 <= plus.still_noise <= 1, "must lie in [0, 1]"),
        (
            "plus.border_noise",
            len(plus.border_noise) == 2 and all(0 <= amplitude <= 1 for amplitude in plus.border_noise),
            "must be two amplitudes in [0, 1]",
        ),
        (
            "plus.retrieval",
            not plus.retrieval or nearest.layout or plus.patch_scales > 0,
            "needs plus.patch_scales of at least 1, or nearest.layout",
        ),
        ("plus.soften", 0 <= plus.soften <= 2, "must lie in [0, 2]"),
        ("plus.settle", bool(plus.settle) and 0 <= min(plus.settle) <= max(plus.settle) <= 32, "must be 0 to 32 each"),
        ("plus.alpha", plus.alpha > 0, "must be positive"),
        ("plus.apart", 0 <= plus.apart <= 0.25, "must lie in [0, 0.25]"),
        (
            "nearest.layout",
            not nearest.layout or (plus.retrieval and plus.patch_scales == 0),
            "needs plus.retrieval, and plus.patch_scales of 0",
        ),
        ("nearest.side", 2 <= nearest.side <= nearest.coarsest_side, "must lie between 2 and nearest.coarsest_side"),
        (
            "nearest.coarsest_side",
            nearest.coarsest_side <= nearest.layout_side <= 256,
            "must be at most nearest.layout_side, and that at most 256",
        ),
        (
            "nearest.frames",
            1 <= nearest.frames <= nearest.coarsest_frames,
            "must lie between 1 and that of the coarsest",
        ),
        ("nearest.factor", 1.05 <= nearest.factor <= 4, "must lie between 1.05 and 4"),
        (
            "nearest.steps",
            bool(nearest.steps) and 1 <= min(nearest.steps) <= max(nearest.steps) <= 32,
            "must be 1 to 32 each",
        ),
        ("nearest.noise", 0 <= nearest.noise <= 100, "must lie in [0, 100]"),
        ("nearest.height", nearest.height >= 0, "must not be negative"),
        ("nearest.alpha", nearest.alpha > 0, "must be positive"),
        ("nearest.apart", 0 <= nearest.apart <= 0.25, "must lie in [0, 0.25]"),
        (
            "speed.crop",
            speed.crop is None or speed.crop >= 2 * field_of_view,
            f"must be at least two receptive fields, {2 * field_of_view} pixels",
        ),
        ("speed.pool", 0 <= speed.pool <= 1024, "must lie between 0 and 1024"),
        ("speed.pool_refresh", speed.pool_refresh >= 1, "must be at least 1"),
        (
            "speed.joint",
            not speed.joint or optim.critic_steps == optim.generator_steps == 1,
            "goes with one step of each, optim.critic_steps=1 and optim.generator_steps=1",
        ),
        ("speed.penalty_crop", 0 < speed.penalty_crop <= 1, "must lie in (0, 1]"),
        (
            "task.kind",
            config.task.rate == 1 or model.video_critic,
            "slow motion needs to be judged as a clip, as singan-gif and sgif-plus do",
        ),
        ("task.factor", 2 <= config.task.factor <= 8, "must lie between 2 and 8"),
        (
            "task.base",
            config.task.base == "generators" or config.task.kind == "superres",
            "only super-resolution refines the clip itself",
        ),
        (
            "task.kind",
            config.task.kind != "superres" or not plus.retrieval,
            "super-resolution needs a generator at the finest scale, as singan-gif has",
        ),
        ("speed.penalty_every", 1 <= speed.penalty_every <= 100, "must lie between 1 and 100"),
    ]


def flatten(config: Config) -> dict[str, Any]:
    """The config as dotted keys and plain JSON values, in the order of the classes."""
    sections = dataclasses.asdict(config)
    return {
        f"{section}.{name}": list(value) if isinstance(value, tuple) else value
        for section, values in sections.items()
        for name, value in values.items()
    }


def override(config: Config, values: Mapping[str, Any]) -> Config:
    """A copy of `config` with dotted keys replaced; values may be strings, as a command line gives them.

    Raises:
        InputError: an unknown key (the nearest valid one is named), or a value of the wrong type or range.
    """
    known = _types(config)
    changes: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        if key not in known:
            raise InputError(unknown("config key", key, known))
        section, name = key.split(".")
        changes.setdefault(section, {})[name] = _parse(key, value, known[key])
    sections = {section: dataclasses.replace(getattr(config, section), **fields) for section, fields in changes.items()}
    return dataclasses.replace(config, **sections)


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """`["losses.colour=0", …]` as a dictionary."""
    pairs = {}
    for assignment in assignments:
        key, separator, value = assignment.partition("=")
        if not separator or not key:
            raise InputError(f"--set {assignment}: not of the form KEY=VALUE; write for example --set losses.colour=0")
        pairs[key.strip()] = value.strip()
    return pairs


def config_sha256(config: Config) -> str:
    """SHA-256 of the flattened config in canonical JSON."""
    return hashlib.sha256(json.dumps(flatten(config), sort_keys=True).encode()).hexdigest()


def _types(config: Config) -> dict[str, Any]:
    return {
        f"{section.name}.{name}": kind
        for section in dataclasses.fields(config)
        for name, kind in typing.get_type_hints(type(getattr(config, section.name))).items()
    }


def _parse(key: str, value: Any, kind: Any) -> Any:
    """`value` as `kind`; strings are read as a command line gives them."""
    origin, parameters = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None or (isinstance(value, str) and value.lower() in ("none", "null", "")):
            return None
        return _parse(key, value, next(p for p in parameters if p is not type(None)))
    if origin is Literal:
        if value in parameters:
            return value
        raise InputError(f"{key}: {value!r} is not one of {', '.join(map(str, parameters))}; choose one of them")
    if origin is tuple:
        items = value.split(",") if isinstance(value, str) else value
        return tuple(
            _parse(key, item, parameters[0]) for item in (items if isinstance(items, list | tuple) else [items])
        )
    if kind is bool:
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
    elif not isinstance(value, bool):
        try:
            if kind is float or float(value) == int(float(value)):
                return kind(float(value))
        except (TypeError, ValueError, OverflowError):
            pass
    raise InputError(f"{key}: {value!r} is not of type {kind.__name__}; give such a value")
