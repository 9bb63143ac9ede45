"""Reading clips: what is accepted comes out right (against Pillow and FFmpeg), and what is not is one line."""

import io
import os
import random
import shutil
import struct
import subprocess
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets.clip import Clip, save_clip
from datasets.decode import _decode, content_sha256, read_video
from datasets.encode import write_gif, write_mp4, write_png_folder
from datasets.errors import InputError
from datasets.files import sha256_of
from datasets.headers import DamagedError, Header
from datasets.limits import Limits

EXACT = ("gif", "webp", "png", "npz", "folder")
FORMATS = (*EXACT, "mp4", "webm", "avi")


@pytest.fixture(scope="module")
def files(tmp_path_factory, clip) -> dict[str, Path]:
    """The same clip in every format."""
    folder = tmp_path_factory.mktemp("files")
    paths = {format: folder / f"clip.{format}" for format in FORMATS}
    first, *rest = (Image.fromarray(frame) for frame in clip.frames)
    delays = clip.delays_ms.tolist()
    first.save(paths["webp"], save_all=True, append_images=rest, duration=delays, lossless=True)
    first.save(paths["png"], save_all=True, append_images=rest, duration=delays)
    write_gif(paths["gif"], clip)
    write_mp4(paths["mp4"], clip)
    save_clip(paths["npz"], clip)
    write_png_folder(paths["folder"], clip)
    for format, codec in (("webm", "libvpx-vp9"), ("avi", "mjpeg")):
        _write_container(paths[format], codec, clip.frames)
    return paths


def _write_container(path: Path, codec: str, frames: np.ndarray) -> None:
    import av

    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=8)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for frame in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        file.mux(stream.encode())


def _gif(frames: list[Image.Image], path: Path, **options) -> Path:
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:], **options)
    return path


def _refusal(path: Path, limits: Limits | None = None) -> str:
    """The message with which a file is refused: one line that begins with its name."""
    with pytest.raises(InputError) as caught:
        read_video(path, limits)
    message = str(caught.value)
    assert message.startswith(str(path))  # or, in a folder, with one of its frames
    assert "\n" not in message
    return message


# What is accepted


@pytest.mark.parametrize("format", EXACT)
def test_lossless_formats_come_back_exactly(files, clip, format):
    back = read_video(files[format])
    np.testing.assert_array_equal(back.frames, clip.frames)
    assert list(back.delays_ms) == ([100] * 5 if format == "folder" else list(clip.delays_ms))


@pytest.mark.parametrize("format", ["mp4", "webm", "avi"])
def test_video_comes_back_nearly(files, clip, format):
    back = read_video(files[format])
    assert back.frames.shape == clip.frames.shape
    right = [_distance(back.frames[index], clip.frames[index]) for index in range(5)]
    wrong = [_distance(back.frames[index], clip.frames[(index + 1) % 5]) for index in range(5)]
    assert max(right) < min(wrong) / 2
    assert list(back.delays_ms) == (list(clip.delays_ms) if format == "mp4" else [125] * 5)


def _distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


@pytest.mark.parametrize("format", FORMATS)
def test_the_format_is_told_by_content_not_by_name(files, clip, tmp_path, format):
    if format == "folder":
        path = shutil.copytree(files[format], tmp_path / "clip.mp4")
    else:
        path = shutil.copy(files[format], tmp_path / "clip.txt")
    np.testing.assert_array_equal(read_video(path).frames, read_video(files[format]).frames)


@pytest.mark.parametrize("format", FORMATS)
def test_the_source_names_the_file_and_its_checksum(files, format):
    source = read_video(files[format]).source
    assert source["kind"] == "file"
    assert source["name"] == files[format].name
    assert source["sha256"] == content_sha256(files[format])
    if format != "folder":
        assert source["sha256"] == sha256_of(files[format])


@pytest.mark.parametrize("format", FORMATS)
def test_the_first_frames_are_the_first_of_all(files, format):
    whole, part = read_video(files[format]), read_video(files[format], first=3)
    np.testing.assert_array_equal(part.frames, whole.frames[:3])
    assert list(part.delays_ms) == list(whole.delays_ms[:3])
    assert len(read_video(files[format], first=99)) == 5


def test_decoding_stops_after_the_frames_that_are_wanted(files, tmp_path):
    """What follows them may be damaged: it is not looked at."""
    data = bytearray(files["gif"].read_bytes())
    data[-200:] = bytes(random.Random(0).randbytes(200))
    path = tmp_path / "tail.gif"
    path.write_bytes(data)
    _refusal(path)
    assert len(read_video(path, first=3)) == 3


def test_variable_and_missing_delays(tmp_path):
    frames = [Image.new("RGB", (8, 8), (40 * index, 0, 0)) for index in range(5)]
    path = _gif(frames, tmp_path / "a.gif", duration=[0, 10, 20, 70, 1000])
    assert list(read_video(path).delays_ms) == [100, 100, 20, 70, 1000]


def test_rgba_is_laid_over_white(tmp_path):
    frames = [Image.new("RGBA", (6, 5), (200, 100, 0, alpha)) for alpha in (255, 128, 0)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], duration=50, disposal=1, blend=0)
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], duration=50, lossless=True, exact=True)
    (tmp_path / "folder").mkdir()
    for index, frame in enumerate(frames):
        frame.save(tmp_path / "folder" / f"{index}.png")
    for name in ("a.png", "a.webp", "folder"):
        pixels = read_video(tmp_path / name).frames[:, 2, 2]
        np.testing.assert_array_equal(pixels, [[200, 100, 0], [227, 177, 127], [255, 255, 255]], err_msg=name)


def test_palette_with_transparency_is_laid_over_white(tmp_path):
    frames = []
    for shift in range(3):
        indices = np.full((4, 6), 1, np.uint8)
        indices[:, shift] = 0
        frame = Image.fromarray(indices, "P")
        frame.putpalette([9, 9, 9, 10, 200, 30])
        frames.append(frame)
    path = _gif(frames, tmp_path / "a.gif", duration=50, transparency=0, disposal=2, optimize=False)
    clip = read_video(path)
    for shift, frame in enumerate(clip.frames):
        expected = np.broadcast_to(np.uint8([10, 200, 30]), (4, 6, 3)).copy()
        expected[:, shift] = 255
        np.testing.assert_array_equal(frame, expected)


def test_greyscale_becomes_rgb(tmp_path):
    grey = np.arange(3 * 8 * 6, dtype=np.uint8).reshape(3, 8, 6)
    frames = [Image.fromarray(frame) for frame in grey]
    _gif(frames, tmp_path / "a.gif", duration=50)
    (tmp_path / "folder").mkdir()
    for index, frame in enumerate(frames):
        frame.save(tmp_path / "folder" / f"{index}.png")
    np.savez(tmp_path / "a.npz", frames=grey)
    for name in ("a.gif", "folder", "a.npz"):
        np.testing.assert_array_equal(read_video(tmp_path / name).frames, np.stack([grey] * 3, axis=-1), err_msg=name)


def test_16_bit_grey_png_keeps_its_upper_bits(tmp_path):
    for index in range(2):
        Image.fromarray(np.arange(0, 65536, 1024, dtype=np.uint16).reshape(8, 8)).save(tmp_path / f"{index}.png")
    np.testing.assert_array_equal(read_video(tmp_path).frames[1, ..., 0].ravel(), np.arange(0, 256, 4))


def test_default_picture_of_an_apng_that_is_no_frame_is_left_out(tmp_path):
    frames = [Image.new("RGB", (6, 5), (60 * index, 0, 0)) for index in range(4)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], default_image=True, duration=50)
    clip = read_video(tmp_path / "a.png")
    assert clip.frames[:, 0, 0, 0].tolist() == [60, 120, 180]
    assert clip.delays_ms.tolist() == [50] * 3


def test_frames_of_a_folder_are_in_natural_order_and_other_files_left_alone(tmp_path):
    for index in (1, 2, 10, 9):
        Image.new("RGB", (6, 5), (index, 0, 0)).save(tmp_path / f"frame{index}.PNG", "PNG")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".hidden.png").write_text("x")
    assert read_video(tmp_path).frames[:, 0, 0, 0].tolist() == [1, 2, 9, 10]


def test_arrays_with_alpha_and_delays(tmp_path):
    frames = np.zeros((2, 5, 6, 4), np.uint8)
    np.savez(tmp_path / "a.npz", frames=frames, delays_ms=np.array([70, 80]))
    clip = read_video(tmp_path / "a.npz")
    assert (clip.frames == 255).all()
    assert list(clip.delays_ms) == [70, 80]


def test_video_stored_sideways_is_turned(files, tmp_path):
    """Telephones store a rotation in the track header instead of turning the pixels."""
    data = files["mp4"].read_bytes()
    identity = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    clockwise = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    track = data.index(b"tkhd")
    position = data.index(identity, track)
    path = tmp_path / "a.mp4"
    path.write_bytes(data[:position] + clockwise + data[position + len(clockwise) :])
    upright = read_video(files["mp4"])
    np.testing.assert_array_equal(read_video(path).frames, np.rot90(upright.frames, -1, axes=(1, 2)))


def _ffmpeg(path: Path, height: int, width: int) -> np.ndarray:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    raw_rgb = ("-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    command = ["ffmpeg", "-v", "error", "-i", str(path), *raw_rgb]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)


@pytest.mark.parametrize("format", ["mp4", "webm", "gif"])
def test_agrees_with_ffmpeg(files, format):
    clip = read_video(files[format])
    np.testing.assert_allclose(clip.frames.astype(int), _ffmpeg(files[format], *clip.size).astype(int), atol=1)


def test_real_clips_agree_with_ffmpeg(real_stage):
    paths = [*real_stage.glob("published/*/real.mp4"), *real_stage.glob("published/waterfall/*/0.mp4")]
    assert paths
    for path in paths:
        clip = read_video(path, first=8)
        expected = _ffmpeg(path, *clip.size)[:8]
        np.testing.assert_allclose(clip.frames.astype(int), expected.astype(int), atol=1, err_msg=str(path))


# What is refused


def test_a_file_that_is_no_video(tmp_path):
    for name, data in {"a.mp4": b"<html>not found</html>", "a.gif": b"GIF8", "b.gif": b"\0" * 5000}.items():
        (tmp_path / name).write_bytes(data)
        assert "is no video that can be read" in _refusal(tmp_path / name)


def test_an_empty_file_and_an_empty_gif(tmp_path):
    (tmp_path / "a.gif").write_bytes(b"")
    assert "is empty" in _refusal(tmp_path / "a.gif")
    (tmp_path / "b.gif").write_bytes(b"GIF89a\x10\0\x10\0\0\0\0;")
    assert "holds no frame" in _refusal(tmp_path / "b.gif")


def test_one_frame_is_no_clip(tmp_path):
    image = Image.new("RGB", (30, 30), "red")
    for name in ("a.gif", "a.webp", "a.png"):
        image.save(tmp_path / name)
        assert "is one frame; a clip needs two or more" in _refusal(tmp_path / name)
        assert len(read_video(tmp_path / name, Limits(min_frames=1))) == 1
    np.savez(tmp_path / "a.npz", frames=np.zeros((1, 30, 30, 3), np.uint8))
    assert "is one frame" in _refusal(tmp_path / "a.npz")
    (tmp_path / "folder").mkdir()
    image.save(tmp_path / "folder" / "1.png")
    assert "is one frame" in _refusal(tmp_path / "folder")


@pytest.mark.parametrize("format", ["gif", "webp", "png", "npz", "mp4", "webm", "avi"])
def test_every_part_of_a_file_is_refused(files, tmp_path, format):
    data = files[format].read_bytes()
    path = tmp_path / "cut"
    for length in np.linspace(12, len(data) - 1, 40).astype(int):
        path.write_bytes(data[:length])
        assert "\n" not in _refusal(path), length


def test_a_truncated_mp4_that_begins_with_its_index_is_refused(files, tmp_path):
    """Such a file plays as far as it goes; missing frames must not pass unnoticed."""
    data = files["mp4"].read_bytes()
    boxes, position = {}, 0
    while position < len(data):
        size = struct.unpack_from(">I", data, position)[0]
        boxes[data[position + 4 : position + 8]] = data[position : position + size]
        position += size
    # With the index moved before the pixels, the positions of the chunks move by its length.
    index = bytearray(boxes[b"moov"])
    table = index.index(b"stco")
    for entry in range(struct.unpack_from(">I", index, table + 8)[0]):
        where = table + 12 + 4 * entry
        struct.pack_into(">I", index, where, struct.unpack_from(">I", index, where)[0] + len(index))
    moved = boxes[b"ftyp"] + bytes(index) + boxes.get(b"free", b"") + boxes[b"mdat"]
    path = tmp_path / "a.mp4"
    path.write_bytes(moved)
    np.testing.assert_array_equal(read_video(path).frames, read_video(files["mp4"]).frames)
    for length in (len(moved) - 1, len(moved) - len(boxes[b"mdat"]) // 2):
        path.write_bytes(moved[:length])
        assert f"is cut off: {length} of {len(moved)} bytes are there" in _refusal(path)
    path.write_bytes(moved[: len(moved) - len(boxes[b"mdat"])])
    assert "holds no frame" in _refusal(path)


def test_a_gif_whose_frame_is_not_complete_is_refused(tmp_path):
    """Its blocks are all there, but they hold only half of the pixels."""
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 256, (40, 40), dtype=np.uint8)) for _ in range(2)]
    data = _gif(frames, tmp_path / "a.gif", duration=50).read_bytes()
    last = data.rindex(b",\0\0\0\0\x28\0\x28\0")
    start = last + 10 + (3 << ((data[last + 9] & 7) + 1) if data[last + 9] & 0x80 else 0) + 1
    first_block = data[start : start + 1 + data[start]]
    (tmp_path / "a.gif").write_bytes(data[:start] + first_block + b"\0;")
    assert "damaged or cut off" in _refusal(tmp_path / "a.gif")


@pytest.mark.parametrize(("format", "container"), [("gif", None), ("mp4", "mp4"), ("webm", "matroska")])
def test_fewer_frames_than_announced_are_refused(files, format, container):
    """Decoders end silently; only video outside MP4 may have packets that show nothing."""
    data = files[format].read_bytes()
    claimed = Header(30, 40, (100,) * 6, exact=container != "matroska")
    if claimed.exact:
        with pytest.raises(DamagedError, match="5 of its 6 frames can be decoded"):
            _decode(data, claimed, container)
    else:
        assert len(_decode(data, claimed, container)) == 5


def test_20_000_frames(tmp_path):
    image = b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0"
    path = tmp_path / "a.gif"
    path.write_bytes(b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + 20_000 * image + b";")
    assert "has more than 1024 frames" in _refusal(path)
    assert len(read_video(path, first=10)) == 10
    np.savez_compressed(tmp_path / "a.npz", frames=np.zeros((20_000, 1, 1, 3), np.uint8))
    assert "has more than 1024 frames" in _refusal(tmp_path / "a.npz")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def test_a_canvas_of_30_000_squared(tmp_path):
    gif_image = b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0"
    big = struct.pack("<HH", 30_000, 30_000)
    uint24 = struct.pack("<I", 29_999)[:3]
    frame = b"ANMF" + struct.pack("<I", 16) + bytes(16)
    webp = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + uint24 + uint24 + 2 * frame
    control = b"fcTL", struct.pack(">IIIIIHHBB", 0, 30_000, 30_000, 0, 0, 1, 10, 0, 0)
    header = b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    count, still, more, end = (b"acTL", struct.pack(">II", 2, 0)), (b"IDAT", b""), (b"fdAT", b""), (b"IEND", b"")
    apng = (header, count, control, still, control, more, end)
    files = {
        "a.gif": b"GIF89a" + big + b"\x80\0\0" + bytes(6) + 2 * gif_image + b";",
        "a.webp": b"RIFF" + struct.pack("<I", len(webp)) + webp,
        "a.png": b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in apng),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        assert "its frames are 30000x30000 pixels, and at most" in _refusal(tmp_path / name)


def test_a_gif_frame_that_would_enlarge_the_canvas(tmp_path):
    image = struct.pack("<BHHHHB", 0x2C, 30_000, 30_000, 1, 1, 0) + b"\x02\x02D\x01\0"
    (tmp_path / "a.gif").write_bytes(b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + 2 * image + b";")
    assert "its frames are 30001x30001 pixels" in _refusal(tmp_path / "a.gif")


def test_pillows_own_limit_is_one_line_too(files, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for format in ("gif", "webp", "png"):
        assert "too large" in _refusal(files[format])


@pytest.mark.parametrize("format", FORMATS)
def test_every_limit_holds_for_every_format(files, format):
    path, limits = files[format], Limits(max_frames=5, max_frame_pixels=1200, max_total_pixels=6000)
    assert len(read_video(path, limits)) == 5
    assert "more than 4 frames" in _refusal(path, replace(limits, max_frames=4))
    assert "40x30 pixels" in _refusal(path, replace(limits, max_frame_pixels=1199))
    assert "5 frames of 40x30" in _refusal(path, replace(limits, max_total_pixels=5999))
    assert "has 5 frames; a clip needs 6 or more" in _refusal(path, replace(limits, min_frames=6))
    assert "bytes" in _refusal(path, replace(limits, max_bytes=100))


def test_frames_of_different_sizes(tmp_path):
    for index, size in enumerate([(6, 5), (6, 5), (5, 6)]):
        Image.new("RGB", size).save(tmp_path / f"{index}.png")
    with pytest.raises(InputError, match=r"2\.png: is 5x6, but the first frame is 6x5"):
        read_video(tmp_path)


def test_folders_without_frames_and_with_other_things_named_png(tmp_path, files):
    assert "holds no PNG frame" in _refusal(tmp_path)
    (tmp_path / "1.png").write_text("no picture")
    with pytest.raises(InputError, match=r"1\.png: is no PNG"):
        read_video(tmp_path)
    shutil.copy(files["png"], tmp_path / "1.png")
    Image.new("RGB", (40, 30)).save(tmp_path / "2.png")
    with pytest.raises(InputError, match=r"1\.png: is an animation"):
        read_video(tmp_path)
    (tmp_path / "1.png").unlink()
    os.mkfifo(tmp_path / "1.png")
    with pytest.raises(InputError, match=r"1\.png: is neither a file nor a folder"):
        read_video(tmp_path)


def test_missing_files_pipes_and_devices_do_not_hang(tmp_path):
    assert "no such file" in _refusal(tmp_path / "a.gif")
    os.mkfifo(tmp_path / "pipe.gif")
    assert "neither a file nor a folder" in _refusal(tmp_path / "pipe.gif")
    (tmp_path / "link.gif").symlink_to(tmp_path / "pipe.gif")
    assert "neither a file nor a folder" in _refusal(tmp_path / "link.gif")
    (tmp_path / "zero.gif").symlink_to("/dev/zero")
    assert "neither a file nor a folder" in _refusal(tmp_path / "zero.gif")
    (tmp_path / "dangling.gif").symlink_to(tmp_path / "nothing")
    assert "no such file" in _refusal(tmp_path / "dangling.gif")
    (tmp_path / "loop.gif").symlink_to(tmp_path / "loop.gif")
    assert "cannot be read" in _refusal(tmp_path / "loop.gif")


def test_a_link_to_a_clip_is_a_clip(files, tmp_path):
    (tmp_path / "link").symlink_to(files["gif"])
    assert len(read_video(tmp_path / "link")) == 5


def test_playlists_are_not_followed(files, tmp_path):
    """FFmpeg would open what they name."""
    texts = [f"ffconcat version 1.0\nfile {files['mp4']}\n", f"#EXTM3U\n#EXTINF:1,\n{files['mp4']}\n#EXT-X-ENDLIST\n"]
    for text in texts:
        (tmp_path / "a.mp4").write_text(text)
        assert "is no video that can be read" in _refusal(tmp_path / "a.mp4")


# Arrays from outside


def _npz(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


def _npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode("latin1")
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + data


def _array(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def test_pickled_arrays_are_not_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", frames=np.array([print, print], dtype=object))
    assert "'frames.npy' is not the array that it announces" in _refusal(tmp_path / "a.npz")
    header = "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }"
    good = _array(np.zeros((2, 5, 6, 3), np.uint8))
    _npz(tmp_path / "b.npz", {"frames": good, "delays_ms": _npy(header, b"cos\nsystem\n.")})
    _refusal(tmp_path / "b.npz")


def test_arrays_whose_header_lies_are_refused_before_memory_is_taken(tmp_path):
    shape = "(1000, 400, 600, 3)"
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}"
    _npz(tmp_path / "a.npz", {"frames": _npy(header, bytes(1000))})
    assert "not the array that it announces" in _refusal(tmp_path / "a.npz")
    # And one that is honest: it is over a limit, and not decompressed to find out.
    _npz(tmp_path / "b.npz", {"frames": _npy(header.replace("1000", "3000"), bytes(50_000_000))})
    assert (tmp_path / "b.npz").stat().st_size < 100_000
    _refusal(tmp_path / "b.npz")
    np.savez_compressed(tmp_path / "c.npz", frames=np.zeros((40, 10, 7, 3), np.uint8))
    assert "40 frames of 7x10 are more than" in _refusal(tmp_path / "c.npz", Limits(max_total_pixels=2799))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"video": np.zeros((2, 5, 6, 3), np.uint8)}, "no array named 'frames' (it holds video)"),
        ({"frames": np.zeros((2, 5, 6, 3), np.float32)}, "'frames' are float32"),
        ({"frames": np.zeros((2, 5, 6, 2), np.uint8)}, "[2, 5, 6, 2]"),
        ({"frames": np.zeros((5, 6), np.uint8)}, "[5, 6]"),
        ({"frames": np.zeros((0, 5, 6, 3), np.uint8)}, "holds no frame"),
        ({"frames": np.zeros((2, 0, 6, 3), np.uint8)}, "6x0 pixels"),
        ({"frames": np.zeros((2, 5, 6, 3), np.uint8), "delays_ms": np.ones(3, int)}, "'delays_ms' are int64 [3]"),
        ({"frames": np.zeros((2, 5, 6, 3), np.uint8), "delays_ms": np.ones(2)}, "'delays_ms' are float64"),
        ({"frames": np.zeros((2, 5, 6, 3), np.uint8), "delays_ms": np.array([1, 0])}, "not all positive"),
        ({"frames": np.zeros((2, 5, 6, 3), np.uint8), "delays_ms": np.array([1, 2**40])}, "not all positive"),
    ],
)
def test_arrays_that_are_no_clip(tmp_path, arrays, words):
    np.savez(tmp_path / "a.npz", **arrays)
    assert words in _refusal(tmp_path / "a.npz")


# Files that somebody has meddled with


@pytest.mark.parametrize("format", ["gif", "webp", "png", "npz", "mp4", "webm", "avi"])
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 8), length=st.floats(0.1, 2))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_a_clip_or_one_line(files, tmp_path, format, seed, changes, length):
    random_numbers = random.Random(seed)
    data = bytearray(files[format].read_bytes())
    data = data[: max(1, int(len(data) * length))]
    for _ in range(changes):
        # Half of the changes hit the header, where they do most.
        end = min(len(data), 200) if random_numbers.random() < 0.5 else len(data)
        data[random_numbers.randrange(end)] = random_numbers.randrange(256)
    path = tmp_path / "meddled"
    path.write_bytes(data)
    try:
        clip = read_video(path)
    except InputError as error:
        assert str(error).startswith(f"{path}: ")
        assert "\n" not in str(error)
    else:
        assert isinstance(clip, Clip)
        assert len(clip) >= 2
        assert clip.delays_ms.min() >= 1
