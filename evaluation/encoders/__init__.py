"""The registry of encoders: which networks can turn a frame into features, and at which of their layers.

Role: names, provenance and layers of the encoders, as data. `location` finds their weights, `weights` reads and
checks them, `stem` is the network, `encoder` puts these together.
Layer: the lowest of `evaluation`. Depends on: `datasets`; importing this module does not import torch.

All three are the stem of Inception-v3 (Szegedy et al. 2016, arXiv:1512.00567) up to its second pooling layer, fed
with frames at native size scaled from uint8 to [-1, 1]. The values of different encoders are never comparable with one
another, so the name stands beside every value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from datasets.weights import WEIGHTS


@dataclass(frozen=True)
class Layer:
    """A place in the network at which features are taken.

    Attributes:
        name: how tables and command lines call it.
        dims: number of channels there.
        min_side: shorter side, in pixels, of the smallest frame that gives a feature.
    """

    name: str
    dims: int
    min_side: int


@dataclass(frozen=True)
class EncoderSpec:
    """A network that scores may be made with.

    Attributes:
        name: how tables and command lines call it.
        weights: what the weights are, in words.
        source: where they were published.
        needs_file: whether they come from a file (False: they are computed).
        checkpoint: name of the published file, also in the cache of torch.hub; empty without a file.
        url: where that file is downloaded from; empty without a file.
        sha256: checksum of that file, 64 hexadecimal digits; empty without a file.
    """

    name: str
    weights: str
    source: str
    needs_file: bool
    checkpoint: str = ""
    url: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Identity:
    """What made a set of features: distances exist only between statistics that share all three.

    Attributes:
        encoder: name of the encoder.
        layer: name of the layer.
        weights_sha256: hash of the encoder's weights.
    """

    encoder: str
    layer: str
    weights_sha256: str


DEFAULT_ENCODER = "inception-fid"
DEFAULT_LAYER = "pre-pool2"

LAYERS: Mapping[str, Layer] = MappingProxyType(
    {
        layer.name: layer
        for layer in (
            # SinGAN-GIF, section 4: 'right before the second pooling layer'.
            Layer("pre-pool2", dims=192, min_side=19),
            # Before the first one: what some versions of SinGAN's SIFID code used (SinGAN issues 47 and 155).
            Layer("pre-pool1", dims=64, min_side=7),
        )
    }
)

ENCODERS: Mapping[str, EncoderSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            EncoderSpec(
                name="inception-fid",
                weights="Google's inception-2015-12-05, the network of the original FID, as ported by pytorch-fid",
                source="https://github.com/mseitzer/pytorch-fid",
                needs_file=True,
                **vars(WEIGHTS["inception-fid"]),
            ),
            EncoderSpec(
                name="inception-torchvision",
                weights="torchvision's ImageNet weights of Inception-v3, what SinGAN's SIFID code loads",
                source="https://docs.pytorch.org/vision/stable/models/inception.html",
                needs_file=True,
                **vars(WEIGHTS["inception-torchvision"]),
            ),
            EncoderSpec(
                name="random-inception",
                weights="random weights (He et al. 2015) from fixed seeds; the distances of all seeds are averaged",
                source="computed",
                needs_file=False,
            ),
        )
    }
)
