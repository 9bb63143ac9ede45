import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets.clip import make_clip
from datasets.decode import read_video
from datasets.encode import contact_sheet, png_bytes, write_gif, write_mp4, write_png, write_png_folder
from datasets.errors import InputError


def _smooth(frames: int, height: int, width: int):
    """A clip that a codec can keep: a slowly moving gradient."""
    t, y, x = np.mgrid[:frames, :height, :width]
    return np.stack([128 + 100 * np.sin((x + 3 * t) / 15), 40 + y + t, y + x], axis=-1).astype(np.uint8)


@given(
    delays=st.lists(st.integers(20, 3000), min_size=2, max_size=6),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=20, deadline=None)
def test_gif_keeps_up_to_256_colours_and_delays_to_the_nearest_10_ms(tmp_path_factory, delays, seed):
    palette = np.random.default_rng(seed).integers(0, 256, (256, 3), dtype=np.uint8)
    frames = palette[np.random.default_rng(seed + 1).integers(0, 256, (len(delays), 12, 10))]
    path = tmp_path_factory.getbasetemp() / "a.gif"
    write_gif(path, make_clip(frames, delays))
    back = read_video(path)
    np.testing.assert_array_equal(back.frames, frames)
    # Each frame ends within 5 ms of when it should: rounding errors do not add up.
    assert np.abs(np.cumsum(back.delays_ms) - np.cumsum(delays)).max() <= 5


def test_a_clip_that_stands_still_keeps_all_its_frames(tmp_path, clip):
    frozen = make_clip(np.repeat(clip.frames[:1], 6, axis=0), 70)
    for write, name in ((write_gif, "a.gif"), (write_mp4, "a.mp4"), (write_png_folder, "folder")):
        write(tmp_path / name, frozen)
        assert len(read_video(tmp_path / name)) == 6


def test_gif_repeats_for_ever(tmp_path, clip):
    write_gif(tmp_path / "a.gif", clip)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info["loop"] == 0


@pytest.mark.parametrize(("height", "width"), [(48, 64), (47, 63)])
def test_mp4_has_even_sides_and_stays_close(tmp_path, height, width):
    frames = _smooth(6, height, width)
    write_mp4(tmp_path / "a.mp4", make_clip(frames, [40, 80, 120, 40, 200, 60]))
    back = read_video(tmp_path / "a.mp4")
    assert back.size == (height + height % 2, width + width % 2)
    assert np.abs(back.frames[:, :height, :width].astype(int) - frames).mean() < 3
    assert back.delays_ms.tolist() == [40, 80, 120, 40, 200, 60]


@pytest.mark.parametrize(("write", "name"), [(write_gif, "a.gif"), (write_mp4, "a.mp4")])
def test_equal_clips_give_equal_bytes(tmp_path, write, name):
    noise = np.random.default_rng(0)
    clip = make_clip(_smooth(8, 70, 90) ^ noise.integers(0, 16, (8, 70, 90, 3), dtype=np.uint8), 100)
    written = set()
    for _ in range(4):
        # x264 once read memory that was not its own: leave something there to be read.
        garbage = [noise.integers(0, 256, int(size), dtype=np.uint8) for size in noise.integers(1000, 400_000, 50)]
        del garbage
        write(tmp_path / name, clip)
        written.add((tmp_path / name).read_bytes())
    assert len(written) == 1


def test_png_frames_come_back_exactly(tmp_path, clip):
    write_png_folder(tmp_path / "new" / "folder", clip)
    np.testing.assert_array_equal(read_video(tmp_path / "new" / "folder").frames, clip.frames)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["folder"]
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [f"000{n}.png" for n in range(1, 6)]


def test_png_frames_do_not_mix_with_what_is_there(tmp_path, clip):
    (tmp_path / "folder").mkdir()
    write_png_folder(tmp_path / "folder", clip)
    with pytest.raises(InputError, match="exists already; choose a new folder"):
        write_png_folder(tmp_path / "folder", make_clip(clip.frames[:2]))
    assert len(read_video(tmp_path / "folder")) == 5


@pytest.mark.parametrize(("write", "name"), [(write_gif, "a.gif"), (write_mp4, "a.mp4")])
def test_full_disk_leaves_the_earlier_file(tmp_path, clip, request, write, name):
    write(tmp_path / name, clip)
    before = (tmp_path / name).read_bytes()
    request.getfixturevalue("full_disk")
    with pytest.raises(InputError, match="disk is full"):
        write(tmp_path / name, make_clip(255 - clip.frames))
    assert (tmp_path / name).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_full_disk_leaves_no_part_of_a_folder(tmp_path, clip, full_disk):
    with pytest.raises(InputError, match="disk is full"):
        write_png_folder(tmp_path / "folder", clip)
    assert list(tmp_path.iterdir()) == []


def test_png_with_few_colours_is_smaller(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    write_png(tmp_path / "a.png", picture)
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image), picture)
    small = png_bytes(picture, colours=64)
    assert len(small) < len(png_bytes(picture)) / 2
    with Image.open(io.BytesIO(small)) as image:
        assert len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) <= 64


def test_contact_sheet_shows_every_frame_in_its_place():
    rows = [("one", _smooth(4, 20, 30)), ("another\nclip", _smooth(3, 24, 16))]
    sheet = contact_sheet(rows, gap=2)
    assert sheet.shape[0] == 2 + 20 + 2 + 24 + 2
    left = next(x for x in range(sheet.shape[1]) if (sheet[2:22, x : x + 30] == rows[0][1][0]).all())
    for index in range(4):
        np.testing.assert_array_equal(sheet[2:22, left + 32 * index :][:, :30], rows[0][1][index])
    for index in range(3):
        np.testing.assert_array_equal(sheet[24:48, left + 18 * index :][:, :16], rows[1][1][index])
    for top, bottom in ((2, 22), (24, 48)):
        assert sheet[top:bottom, :left].min() < 128  # a label was drawn
    assert (sheet[2:22, left + 4 * 32 - 2 :] == 255).all()


def test_contact_sheet_samples_long_clips_evenly_and_scales():
    frames = np.broadcast_to(np.arange(0, 100, 10, dtype=np.uint8)[:, None, None, None], (10, 8, 12, 3))
    sheet = contact_sheet([("x", frames)], frames_per_row=4, frame_height=16, gap=1)
    assert sheet.shape[0] == 18
    shown = [value for value in np.unique(sheet[8]) if value in frames]
    assert shown == [0, 30, 60, 90]
