"""Timing in turns: the order of turns, what is counted, and that a turn leaves nothing large behind."""

import json
import statistics
import weakref

import pytest
import torch

import sgif.timing
from datasets.errors import InputError
from sgif import forecast
from sgif.config import override
from sgif.critics import Critic
from sgif.execution import EXACT
from sgif.forecast import measure_scale, untrained
from sgif.presets import resolve
from sgif.timing import count_parameters, measure_variants
from sgif.trainer import ScaleTraining

CPU = torch.device("cpu")
CHANGES = {
    "full": {},
    "no-2d-switch": {"model.scales_3d": 99},
    "no-separable": {"model.separable": False},
    "no-image-critic": {"model.image_critic": False},
}
CONFIG = override(
    resolve("smoke", "singan-gif"),
    {
        "pyramid.scales": 2,
        "pyramid.chunk_coarsest": 3,
        "pyramid.chunk_finest": 2,
        "model.scales_3d": 1,
        "model.channels": 4,
        "optim.iterations": "3,2",
        "speed.pool": 2,
    },
)
VARIANTS = [(name, override(CONFIG, changes)) for name, changes in CHANGES.items()]


def timed(variants, **options):
    return measure_variants(variants, 5, (26, 30), CPU, **{"rounds": 2, "steps": 1, **options})


def set_clocks(monkeypatch, clock):
    """Wall and processor time are what `clock[0]` says."""
    monkeypatch.setattr(forecast, "_now", lambda device: clock[0])
    monkeypatch.setattr(forecast.time, "process_time", lambda: clock[0])


@pytest.fixture(scope="module")
def found():
    return timed(VARIANTS, clip="waterfall", rounds=1)


def test_it_is_the_timing_file(found):
    assert json.loads(json.dumps(found)) == found
    expected = {
        "device": "cpu", "threads": torch.get_num_threads(), "precision": "float32", "clock": "processor",
        "clip": "waterfall", "frames": 5, "size": [26, 30], "rounds": 1,
    }  # fmt: skip
    assert {key: found[key] for key in expected} == expected
    assert [scale["size"] for scale in found["scales"]] == [[25, 29], [26, 30]]
    assert list(found["variants"]) == list(CHANGES)
    for variant in found["variants"].values():
        assert set(variant) == {"iterations", "dimensions", "parameters", "seconds"}
        assert variant["iterations"] == [3, 2]
        assert [len(one) for one in variant["seconds"]] == [2]
        assert all(second > 0 for one in variant["seconds"] for second in one)
    dimensions = {name: variant["dimensions"] for name, variant in found["variants"].items()}
    assert dimensions["full"] == [3, 2] and dimensions["no-2d-switch"] == [3, 3]


def test_parameters_are_those_of_the_nets_that_train(found):
    for name, config in VARIANTS:
        pyramid, real = untrained(5, (26, 30), config, CPU)
        critics, counts = {}, {"generator": [], "critics": []}
        for scale in pyramid.scales:
            training = ScaleTraining(pyramid, scale, forecast.resize(real, scale.size), critics, 0)
            counts["generator"].append(sum(p.numel() for p in training.generator.parameters()))
            counts["critics"].append(sum(p.numel() for c in training.critics.values() for p in c.parameters()))
            critics = training.finish().critics
        assert found["variants"][name]["parameters"] == counts == count_parameters(pyramid.scales, config)
    generators = {name: variant["parameters"]["generator"] for name, variant in found["variants"].items()}
    assert generators["no-separable"][0] > generators["full"][0]
    assert generators["no-separable"][1] == generators["full"][1]  # a 2D scale
    critic = sum(p.numel() for p in Critic(2, 4).parameters())
    fewer = found["variants"]["no-image-critic"]["parameters"]["critics"][0]
    assert found["variants"]["full"]["parameters"]["critics"][0] - fewer == critic


def test_variants_take_turns_at_every_scale_of_every_round(monkeypatch):
    called, told, clock = [], [], iter(range(1, 100))
    ends = [VARIANTS[0], VARIANTS[-1]]
    names = {config: name for name, config in ends}

    def record(pyramid, scale, real, critics, how, *, rounds):
        called.append((names[pyramid.config], scale.index, len(pyramid.generators), tuple(critics), rounds))
        _, left = measure_scale(pyramid, scale, real, critics, how, rounds=1)
        return forecast.ScaleForecast(scale, 1, 0.0, float(next(clock)), 0.0), left

    monkeypatch.setattr(sgif.timing, "measure_scale", record)
    found = timed(ends, rounds=2, steps=5, told=told.append)
    # Every round starts without generators and critics, and goes up with those of the scale below.
    both, after = ("image", "video"), {"no-image-critic": ("video",)}
    assert called == [
        (name, scale, scale, after.get(name, both) if scale else (), 5)
        for _ in range(2)
        for scale in range(2)
        for name in names.values()
    ]
    assert [(turn.round, turn.scale.index, turn.variant) for turn in told] == [
        (index, scale, name) for index in range(2) for scale in range(2) for name in names.values()
    ]
    # The clock counted turns: each value stands where its turn was.
    assert found["variants"]["full"]["seconds"] == [[1, 3], [5, 7]]
    assert found["variants"]["no-image-critic"]["seconds"] == [[2, 4], [6, 8]]
    assert [turn.seconds for turn in told] == list(range(1, 9))


@pytest.mark.parametrize(
    ("lengths", "measured"),
    [
        ([8.0, 3.0, 1.0, 9.0], [3.0, 1.0, 9.0]),  # the first warms up
        ([20.0, 30.0, 70.0], [20.0, 30.0, 70.0]),  # the first is long, and counts
    ],
)
def test_a_turn_is_the_median_step(monkeypatch, lengths, measured):
    left, clock = iter(lengths), [0.0]

    def step(self):
        clock[0] += next(left)

    monkeypatch.setattr(ScaleTraining, "step", step)
    set_clocks(monkeypatch, clock)
    config = override(CONFIG, {"speed.pool": 0, "pyramid.scales": 1})
    found = measure_variants([("full", config)], 5, (26, 30), CPU, rounds=1, steps=3)
    assert found["variants"]["full"]["seconds"] == [[statistics.median(measured)]]
    assert next(left, None) is None


def test_time_that_others_took_does_not_count(monkeypatch):
    wall, own = [0.0], [0.0]

    def step(self):
        wall[0], own[0] = wall[0] + 5.0, own[0] + 2.0

    monkeypatch.setattr(ScaleTraining, "step", step)
    monkeypatch.setattr(forecast, "_now", lambda device: wall[0])
    monkeypatch.setattr(forecast.time, "process_time", lambda: own[0])
    config = override(CONFIG, {"speed.pool": 0, "pyramid.scales": 1})
    found = measure_variants([("full", config)], 5, (26, 30), CPU, rounds=1, steps=1)
    assert found["variants"]["full"]["seconds"] == [[2.0]]


def test_the_pools_upkeep_is_part_of_an_iteration(monkeypatch):
    clock = [0.0]

    def pass_time(seconds, result=None):
        clock[0] += seconds
        return result

    monkeypatch.setattr(ScaleTraining, "step", lambda self: pass_time(1.0))
    monkeypatch.setattr(ScaleTraining, "refresh_pool", lambda self: pass_time(8.0, True))
    set_clocks(monkeypatch, clock)
    config = override(CONFIG, {"speed.pool_refresh": 4, "pyramid.scales": 1})
    found = measure_variants([("full", config)], 5, (26, 30), CPU, rounds=1, steps=1)
    assert found["variants"]["full"]["seconds"] == [[1.0 + 8.0 / 4]]


def test_only_one_scale_of_one_variant_is_in_memory(monkeypatch):
    alive, most = weakref.WeakSet(), []
    start = ScaleTraining.__init__

    def counted(self, *arguments):
        start(self, *arguments)
        alive.add(self)
        most.append(len(alive))

    monkeypatch.setattr(ScaleTraining, "__init__", counted)
    timed(VARIANTS[:2])
    assert most == [1] * (2 * 2 * 2)


def test_measuring_a_scale_is_what_plan_does():
    pyramid, real = untrained(5, (26, 30), CONFIG, CPU)
    one, critics = measure_scale(pyramid, pyramid.scales[0], real, {}, EXACT, rounds=1)
    assert one.scale == pyramid.scales[0] and set(critics) == {"image", "video"}
    assert len(pyramid.generators) == 1 and not pyramid.generators[0].training
    assert one.total_seconds == pytest.approx(3 * one.seconds + one.fixed_seconds)


def test_formats_of_all_variants_are_named():
    variants = [("full", CONFIG), ("short", override(CONFIG, {"speed.precision": "bfloat16"}))]
    assert timed(variants, rounds=1)["precision"] == "float32, bfloat16"


def test_what_cannot_be_timed_is_refused_in_one_line():
    for bad, options, message in (
        ([], {}, "at least one variant"),
        ([VARIANTS[0], VARIANTS[0]], {}, "none twice"),
        (VARIANTS, {"rounds": 0}, "at least 1 round"),
        (VARIANTS, {"steps": 0}, "1 step"),
        ([("full", CONFIG), ("other", override(CONFIG, {"pyramid.scales": 1}))], {}, "scales of other and full differ"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            timed(bad, **options)
        assert "\n" not in str(caught.value)


def test_a_killed_measurement_goes_on_where_it_was():
    told = []

    class Killed(Exception):
        pass

    def tell(turn):
        if len(told) == 7:
            raise Killed
        told.append(turn)

    ends = [VARIANTS[0], VARIANTS[1]]
    with pytest.raises(Killed):
        timed(ends, told=tell)  # 2 rounds of 2 scales of 2 variants: killed in the last turn of all
    kept = {(turn.variant, turn.round, turn.scale.index): turn.seconds for turn in told}
    again = []
    found = timed(ends, kept=kept, told=again.append)
    # Round 0 and the coarsest scale of round 1 stand; the scale that was broken off is measured for both variants.
    assert [(turn.round, turn.scale.index, turn.variant) for turn in again] == [(1, 1, "full"), (1, 1, "no-2d-switch")]
    for name, _ in ends:
        assert found["variants"][name]["seconds"][0] == [kept[name, 0, 0], kept[name, 0, 1]]
        assert found["variants"][name]["seconds"][1][0] == kept[name, 1, 0]
    assert found["variants"]["full"]["seconds"][1][1] == again[0].seconds != kept["full", 1, 1]


def test_a_scale_that_goes_on_has_the_nets_of_one_that_did_not_stop(monkeypatch):
    seen = []

    def record(pyramid, scale, real, critics, how, *, rounds):
        shapes = [[tuple(p.shape) for p in net.parameters()] for net in (*pyramid.generators, *critics.values())]
        seen.append((scale.index, shapes, tuple(critics)))
        return measure_scale(pyramid, scale, real, critics, how, rounds=rounds)

    monkeypatch.setattr(sgif.timing, "measure_scale", record)
    found = timed(VARIANTS[:1], rounds=1)
    timed(VARIANTS[:1], rounds=1, kept={("full", 0, 0): found["variants"]["full"]["seconds"][0][0]})
    whole, resumed = seen[:2], seen[2:]
    assert resumed == whole[1:] and resumed[0][1]


def test_a_measurement_whose_turns_are_all_kept_builds_no_net(monkeypatch):
    found = timed(VARIANTS[:1], rounds=1)
    seconds = found["variants"]["full"]["seconds"]
    kept = {("full", 0, level): value for level, value in enumerate(seconds[0])}
    monkeypatch.setattr(sgif.timing, "measure_scale", None)
    monkeypatch.setattr(sgif.timing, "pass_scale", None)
    assert timed(VARIANTS[:1], rounds=1, kept=kept) == found
