"""The trained methods, as data: a title and what each changes in a preset. Ablations are methods too."""

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
    ablates: str | None = None  # the method that this is, but for one thing
    kind: str = "method"  # or "peer": what others think of for the same purpose


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

# Beyond the paper, for few minutes without a GPU (sgif/PLUS.md): one generator, that of a coarse layout and its motion,
# learns the distribution of the clip's patches; the details are then taken out of the clip, patch by patch.
_SGIF_PLUS = {
    "pyramid.coarsest_side": 14,
    "pyramid.factor": 2.3,
    "model.scales_3d": 1,
    "model.channels": 64,
    "model.time_padding": "replicate",
    "model.generator_norm": "none",
    "losses.reconstruction": 1.0,
    "losses.colour": 0.0,
    "optim.decay_at": 0.6,
    "plus.patch_scales": 1,
    "plus.still_noise": 0.98,
    # In a natural scene what is above differs from what is below; left and right are alike.
    "plus.border_noise": (0.6, 1.0),
    "plus.retrieval": True,
    "plus.dealt": True,
}

# The training-free peer (sgif/PATCH_NN.md): layouts out of noise by nearest patches, then details as sgif-plus does it.
_PATCH_NN = {
    "pyramid.factor": 1.8,
    "nearest.layout": True,
    "plus.retrieval": True,
    "plus.soften": 0.0,
    "plus.settle": (1,),
    "plus.apart": 0.0,  # the layout's rule is enough
}

# What the paper says that each part of the model is for: sections 3.4.3, 3.2, and 3.3.1 with 3.3.2.
_ABLATIONS = {
    "no-color-loss": ("without colour loss", {"losses.colour": 0.0}),
    "no-image-critic": ("without image critic", {"model.image_critic": False}),
    "no-2d-switch": ("3D at all scales", {"model.scales_3d": 99}),
    "no-separable": ("whole 3D convolutions", {"model.separable": False}),
}

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        method.name: method
        for method in (
            Method("singan-gif", "SinGAN-GIF"),
            Method("singan-frames", "SinGAN (All Frames)", _SINGAN_FRAMES),
            Method("sgif-plus", "SGIF-Plus", _SGIF_PLUS),
            Method("patch-nn", "Patch nearest neighbours", _PATCH_NN, kind="peer"),
            *(
                Method(name, f"SinGAN-GIF {title}", overrides, "singan-gif")
                for name, (title, overrides) in _ABLATIONS.items()
            ),
        )
    }
)


def find_method(name: str) -> Method:
    """The method of this name.

    Raises:
        InputError: there is none; the nearest is named.
    """
    return pick(METHODS, name, "method")
