"""Arrays: frames stored as NumPy arrays in an `.npz`, read without trusting what it says."""

import io
import zipfile
from itertools import islice

import numpy as np
from numpy.lib import format as npy

from datasets.clip import DEFAULT_DELAY_MS
from datasets.headers import DamagedError
from datasets.limits import Limits
from datasets.pixels import to_rgb


def read_arrays(name: object, data: bytes, limits: Limits, first: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Frames uint8 [T, H, W, 3] and delays int32 [T] in ms from the arrays `frames` and (optional) `delays_ms`.

    The header of each array, and the uncompressed size of its file, are checked before it is decompressed. Nothing is
    unpickled.

    Raises:
        DamagedError: an array is missing, of another shape or type, or not readable.
        InputError: a limit is exceeded.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.namelist()
        if "frames.npy" not in members:
            names = ", ".join(member.removesuffix(".npy") for member in islice(members, 5)) or "nothing"
            raise DamagedError(f"has no array named 'frames' (it holds {names})")
        shape, dtype = _declared(archive, "frames.npy")
        if dtype != np.uint8 or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (1, 3, 4)):
            raise DamagedError(f"its 'frames' are {dtype} {list(shape)}, not uint8 [T, H, W, 3]")
        limits.check_size(name, *shape[1:3])
        # The array is decompressed as a whole; so its limit holds even if only the first frames are wanted.
        limits.check_frames(name, *shape[:3])
        frames = to_rgb(_array(archive, "frames.npy")[:first])
        if "delays_ms.npy" not in members:
            return frames, np.full(len(frames), DEFAULT_DELAY_MS, dtype=np.int32)
        declared, dtype = _declared(archive, "delays_ms.npy")
        if declared != shape[:1] or dtype.kind not in "iu":
            raise DamagedError(f"its 'delays_ms' are {dtype} {list(declared)}, not integers [{shape[0]}]")
        delays = _array(archive, "delays_ms.npy")[:first]
        if delays.min() < 1 or delays.max() > np.iinfo(np.int32).max:
            raise DamagedError("its 'delays_ms' are not all positive")
        return frames, delays.astype(np.int32)


def _declared(archive: zipfile.ZipFile, member: str) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type that the header of an array announces; they must account for the size of its file."""
    with archive.open(member) as file:
        version = npy.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise DamagedError(f"its '{member}' is of an unknown version")
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
        expected = file.tell() + int(np.prod(shape, dtype=object)) * dtype.itemsize
    if dtype.hasobject or archive.getinfo(member).file_size != expected:
        raise DamagedError(f"its '{member}' is not the array that it announces")
    return shape, dtype


def _array(archive: zipfile.ZipFile, member: str) -> np.ndarray:
    with archive.open(member) as file:
        return npy.read_array(file, allow_pickle=False)
