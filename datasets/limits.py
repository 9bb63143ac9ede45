"""Limits: how much a file from outside may ask of us, checked before its pixels are decoded."""

from dataclasses import dataclass

from datasets.errors import InputError


@dataclass(frozen=True)
class Limits:
    """What is refused, whatever the file says about itself.

    Attributes:
        max_bytes: largest file (or folder of frames, added up), in bytes.
        max_frame_pixels: largest frame, in pixels.
        max_frames: most frames.
        max_total_pixels: most pixels of all frames together (three bytes each, once decoded).
        min_frames: fewest frames; a single picture does not move.
    """

    max_bytes: int = 128 * 2**20
    max_frame_pixels: int = 4096 * 4096
    max_frames: int = 1024
    max_total_pixels: int = 2**28
    min_frames: int = 2

    def check_bytes(self, name: object, size: int) -> None:
        """Raise InputError if a file is empty or larger than `max_bytes`."""
        if size == 0:
            raise InputError(f"{name}: is empty (0 bytes); get the file again")
        if size > self.max_bytes:
            raise InputError(
                f"{name}: has {size} bytes, and at most {self.max_bytes} are read; shorten the clip or scale it down"
            )

    def check_size(self, name: object, height: int, width: int) -> None:
        """Raise InputError if a frame of `height` x `width` pixels is empty or too large."""
        if height < 1 or width < 1:
            raise InputError(f"{name}: its frames are {width}x{height} pixels; make the clip again")
        if height * width > self.max_frame_pixels:
            raise InputError(
                f"{name}: its frames are {width}x{height} pixels, and at most {self.max_frame_pixels} pixels a frame "
                "are read; scale the clip down"
            )

    def check_frames(self, name: object, frames: int, height: int, width: int) -> None:
        """Raise InputError if there are too few or too many frames of this size.

        `frames` may be a lower bound that already exceeds `max_frames`.
        """
        if frames == 0:
            raise InputError(f"{name}: holds no frame; get or make the clip again")
        if frames < self.min_frames:
            few = "is one frame" if frames == 1 else f"has {frames} frames"
            many = {2: "two"}.get(self.min_frames, str(self.min_frames))
            raise InputError(f"{name}: {few}; a clip needs {many} or more")
        if frames > self.max_frames:
            raise InputError(
                f"{name}: has more than {self.max_frames} frames, and no more are read; cut the clip shorter"
            )
        if frames * height * width > self.max_total_pixels:
            raise InputError(
                f"{name}: {frames} frames of {width}x{height} are more than the {self.max_total_pixels} pixels that "
                "are read; cut the clip shorter or scale it down"
            )
