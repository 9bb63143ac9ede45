"""The encoder: frames in, features out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from datasets.errors import InputError
from datasets.names import pick
from evaluation.encoders import DEFAULT_LAYER, LAYERS, Identity, stem
from evaluation.encoders.location import find_weights, missing_weights, read_located, read_weights
from evaluation.encoders.weights import StemWeights, content_sha256


class Encoder:
    """A frozen network, cut at one layer.

    Attributes:
        name: in the registry.
        layer: `pre-pool2` or `pre-pool1`.
        dims: channels of a feature, 192 or 64.
        members: number of networks whose distances are averaged; 1 except for random-inception.
        weights_sha256: hash of the weights of all members.
    """

    def __init__(self, name: str, layer: str, stems: Sequence[StemWeights]) -> None:
        place = pick(LAYERS, layer, "layer")
        self.name = name
        self.layer = layer
        self.dims = place.dims
        self.members = len(stems)
        self.weights_sha256 = content_sha256(stems)
        self._min_side = place.min_side
        # Channels last on both sides: the convolutions and above all the pooling are faster on few, wide maps.
        self._stems = [{key: _channels_last(torch.tensor(array)) for key, array in member.items()} for member in stems]

    @property
    def identity(self) -> Identity:
        """What statistics must share to be comparable."""
        return Identity(self.name, self.layer, self.weights_sha256)

    def features(self, frames: np.ndarray, member: int = 0) -> Iterator[np.ndarray]:
        """Features at every location of every frame, one block a frame.

        Frames are taken one at a time, at their own size: memory does not grow with their number, and a feature does
        not depend on the frames beside it.

        Args:
            frames: uint8 [T, H, W, 3], RGB.
            member: which of the networks.

        Yields:
            float32 [N, dims], one row a location (row by row through the feature map), not negative.

        Raises:
            InputError: the frames are too small for the layer.
        """
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3:
            raise ValueError(f"frames must be uint8 [T, H, W, 3], not {frames.dtype} {list(frames.shape)}")
        height, width = frames.shape[1:3]
        if min(height, width) < self._min_side:
            raise InputError(
                f"frames of {width}x{height} pixels are too small for layer {self.layer}; "
                f"it needs at least {self._min_side} on each side"
            )
        return (self._encode(frame, member) for frame in frames)

    def _encode(self, frame: np.ndarray, member: int) -> np.ndarray:
        with torch.inference_mode(), _one_thread():
            # torch.tensor copies: clips may be read-only arrays, which torch would warn about.
            x = _channels_last(torch.tensor(frame).permute(2, 0, 1)[None].float() / 127.5 - 1)
            y = stem.features(x, self._stems[member], self.layer)
            return y[0].permute(1, 2, 0).reshape(-1, self.dims).numpy()


def _channels_last(x: torch.Tensor) -> torch.Tensor:
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x


@contextmanager
def _one_thread() -> Iterator[None]:
    # torch picks other convolution kernels for other numbers of threads, and their roundings differ. A frame takes
    # tens of milliseconds on one core, so the same bytes everywhere are worth more than the second core.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def load_encoder(
    name: str,
    weights: str | Path | None = None,
    layer: str = DEFAULT_LAYER,
    stage: str | Path | None = None,
    allow_download: bool = False,
) -> Encoder:
    """The encoder `name`, cut at `layer`.

    Args:
        name: a name in `ENCODERS`.
        weights: a file to read the weights from (see `location.read_weights`); None: wherever they are on this machine.
        layer: a name in `LAYERS`.
        stage: a stage to look into; None: what SGIF_STAGE names.
        allow_download: fetch the weights if they are nowhere on this machine.

    Raises:
        InputError: no such encoder or layer, or the weights are nowhere or not what they should be.
    """
    pick(LAYERS, layer, "layer")
    if weights is not None:
        return Encoder(name, layer, read_weights(weights, name))
    located = find_weights(name, stage, allow_download)
    if located is None:
        raise missing_weights(name)
    return Encoder(name, layer, read_located(located))
