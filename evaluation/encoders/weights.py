"""The weights of a stem: their shapes, their checks, their hash, and the `.npz` form that a stage holds."""

import hashlib
import math
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, TypeAlias

import numpy as np

from datasets.errors import InputError
from datasets.files import NPZ_ERRORS

# One array for each name in SHAPES: float32, batch norm folded into weight and bias.
StemWeights: TypeAlias = Mapping[str, np.ndarray]

_CONVOLUTIONS = {
    "Conv2d_1a_3x3": (32, 3, 3, 3),
    "Conv2d_2a_3x3": (32, 32, 3, 3),
    "Conv2d_2b_3x3": (64, 32, 3, 3),
    "Conv2d_3b_1x1": (80, 64, 1, 1),
    "Conv2d_4a_3x3": (192, 80, 3, 3),
}
CONVOLUTIONS = tuple(_CONVOLUTIONS)
SHAPES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        f"{name}.{part}": shape if part == "weight" else shape[:1]
        for name, shape in _CONVOLUTIONS.items()
        for part in ("weight", "bias")
    }
)

# Euclidean norms of the weights of inception-2015-12-05, batch norm folded. A stem of another network has the same
# shapes but not these, and must not be scored with under this one's name.
_FID_NORMS = {
    "Conv2d_1a_3x3.weight": 19.73137,
    "Conv2d_2a_3x3.weight": 7.32471,
    "Conv2d_2b_3x3.weight": 8.83103,
    "Conv2d_3b_1x1.weight": 8.74167,
    "Conv2d_4a_3x3.weight": 14.34877,
}


def is_fid(stem: StemWeights) -> bool:
    """Whether these are the weights of inception-2015-12-05, up to the rounding of a conversion."""
    return all(math.isclose(_norm(stem[name]), norm, rel_tol=1e-3) for name, norm in _FID_NORMS.items())


def check_stem(arrays: Mapping[str, np.ndarray], path: str | Path) -> StemWeights:
    """`arrays` as a stem, in the order of SHAPES.

    Raises:
        InputError: names, shapes or types are not those of a stem, or a value is not finite.
    """
    if set(arrays) != set(SHAPES):
        raise InputError(f"{path}: does not hold the {len(SHAPES)} arrays of an Inception stem; use another file")
    for name, shape in SHAPES.items():
        array = arrays[name]
        if array.shape != shape or array.dtype != np.float32:
            raise InputError(
                f"{path}: {name} is {array.dtype} {list(array.shape)}, not float32 {list(shape)}; use another file"
            )
        if not np.isfinite(array).all():
            raise InputError(f"{path}: {name} holds values that are not finite; use another file")
    return {name: np.ascontiguousarray(arrays[name]) for name in SHAPES}


def content_sha256(stems: Iterable[StemWeights]) -> str:
    """SHA-256 over names, shapes and values: equal for equal weights, whatever file they came from."""
    digest = hashlib.sha256()
    for stem in stems:
        for name, shape in SHAPES.items():
            digest.update(f"{name}{shape}".encode())
            digest.update(np.ascontiguousarray(stem[name], dtype="<f4").tobytes())
    return digest.hexdigest()


def read_npz(path: str | Path) -> StemWeights:
    """Read a stem from an uncompressed or compressed `.npz`, keys as in SHAPES.

    Names, sizes and headers are checked before anything of their size is read, so a file that unpacks to gigabytes is
    refused; nothing is unpickled.

    Raises:
        InputError: the file is missing, damaged, or not a stem.
    """
    path = Path(path)
    remedy = "use the stem of a stage (inception/inception_2015_12_05_stem.npz) or pytorch-fid's .pth"
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sorted(entry.filename for entry in entries) != sorted(f"{name}.npy" for name in SHAPES):
                raise InputError(f"{path}: does not hold the arrays of an Inception stem; {remedy}")
            arrays = {}
            for entry in entries:
                with archive.open(entry) as file:
                    name = entry.filename.removesuffix(".npy")
                    arrays[name] = _read_array(file, SHAPES[name])
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; {remedy}") from error
    except NPZ_ERRORS as error:
        raise InputError(f"{path}: not a readable Inception stem; {remedy}") from error
    return check_stem(arrays, path)


def _read_array(file: BinaryIO, shape: tuple[int, ...]) -> np.ndarray:
    """One `.npy` of float32 and the given shape; ValueError if it is anything else."""
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"npy version {version}")
    found, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if found != shape or fortran or dtype != np.dtype("<f4"):
        raise ValueError(f"{dtype} {found}")
    size = 4 * math.prod(shape)
    data = file.read(size + 1)
    if len(data) != size:
        raise ValueError(f"{len(data)} bytes of data, not {size}")
    return np.frombuffer(data, dtype=np.float32).reshape(shape)


def _norm(array: np.ndarray) -> float:
    return float(np.linalg.norm(array.astype(np.float64).ravel()))
