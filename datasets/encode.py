"""Encoding: clips as GIF, MP4 or PNG frames, and contact sheets. All of it for looking, never for scoring: palettes and
codecs change what a metric measures (samples are kept losslessly by `datasets.clip.save_clip`)."""

import io
import shutil
import struct
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from datasets.clip import Clip
from datasets.errors import InputError
from datasets.files import write_bytes


def write_gif(path: str | Path, clip: Clip) -> None:
    """Write a GIF that repeats for ever: 256 colours a frame, every frame whole, delays to the nearest 10 ms.

    Frame by frame, because Pillow's own writer merges equal neighbours, and a clip that stands still would come back as
    one frame. Delays of 10 ms, which browsers would play as 100 ms, become 20 ms. Equal clips give equal bytes.

    Raises:
        InputError: the file cannot be written.
    """
    from PIL import GifImagePlugin, Image

    height, width = clip.size
    if max(height, width) > 0xFFFF:
        raise InputError(f"{path}: a GIF holds at most 65535x65535 pixels, not {width}x{height}; write PNG frames")
    parts = [struct.pack("<6sHHBBB", b"GIF89a", width, height, 0x70, 0, 0), b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"]
    for frame, delay in zip(clip.frames, _centiseconds(clip.delays_ms), strict=True):
        picture = Image.fromarray(frame).quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=1)
        parts += GifImagePlugin.getdata(picture, duration=10 * delay, include_color_table=True)
    write_bytes(path, b"".join(parts) + b";")


def _centiseconds(delays_ms: np.ndarray) -> list[int]:
    """Delays in units of 10 ms; rounding errors do not add up."""
    ends = np.rint(np.cumsum(delays_ms, dtype=np.int64) / 10).astype(np.int64)
    return [int(delay) for delay in np.clip(np.diff(ends, prepend=0), 2, 0xFFFF)]


def write_mp4(path: str | Path, clip: Clip, *, crf: int = 16) -> None:
    """Write an H.264 MP4 (yuv420p, which every browser plays) with the clip's delays.

    An odd height or width is made even by repeating the last row or column: yuv420p has one colour for four pixels.
    Equal clips give equal bytes on one machine; another processor may round differently.

    Args:
        crf: constant rate factor of x264; smaller is better and larger in bytes.

    Raises:
        InputError: the file cannot be written.
    """
    import av

    height, width = clip.size
    frames = np.pad(clip.frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    starts = np.concatenate([[0], np.cumsum(clip.delays_ms, dtype=np.int64)])
    # With its macroblock tree x264 reads memory that it never wrote, and the bytes differ from run to run.
    options = {"crf": str(crf), "threads": "1", "x264-params": "mbtree=0"}
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"fflags": "+bitexact"}) as file:
        rate = Fraction(1000 * len(clip), max(int(starts[-1]), 1)).limit_denominator(1000)
        stream = file.add_stream("libx264", rate=rate, options=options)
        stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for pixels, start, delay in zip(frames, starts, clip.delays_ms, strict=False):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.duration, frame.time_base = int(start), int(delay), Fraction(1, 1000)
            file.mux(_with_durations(stream.encode(frame), starts))
        file.mux(_with_durations(stream.encode(), starts))
    write_bytes(path, buffer.getvalue())


def _with_durations(packets: list[Any], starts: np.ndarray) -> list[Any]:
    """Packets with the time that their frame is shown: the encoder drops it, and the last frame would lose its own."""
    for packet in packets:
        packet.duration = int(starts[np.searchsorted(starts, packet.pts) + 1]) - packet.pts
    return packets


def write_png_folder(path: str | Path, clip: Clip) -> None:
    """Write the frames, without loss, as 0001.png, 0002.png, … into a new folder, which appears when it is complete.

    Raises:
        InputError: the folder exists and is not empty, or cannot be written.
    """
    path = Path(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"{path}: exists already; choose a new folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    digits = max(4, len(str(len(clip))))
    with tempfile.TemporaryDirectory(prefix=f".{path.name[:40]}-", suffix=".part", dir=path.parent) as scratch:
        folder = Path(scratch) / "frames"
        for number, frame in enumerate(clip.frames, 1):
            write_bytes(folder / f"{number:0{digits}}.png", png_bytes(frame))
        if path.exists():
            path.rmdir()
        shutil.move(folder, path)


def write_png(path: str | Path, pixels: np.ndarray, *, colours: int | None = None) -> None:
    """Write one picture uint8 [H, W, 3] as PNG: without loss, or reduced to so many colours (2 to 256).

    Raises:
        InputError: the file cannot be written.
    """
    write_bytes(path, png_bytes(pixels, colours=colours))


def png_bytes(pixels: np.ndarray, *, colours: int | None = None) -> bytes:
    """One picture uint8 [H, W, 3] as the bytes of a PNG file: without loss, or reduced to so many colours."""
    from PIL import Image

    picture, buffer = Image.fromarray(np.ascontiguousarray(pixels)), io.BytesIO()
    if colours is not None:
        picture = picture.quantize(colours, method=Image.Quantize.MEDIANCUT, kmeans=1)
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def contact_sheet(
    rows: Sequence[tuple[str, np.ndarray]],
    *,
    frames_per_row: int = 8,
    frame_height: int | None = None,
    gap: int = 4,
    text_height: int = 14,
) -> np.ndarray:
    """Clips one below the other, each as a row of its frames with a label to the left, on white.

    Args:
        rows: (label, frames uint8 [T, H, W, 3]); sizes and lengths may differ.
        frames_per_row: a longer clip is shown by so many frames, evenly spaced from its first to its last.
        frame_height: height to which every frame is scaled, in pixels; None keeps each clip's own.
        gap: pixels between frames.
        text_height: size of the labels in pixels.

    Returns:
        uint8 [H, W, 3].
    """
    from PIL import Image, ImageDraw, ImageFont

    if not rows:
        raise ValueError("a contact sheet needs a row")
    strips = [_strip(frames, frames_per_row, frame_height, gap) for _, frames in rows]
    font = ImageFont.load_default(text_height)
    margin = 3 * gap + max((round(font.getlength(line)) for label, _ in rows for line in label.split("\n")), default=0)
    width = margin + max(strip.shape[1] for strip in strips) + gap
    sheet = Image.new("RGB", (width, sum(strip.shape[0] + gap for strip in strips) + gap), "white")
    draw = ImageDraw.Draw(sheet)
    top = gap
    for (label, _), strip in zip(rows, strips, strict=True):
        sheet.paste(Image.fromarray(strip), (margin, top))
        draw.multiline_text((gap, top), label, fill="black", font=font)
        top += strip.shape[0] + gap
    return np.asarray(sheet)


def _strip(frames: np.ndarray, count: int, height: int | None, gap: int) -> np.ndarray:
    """Frames side by side, uint8 [H, W, 3]."""
    from PIL import Image

    chosen = frames if len(frames) <= count else frames[np.linspace(0, len(frames) - 1, count).round().astype(int)]
    tiles = [Image.fromarray(np.ascontiguousarray(frame)) for frame in chosen]
    if height is not None:
        width = max(1, round(height * tiles[0].width / tiles[0].height))
        tiles = [tile.resize((width, height), Image.Resampling.BICUBIC) for tile in tiles]
    step = tiles[0].width + gap
    strip = Image.new("RGB", (step * len(tiles) - gap, tiles[0].height), "white")
    for index, tile in enumerate(tiles):
        strip.paste(tile, (index * step, 0))
    return np.asarray(strip)
