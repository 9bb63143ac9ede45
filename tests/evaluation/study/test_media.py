"""Media: the same way for all, and files that are equal but for their pixels."""

import io

import av
import numpy as np
import pytest

from evaluation.study import media

DELAYS = (200, 100, 300, 200)


def frames(seed, restless):
    rng = np.random.default_rng(seed)
    base = np.linspace(40, 200, 32 * 48 * 3).reshape(32, 48, 3)
    return np.clip(base + restless * rng.standard_normal((4, 32, 48, 3)), 0, 255).astype(np.uint8)


def decoded(data):
    with av.open(io.BytesIO(data)) as file:
        pictures = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in file.decode(video=0)]
        return [time for time, _ in pictures], np.stack([pixels for _, pixels in pictures]), dict(file.metadata)


@pytest.fixture(scope="module")
def leveled():
    """Two clips of very different bit rates, made equal."""
    calm, wild = (media.encode(frames(seed, restless), DELAYS) for seed, restless in ((0, 1), (1, 60)))
    assert sum(map(len, wild.packets)) > 3 * sum(map(len, calm.packets))
    return [media.to_mp4(clip, 2.0) for clip in media.level([calm, wild])]


def test_files_are_equal_outside_of_their_pixel_data(leveled):
    calm, wild = leveled
    assert len(calm) == len(wild)
    start = calm.index(b"mdat") + 4
    assert calm[:start] == wild[:start]
    assert calm[start:] != wild[start:]


def test_a_file_plays_its_loop_until_the_exposure_is_over_with_the_clips_delays(leveled):
    times, pictures, metadata = decoded(leveled[0])
    assert len(pictures) == 3 * 4  # 0.8 s each, for 2 s
    assert np.diff(times[:9]) == pytest.approx([0.2, 0.1, 0.3, 0.2] * 2, abs=1e-3)
    assert (pictures[:4] == pictures[4:8]).all() and (pictures[:4] == pictures[8:]).all()
    assert np.abs(pictures[:4].astype(int) - frames(0, 1)).mean() < 3
    assert set(metadata) <= {"major_brand", "minor_version", "compatible_brands"}


def test_the_encoders_note_is_gone(leveled):
    assert all(b"x264" not in data for data in leveled)


def test_padding_gives_one_length_and_changes_no_picture(leveled):
    rng = np.random.default_rng(0)
    short = leveled[0]
    length = media.padded_length([len(short), 5000 + len(short)])
    padded = media.pad(short, length, rng)
    assert len(padded) == length
    assert (decoded(padded)[1] == decoded(short)[1]).all()
    with pytest.raises(ValueError, match="8 bytes"):
        media.pad(short, len(short) + 7, rng)


def test_colours_are_256_for_the_whole_clip():
    reduced = media.reduce_colours(frames(1, 60))
    assert len(np.unique(reduced.reshape(-1, 3), axis=0)) <= 256
    assert (media.reduce_colours(frames(1, 60)) == reduced).all()


def test_the_dither_is_faint_and_makes_equal_clips_differ():
    clip = frames(0, 1)
    first, second = (media.dither(clip, np.random.default_rng(seed)) for seed in (1, 2))
    assert np.abs(first.astype(int) - clip).max() == 1
    assert (first != clip).any(axis=-1).mean() == pytest.approx(1 / 16, abs=0.02)
    assert (first != second).any()
    assert media.encode(first, DELAYS).packets != media.encode(second, DELAYS).packets


@pytest.mark.parametrize(("sizes", "factor"), [([(48, 85)], 4), ([(168, 298), (48, 85)], 1), ([(400, 600)], 1)])
def test_one_integer_enlarges_all_clips(monkeypatch, sizes, factor):
    monkeypatch.setattr(media, "LONGEST_SIDE", 352)
    assert media.enlargement(sizes) == factor
    large = media.enlarge(np.zeros((2, 5, 7, 3), np.uint8), 3)
    assert large.shape == (2, 16, 22, 3)
