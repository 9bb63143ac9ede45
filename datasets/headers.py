"""Headers: what an animated picture says about its frames, read without decoding a pixel.

Three walkers step over the blocks of a GIF, the chunks of a WebP and those of a PNG or APNG. They exist because
decoders stop silently where a file was cut off, and learn sizes and numbers of frames only after allocating for them.

Sources: GIF89a specification; WebP container specification (RIFF, VP8X, ANMF); PNG specification, third edition
(acTL, fcTL).
"""

import struct
from dataclasses import dataclass

from datasets.clip import DEFAULT_DELAY_MS

_SHORTEST_PLAYED_MS = 10
_LONGEST_MS = 655_350  # the longest that a GIF can store


class DamagedError(Exception):
    """The file is not what its own structure says. The message completes '{file}: …'."""


@dataclass(frozen=True)
class Header:
    """What a file says about its frames.

    Attributes:
        height, width: of every frame, in pixels, before `rotation`.
        delays_ms: one a frame, in milliseconds; its length is the number of frames.
        skip: pictures before the first frame that are not part of the clip.
        grey16: whether its pixels are single 16-bit values.
        rotation: by how many degrees the decoded frames have to be turned counter-clockwise.
        exact: whether the decoder must return exactly this many frames.
    """

    height: int
    width: int
    delays_ms: tuple[int, ...]
    skip: int = 0
    grey16: bool = False
    rotation: int = 0
    exact: bool = True


def played_delay(stored_ms: int) -> int:
    """How long browsers show a frame whose file says `stored_ms`: 10 ms or less (a GIF's 0 and 1) become 100 ms."""
    return min(stored_ms, _LONGEST_MS) if stored_ms > _SHORTEST_PLAYED_MS else DEFAULT_DELAY_MS


def gif_header(data: bytes, stop: int) -> Header:
    """Walk over the blocks of a GIF, until its end or until `stop` frames are counted.

    Raises:
        DamagedError: a block is unknown, or the file ends before its trailer.
    """
    delays: list[int] = []
    try:
        width, height, flags = struct.unpack_from("<HHB", data, 6)
        position = 13 + _table_bytes(flags)
        delay = 0
        while len(delays) < stop and (block := data[position]) != 0x3B:  # trailer
            if block == 0x2C:  # image
                x, y, w, h, flags = struct.unpack_from("<HHHHB", data, position + 1)
                # Pillow enlarges the canvas to hold such a frame; so the limits must see the enlarged one.
                width, height = max(width, x + w), max(height, y + h)
                position = _after_sub_blocks(data, position + 10 + _table_bytes(flags) + 1)
                delays.append(played_delay(delay))
                delay = 0
            elif block == 0x21:  # extension
                if data[position + 1] == 0xF9 and data[position + 2] == 4:  # graphic control
                    delay = 10 * struct.unpack_from("<H", data, position + 4)[0]
                position = _after_sub_blocks(data, position + 2)
            elif block == 0:  # stray padding, which decoders pass over
                position += 1
            else:
                raise DamagedError(f"is damaged after frame {len(delays)}")
    except (IndexError, struct.error) as error:
        raise DamagedError(f"is cut off after frame {len(delays)}") from error
    return Header(height, width, tuple(delays))


def _table_bytes(flags: int) -> int:
    """Size of the colour table that the flags of a GIF's screen or image announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_sub_blocks(data: bytes, position: int) -> int:
    while size := data[position]:
        position += 1 + size
    return position + 1


def webp_header(data: bytes, stop: int) -> Header:
    """Walk over the chunks of a WebP, until its end or until `stop` frames are counted.

    Raises:
        DamagedError: the file is shorter than it says, or has no picture.
    """
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if len(data) < end:
        raise DamagedError(f"is cut off: {len(data)} of {end} bytes are there")
    size: tuple[int, int] | None = None
    delays: list[int] = []
    position = 12
    try:
        while position + 8 <= end and len(delays) < stop:
            name, length = struct.unpack_from("<4sI", data, position)
            chunk = data[position + 8 : position + 8 + min(length, 32)]
            if name == b"VP8X":
                size = _uint24(chunk, 4) + 1, _uint24(chunk, 7) + 1
            elif name == b"ANMF":
                delays.append(played_delay(_uint24(chunk, 12)))
            elif name in (b"VP8 ", b"VP8L") and not delays:  # a still picture
                size = size or _webp_still_size(name, chunk)
                delays.append(DEFAULT_DELAY_MS)
            position += 8 + length + length % 2
    except (IndexError, struct.error) as error:
        raise DamagedError("is damaged") from error
    if size is None:
        raise DamagedError("is damaged: it says no size")
    return Header(size[1], size[0], tuple(delays))


def _uint24(data: bytes, offset: int) -> int:
    return struct.unpack_from("<HB", data, offset)[0] | data[offset + 2] << 16


def _webp_still_size(name: bytes, chunk: bytes) -> tuple[int, int]:
    if name == b"VP8 ":
        width, height = struct.unpack_from("<HH", chunk, 6)
        return width & 0x3FFF, height & 0x3FFF
    bits = struct.unpack_from("<I", chunk, 1)[0]
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def png_header(data: bytes, stop: int) -> Header:
    """Walk over the chunks of a PNG or APNG, until its end or until `stop` frames are counted.

    Raises:
        DamagedError: the file ends before its last chunk, or holds another number of frames than it announces.
    """
    delays: list[int] = []
    announced: int | None = None
    picture_seen = default_is_no_frame = False
    try:
        width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
        position = 8
        while True:
            length, name = struct.unpack_from(">I4s", data, position)
            if name == b"IEND":
                struct.unpack_from(">I", data, position + 8)  # its checksum ends the file
                break
            if name == b"acTL" and not picture_seen:
                announced = struct.unpack_from(">I", data, position + 8)[0]
            elif name == b"fcTL" and announced is not None:
                if len(delays) == stop:
                    break
                number, divisor = struct.unpack_from(">HH", data, position + 8 + 20)
                delays.append(played_delay(round(1000 * number / (divisor or 100))))
            elif name == b"IDAT":
                default_is_no_frame |= announced is not None and not delays
                picture_seen = True
            position += 12 + length
    except struct.error as error:
        raise DamagedError(f"is cut off after frame {max(len(delays) - 1, 0)}") from error
    if announced is None:
        delays = [DEFAULT_DELAY_MS] if picture_seen else []
    elif len(delays) != min(announced, stop):
        raise DamagedError(f"is damaged: it says {announced} frames and holds {len(delays)}")
    return Header(
        height,
        width,
        tuple(delays),
        skip=int(default_is_no_frame),
        grey16=(depth, colour) == (16, 0),
    )
