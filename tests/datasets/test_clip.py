import json
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datasets.clip import Clip, load_clip, make_clip, save_clip
from datasets.errors import InputError

frames_of_any_size = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.just(3)).flatmap(
    lambda shape: arrays(np.uint8, shape)
)


@given(frames=frames_of_any_size, seed=st.integers(0, 2**16))
@settings(max_examples=30, deadline=None)
def test_a_clip_comes_back_whole(tmp_path_factory, frames, seed):
    path = tmp_path_factory.getbasetemp() / "clip.npz"
    delays = np.random.default_rng(seed).integers(1, 5000, len(frames))
    clip = make_clip(frames, delays, kind="generated", seed=seed)
    save_clip(path, clip)
    back = load_clip(path)
    np.testing.assert_array_equal(back.frames, frames)
    np.testing.assert_array_equal(back.delays_ms, delays)
    assert back.source == {"kind": "generated", "seed": seed}
    assert back.sha256 == clip.sha256


def test_equal_clips_give_equal_bytes(tmp_path, clip):
    save_clip(tmp_path / "a.npz", clip)
    save_clip(tmp_path / "b.npz", make_clip(clip.frames.copy(), clip.delays_ms.copy()))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_the_checksum_sees_pixels_delays_and_shape_but_not_the_source(clip):
    changed = clip.frames.copy()
    changed[-1, -1, -1, -1] ^= 1
    others = [
        make_clip(changed, clip.delays_ms),
        make_clip(clip.frames, clip.delays_ms + 1),
        make_clip(clip.frames.reshape(5, 40, 30, 3), clip.delays_ms),
    ]
    assert len({clip.sha256, *(other.sha256 for other in others)}) == 4
    assert make_clip(clip.frames, clip.delays_ms, kind="published").sha256 == clip.sha256


@pytest.mark.parametrize(
    ("frames", "delays", "source"),
    [
        (np.zeros((2, 3, 4, 3), np.float32), np.ones(2, np.int32), {"kind": "file"}),
        (np.zeros((2, 3, 4), np.uint8), np.ones(2, np.int32), {"kind": "file"}),
        (np.zeros((2, 3, 4, 4), np.uint8), np.ones(2, np.int32), {"kind": "file"}),
        (np.zeros((0, 3, 4, 3), np.uint8), np.ones(0, np.int32), {"kind": "file"}),
        (np.zeros((2, 3, 4, 3), np.uint8), np.ones(3, np.int32), {"kind": "file"}),
        (np.zeros((2, 3, 4, 3), np.uint8), np.ones(2, np.int32), {}),
    ],
)
def test_what_is_no_clip_is_refused(frames, delays, source):
    with pytest.raises(ValueError):
        Clip(frames, delays, source)


def test_a_changed_file_does_not_match_its_checksum(tmp_path, clip):
    path = tmp_path / "a.npz"
    save_clip(path, clip)
    record = json.loads((tmp_path / "a.json").read_text())
    save_clip(path, make_clip(255 - clip.frames, clip.delays_ms))
    (tmp_path / "a.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"a\.npz: its content does not match the checksum"):
        load_clip(path)


def test_damaged_missing_and_foreign_files_are_one_line(tmp_path, clip):
    path = tmp_path / "a.npz"
    with pytest.raises(InputError, match="no such file"):
        load_clip(path)
    save_clip(path, clip)
    whole = path.read_bytes()
    for data in (b"", whole[: len(whole) // 2], b"GIF89a"):
        path.write_bytes(data)
        with pytest.raises(InputError, match="not a readable clip"):
            load_clip(path)
    np.savez(path, frames=np.array([object()]), delays_ms=np.ones(1))
    with pytest.raises(InputError, match="not a readable clip"):
        load_clip(path)
    with zipfile.ZipFile(path, "w"):
        pass
    with pytest.raises(InputError, match="not a readable clip"):
        load_clip(path)


def test_another_suffix_is_refused_and_nothing_written(tmp_path, clip):
    with pytest.raises(InputError, match=r"stored as \.npz"):
        save_clip(tmp_path / "a.gif", clip)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_leaves_the_earlier_clip(tmp_path, clip, request):
    path = tmp_path / "a.npz"
    save_clip(path, clip)
    request.getfixturevalue("full_disk")
    with pytest.raises(InputError, match="disk is full"):
        save_clip(path, make_clip(255 - clip.frames))
    assert load_clip(path).sha256 == clip.sha256
