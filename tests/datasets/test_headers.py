"""The walkers against Pillow, which decodes: they must agree on every whole file and refuse every part of one."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets.headers import DamagedError, gif_header, played_delay, png_header, webp_header

WALKERS = {"GIF": gif_header, "WEBP": webp_header, "PNG": png_header}
MANY = 10_000


def _animation(format: str, width: int, height: int, delays: list[int], seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (len(delays), height, width, 3), dtype=np.uint8)
    first, *rest = (Image.fromarray(frame) for frame in pixels)
    buffer = io.BytesIO()
    options = {"lossless": True} if format == "WEBP" else {}
    first.save(buffer, format, save_all=True, append_images=rest, duration=delays, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("format", WALKERS)
@given(
    size=st.tuples(st.integers(8, 40), st.integers(8, 40)),
    delays=st.lists(st.integers(2, 400).map(lambda n: 10 * n), min_size=2, max_size=6),
)
@settings(max_examples=15, deadline=None)
def test_agrees_with_pillow(format, size, delays):
    data = _animation(format, *size, delays)
    with Image.open(io.BytesIO(data)) as image:
        frames, pillow_size = image.n_frames, image.size
    header = WALKERS[format](data, MANY)
    assert (header.width, header.height) == pillow_size == size
    assert list(header.delays_ms) == delays
    assert frames == len(delays)
    assert (header.skip, header.rotation, header.grey16) == (0, 0, False)


@pytest.mark.parametrize("format", WALKERS)
def test_every_part_of_a_file_is_refused(format):
    data = _animation(format, 9, 8, [50, 60, 70])
    WALKERS[format](data, MANY)
    for length in range(30, len(data)):
        with pytest.raises(DamagedError):
            WALKERS[format](data[:length], MANY)


@pytest.mark.parametrize("format", WALKERS)
def test_counting_stops_early(format):
    data = _animation(format, 9, 8, [50, 60, 70, 80])
    assert WALKERS[format](data, 2).delays_ms == (50, 60)


def test_delays_are_those_that_browsers_play():
    assert [played_delay(ms) for ms in (0, 10, 11, 20, 16, 70)] == [100, 100, 11, 20, 16, 70]
    assert played_delay(2**40) == 655_350


def test_gif_frames_without_a_delay_do_not_inherit_one():
    image = b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0"
    control = b"!\xf9\x04\0\x07\0\0\0"
    data = b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + control + image + image + b";"
    assert gif_header(data, MANY).delays_ms == (70, 100)


def test_gif_frames_beyond_the_canvas_count_for_its_size():
    image = struct.pack("<BHHHHB", 0x2C, 30000, 10, 200, 1, 0) + b"\x02\x02D\x01\0"
    data = b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + image + b";"
    header = gif_header(data, MANY)
    assert (header.width, header.height) == (30200, 11)


def test_gif_with_unknown_blocks_is_damaged():
    with pytest.raises(DamagedError, match="damaged after frame 0"):
        gif_header(b"GIF89a\x01\0\x01\0\0\0\0" + b"what", MANY)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _apng(*chunks: tuple[bytes, bytes]) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _frame_control(number: int, numerator: int, denominator: int) -> tuple[bytes, bytes]:
    return b"fcTL", struct.pack(">IIIIIHHBB", number, 4, 3, 0, 0, numerator, denominator, 0, 0)


IHDR = (b"IHDR", struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0))
IDAT = (b"IDAT", zlib.compress(bytes(3 * 13)))
END = (b"IEND", b"")


def test_apng_delays_are_fractions_of_a_second_with_0_meaning_hundredths():
    data = _apng(
        IHDR,
        (b"acTL", struct.pack(">II", 3, 0)),
        _frame_control(0, 1, 4),
        IDAT,
        _frame_control(1, 7, 0),
        (b"fdAT", bytes(9)),
        _frame_control(3, 0, 5),
        (b"fdAT", bytes(9)),
        END,
    )
    assert png_header(data, MANY).delays_ms == (250, 70, 100)


def test_apng_whose_default_picture_is_no_frame_says_so():
    frames = (_frame_control(0, 1, 4), (b"fdAT", bytes(9)), _frame_control(2, 1, 4), (b"fdAT", bytes(9)))
    header = png_header(_apng(IHDR, (b"acTL", struct.pack(">II", 2, 0)), IDAT, *frames, END), MANY)
    assert (header.skip, len(header.delays_ms)) == (1, 2)


def test_apng_with_fewer_frames_than_announced_is_damaged():
    data = _apng(IHDR, (b"acTL", struct.pack(">II", 3, 0)), _frame_control(0, 1, 4), IDAT, END)
    with pytest.raises(DamagedError, match="says 3 frames and holds 1"):
        png_header(data, MANY)


def test_still_pictures_are_one_frame():
    for format in WALKERS:
        buffer = io.BytesIO()
        Image.new("RGB", (12, 9)).save(buffer, format)
        header = WALKERS[format](buffer.getvalue(), MANY)
        assert (header.width, header.height, len(header.delays_ms)) == (12, 9, 1)
    lossless = io.BytesIO()
    Image.new("RGB", (300, 9)).save(lossless, "WEBP", lossless=True)
    assert (webp_header(lossless.getvalue(), MANY).width, webp_header(lossless.getvalue(), MANY).height) == (300, 9)
