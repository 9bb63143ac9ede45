"""Media: one way for real and fake clips alike, from frames to a file that tells nothing but its pixels.

    frames -> 256 colours -> faint dither -> enlarged -> H.264 -> frames of equal bytes -> MP4 -> equal length

- One palette of 256 colours a clip, by the same quantiser: a GIF's own palette gives nothing away.
- A dither of one grey level at one pixel in 16, drawn for each item: a real clip that stands on ten sheets would
  otherwise be ten equal files among fakes that are all different.
- Enlarged by repeating pixels, by one integer for the whole study.
- One loop is encoded with no frame but the first coded on its own, then its packets are repeated for as long as a play
  lasts: browsers hitch where a video loops by itself.
- Every frame of a clip's items has the same number of bytes (H.264 filler data), the encoder's own note is taken out,
  and a `free` box of random bytes brings all files to one length. So all files of a clip, real or fake, are equal
  outside of their pixel data.
"""

import io
import math
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

COLOURS = 256
CRF = 18
LONGEST_SIDE = 352
"""Pixels, after enlarging: what fits a phone of 390."""
MARGIN_SECONDS = 1.5
"""A file is longer than a play by so much at least: the clock of a play starts when its first frame is seen."""
_START = b"\0\0\0\1"
_FILLER, _NOTE = 12, 6  # types of NAL units (H.264, table 7-1)
_FILLER_BYTES = len(_START) + 2  # start code, type, stop bit


@dataclass(frozen=True)
class Encoded:
    """One loop of a clip as H.264, before it becomes a file.

    Attributes:
        packets: one a frame, as a byte stream with start codes.
        header: parameter sets, equal for all clips of one size and rate.
        size: height and width of the pictures.
        delays_ms: one a frame.
    """

    packets: tuple[bytes, ...]
    header: bytes
    size: tuple[int, int]
    delays_ms: tuple[int, ...]


def enlargement(sizes: Iterable[tuple[int, int]]) -> int:
    """The integer by which all clips of a study are enlarged: the largest that keeps all sides within LONGEST_SIDE."""
    return max(1, LONGEST_SIDE // max(max(size) for size in sizes))


def reduce_colours(frames: np.ndarray) -> np.ndarray:
    """Frames uint8 [T, H, W, 3] with one palette of 256 colours for all of them, without dithering."""
    from PIL import Image

    count, height, width, _ = frames.shape
    tall = Image.fromarray(np.ascontiguousarray(frames).reshape(count * height, width, 3))
    reduced = tall.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    return np.asarray(reduced.convert("RGB")).reshape(frames.shape)


def dither(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Frames uint8 [T, H, W, 3] with one pixel in 16 a grey level lighter or darker: no eye sees it."""
    step = rng.choice(np.array([-1, 1], np.int16), frames.shape[:3]) * (rng.integers(16, size=frames.shape[:3]) == 0)
    return np.clip(frames + step[..., None], 0, 255).astype(np.uint8)


def enlarge(frames: np.ndarray, factor: int) -> np.ndarray:
    """Frames with every pixel repeated; an odd side grows by one row or column, as yuv420p wants it."""
    large = frames.repeat(factor, axis=1).repeat(factor, axis=2)
    return np.pad(large, ((0, 0), (0, large.shape[1] % 2), (0, large.shape[2] % 2), (0, 0)), mode="edge")


def encode(frames: np.ndarray, delays_ms: Sequence[int]) -> Encoded:
    """Encode one loop; every frame but the first is predicted from earlier ones only, whatever it shows.

    Args:
        frames: uint8 [T, H, W, 3], even sides.
        delays_ms: T delays, in milliseconds.
    """
    import av

    # The kind of a frame must not depend on what it shows: no scene cuts, no frames predicted from both sides. With its
    # macroblock tree x264 reads memory that it never wrote, and bytes differ from run to run.
    fixed = "mbtree=0:bframes=0:scenecut=0:keyint=infinite:weightp=0:ref=3"
    context = av.CodecContext.create("libx264", "w")
    context.height, context.width, context.pix_fmt = frames.shape[1], frames.shape[2], "yuv420p"
    context.time_base = Fraction(1, 1000)
    context.framerate = Fraction(1000 * len(frames), sum(delays_ms)).limit_denominator(1000)
    context.options = {"crf": str(CRF), "threads": "1", "x264-params": fixed}
    packets, start = [], 0
    for pixels, delay in zip(frames, delays_ms, strict=True):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts, frame.time_base = start, context.time_base
        start += delay
        packets += context.encode(frame)
    packets += context.encode()
    units = [_units(bytes(packet)) for packet in packets]
    sets = [unit for unit in units[0] if unit[0] & 31 in (7, 8)]
    loop = [b"".join(_START + unit for unit in of if unit[0] & 31 not in (7, 8, _NOTE)) for of in units]
    header = b"".join(_START + unit for unit in sets)
    return Encoded(tuple(loop), header, frames.shape[1:3], tuple(int(delay) for delay in delays_ms))


def level(clips: Sequence[Encoded]) -> list[Encoded]:
    """Items of one clip with as many bytes in their t-th packet as the longest of theirs has, for every t."""
    # A packet is either the longest or has room for an empty filler unit.
    lengths = [max(map(len, packets)) + _FILLER_BYTES for packets in zip(*(c.packets for c in clips), strict=True)]
    return [
        Encoded(
            tuple(_filled(packet, length) for packet, length in zip(clip.packets, lengths, strict=True)),
            clip.header, clip.size, clip.delays_ms,
        )
        for clip in clips
    ]  # fmt: skip


def to_mp4(clip: Encoded, seconds: float) -> bytes:
    """An MP4 whose loop repeats for as long as `seconds` or longer, without metadata."""
    import av

    loop = io.BytesIO(clip.header + b"".join(clip.packets))
    # With its index in front a file can be played before all of it is there; that takes a file to rewrite.
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "clip.mp4")
        options = {"fflags": "+bitexact", "movflags": "+faststart"}
        with av.open(loop, format="h264") as source, av.open(str(path), "w", format="mp4", options=options) as file:
            stream = file.add_stream_from_template(source.streams.video[0])
            stream.time_base, start = Fraction(1, 1000), 0
            for _ in range(math.ceil(1000 * seconds / sum(clip.delays_ms))):
                for index, (data, delay) in enumerate(zip(clip.packets, clip.delays_ms, strict=True)):
                    packet = av.Packet(data)
                    packet.stream, packet.time_base = stream, Fraction(1, 1000)
                    packet.pts = packet.dts = start
                    packet.duration, packet.is_keyframe = delay, index == 0
                    file.mux(packet)
                    start += delay
        return path.read_bytes()


def pad(data: bytes, length: int, rng: np.random.Generator) -> bytes:
    """An MP4 brought to `length` bytes by a box that players skip, filled with random bytes.

    Raises:
        ValueError: there is no room for a box.
    """
    room = length - len(data)
    if room < 8:
        raise ValueError(f"a box takes 8 bytes or more, not {room}")
    return data + room.to_bytes(4, "big") + b"free" + rng.bytes(room - 8)


def padded_length(lengths: Iterable[int]) -> int:
    """The length to which all files of a study are padded: that of the longest with an empty box."""
    return max(lengths) + 8


def _units(stream: bytes) -> list[bytes]:
    """The NAL units of a byte stream; start codes have three or four bytes."""
    parts = stream.split(b"\0\0\1")
    return [part.rstrip(b"\0") for part in parts[1:]]


def _filled(packet: bytes, length: int) -> bytes:
    filler = length - len(packet) - _FILLER_BYTES
    return packet + _START + bytes([_FILLER]) + b"\xff" * filler + b"\x80"
