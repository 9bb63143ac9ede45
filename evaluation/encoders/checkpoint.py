"""Published checkpoints of Inception-v3 turned into stems.

Each convolution of the checkpoints is followed by a batch norm and a ReLU. With the batch norm's running statistics,

    gamma * (w * x - mean) / sqrt(var + eps) + beta  =  (s w) * x + (beta - s mean),   s = gamma / sqrt(var + eps).

Both networks take frames in [-1, 1]. torchvision's `transform_input` only turns frames that were normalised with
ImageNet's mean and deviation into that range, and SinGAN's SIFID code goes round it; so no such normalisation is done.
"""

from pathlib import Path

import numpy as np

from datasets.errors import InputError
from datasets.files import sha256_of
from evaluation.encoders import EncoderSpec
from evaluation.encoders.weights import CONVOLUTIONS, StemWeights, check_stem

# torchvision and pytorch-fid both build their batch norms with it.
EPSILON = 1e-3


def fold_batch_norm(
    weight: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weight [O, I, h, w] and bias [O], float32, of one convolution that does what convolution and batch norm did."""
    scale = gamma.astype(np.float64) / np.sqrt(variance.astype(np.float64) + EPSILON)
    folded = weight.astype(np.float64) * scale[:, None, None, None]
    bias = beta.astype(np.float64) - scale * mean.astype(np.float64)
    return folded.astype(np.float32), bias.astype(np.float32)


def read_checkpoint(path: str | Path, spec: EncoderSpec) -> StemWeights:
    """Read the published checkpoint of `spec` and fold its stem.

    The checksum is compared before the file is opened as a checkpoint, and only tensors are unpickled.

    Raises:
        InputError: the file is missing, is not that checkpoint, or cannot be read.
    """
    path = Path(path)
    remedy = f"delete it and fetch {spec.url} again"
    try:
        found = sha256_of(path)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path and its permissions") from error
    if found != spec.sha256:
        raise InputError(f"{path}: sha256 {found[:8]}… is not that of {spec.checkpoint}; {remedy}")
    return fold_stem(_load(path, remedy), path)


def fold_stem(state: dict[str, np.ndarray], path: str | Path) -> StemWeights:
    """The stem in a state dict of torchvision's `Inception3` (keys such as `Conv2d_1a_3x3.bn.running_mean`).

    Raises:
        InputError: a key is missing, or has another shape; `path` names the file in the message.
    """
    stem = {}
    try:
        for name in CONVOLUTIONS:
            norm = (state[f"{name}.bn.{key}"] for key in ("weight", "bias", "running_mean", "running_var"))
            stem[f"{name}.weight"], stem[f"{name}.bias"] = fold_batch_norm(state[f"{name}.conv.weight"], *norm)
    except (KeyError, ValueError, IndexError) as error:
        raise InputError(f"{path}: not a checkpoint of Inception-v3 ({error}); use another file") from error
    return check_stem(stem, path)


def _load(path: Path, remedy: str) -> dict[str, np.ndarray]:
    import pickle

    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {key: value.numpy() for key, value in state.items() if key.split(".")[0] in CONVOLUTIONS}
    except (OSError, EOFError, RuntimeError, ValueError, AttributeError, TypeError, pickle.UnpicklingError) as error:
        raise InputError(f"{path}: not a readable checkpoint; {remedy}") from error
