"""Measures of applications: closed forms, baselines, files, the table and the page."""

import csv
import json

import numpy as np
import pytest

from datasets.clip import make_clip
from datasets.errors import InputError
from datasets.files import write_json, write_sealed
from evaluation.applications import lengthen, sizes, slowmo
from evaluation.applications.score import Scorer
from evaluation.applications.table import COLUMNS, read_records, write_table
from evaluation.applications.verdict import Measure
from evaluation.encoders.encoder import load_encoder
from evaluation.report.applications_page import ApplicationText, build_applications_page
from evaluation.report.sprites import Form, make_sheet

ROUGH = np.random.default_rng(0).integers(0, 256, (12, 24, 3)).repeat(4, 0).repeat(4, 1)


def moving(steps):
    """A texture that moves to the right by these numbers of pixels: uint8 [len(steps) + 1, 48, 96, 3]."""
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(ROUGH.astype(float), (2, 2, 0), mode="wrap")
    places = np.cumsum([0, *steps])
    return np.stack([np.roll(smooth, place, axis=1) for place in places]).round().astype(np.uint8)


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("random-inception")


def test_even_motion_is_even_and_repetition_is_not():
    assert slowmo.unevenness(slowmo.step_speeds(moving([1] * 8))) < 0.05
    repeated = slowmo.repeated(moving([2] * 7), 1)
    twice = np.repeat(repeated, 2, axis=0)
    speeds = slowmo.step_speeds(twice)
    assert not speeds[::2].any()  # each frame and its double
    # 8 still steps and 7 alike: sqrt(8 * 7) / 7
    assert slowmo.unevenness(speeds) == pytest.approx(np.sqrt(8 / 7), rel=0.05)


def test_unevenness_is_that_of_the_speeds_and_not_of_their_unit():
    speeds = np.array([1.0, 3.0, 1.0, 3.0])
    assert slowmo.unevenness(speeds) == slowmo.unevenness(7 * speeds) == pytest.approx(0.5)
    with pytest.raises(InputError, match="stands still"):
        slowmo.unevenness(np.zeros(3))


@pytest.mark.parametrize("factor", [2, 3])
def test_baselines_keep_every_kth_frame(factor):
    frames = np.random.default_rng(1).integers(0, 256, (4 * factor, 5, 6, 3)).astype(np.uint8)
    repeated, blended = slowmo.repeated(frames, factor), slowmo.blended(frames, factor)
    assert repeated.shape == blended.shape == frames.shape
    assert (repeated[::factor] == frames[::factor]).all() and (blended[::factor] == frames[::factor]).all()
    assert all((repeated[i] == frames[i - i % factor]).all() for i in range(len(frames)))
    one = frames[0].astype(float) + (frames[factor].astype(float) - frames[0]) / factor
    assert (blended[1] == np.rint(one)).all()
    assert (blended[-1] == frames[-factor]).all()


@pytest.mark.parametrize(("frames", "factor", "kept"), [(6, 2, [1, 3]), (7, 2, [1, 3, 5]), (9, 3, [1, 2, 4, 5])])
def test_between_are_those_with_a_kept_frame_on_either_side(frames, factor, kept):
    numbered = np.arange(frames).reshape(-1, 1, 1, 1)
    assert slowmo.between(numbered, factor).ravel().tolist() == kept


def test_a_loop_repeats_itself_and_noise_does_not():
    rng = np.random.default_rng(2)
    frames = rng.integers(0, 256, (8, 12, 14, 3)).astype(np.uint8)
    assert lengthen.lag_autocorrelation(lengthen.looped(frames, 32), 8) == pytest.approx(1)
    noise = rng.integers(0, 256, (64, 12, 14, 3)).astype(np.uint8)
    # Less the mean frame of n frames, independent frames are correlated by -1 / (n - 1).
    assert lengthen.lag_autocorrelation(noise, 8) == pytest.approx(-1 / 63, abs=0.02)
    swing = np.stack([np.full((4, 4, 3), 128 + 100 * (-1) ** t) for t in range(8)]).astype(np.uint8)
    assert lengthen.lag_autocorrelation(swing, 1) == pytest.approx(-1)
    assert lengthen.lag_autocorrelation(swing, 2) == pytest.approx(1)


@pytest.mark.parametrize(("frames", "lag", "part"), [(4, 4, "longer clip"), (4, 0, "longer clip"), (6, 2, "still")])
def test_clips_without_a_lag_are_refused(frames, lag, part):
    with pytest.raises(InputError, match=part):
        lengthen.lag_autocorrelation(np.full((frames, 4, 4, 3), 7, np.uint8), lag)


def test_a_measure_knows_whether_it_is_won():
    assert Measure("a", "A", 1.0, "b", 2.0).beats and not Measure("a", "A", 2.0, "b", 2.0).beats
    assert Measure("a", "A", 3.0, "b", 2.0, "higher").beats
    assert Measure("a", "A", 1.5, better="within", limit=1.5).beats
    assert not Measure("a", "A", 1.6, better="within", limit=1.5).beats
    with pytest.raises(ValueError, match="limit"):
        Measure("a", "A", 1.0, better="within")
    with pytest.raises(ValueError, match="compare"):
        Measure("a", "A", 1.0, "b")


def test_a_score_of_the_clip_itself_is_nothing_and_order_does_not_count(encoder):
    frames = moving([1] * 3)
    score = Scorer(frames, encoder)
    assert score(frames) == pytest.approx(0, abs=1e-6)
    assert score(frames[::-1]) == pytest.approx(0, abs=1e-6) and score(255 - frames) > 1e-3


def verdicts(encoder):
    real = make_clip(moving([2] * 3), [80, 90, 80, 90])
    slow = {"clip": make_clip(moving([1] * 7), 80), "0": make_clip(moving([1] * 7)[::-1], 80)}
    wide = {name: make_clip(np.tile(real.frames, (1, int(h), int(w), 1)))
            for name, h, w in (("1x2", 1, 2), ("2x1", 2, 1), ("2x2", 2, 2), ("1x1", 1, 1))}  # fmt: skip
    long = {f"{n}-0": make_clip(moving([2, 3] * (n // 2))[:n]) for n in (8, 16)}
    yield "slowmo", slowmo.judge(real, slow, {"factor": 2}, encoder)
    yield "sizes", sizes.judge(real, wide, {}, encoder)
    yield "lengthen", lengthen.judge(real, long, {"trained_frames": 4}, encoder)


@pytest.fixture(scope="module")
def judged(encoder):
    return dict(verdicts(encoder))


def test_what_is_better_than_its_baseline_wins(judged):
    slow = {measure.measure: measure for measure in judged["slowmo"].measures}
    assert slow["step_unevenness"].beats and slow["clip_step_unevenness"].beats
    assert slow["speed"].value == pytest.approx(1, abs=0.1)
    # Tiling keeps every patch but those at the seams; stretching keeps none.
    assert all(measure.beats for measure in judged["sizes"].measures)
    long = {measure.measure: measure for measure in judged["lengthen"].measures}
    assert long["lag_autocorrelation_16"].baseline_value == pytest.approx(1) and long["lag_autocorrelation_16"].beats
    assert long["colour_16"].value == pytest.approx(1, abs=0.2) and long["motion_16"].value < 1.2


@pytest.mark.parametrize("name", ["slowmo", "sizes", "lengthen"])
def test_a_verdict_has_a_sheet_and_clips_to_play(judged, name):
    found = judged[name]
    assert found.sheet.dtype == np.uint8 and found.sheet.ndim == 3 and min(found.sheet.shape[:2]) > 60
    assert (found.sheet != 255).any(axis=2).mean() > 0.2
    assert len(found.delays_ms) == max(len(shown.frames) for shown in found.shown) and min(found.delays_ms) > 0
    assert len({measure.measure for measure in found.measures}) == len(found.measures)


@pytest.fixture
def files(judged, tmp_path):
    """The files of two applications on one clip, one of them with a hostile title."""
    paths = []
    for name in ("slowmo", "sizes"):
        path = tmp_path / "wood" / f"{name}.json"
        found, shared = judged[name], {"format": 1, "method": "singan-gif", "preset": "smoke", "size": [48, 96]}
        measures = [measure.to_json() for measure in found.measures]
        measures[0]["title"] = "<script>alert(1)</script> | pipe"
        write_sealed(path, {**shared, "application": name, "clip": "wood", "iterations": [8], "factor": 2, "frames": 4,
                            "encoder": "random-inception", "layer": "pre-pool2", "measures": measures,
                            "notes": ["<b>bold</b>"]})  # fmt: skip
        tiles = [{"label": s.label, "sheet": vars(make_sheet(s.frames, Form(80, 0.5)))} for s in found.shown]
        write_json(path.with_suffix(".tiles.json"), {"delays_ms": list(map(int, found.delays_ms)), "tiles": tiles})
        paths.append(path)
    return paths


def test_the_table_has_every_measure(files, tmp_path):
    records = read_records(files)
    write_table(records, {"sizes": "Sizes", "slowmo": "Slow motion"}, "smoke", tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS and len(rows) == sum(len(record["measures"]) for record in records)
    assert {row["beats"] for row in rows} <= {"True", "False"} and rows[0]["height"] == "48"
    text = (tmp_path / "table.md").read_text()
    assert text.index("## Sizes") < text.index("## Slow motion") and "\\|" in text and "wood" in text


def test_the_page_plays_and_escapes(files, tmp_path):
    texts = [ApplicationText(name, name.title(), "5.0", f"About {name}.") for name in ("sizes", "slowmo", "compose")]
    for out in ("a.html", "b.html"):
        build_applications_page(
            tmp_path / out, protocol="smoke", applications=texts, measures=files, versions={"x": "1"}
        )
    page = (tmp_path / "a.html").read_text()
    assert page == (tmp_path / "b.html").read_text()
    assert "<script>alert" not in page and "<b>bold" not in page and "&lt;script&gt;alert(1)" in page
    assert page.count("<canvas") == 5 + 5 and page.count("data-delays=") == 2
    assert "About sizes." in page and "About compose." not in page


@pytest.mark.parametrize("damage", ["measures", "tiles", "seal"])
def test_damaged_files_are_refused_in_one_line(files, tmp_path, damage):
    path = files[0]
    if damage == "measures":
        write_sealed(path, {"format": 1})
    elif damage == "seal":
        path.write_text(path.read_text().replace('"clip": "wood"', '"clip": "stone"'))
    else:
        beside = path.with_suffix(".tiles.json")
        beside.write_text(json.dumps({"delays_ms": [1], "tiles": [{"label": "x", "sheet": {"uri": 3}}]}))
    with pytest.raises(InputError) as caught:
        build_applications_page(
            tmp_path / "a.html", protocol="smoke", applications=[ApplicationText("slowmo", "S", "5.2", "A.")],
            measures=files, versions={},
        )  # fmt: skip
    assert "\n" not in str(caught.value) and "delete it" in str(caught.value)
