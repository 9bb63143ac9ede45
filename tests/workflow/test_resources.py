"""What a training asks of a scheduler."""

import json

import pytest

from sgif.presets import resolve
from workflow.code import HOME
from workflow.plan import Plan
from workflow.protocols import NAMES
from workflow.resources import training_request, training_seconds

QUICK = resolve("quick", "singan-gif")
SIZE = 8, (48, 85)


def request(**changed):
    return training_request(*SIZE, QUICK, **{"threads": 1, "gpu": False, **changed})


def test_each_attempt_asks_for_more():
    first, second, third = (request(attempt=n) for n in (1, 2, 3))
    assert first.mem_mb < second.mem_mb < third.mem_mb
    assert second.runtime >= 2 * first.runtime - 1 and third.runtime > second.runtime


def test_threads_and_gpus_shorten_it_and_change_no_memory():
    seconds = {n: training_seconds(*SIZE, QUICK, threads=n, gpu=False) for n in (1, 2, 4)}
    assert seconds[1] > seconds[2] > seconds[4] > seconds[1] / 4
    assert training_seconds(*SIZE, QUICK, threads=1, gpu=True) < seconds[4]
    assert request(gpu=True).mem_mb == request().mem_mb


def test_twice_the_iterations_take_twice_the_time():
    longer = resolve("quick", "singan-gif", {"optim.iterations": (620,)})
    once, twice = (training_seconds(*SIZE, config, threads=1, gpu=False) for config in (QUICK, longer))
    assert twice == pytest.approx(2 * once)


def test_every_training_of_every_protocol_can_ask():
    plan = Plan(HOME, {}, {})
    for root, protocol in plan.protocols.items():
        for clip in protocol.clips:
            for method in (*protocol.trained, *protocol.variants):
                asked = plan.training_request(root, clip, method, 1)
                assert 1000 <= asked.mem_mb < 64_000 and asked.runtime >= 10, (root, clip, method)
    assert len(plan.protocols) == len(NAMES)


@pytest.mark.slow
def test_smoke_takes_no_more_than_was_asked_for(smoke):
    results, _ = smoke
    plan = Plan(HOME, {}, {})
    for method in ("singan-gif", "singan-frames"):
        used = json.loads((results / "runs" / "waterfall" / method / "0" / "timings.json").read_text())
        asked = plan.training_request("results/smoke", "waterfall", method, 1)
        assert used["peak_memory_mb"] * 2**20 / 1e6 < asked.mem_mb
        assert used["seconds"] < asked.runtime * 60
