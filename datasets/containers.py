"""Containers: what a video file (MP4, WebM, AVI, Ogg) says about its frames, read without decoding the clip.

FFmpeg, through PyAV, lists the packets; the outermost structure of the file is compared with its length first, because
FFmpeg plays a file that was cut off as far as it goes.
"""

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

from datasets.clip import DEFAULT_DELAY_MS
from datasets.headers import DamagedError, Header

# Packets come in decoding order. H.264 and HEVC may reorder by at most 16 frames; so the first n frames on screen are
# among the first n + 16 packets.
_REORDERING = 16


def container_header(data: bytes, container: str, stop: int) -> Header:
    """Sizes, and the delays of the first `stop` frames (or of all, if there are fewer).

    Args:
        data: the whole file.
        container: FFmpeg's name of the format: mp4, matroska, avi or ogg. No other is tried, so that no file can make
            FFmpeg open further files or addresses (as playlists do).
        stop: how many frames to count at most.

    Raises:
        DamagedError: the file is cut off, has no video, or cannot be read.
    """
    import av

    {"mp4": _check_boxes, "matroska": _check_segment, "avi": _check_riff}.get(container, _check_nothing)(data)
    with av.open(io.BytesIO(data), format=container) as file:
        if not file.streams.video or file.streams.video[0].codec_context is None:
            raise DamagedError("holds no video that can be decoded")
        stream = file.streams.video[0]
        packets = (packet for packet in file.demux(stream) if packet.size and not packet.is_discard)
        shown = list(islice(packets, stop + _REORDERING))
        if any(packet.is_corrupt for packet in shown):
            raise DamagedError("is damaged or cut off")
        rate = stream.average_rate or stream.guessed_rate
        frame_ms = Fraction(1000) / rate if rate else Fraction(DEFAULT_DELAY_MS)
        delays = _delays([packet.pts for packet in shown], shown, stream.time_base, frame_ms)
        height, width = stream.codec_context.height, stream.codec_context.width
    # Only MP4 stores how many frames there are; elsewhere a packet may legitimately show nothing.
    return Header(height, width, tuple(delays[:stop]), exact=container == "mp4")


def container_rotation(data: bytes, container: str) -> int:
    """By how many degrees counter-clockwise the decoded frames must be turned (telephones store video sideways).

    Decodes one frame, so check its size first. Returns 0, 90, 180 or 270.
    """
    import av

    with av.open(io.BytesIO(data), format=container) as file:
        frame = next(file.decode(video=0), None)
        return round((frame.rotation if frame else 0) / 90) % 4 * 90


def _delays(times: Sequence[int | None], packets: Sequence[Any], time_base: Fraction, frame_ms: Fraction) -> list[int]:
    """Delays in ms from presentation times; rounding errors do not add up. Constant where times are missing."""
    if not packets:
        return []
    if any(time is None for time in times) or len(set(times)) != len(times):
        starts = [index * frame_ms for index in range(len(packets) + 1)]
    else:
        ordered = sorted(packets, key=lambda packet: packet.pts)
        starts = [(packet.pts - ordered[0].pts) * time_base * 1000 for packet in ordered]
        last = ordered[-1].duration
        starts.append(starts[-1] + (last * time_base * 1000 if last else frame_ms))
    return [min(max(end - start, 1), 655_350) for start, end in pairwise(map(round, starts))]


def _check_nothing(_: bytes) -> None:
    """Ogg pages carry no length of the whole."""


def _check_boxes(data: bytes) -> None:
    """ISO base media file format: every outermost box must lie within the file."""
    position = 0
    while position + 8 <= len(data):
        size = struct.unpack_from(">I", data, position)[0]
        if size == 1 and position + 16 <= len(data):
            size = struct.unpack_from(">Q", data, position + 8)[0]
        if size == 0:  # this box reaches to the end of the file
            return
        if size < 8:
            raise DamagedError("is damaged")
        position += size
    if position > len(data):
        raise DamagedError(f"is cut off: {len(data)} of {position} bytes are there")


def _check_segment(data: bytes) -> None:
    """Matroska and WebM: the segment that follows the EBML header must lie within the file."""
    position = 4
    size, position = _vint(data, position)
    position += size or 0
    if data[position : position + 4] != b"\x18\x53\x80\x67":
        raise DamagedError("is damaged or cut off")
    size, position = _vint(data, position + 4)
    if size is not None and position + size > len(data):
        raise DamagedError(f"is cut off: {len(data)} of {position + size} bytes are there")


def _vint(data: bytes, position: int) -> tuple[int | None, int]:
    """An EBML number (None: 'unknown size') and the position behind it."""
    if position >= len(data) or data[position] == 0:
        raise DamagedError("is damaged or cut off")
    length = 9 - data[position].bit_length()
    value = int.from_bytes(data[position : position + length], "big") & ((1 << 7 * length) - 1)
    return (None if value == (1 << 7 * length) - 1 else value), position + length


def _check_riff(data: bytes) -> None:
    """AVI: the first RIFF chunk must lie within the file."""
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise DamagedError(f"is cut off: {len(data)} of {end} bytes are there")
