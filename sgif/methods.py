"""The trained methods, as data: a title and what each changes in a preset."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from datasets.names import pick


@dataclass(frozen=True)
class Method:
    """A way to train: overrides (dotted config keys) on top of a preset."""

    name: str
    title: str
    overrides: Mapping[str, Any] = field(default_factory=dict)


# SinGAN's own losses and nets on all frames: a random frame each pass, judged as an image, one fixed z* a frame.
_SINGAN_FRAMES = {
    "pyramid.chunk_coarsest": 1,
    "pyramid.chunk_finest": 1,
    "model.scales_3d": 0,
    "model.neighbours": 0,
    "model.shared_noise": False,  # each generated frame has its own noise; the paper does not say
    "model.video_critic": False,
    "losses.video": 0.0,
    "losses.reconstruction": 10.0,
    "losses.reconstruction_kind": "mse",
    "losses.colour": 0.0,
}

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        method.name: method
        for method in (
            Method("singan-gif", "SinGAN-GIF"),
            Method("singan-frames", "SinGAN (All Frames)", _SINGAN_FRAMES),
        )
    }
)


def find_method(name: str) -> Method:
    """The method of this name.

    Raises:
        InputError: there is none; the nearest is named.
    """
    return pick(METHODS, name, "method")
