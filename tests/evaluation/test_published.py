"""Agreement with an independent implementation, on the real data of a stage (SGIF_STAGE)."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from datasets.decode import read_video
from datasets.errors import InputError
from evaluation.controls import make_control
from evaluation.encoders.encoder import Encoder, load_encoder
from evaluation.encoders.location import obtain_stem
from evaluation.scoring import score

STAGE = Path(os.environ.get("SGIF_STAGE", ""))
pytestmark = pytest.mark.skipif(
    not (STAGE / "expected_sgfid.csv").is_file(), reason="SGIF_STAGE names no stage with expected_sgfid.csv"
)
LAYERS = {"pre-pool1": "64", "pre-pool2": "192"}


@pytest.fixture(scope="module", params=LAYERS)
def encoder(request, tmp_path_factory) -> Encoder:
    """By way of the file that the workflow makes."""
    path = tmp_path_factory.mktemp("stem") / "stem.safetensors"
    obtain_stem("inception-fid", path, stage=STAGE)
    return load_encoder("inception-fid", path, request.param)


def rows(clip: str) -> list[dict[str, str]]:
    with (STAGE / "expected_sgfid.csv").open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["clip"] == clip]


def test_features(encoder):
    expected = json.loads((STAGE / "inception" / "expected_features.json").read_text())[LAYERS[encoder.layer]]
    frames = np.random.RandomState(0).randint(0, 256, (2, 64, 80, 3)).astype(np.uint8)
    found = np.stack(list(encoder.features(frames)))
    batch, channels, height, width = expected["shape"]
    assert found.shape == (batch, height * width, channels)
    assert found.mean() == pytest.approx(expected["mean"], rel=1e-5)
    assert found.std() == pytest.approx(expected["std"], rel=1e-5)
    assert found[0, 0, :5] == pytest.approx(expected["first"], rel=1e-4, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("clip", ["waterfall", "seashore", "desert"])
def test_sgfid_of_every_published_sample(encoder, clip):
    column = f"sgfid_{LAYERS[encoder.layer]}"
    samples = {STAGE / "published" / clip / r["method"] / f"{r['sample']}.mp4": r[column] for r in rows(clip)}
    samples = {str(path): value for path, value in samples.items() if path.is_file()}
    assert len(samples) == 18
    refused = []
    real = STAGE / "published" / clip / "real.mp4"
    scores = score(
        real, list(samples), encoder, max_frames=8, on_failure=lambda name, error: refused.append((name, str(error)))
    )
    assert [name for name, _ in refused] == [name for name, value in samples.items() if not value]
    assert all("use --resize" in message for _, message in refused)
    expected = [float(value) for value in samples.values() if value]
    assert [each.sgfid for each in scores] == pytest.approx(expected, rel=1e-2)
    again = score(real, [name for name, _ in refused], encoder, max_frames=8, resize=True)
    assert all(each.resized and 0 < each.sgfid < 100 for each in again) and len(again) == len(refused)


@pytest.mark.parametrize("clip", ["waterfall", "seashore", "desert"])
def test_halves_of_a_real_clip(encoder, clip):
    frames = read_video(STAGE / "published" / clip / "real.mp4", first=8).frames
    (expected,) = (float(r[f"sgfid_{LAYERS[encoder.layer]}"]) for r in rows(clip) if r["method"] == "real-halves")
    assert score(frames[:4], [frames[4:]], encoder)[0].sgfid == pytest.approx(expected, rel=1e-2)


def test_controls(encoder):
    clip = read_video(STAGE / "published" / "seashore" / "real.mp4", first=8)
    names = ("copy", "shuffle-frames", "freeze-frame", "noise")
    values = [each.sgfid for each in score(clip, [make_control(name, clip, 0) for name in names], encoder)]
    assert values[0] <= 1e-6 and values[1] <= 1e-6
    published = [float(value) for r in rows("seashore") if (value := r[f"sgfid_{LAYERS[encoder.layer]}"])]
    assert values[3] > max(*published, values[2])


def test_a_changed_weight_is_another_encoder(encoder, tmp_path):
    with np.load(STAGE / "inception" / "inception_2015_12_05_stem.npz", allow_pickle=False) as arrays:
        stem = dict(arrays)
    np.savez(tmp_path / "stem.npz", **stem)
    assert load_encoder("inception-fid", tmp_path / "stem.npz", encoder.layer).identity == encoder.identity
    stem["Conv2d_2a_3x3.weight"] = stem["Conv2d_2a_3x3.weight"] * np.float32(1.01)
    np.savez(tmp_path / "stem.npz", **stem)
    with pytest.raises(InputError, match="not of inception-2015-12-05"):
        load_encoder("inception-fid", tmp_path / "stem.npz", encoder.layer)
