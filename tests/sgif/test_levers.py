"""The levers of a step: each does what it says, alone and together with the others."""

import pytest
import torch

import sgif.trainer as trainer
from sgif.config import override
from sgif.critics import Critic
from sgif.execution import EXACT, Execution, choose_precision, execution_of
from sgif.frames import resize, to_tensor
from sgif.generators import Generator
from sgif.layers import initialise
from sgif.model import GeneratorPyramid
from sgif.noise import draw_noise, seeded
from sgif.presets import LEVERS, PRESETS, resolve
from sgif.pyramid import plan_scales
from sgif.trainer import ScaleTraining, run_scale

ALL = {
    **LEVERS, "speed.crop": 22, "speed.pool": 2, "speed.pool_refresh": 2, "speed.penalty_crop": 0.8,
    "speed.penalty_every": 2, "speed.joint": True,
}  # fmt: skip
CPU = torch.device("cpu")


def train(clip, config, seed=0, how=None):
    """All scales; the pyramid and the log."""
    scales = plan_scales(len(clip), clip.size, config)
    z_star = draw_noise(seeded(seed, 0), len(clip), scales[0].size, coarsest=True, shared=False)
    pyramid, critics, log = GeneratorPyramid(config, scales, z_star), {}, []
    how = how or execution_of(config.speed, choose_precision(config.speed.precision, CPU), CPU)
    for scale in scales:
        training = ScaleTraining(pyramid, scale, resize(to_tensor(clip.frames), scale.size), critics, seed, how)
        critics = run_scale(training, log.append).critics
    return pyramid, log


def weights(pyramid):
    return {f"{i}.{k}": v for i, g in enumerate(pyramid.generators) for k, v in g.state_dict().items()}


def test_the_papers_preset_has_every_lever_off_and_cpu_those_that_pay():
    paper, cpu = resolve("paper", "singan-gif").speed, resolve("cpu", "singan-gif").speed
    assert (paper.crop, paper.pool, paper.penalty_crop, paper.penalty_every) == (None, 0, 1.0, 1)
    assert not (paper.joint or paper.recompute or paper.channels_last)
    assert (paper.precision, paper.penalty_precision) == ("float32", "float32")
    assert set(LEVERS) <= set(PRESETS["cpu"].overrides)
    assert cpu.crop and cpu.pool and cpu.precision == "auto"
    assert (cpu.penalty_crop, cpu.penalty_every, cpu.joint) == (1.0, 1, False)  # these cost more than they save


@pytest.mark.parametrize("key", [*sorted(ALL), "speed.recompute", "speed.channels_last"])
def test_each_lever_alone_trains_every_weight(clip, config, key):
    value = ALL.get(key, True)
    needs = {"speed.pool_refresh": {"speed.pool": 2}, "speed.penalty_precision": {"speed.precision": "bfloat16"}}
    keys = {"optim.iterations": 3, **needs.get(key, {}), key: value}
    pyramid, log = train(clip, override(config, keys))
    before, _ = train(clip, override(config, {**keys, "optim.iterations": 1}))
    assert all(torch.isfinite(v).all() for v in weights(pyramid).values())
    moved = {name.split(".")[0] for name, v in weights(pyramid).items() if not torch.equal(v, weights(before)[name])}
    assert moved == {"0", "1"} and len(log) == 6


def test_the_joint_gradient_is_that_of_the_adversarial_loss_at_the_same_critics(clip, config, monkeypatch):
    """With critics that do not move, one pass for both gives the generator the very gradients of two."""
    config = override(config, {"optim.iterations": 1, "pyramid.scales": 1, "optim.lr_critic": 1e-12})
    separate, a = train(clip, config)
    joint, b = train(clip, override(config, {"speed.joint": True}))
    for name, value in weights(separate).items():
        if "running" not in name:
            torch.testing.assert_close(weights(joint)[name], value, rtol=1e-3, atol=1e-5)
    assert a[0]["adversarial_video"] == pytest.approx(b[0]["adversarial_video"], rel=1e-4)


def test_the_joint_adversarial_gradient_reaches_the_generator(clip, config):
    config = override(config, {"optim.iterations": 2, "pyramid.scales": 1, "speed.joint": True, "losses.colour": 0})
    one, _ = train(clip, config)
    other, _ = train(clip, override(config, {"losses.video": 0.1}))
    key = "0.net.0.0.space.weight"
    assert not torch.equal(weights(one)[key], weights(other)[key])


def test_a_lazy_penalty_comes_every_so_many_iterations_and_weighs_as_much_more(clip, config, monkeypatch):
    taken = []
    monkeypatch.setattr(trainer, "gradient_penalty", lambda critic, points: taken.append(1) or points.sum() * 0 + 1)
    config = override(config, {"optim.iterations": 6, "pyramid.scales": 1, "speed.penalty_every": 3})
    _, log = train(clip, config)
    assert len(taken) == 4  # two critics, iterations 1 and 4
    assert [i for i, line in enumerate(log) if "penalty_video" in line] == [0, 3]
    assert log[0]["penalty_video"] == pytest.approx(3 * config.losses.penalty)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_recomputation_changes_neither_gradients_nor_running_statistics(dimensions):
    results = []
    for how in (EXACT, Execution(recompute=True)):
        critic = Critic(dimensions, 4)
        initialise(critic, seeded(0))
        points = torch.randn(4, 3, 15, 16, generator=seeded(1)).requires_grad_()
        scores = critic(points, how)
        (gradient,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
        (scores.mean() + gradient.square().sum()).backward()
        results.append({k: p.grad for k, p in critic.named_parameters()} | dict(critic.named_buffers()))
    for name, value in results[0].items():
        torch.testing.assert_close(results[1][name], value, rtol=1e-5, atol=1e-7)
    assert results[1]["net.0.1.num_batches_tracked"] == 1


def test_recomputation_leaves_norms_without_running_statistics_without_them():
    results = []
    for how in (EXACT, Execution(recompute=True)):
        generator = Generator(3, 4, norm="instance")
        initialise(generator, seeded(0))
        noisy = torch.randn(4, 3, 24, 26, generator=seeded(1))
        for _ in range(2):
            generator(noisy, torch.zeros(4, 3, 14, 16), how).square().sum().backward()
        results.append({k: p.grad for k, p in generator.named_parameters()})
    for name, value in results[0].items():
        torch.testing.assert_close(results[1][name], value, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_bfloat16_is_near_float32_and_what_comes_out_is_float32(dimensions):
    generator = Generator(dimensions, 8)
    initialise(generator, seeded(0))
    noisy, base = torch.randn(4, 3, 26, 28, generator=seeded(1)), torch.zeros(4, 3, 16, 18)
    exact, rough = generator(noisy, base), generator(noisy, base, Execution(torch.bfloat16))
    assert rough.dtype == torch.float32 and not torch.equal(rough, exact)
    torch.testing.assert_close(rough, exact, rtol=0, atol=0.05 * float(exact.detach().abs().max()))
    rough.square().sum().backward()
    assert all(p.grad.dtype == torch.float32 and torch.isfinite(p.grad).all() for p in generator.parameters())


def test_precision_is_chosen_only_when_asked():
    assert [choose_precision(wanted, CPU) for wanted in ("float32", "bfloat16")] == ["float32", "bfloat16"]
    assert choose_precision("auto", CPU) in ("float32", "bfloat16")


@pytest.mark.parametrize("taken_at", [1, 3, 4])
def test_with_all_levers_a_state_goes_on_to_the_same_weights(clip, config, taken_at):
    """Pool and lazy penalty follow from the iteration, so the state need not hold them."""
    config = override(config, {**ALL, "optim.iterations": 5, "speed.precision": "bfloat16"})
    whole, _ = train(clip, config)

    pyramid, _ = train(clip, config)
    scale = pyramid.scales[1]
    real = resize(to_tensor(clip.frames), scale.size)
    how = execution_of(config.speed, "bfloat16", CPU)
    # The critics of the scale below are not at hand; what matters is that two ways through this scale agree.
    results = []
    for stop in (None, taken_at):
        pyramid.generators, pyramid.amplitudes = pyramid.generators[:1], pyramid.amplitudes[:1]
        training = ScaleTraining(pyramid, scale, real, {}, 0, how)
        if stop:
            for _ in range(stop):
                training.step()
            state = training.state()
            pyramid.generators, pyramid.amplitudes = pyramid.generators[:1], pyramid.amplitudes[:1]
            training = ScaleTraining(pyramid, scale, real, {}, 0, how)
            training.load_state(state)
        run_scale(training, lambda values: None)
        results.append(training.generator.state_dict())
    assert all(torch.equal(results[0][key], results[1][key]) for key in results[0])
    again, _ = train(clip, config)
    assert all(torch.equal(value, weights(again)[key]) for key, value in weights(whole).items())
