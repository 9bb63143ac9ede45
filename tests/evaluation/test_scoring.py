"""Scoring: what is comparable, what is refused, and what controls score."""

import numpy as np
import pytest

from datasets.clip import make_clip, save_clip
from datasets.errors import InputError
from datasets.resize import resize_frames
from evaluation.controls import make_control
from evaluation.encoders.encoder import Encoder, load_encoder
from evaluation.encoders.random_stem import random_stem
from evaluation.features import clip_statistics
from evaluation.metrics.sgfid import sgfid
from evaluation.scoring import Score, score


def moving_pattern(count=5, height=48, width=60, seed=0) -> np.ndarray:
    """Smooth colourful waves that move: something with a structure that noise lacks."""
    rng = np.random.default_rng(seed)
    t, y, x = np.meshgrid(np.arange(count), np.arange(height), np.arange(width), indexing="ij")
    frames = np.zeros((count, height, width, 3))
    for _ in range(6):
        wave = rng.uniform(-0.4, 0.4, 3) @ np.stack([t, y, x]).reshape(3, -1) + rng.uniform(0, 6)
        frames += np.sin(wave).reshape(t.shape)[..., None] * rng.uniform(-25, 25, 3)
    return np.clip(frames + 128, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder("random-inception", "pre-pool2", [random_stem(0), random_stem(1)])


def test_controls_score_as_they_should(encoder):
    clip = make_clip(moving_pattern())
    names = ("copy", "shuffle-frames", "freeze-frame", "noise")
    scores = score(clip, [make_control(name, clip, 0) for name in names], encoder)
    values = dict(zip(names, (each.sgfid for each in scores), strict=True))
    assert values["copy"] <= 1e-6 and values["shuffle-frames"] <= 1e-6
    assert 1e-6 < values["freeze-frame"] < values["noise"]
    other = score(clip, [moving_pattern(seed=1)], encoder)[0]
    assert values["freeze-frame"] < other.sgfid < values["noise"]


def test_a_score_says_what_made_it(encoder, tmp_path):
    real, fake = moving_pattern(), moving_pattern(seed=2)
    save_clip(tmp_path / "fake.npz", make_clip(fake))
    (found,) = score(real, [tmp_path / "fake.npz"], encoder)
    expected = sgfid(clip_statistics(real, encoder), clip_statistics(fake, encoder))
    assert found == Score(
        real="real",
        fake=str(tmp_path / "fake.npz"),
        encoder="random-inception",
        layer="pre-pool2",
        frames=5,
        sgfid=expected,
        # 48 x 60 pixels give 8 x 11 locations a frame.
        locations=5 * 8 * 11,
        weights_sha256=encoder.weights_sha256,
        resized=False,
        notes=("only 440 feature locations: the covariance of 192 channels is unreliable",),
    )


def test_symmetric_bit_for_bit(encoder):
    a, b = moving_pattern(), moving_pattern(seed=2)
    assert score(a, [b], encoder)[0].sgfid == score(b, [a], encoder)[0].sgfid


def test_enough_locations_need_no_note():
    encoder = Encoder("random-inception", "pre-pool1", [random_stem(0)])
    assert score(moving_pattern(), [moving_pattern(seed=1)], encoder)[0].notes == ()


def test_other_numbers_of_frames_are_refused_or_cut(encoder):
    real, fake = moving_pattern(8), moving_pattern(5, seed=1)
    with pytest.raises(InputError, match="fake 0: has 5 frames, but real has 8; use --max-frames 5"):
        score(real, [fake], encoder)
    with pytest.raises(InputError, match="has 5 frames, but real has 6"):
        score(real, [fake], encoder, max_frames=6)
    (found,) = score(real, [fake], encoder, max_frames=5)
    assert found.frames == 5 and found.sgfid == score(real[:5], [fake], encoder)[0].sgfid
    with pytest.raises(InputError, match="must be 1 or more"):
        score(real, [fake], encoder, max_frames=0)


def test_one_frame_of_a_file_can_be_scored(encoder, tmp_path):
    save_clip(tmp_path / "a.npz", make_clip(moving_pattern()))
    assert score(tmp_path / "a.npz", [moving_pattern()], encoder, max_frames=1)[0].sgfid <= 1e-6


def test_other_sizes_are_refused_or_resized(encoder):
    real, fake = moving_pattern(), moving_pattern(height=64, width=80)
    with pytest.raises(InputError, match=r"fake 0: its frames are 80x64, but those of real are 60x48; use --resize"):
        score(real, [fake], encoder)
    (found,) = score(real, [fake], encoder, resize=True)
    assert found.resized and "resized from 80x64 to 60x48" in found.notes
    assert found.sgfid == score(real, [resize_frames(fake, 48, 60)], encoder)[0].sgfid
    assert not score(real, [real], encoder, resize=True)[0].resized


def test_resizing_is_antialiased():
    checks = np.zeros((1, 64, 64, 3), np.uint8)
    checks[:, ::2, ::2] = checks[:, 1::2, 1::2] = 255
    small = resize_frames(checks, 16, 16)
    assert small.shape == (1, 16, 16, 3) and small.dtype == np.uint8
    assert np.abs(small[:, 2:-2, 2:-2].astype(int) - 128).max() <= 3


def test_one_failure_does_not_stop_the_others(encoder, tmp_path):
    real = moving_pattern()
    failures = []
    fakes = [real, tmp_path / "none.gif", moving_pattern(3), moving_pattern(seed=1)]
    scores = score(real, fakes, encoder, on_failure=lambda name, error: failures.append((name, str(error))))
    assert [each.fake for each in scores] == ["fake 0", "fake 3"]
    assert [name for name, _ in failures] == [str(tmp_path / "none.gif"), "fake 2"]
    assert all(message.startswith(name) for name, message in failures)


def test_a_real_clip_that_is_too_small_is_named(encoder):
    with pytest.raises(InputError, match="real: frames of 40x12 pixels are too small"):
        score(moving_pattern(height=12, width=40), [moving_pattern()], encoder)


def test_all_members_count():
    clip, fake = moving_pattern(), moving_pattern(seed=1)
    one_by_one = [
        score(clip, [fake], Encoder("random-inception", "pre-pool2", [random_stem(seed)]))[0].sgfid
        for seed in (0, 1, 2, 3)
    ]
    assert score(clip, [fake], load_encoder("random-inception"))[0].sgfid == pytest.approx(np.mean(one_by_one))
