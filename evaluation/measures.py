"""All metrics of generated clips against their real one, each piece of work done once.

`Reference` is the real clip with what several metrics need of it. `measure` gives the metrics of one sample, and
`measure_set` those of all samples together; names and definitions are the registry's (`evaluation.metrics`). A metric
that is undefined for a clip (the motion of one that stands still) is None, and the reason is passed on.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from math import ceil, prod, sqrt
from typing import Any, Literal

import numpy as np

from datasets.clip import Clip
from datasets.errors import InputError
from evaluation.controls import CONTROLS, make_control
from evaluation.encoders.encoder import Encoder
from evaluation.encoders.stem import places
from evaluation.metrics import METRICS
from evaluation.metrics.colour import colour_distance
from evaluation.metrics.contrast import contrast_ratio
from evaluation.metrics.diversity import diversity
from evaluation.metrics.flow import flow, flow_direction_distance, flow_magnitude_distance
from evaluation.metrics.high_frequency import high_frequency_ratio
from evaluation.metrics.kid import kid, strided
from evaluation.metrics.memorisation import frame_distance, zero_displacement
from evaluation.metrics.motion import motion_energy_ratio
from evaluation.metrics.nnf import PATCH, nnf_distance, nnf_diversity
from evaluation.metrics.power_spectrum import power_spectrum_distance
from evaluation.metrics.sgfid import sgfid
from evaluation.metrics.similarity import BidirectionalSimilarity, Similarity
from evaluation.metrics.sliced_wasserstein import sliced_wasserstein
from evaluation.nearest import Matches, PatchIndex
from evaluation.statistics import Statistics, gather

Undefined = Callable[[str, InputError], None]

FIELD = 20_000
"""Places of a nearest-neighbour field. Looking up all of a native clip's takes half a minute a sample."""
EXACT = 100_000
"""Patches of the real clip beyond this number are searched approximately."""


class Side:
    """One clip with what metrics need of it, computed when first asked for.

    Args:
        frames: uint8 [T, H, W, 3].
        encoder: of SGFID and KID.
    """

    def __init__(self, frames: np.ndarray, encoder: Encoder) -> None:
        self.frames = frames
        self.encoder = encoder

    @cached_property
    def features(self) -> list[np.ndarray]:
        """Features of each member of the encoder, float32 [T, N, C]."""
        return [np.stack(list(self.encoder.features(self.frames, i))) for i in range(self.encoder.members)]

    @cached_property
    def statistics(self) -> list[Statistics]:
        """Their statistics."""
        return [gather(features, self.encoder.dims) for features in self.features]

    @cached_property
    def apart(self) -> list[np.ndarray]:
        """Features at places apart from each other, float32 [N', C]."""
        rows, columns = places(*self.frames.shape[1:3], self.encoder.layer)
        return [strided(f.reshape(len(f), rows, columns, -1)) for f in self.features]

    @cached_property
    def flow(self) -> np.ndarray:
        """Optical flow, float32 [T - 1, H, W, 2]."""
        return flow(self.frames)


class Reference(Side):
    """The real clip.

    Args:
        frames: uint8 [T, H, W, 3].
        encoder: of SGFID and KID.
        layers: encoders of the layers that single metrics ask for.
        statistics: of the clip's features under `encoder`, where they are known already.
    """

    def __init__(
        self,
        frames: np.ndarray,
        encoder: Encoder,
        layers: Mapping[str, Encoder] | None = None,
        statistics: list[Statistics] | None = None,
    ) -> None:
        super().__init__(frames, encoder)
        if statistics is not None:
            self.statistics = statistics
        self.layers = {layer: Side(frames, other) for layer, other in (layers or {}).items()}

    @cached_property
    def patches(self) -> PatchIndex:
        """All 3 x 3 x 3 patches."""
        return PatchIndex(self.frames, PATCH)

    @property
    def step(self) -> int:
        """Rows and columns from one looked up patch to the next, for a field of at most about `FIELD` places."""
        return max(1, ceil(sqrt(prod(self.patches.shape) / FIELD)))

    @property
    def method(self) -> Literal["exact", "approximate"]:
        """How those are looked up: exactly in clips of up to 84 pixels or so."""
        return "exact" if prod(self.patches.shape) <= EXACT else "approximate"

    @cached_property
    def similarity(self) -> BidirectionalSimilarity:
        """What coherence and completeness need."""
        return BidirectionalSimilarity(self.frames)


def measure(
    frames: np.ndarray, real: Reference, names: Sequence[str] = tuple(METRICS), undefined: Undefined | None = None
) -> dict[str, float | None]:
    """The metrics of one generated clip, in the registry's order; those of whole sets are left out.

    Args:
        frames: uint8 [T, H, W, 3] of the real clip's shape.
        names: which metrics.
        undefined: called with name and reason of each metric that has no value for this clip.
    """
    fake = Side(frames, real.encoder)
    values: dict[str, float | None] = {}
    for name, of in _of_samples(fake, real).items():
        if name in names:
            try:
                values[name] = float(of())
            except InputError as error:
                values[name] = None
                if undefined:
                    undefined(name, error)
    return values


def measure_set(
    samples: Sequence[np.ndarray],
    real: Reference,
    names: Sequence[str] = tuple(METRICS),
    undefined: Undefined | None = None,
) -> dict[str, float | None]:
    """The metrics of all samples together; None with fewer than two, or (see `measure`) where undefined."""
    if "diversity" not in names:
        return {}
    if len(samples) < 2:
        return {"diversity": None}
    try:
        return {"diversity": diversity(samples, real.frames)}
    except InputError as error:
        if undefined:
            undefined("diversity", error)
        return {"diversity": None}


def _of_samples(fake: Side, real: Reference) -> dict[str, Callable[[], float]]:
    """Every metric of one sample, not computed yet; what two of them need is computed once."""
    x, y = fake.frames, real.frames
    field: Callable[[], Matches] = cache(lambda: real.patches.search(x, step=real.step, method=real.method))
    similarity: Callable[[], Similarity] = cache(lambda: real.similarity(x))
    layers = {layer: Side(x, side.encoder) for layer, side in real.layers.items()}

    def at(layer: str) -> float:
        # A layer of its own, or the one that was asked for anyway.
        if layer == real.encoder.layer:
            return sgfid(real.statistics, fake.statistics)
        return sgfid(real.layers[layer].statistics, layers[layer].statistics)

    return {
        "sgfid": lambda: sgfid(real.statistics, fake.statistics),
        "sgfid_pre_pool1": lambda: at("pre-pool1"),
        "kid": lambda: float(np.mean([kid(a, b) for a, b in zip(fake.apart, real.apart, strict=True)])),
        "coherence": lambda: similarity().coherence,
        "completeness": lambda: similarity().completeness,
        "nnfdiv": lambda: nnf_diversity(field()),
        "nnfdist": lambda: nnf_distance(field()),
        "zero_displacement": lambda: zero_displacement(x, y),
        "frame_distance": lambda: frame_distance(x, y),
        "motion_energy": lambda: motion_energy_ratio(x, y),
        "power_spectrum": lambda: power_spectrum_distance(x, y),
        "flow_magnitude": lambda: flow_magnitude_distance(fake.flow, real.flow),
        "flow_direction": lambda: flow_direction_distance(fake.flow, real.flow),
        "patch_swd": lambda: sliced_wasserstein(x, y),
        "colour_distance": lambda: colour_distance(x, y),
        "contrast": lambda: contrast_ratio(x, y),
        "high_frequency": lambda: high_frequency_ratio(x, y),
    }


def halves(frames: np.ndarray, encoder: Encoder, layers: Mapping[str, Encoder]) -> tuple[np.ndarray, Reference]:
    """What half-against-half compares: the second half of a clip's frames, and the first as the real clip.

    Raises:
        InputError: the clip has fewer than 4 frames.
    """
    half = len(frames) // 2
    if half < 2:
        raise InputError(f"half against half: a clip of {len(frames)} frames has no halves that move; use a longer one")
    return frames[half : 2 * half], Reference(frames[:half], encoder, layers)


def other_layers(names: Iterable[str], asked: str) -> set[str]:
    """The layers that these metrics need beside the one that was asked for."""
    return {METRICS[name].layer for name in names} - {None, asked}


def measure_cell(
    samples: Sequence[tuple[int, np.ndarray]],
    real: Reference,
    names: Sequence[str] = tuple(METRICS),
    say: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """The part of a metric file (`evaluation.records`) that is measured: values of each sample and of the set, and what
    they were made with.

    Args:
        samples: number and frames of each.
        say: is told which metrics have no value for this clip, and why.
    """
    reasons: dict[str, str] = {}

    def undefined(name: str, error: InputError) -> None:
        reasons.setdefault(name, str(error))

    rows, known = [], {}
    for number, frames in samples:
        # Controls, and some published samples, come more than once.
        same = hashlib.sha256(frames.tobytes()).digest()
        if same not in known:
            known[same] = measure(frames, real, names, undefined)
        rows.append({"sample": number, **known[same]})
    whole = measure_set([frames for _, frames in samples], real, names, undefined)
    if say:
        for name, reason in reasons.items():
            say(f"{name} has no value: {reason}")
    height, width = real.frames.shape[1:3]
    locations = real.statistics[0].count
    return {
        "encoder": real.encoder.name,
        "layer": real.encoder.layer,
        "weights_sha256": real.encoder.weights_sha256,
        "frames": len(real.frames),
        "height": height,
        "width": width,
        "locations_real": locations,
        "locations_fake": locations,
        "config_sha256": None,
        "samples": rows,
        "set": whole,
        "undefined": reasons,
    }


def measure_controls(
    clip: Clip, real: Reference, names: Sequence[str] = tuple(METRICS), draws: int = 2, seed: int = 0
) -> dict[str, dict[str, float | None]]:
    """For every control the mean of every metric over some draws; None where one of them is undefined."""
    values = {}
    for control in CONTROLS:
        drawn = [make_control(control, clip, seed, index).frames for index in range(draws)]
        each = [measure(frames, real, names) for frames in drawn]
        columns = {name: [row[name] for row in each] for name in each[0]}
        means = {name: None if None in column else float(np.mean(column)) for name, column in columns.items()}
        values[control] = {**means, **measure_set(drawn, real, names)}
    return values
