"""Named presets: what a protocol changes in the paper's training. One preset serves all clips.

A preset may say more for one method than for another (`per_method`): methods differ in what a step costs, and the
comparison is fair when each gets the same time, not the same number of steps.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from datasets.names import pick
from sgif.config import Config, override
from sgif.methods import find_method
from sgif.tasks import task_overrides


@dataclass(frozen=True)
class Preset:
    """Overrides (dotted config keys) on the paper's training, and more of them for single methods and tasks."""

    name: str
    about: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    per_method: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    per_task: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


# The levers that save more time than they cost in learning. Those that do not (a penalty on a window or taken lazily,
# one pass for critics and generator) are off: results/reference/learning_curve.csv has the numbers.
LEVERS = {
    "speed.crop": 64,
    "speed.pool": 16,
    "speed.pool_refresh": 4,
    "speed.precision": "auto",
    "speed.penalty_precision": "same",
}
# In short trainings running statistics lag behind the weights, and they are of samples and reconstructions together:
# frozen scales that go by them put out pale, grey frames (sgif/EXPERIMENTS.md, section 14).
_NORM = {"model.generator_norm": "instance"}
_NATIVE = {"pyramid.long_side": None, **LEVERS, **_NORM}
# The baseline and super-resolution stay as they were measured.
_RUNNING = {"model.generator_norm": "same"}
# In few iterations the scales below learn to reconstruct the clip to 22 dB. What refines that cannot learn to refine
# the clip: 8 dB below bicubic's PSNR. From the clip itself the same time gives bicubic's PSNR.
_SUPERRES = {"task.base": "clip", **_RUNNING}

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset("paper", "the paper's training: long side 256, 8000 iterations a scale; for GPUs"),
            Preset(
                "cpu",
                "native size without a GPU: overnight",
                {**_NATIVE, "optim.iterations": (2000,)},
                {"singan-frames": _RUNNING, "sgif-plus": {"optim.iterations": (3000,)}},
                {"superres": _SUPERRES},
            ),
            Preset(
                "quick",
                "short side 48, three scales: minutes on two cores",
                {
                    "pyramid.short_side": 48,
                    "pyramid.long_side": None,
                    "pyramid.scales": 3,
                    "model.scales_3d": 2,
                    # Windows of 8 and 4 frames, and a rate of 1e-3: more steps in the same time, and further ones.
                    "pyramid.chunk_coarsest": 8,
                    "pyramid.chunk_finest": 4,
                    "optim.iterations": (310,),
                    "optim.lr_generator": 1e-3,
                    "optim.lr_critic": 1e-3,
                    **LEVERS,
                    **_NORM,
                },
                {
                    "singan-frames": {"optim.iterations": (2100,), **_RUNNING},
                    "sgif-plus": {"optim.iterations": (3000,)},
                },
                # No smaller scale is used, and half of 48 pixels is less than 25.
                {"superres": {**_SUPERRES, "pyramid.coarsest_side": 11, "optim.iterations": (400,)}},
            ),
            Preset(
                "smoke",
                "three tiny scales: seconds, for tests",
                {
                    "pyramid.short_side": 32,
                    "pyramid.long_side": None,
                    "pyramid.scales": 3,
                    "pyramid.frames": 4,
                    "model.scales_3d": 2,
                    "model.channels": 8,
                    "optim.iterations": (8,),
                    # Steps so large that even these few give samples that differ from one another.
                    "optim.lr_generator": 1e-2,
                    "speed.penalty_crop": 0.5,
                },
                per_task={"superres": {**_SUPERRES, "pyramid.coarsest_side": 11}},
            ),
        )
    }
)


def resolve(
    preset: str,
    method: str,
    overrides: Mapping[str, Any] | None = None,
    *,
    task: str = "sample",
    factor: int | None = None,
) -> Config:
    """The config of a training: the paper's, changed by preset, method, preset for this method, task, preset for this
    task, `overrides`.

    Raises:
        InputError: an unknown preset, method, task or key (the nearest is named), or a bad value.
    """
    chosen = pick(PRESETS, preset, "preset")
    per_method = chosen.per_method.get(method, {})
    layers = (
        chosen.overrides,
        find_method(method).overrides,
        per_method,
        task_overrides(task, factor),
        chosen.per_task.get(task, {}),
        overrides or {},
    )
    merged = {key: value for layer in layers for key, value in layer.items()}
    return override(Config(), merged)
