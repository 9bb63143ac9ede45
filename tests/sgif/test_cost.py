"""The counted work against torch's own counter, and what is told from it."""

import io
import json

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from sgif.config import Config, override
from sgif.cost import _critic, _generator, iteration_work, relative_costs, training_memory_mb
from sgif.critics import Critic
from sgif.forecast import Speed, calibrate, estimate, measure
from sgif.frames import to_tensor
from sgif.model import GeneratorPyramid, build_generator
from sgif.presets import resolve
from sgif.progress import Progress, duration
from sgif.pyramid import plan_scales
from sgif.trainer import ScaleTraining

CPU = torch.device("cpu")


class Flops(TorchDispatchMode):
    """What torch counts of everything within, gradients of gradients too, which `FlopCounterMode` cannot follow."""

    total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if func._overloadpacket in flop_registry:
            self.total += flop_registry[func._overloadpacket](*args, **(kwargs or {}), out_val=out)
        return out


def counted(call):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        call()
    return counter.get_total_flops()


@pytest.mark.parametrize("index", [0, 5])
@pytest.mark.parametrize("separable", [True, False])
def test_a_generators_pass_is_what_torch_counts(index, separable):
    config = override(Config(), {"model.separable": separable})
    scale = plan_scales(8, (144, 256), config)[index]
    generator = build_generator(scale, config.model)
    reach = 2 * generator.reach
    size = (20, 24)
    noisy, base = torch.zeros(scale.chunk, 3, size[0] + reach, size[1] + reach), torch.zeros(scale.chunk, 3, *size)
    mine, theirs = _generator(scale, *size, config.model).flop, counted(lambda: generator(noisy, base))
    assert mine == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize(("dimensions", "taps"), [(2, 1), (3, 3)])
def test_a_critics_pass_is_what_torch_counts(dimensions, taps):
    scale = plan_scales(8, (144, 256), Config())[4]
    critic = Critic(dimensions, scale.channels)
    mine = _critic(scale, 24, 26, taps, Config().model).flop
    assert mine == pytest.approx(counted(lambda: critic(torch.zeros(scale.chunk, 3, 24, 26))), rel=1e-9)


def test_levers_make_an_iteration_cheaper_and_flat_in_size():
    paper, cpu = Config(), override(Config(), {"speed.crop": 64, "speed.pool": 8, "speed.joint": True})
    scales = plan_scales(8, (168, 298), paper)
    whole, cropped = (iteration_work(scales, len(scales) - 1, config).flop for config in (paper, cpu))
    assert cropped < whole / 8
    assert cropped < 1.3 * iteration_work(scales, len(scales) - 3, cpu).flop


@pytest.mark.parametrize("changes", [{"optim.critic_steps": 3}, {"optim.generator_steps": 3}])
@pytest.mark.parametrize("pool", [0, 4])
def test_more_steps_cost_as_much_more_as_torch_counts(clip, config, changes, pool):
    """The ratio to one step of each, of what torch counts in the forward passes and gradients of a step."""
    config = override(config, {"pyramid.scales": 1, "speed.pool": pool, "speed.penalty_crop": 1.0})
    mine, theirs = [], []
    for variant in (config, override(config, changes)):
        scales = plan_scales(len(clip), clip.size, variant)
        z_star = torch.zeros(len(clip), 3, *scales[0].size)
        training = ScaleTraining(GeneratorPyramid(variant, scales, z_star), scales[0], to_tensor(clip.frames), {}, 0)
        with Flops() as counter:
            training.step()
        theirs.append(counter.total)
        mine.append(iteration_work(scales, 0, variant).flop)
    assert mine[1] / mine[0] == pytest.approx(theirs[1] / theirs[0], rel=0.15)


def test_the_time_left_counts_the_scales_to_come():
    config = override(Config(), {"optim.iterations": 100, "pyramid.short_side": 48})
    scales = plan_scales(8, (48, 85), config)
    costs = relative_costs(scales, config)
    progress = Progress(scales, "run", config, io.StringIO())
    last, first = scales[-1], scales[0]
    assert progress.seconds_left(last, 40, 2.0) == pytest.approx(120)
    expected = 2.0 * 60 + 2.0 * 100 * sum(costs[1:]) / costs[0]
    assert progress.seconds_left(first, 40, 2.0) == pytest.approx(expected) and expected > 320
    progress.update({"scale": 0, "iteration": 40, "reconstruction": 1.0, "seconds": 2.0})
    assert f"about {duration(expected)} left" in progress.stream.getvalue()


@pytest.mark.parametrize(("seconds", "text"), [(7, "7 s"), (600, "10 min"), (9000, "2.5 h"), (86400 * 3, "3.0 days")])
def test_durations_in_words(seconds, text):
    assert duration(seconds) == text


def test_a_measured_forecast_adds_its_scales_up(config):
    config = override(config, {"speed.pool": 2, "speed.penalty_every": 2})
    told = []
    forecast = measure(5, (26, 30), config, CPU, rounds=1, told=told.append)
    assert told == forecast.scales and [s.scale.iterations for s in told] == [3, 2]
    assert all(s.seconds > 0 and s.cpu_seconds > 0 for s in told)
    assert forecast.seconds == pytest.approx(sum(s.seconds * s.scale.iterations + s.fixed_seconds for s in told))
    written = forecast.to_dict()
    assert written["scales"][1]["scale"]["size"] == (26, 30) and written["peak_memory_mb"] > 50


def test_an_estimate_is_work_times_speed(config):
    scales = plan_scales(5, (26, 30), config)
    speed = Speed(flop=1e-9, element=1e-6)
    expected = sum(
        s.iterations * (1e-9 * iteration_work(scales, s.index, config).flop
                        + 1e-6 * iteration_work(scales, s.index, config).elements)
        for s in scales
    )  # fmt: skip
    assert estimate(5, (26, 30), config, speed) == pytest.approx(expected)
    found = calibrate(config, CPU)
    assert found.flop >= 0 and found.element >= 0 and found.flop + found.element > 0


def test_the_command_line_plans(clip, tmp_path, capsys):
    from datasets.clip import save_clip
    from sgif.__main__ import main

    save_clip(tmp_path / "clip.npz", clip)
    threads = torch.get_num_threads()
    keys = ["optim.iterations=5000", "pyramid.short_side=26", "pyramid.scales=2", "model.channels=4"]
    settings = [part for key in keys for part in ("--set", key)]
    main(["plan", str(tmp_path / "clip.npz"), "--preset", "smoke", *settings, "--steps", "1", "--device", "cpu",
          "--threads", str(threads), "--json", str(tmp_path / "plan.json")])  # fmt: skip
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and lines[-1].startswith("whole training: about ") and "CPU seconds" in lines[-1]
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert [s["scale"]["iterations"] for s in plan["scales"]] == [5000, 5000]
    assert plan["cpu_seconds"] > 10_000 * min(s["cpu_seconds"] for s in plan["scales"]) - 1
    assert not list(tmp_path.glob("*.png"))
    with pytest.raises(SystemExit):
        main(["plan", str(tmp_path / "clip.npz"), "--preset", "smoke", "--steps", "0"])
    assert capsys.readouterr().err.startswith("error: argument --steps: 0 is not at least 1")


def test_the_parts_of_sgif_plus_are_counted():
    config = resolve("cpu", "sgif-plus")
    scales = plan_scales(8, (168, 298), config)

    def work(index, **keys):
        changed = override(config, {key.replace("__", "."): value for key, value in keys.items()})
        return iteration_work(scales, index, changed)

    assert work(0, plus__patch_projections=256).relative > 1.1 * work(0).relative
    assert work(0, losses__penalty=1, model__video_critic=True) == work(0)  # no critic there
    assert [scale.index for scale in scales] == [0]  # those above are not trained


@pytest.mark.parametrize(
    ("preset", "method", "frames", "size", "measured"),
    [  # MiB at the end of whole trainings, one thread of a CPU with AMX; the last by `sgif plan`
        ("smoke", "singan-gif", 4, (32, 57), 778),
        ("quick", "singan-gif", 8, (48, 85), 889),
        ("quick", "singan-gif", 32, (48, 85), 1029),
        ("quick", "singan-frames", 8, (48, 85), 798),
        ("cpu", "singan-gif", 8, (168, 298), 1841),
        ("cpu", "singan-frames", 8, (168, 298), 1263),
        ("cpu", "sgif-plus", 8, (168, 298), 801),
        ("paper", "singan-gif", 8, (145, 256), 6040),
    ],
)
def test_memory_is_that_of_real_trainings_within_a_quarter(preset, method, frames, size, measured):
    assert training_memory_mb(frames, size, resolve(preset, method)) == pytest.approx(measured, rel=0.25)
