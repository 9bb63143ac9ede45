"""All metrics of clips, each piece of work done once: against the metrics themselves, and what their entries state."""

import dataclasses
import os
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.clip import Clip, make_clip
from datasets.decode import read_video
from datasets.errors import InputError
from datasets.resize import fitted_size, resize_frames
from datasets.synthetic import render
from evaluation import measures
from evaluation.control_matrix import control_rows, surprises, unseen
from evaluation.controls import CONTROLS, make_control
from evaluation.encoders import LAYERS
from evaluation.encoders.encoder import Encoder, load_encoder
from evaluation.encoders.random_stem import random_stem
from evaluation.measures import Reference, halves, measure, measure_cell, measure_controls, measure_set, other_layers
from evaluation.metrics import METRICS
from evaluation.metrics.colour import colour_distance
from evaluation.metrics.contrast import contrast_ratio
from evaluation.metrics.diversity import diversity
from evaluation.metrics.flow import flow, flow_direction_distance, flow_magnitude_distance
from evaluation.metrics.high_frequency import high_frequency_ratio
from evaluation.metrics.kid import kid, strided
from evaluation.metrics.memorisation import frame_distance, zero_displacement
from evaluation.metrics.motion import motion_energy_ratio
from evaluation.metrics.nnf import nnf_distance, nnf_diversity
from evaluation.metrics.power_spectrum import power_spectrum_distance
from evaluation.metrics.similarity import BidirectionalSimilarity
from evaluation.metrics.sliced_wasserstein import sliced_wasserstein
from evaluation.nearest import PatchIndex
from evaluation.scoring import score
from evaluation.statistics import load_statistics, save_statistics

STAGE = Path(os.environ.get("SGIF_STAGE", ""))
SAMPLE = [name for name, metric in METRICS.items() if metric.of == "sample"]
SET = [name for name, metric in METRICS.items() if metric.of == "set"]


@cache
def encoder(layer: str = "pre-pool2", seeds: tuple[int, ...] = (0,)) -> Encoder:
    """Random stems: one, for speed."""
    return Encoder("random-inception", layer, [random_stem(seed) for seed in seeds])


def reference(frames: np.ndarray, network: Encoder | None = None, **options) -> Reference:
    network = network or encoder()
    layers = {layer: encoder(layer) for layer in other_layers(METRICS, network.layer)}
    return Reference(frames, network, layers, **options)


@cache
def scene(name: str = "river", height: int = 40, width: int = 56, frames: int = 6) -> Clip:
    return render(name, height=height, width=width, frames=frames)


@pytest.fixture(scope="module")
def real() -> np.ndarray:
    return scene().frames


@pytest.fixture(scope="module")
def fake() -> np.ndarray:
    return render("river", height=40, width=56, frames=6, seed=1).frames


@pytest.fixture(scope="module")
def measured(real, fake) -> dict[str, float | None]:
    return measure(fake, reference(real))


# ---- the registry, and the metrics themselves


def test_every_metric_of_the_registry_is_computed_in_its_order(measured, real, fake):
    assert list(measured) == SAMPLE
    assert all(isinstance(value, float) and np.isfinite(value) for value in measured.values())
    assert list(measure_set([real, fake], reference(real))) == SET
    for name, value in measured.items():
        low, high = METRICS[name].range
        assert low <= value <= high, name


def test_values_are_those_of_the_metrics_called_one_by_one(measured, real, fake):
    """Places of the nearest-neighbour field are all of them in a clip this small."""
    features = {layer: [np.stack(list(encoder(layer).features(x))) for x in (fake, real)] for layer in LAYERS}
    field = PatchIndex(real, (3, 3, 3)).search(fake, method="exact")
    similarity = BidirectionalSimilarity(real)(fake)
    rows, columns = 6, 10  # of the map of features of 40 x 56, by hand: 40 -> 19 -> 17 -> 8 -> 6, 56 -> 27 -> 25 -> 12
    spread = [strided(part.reshape(6, rows, columns, 192)) for part in features["pre-pool2"]]
    expected = {
        "sgfid": score(real, [fake], encoder())[0].sgfid,
        "sgfid_pre_pool1": score(real, [fake], encoder("pre-pool1"))[0].sgfid,
        "kid": kid(*spread),
        "coherence": similarity.coherence,
        "completeness": similarity.completeness,
        "nnfdiv": nnf_diversity(field),
        "nnfdist": nnf_distance(field),
        "zero_displacement": zero_displacement(fake, real),
        "frame_distance": frame_distance(fake, real),
        "motion_energy": motion_energy_ratio(fake, real),
        "power_spectrum": power_spectrum_distance(fake, real),
        "flow_magnitude": flow_magnitude_distance(flow(fake), flow(real)),
        "flow_direction": flow_direction_distance(flow(fake), flow(real)),
        "patch_swd": sliced_wasserstein(fake, real),
        "colour_distance": colour_distance(fake, real),
        "contrast": contrast_ratio(fake, real),
        "high_frequency": high_frequency_ratio(fake, real),
    }
    assert measured == expected


def test_members_of_an_encoder_are_averaged(real, fake):
    both = reference(real, encoder(seeds=(0, 1)))
    each = [measure(fake, reference(real, encoder(seeds=(seed,))), ["sgfid", "kid"]) for seed in (0, 1)]
    found = measure(fake, both, ["sgfid", "kid"])
    for name, value in found.items():
        assert value == pytest.approx(np.mean([one[name] for one in each]), rel=1e-12)


def test_kid_takes_features_at_places_apart_from_each_other(real, fake, monkeypatch):
    calls = []
    monkeypatch.setattr(measures, "strided", lambda maps: calls.append(maps.shape) or strided(maps, limit=60))
    network = encoder()
    found = measure(fake, reference(real), ["kid"])["kid"]
    assert calls == [(6, 6, 10, 192)] * 2
    maps = [np.stack(list(network.features(x))).reshape(6, 6, 10, 192) for x in (fake, real)]
    assert found == kid(*(strided(part, limit=60) for part in maps))
    assert found != kid(*(part.reshape(-1, 192) for part in maps))


def test_the_layer_that_is_asked_for_is_not_computed_twice(real, fake):
    assert other_layers(METRICS, "pre-pool2") == {"pre-pool1"}
    assert other_layers(METRICS, "pre-pool1") == set() == other_layers(["sgfid", "kid"], "pre-pool2")
    found = measure(fake, Reference(real, encoder("pre-pool1")), ["sgfid", "sgfid_pre_pool1"])
    assert found["sgfid"] == found["sgfid_pre_pool1"] > 0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([*SAMPLE, *SET]), unique=True))
def test_a_subset_computes_only_itself(names):
    """The cheap ones by value, the others by not being called."""
    real, fake = scene().frames, scene("clouds").frames
    called = Counter()

    def counting(name, function):
        def call(*arguments, **options):
            called[name] += 1
            return function(*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("zero_displacement", "frame_distance", "sliced_wasserstein", "flow", "sgfid", "kid"):
            patch.setattr(measures, name, counting(name, lambda *_: 1.0))
        for name in ("flow_magnitude_distance", "flow_direction_distance"):
            patch.setattr(measures, name, lambda *sides: 1.0)
        for name in ("PatchIndex", "BidirectionalSimilarity", "gather"):
            patch.setattr(measures, name, counting(name, getattr(measures, name)))
        patch.setattr(Encoder, "features", counting("features", lambda *_: iter([np.ones((60, 192), np.float32)] * 6)))
        wanted = [name for name in names if name not in ("coherence", "completeness", "nnfdiv", "nnfdist")]
        found = measure(fake, Reference(real, encoder(), {"pre-pool1": encoder()}), wanted)
    assert list(found) == [name for name in SAMPLE if name in wanted]
    assert called["PatchIndex"] == called["BidirectionalSimilarity"] == 0
    assert called["zero_displacement"] == ("zero_displacement" in names)
    assert called["frame_distance"] == ("frame_distance" in names)
    assert called["sliced_wasserstein"] == ("patch_swd" in names)
    assert called["flow"] == 2 * bool({"flow_magnitude", "flow_direction"} & set(names))
    assert called["sgfid"] == len({"sgfid", "sgfid_pre_pool1"} & set(names))
    sides = 2 * bool({"sgfid", "kid"} & set(names)) + 2 * ("sgfid_pre_pool1" in names)
    assert called["features"] == sides


def test_what_two_metrics_need_is_made_once(real, fake, monkeypatch):
    made = Counter()
    for name in ("PatchIndex", "BidirectionalSimilarity", "flow"):
        whole = getattr(measures, name)
        monkeypatch.setattr(measures, name, lambda *args, whole=whole, name=name: made.update([name]) or whole(*args))
    side = reference(real)
    searched = []
    monkeypatch.setattr(
        PatchIndex,
        "search",
        lambda self, x, find=PatchIndex.search, **o: searched.append(self.patch) or find(self, x, **o),
    )
    names = ["coherence", "completeness", "nnfdiv", "nnfdist", "flow_magnitude", "flow_direction"]
    for sample in (fake, real):
        measure(sample, side, names)
    assert made == {"PatchIndex": 1, "BidirectionalSimilarity": 1, "flow": 3}
    assert searched.count((3, 3, 3)) == 2


# ---- statistics, fields, halves, cells


def test_statistics_from_a_file_are_those_computed(real, fake, tmp_path):
    computed = reference(real)
    save_statistics(tmp_path / "real.npz", computed.statistics, encoder().identity)
    statistics, identity = load_statistics(tmp_path / "real.npz")
    assert identity == computed.encoder.identity
    names = ["sgfid", "sgfid_pre_pool1", "kid"]
    assert measure(fake, reference(real, statistics=statistics), names) == measure(fake, computed, names)


@pytest.mark.parametrize(
    ("shape", "step", "method"),
    [
        ((8, 44, 80), 1, "exact"),
        ((8, 48, 85), 2, "exact"),
        ((8, 84, 149), 2, "exact"),
        ((8, 168, 298), 4, "approximate"),
        ((32, 256, 256), 10, "approximate"),
    ],
)
def test_a_field_has_at_most_about_so_many_places(shape, step, method):
    side = reference(np.zeros((*shape, 3), np.uint8))
    assert (side.step, side.method) == (step, method)
    frames, rows, columns = (n - 2 for n in shape)
    assert frames * -(-rows // step) * -(-columns // step) <= 1.15 * measures.FIELD
    assert step == 1 or frames * rows * columns / (step - 1) ** 2 > measures.FIELD


@pytest.mark.parametrize("count", range(4, 10))
def test_halves_are_equally_long_and_apart(count):
    frames = np.arange(count, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 32, 32, 3), np.uint8)
    second, first = halves(frames, encoder(), {})
    numbers = [list(part[:, 0, 0, 0]) for part in (first.frames, second)]
    half = count // 2
    assert numbers == [list(range(half)), list(range(half, 2 * half))]


@pytest.mark.parametrize("count", range(4))
def test_a_clip_of_so_few_frames_has_no_halves(count):
    with pytest.raises(InputError, match=rf"a clip of {count} frames .*; use a longer one"):
        halves(np.zeros((count, 32, 32, 3), np.uint8), encoder(), {})


def test_the_record_of_a_cell(real, fake):
    cell = measure_cell([(3, fake), (5, real)], reference(real), ["sgfid", "contrast", "diversity"])
    assert (cell["encoder"], cell["layer"]) == ("random-inception", "pre-pool2")
    assert cell["weights_sha256"] == encoder().weights_sha256
    assert (cell["frames"], cell["height"], cell["width"]) == (6, 40, 56)
    assert cell["locations_real"] == cell["locations_fake"] == 6 * 6 * 10
    assert [list(row) for row in cell["samples"]] == [["sample", "sgfid", "contrast"]] * 2
    assert [row["sample"] for row in cell["samples"]] == [3, 5]
    assert cell["samples"][1]["sgfid"] < 1e-6 and cell["samples"][1]["contrast"] == 1
    assert cell["set"] == {"diversity": diversity([fake, real], real)} and cell["undefined"] == {}


def test_equal_samples_are_measured_once_and_have_equal_rows(real, fake, monkeypatch):
    calls = []
    monkeypatch.setattr(
        measures, "measure", lambda frames, *rest, whole=measure: calls.append(frames) or whole(frames, *rest)
    )
    samples = [(0, fake), (1, real), (2, fake.copy()), (3, real.copy()), (4, fake[::-1].copy())]
    rows = measure_cell(samples, reference(real), ["sgfid", "frame_distance", "motion_energy"])["samples"]
    assert len(calls) == 3
    assert [row["sample"] for row in rows] == [0, 1, 2, 3, 4]
    plain = [{name: value for name, value in row.items() if name != "sample"} for row in rows]
    assert plain[0] == plain[2] and plain[1] == plain[3] and plain[0] != plain[1]


def test_a_set_of_one_has_no_diversity(real, fake):
    assert measure_set([fake], reference(real)) == {"diversity": None}
    assert measure_set([fake, real], reference(real), ["sgfid"]) == {}


# ---- what has no value


def without_value(frames, real) -> tuple[dict, list[str], dict]:
    """Of a cell of two samples: undefined metrics with reasons, what was said, and the values."""
    said: list[str] = []
    cell = measure_cell([(0, frames), (1, real)], reference(real), say=said.append)
    for row in cell["samples"]:
        for name in SAMPLE:
            assert row[name] is None or np.isfinite(row[name]), name
            assert row[name] is not None or name in cell["undefined"]
    for name, reason in cell["undefined"].items():
        assert reason and "\n" not in reason
        assert f"{name} has no value: {reason}" in said
    assert len(said) == len(cell["undefined"])
    return cell["undefined"], said, cell


def test_a_clip_that_stands_still_has_no_motion_of_its_own(real):
    still = np.repeat(real[:1], 6, axis=0)
    undefined, said, _ = without_value(real, still)
    assert set(undefined) == {"frame_distance", "motion_energy"}
    assert any("stands still" in line for line in said)
    assert without_value(still, real)[0] == {}


def test_a_grey_clip_has_neither_contrast_nor_diversity(real):
    grey = np.full_like(real, 128)
    undefined, _, cell = without_value(real, grey)
    assert {"contrast", "diversity", "high_frequency", "motion_energy", "frame_distance"} == set(undefined)
    assert cell["set"] == {"diversity": None}
    assert without_value(grey, real)[0] == {}


def test_the_halves_of_four_frames_have_no_patches_of_three(real):
    second, first = halves(real[:4], encoder(), {layer: encoder(layer) for layer in other_layers(METRICS, "pre-pool2")})
    reasons = {}
    values = measure(second, first, undefined=lambda name, error: reasons.update({name: str(error)}))
    patches = {"coherence", "completeness", "nnfdiv", "nnfdist", "zero_displacement", "patch_swd"}
    assert set(reasons) == patches == {name for name, value in values.items() if value is None}
    assert all(np.isfinite(value) for name, value in values.items() if name not in patches)


def test_the_smallest_clip_of_a_protocol_has_all(measured):
    clip = scene("waterfall", 32, 57, 4)
    values = measure(scene("clouds", 32, 57, 4).frames, reference(clip.frames))
    assert list(values) == list(measured) and all(np.isfinite(value) for value in values.values())


# ---- what the entries state


def outcomes(name: str, clip: Clip, network: Encoder, layers: dict[str, Encoder], names=tuple(METRICS), draws=1):
    second, first = halves(clip.frames, network, layers)
    values = measure_controls(clip, Reference(clip.frames, network, layers), names, draws=draws)
    return control_rows(name, values, measure(second, first, names))


def test_controls_are_means_over_draws(real):
    clip, side = scene(), reference(real)
    names = ["contrast", "frame_distance", "diversity"]
    found = measure_controls(clip, side, names, draws=2, seed=7)
    assert list(found) == list(CONTROLS)
    for control, values in found.items():
        drawn = [make_control(control, clip, 7, index).frames for index in range(2)]
        assert values["contrast"] == np.mean([contrast_ratio(frames, real) for frames in drawn])
        assert values["diversity"] == diversity(drawn, real)
    still = make_clip(np.repeat(real[:1], 6, axis=0), kind="synthetic")
    assert measure_controls(still, reference(still.frames), ["motion_energy"])["noise"] == {"motion_energy": None}


def test_every_metric_that_ranks_a_sample_states_something():
    for name in SAMPLE:
        metric = METRICS[name]
        assert bool(metric.worse_on or metric.same_on) == (metric.direction != "none"), name
        with pytest.raises(ValueError, match="both worse and the same"):
            dataclasses.replace(metric, worse_on=("noise",), same_on=("noise",))


def ranked(names=tuple(METRICS)) -> set[str]:
    return {name for name in names if name in SAMPLE and METRICS[name].direction != "none"}


# A scene in which much moves, at a size at which it takes seconds. Patches are looked up where there is more time.
def test_stated_outcomes_hold_on_a_scene():
    names = [name for name in METRICS if name not in ("coherence", "completeness", "nnfdiv", "nnfdist")]
    rows = outcomes("river", scene("river", 44, 60, 8), encoder(), {"pre-pool1": encoder("pre-pool1")}, names)
    assert set(rows.loc[rows["found"] != "", "metric"]) == ranked(names)
    assert surprises(rows).to_dict("records") == []
    assert unseen(rows) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["river", "seashore", "cliff"])
def test_stated_outcomes_hold_on_larger_scenes(name):
    rows = outcomes(name, scene(name, 48, 85, 8), encoder(), {"pre-pool1": encoder("pre-pool1")})
    assert set(rows.loc[rows["found"] != "", "metric"]) == ranked()
    assert surprises(rows).to_dict("records") == []
    assert unseen(rows) == []


@pytest.mark.slow
@pytest.mark.skipif(not (STAGE / "published").is_dir(), reason="SGIF_STAGE names no stage with published clips")
@pytest.mark.parametrize("name", ["waterfall", "seashore", "desert"])
def test_stated_outcomes_hold_on_published_clips(name):
    clip = read_video(STAGE / "published" / name / "real.mp4", first=8)
    small = make_clip(resize_frames(clip.frames, *fitted_size(clip.size, short_side=84)))
    networks = {layer: load_encoder("inception-fid", layer=layer, stage=STAGE) for layer in LAYERS}
    rows = outcomes(name, small, networks["pre-pool2"], {"pre-pool1": networks["pre-pool1"]})
    assert set(rows.loc[rows["found"] != "", "metric"]) == ranked()
    assert surprises(rows).to_dict("records") == []
    assert unseen(rows) == []


def test_an_entry_that_is_wrong_is_found():
    """KID does not see the order of frames, and an entry that says otherwise would be a surprise."""
    rows = outcomes("river", scene(frames=8), encoder(), {}, ["kid"])
    assert surprises(rows).empty
    shuffled = rows[(rows["metric"] == "kid") & (rows["control"] == "shuffle-frames")]
    assert len(surprises(shuffled.assign(expected="worse"))) == 1
