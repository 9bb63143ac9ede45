"""One scale's training: who gets gradients, what is drawn, what diverging looks like."""

import math

import numpy as np
import pytest
import torch

import sgif.trainer as trainer
from datasets.clip import make_clip
from datasets.errors import InputError
from sgif.config import override
from sgif.frames import resize, to_tensor
from sgif.model import GeneratorPyramid
from sgif.noise import draw_noise, seeded
from sgif.penalty import penalty_points
from sgif.pyramid import plan_scales
from sgif.reconstruction import frame_rmse
from sgif.trainer import ScaleTraining, carry_over, run_scale


def fresh_pyramid(clip, config, seed=0):
    scales = plan_scales(len(clip), clip.size, config)
    z_star = draw_noise(seeded(seed, 0), len(clip), scales[0].size, coarsest=True, shared=False)
    return GeneratorPyramid(config, scales, z_star)


def train(clip, config, seed=0):
    pyramid, results, log, critics = fresh_pyramid(clip, config, seed), [], [], {}
    for scale in pyramid.scales:
        results.append(run_scale(start(pyramid, scale, clip, critics, seed), log.append))
        critics = results[-1].critics
    return pyramid, results, log


def start(pyramid, scale, clip, critics=None, seed=0):
    return ScaleTraining(pyramid, scale, resize(to_tensor(clip.frames), scale.size), critics or {}, seed)


def test_every_loss_of_the_paper_is_there_at_every_scale(clip, config):
    _, results, log = train(clip, config)
    assert len(results) == 2
    expected = {"scale", "iteration", "seconds", "reconstruction", "colour"}
    for name in ("image", "video"):
        expected |= {f"{what}_{name}" for what in ("critic", "penalty", "adversarial")}
    assert all(set(line) == expected for line in log)
    assert [(line["scale"], line["iteration"]) for line in log] == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2)]


def test_the_reconstruction_loss_is_minimised(clip, config):
    changes = {"optim.iterations": 100, "pyramid.scales": 1, "model.channels": 8, "optim.lr_generator": 0.02}
    config = override(config, changes)
    _, _, log = train(clip, config)
    first, last = (sum(line["reconstruction"] for line in part) for part in (log[:5], log[-5:]))
    assert last < 0.7 * first


def test_frozen_scales_do_not_change_and_only_the_trained_generator_gets_gradients(clip, config):
    pyramid = fresh_pyramid(clip, config)
    run_scale(start(pyramid, pyramid.scales[0], clip), lambda values: None)
    before = {k: v.clone() for k, v in pyramid.generators[0].state_dict().items()}
    start(pyramid, pyramid.scales[1], clip).step()
    after = pyramid.generators[0].state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert all(p.grad is None and not p.requires_grad for p in pyramid.generators[0].parameters())
    assert any(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in pyramid.generators[1].parameters())


@pytest.mark.parametrize("silenced", ["adversarial_loss", "colour_statistics_loss", "reconstruction_loss"])
def test_every_term_moves_the_generator(clip, config, monkeypatch, silenced):
    """Fails if a term is detached on its way: then cutting its graph by hand would change nothing."""
    config = override(config, {"optim.iterations": 2, "pyramid.scales": 1})
    whole, _, _ = train(clip, config)
    term = getattr(trainer, silenced)
    monkeypatch.setattr(trainer, silenced, lambda *arguments: term(*arguments).detach())
    cut, _, _ = train(clip, config)
    a, b = (p.generators[0].state_dict() for p in (whole, cut))
    assert any(not torch.equal(a[k], b[k]) for k in a if k.endswith("weight"))


def test_the_critics_part_real_from_fake(clip, config):
    """With a frozen generator the critics' loss must fall: fakes are scored below reals."""
    config = override(config, {"optim.iterations": 40, "pyramid.scales": 1, "optim.lr_generator": 1e-7})
    _, _, log = train(clip, config)
    for name in ("critic_image", "critic_video"):
        assert sum(line[name] for line in log[-5:]) / 5 < log[0][name] - 0.01


def test_same_seed_same_weights_another_seed_others(clip, config):
    a, b, c = (train(clip, config, seed)[0].generators[1].state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert any(not torch.equal(a[k], c[k]) for k in a)


def test_z_opt_of_a_window_is_cut_from_the_noise_of_the_whole_clip(config):
    """Section 3.2: one noise map for 32 frames. Frames that no end of a window reaches come out as from the whole."""
    frames = np.random.default_rng(0).integers(0, 256, (32, 26, 30, 3), dtype=np.uint8)
    changes = {"pyramid.frames": 32, "pyramid.scales": 1, "pyramid.chunk_coarsest": 16, "pyramid.chunk_finest": 16}
    pyramid, _, _ = train(make_clip(frames), override(config, {**changes, "optim.lr_generator": 0.05}))
    whole = pyramid.reconstruct(scales=1)
    reach = 5  # frames to either side, of five layers
    for first in (0, 7, 16):
        part = pyramid.reconstruct(scales=1, start=first, frames=16)
        inner = slice(0 if first == 0 else reach, 16 if first == 16 else 16 - reach)
        torch.testing.assert_close(part[inner], whole[first : first + 16][inner], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(whole[:16], whole[16:], rtol=1e-3, atol=1e-4)  # else any window would do


def test_an_iteration_takes_the_steps_that_the_config_says_each_on_a_sample_of_its_own(clip, config, monkeypatch):
    fakes = {"critic": [], "generator": []}
    fake_of, colour = ScaleTraining._fake, trainer.colour_statistics_loss
    wasserstein, made = trainer.wasserstein_loss, []

    def watch_fake(self, window, crop):
        base, fake = fake_of(self, window, crop)
        made.append(fake.detach().clone())
        return base, fake

    def watch_critic(scores, real_scores):
        fakes["critic"].append(len(made))
        return wasserstein(scores, real_scores)

    def watch_generator(fake, real):
        fakes["generator"].append(len(made))
        assert torch.equal(fake.detach(), made[-1]) and fake.requires_grad
        return colour(fake, real)

    monkeypatch.setattr(ScaleTraining, "_fake", watch_fake)
    monkeypatch.setattr(trainer, "wasserstein_loss", watch_critic)
    monkeypatch.setattr(trainer, "colour_statistics_loss", watch_generator)
    config = override(config, {"pyramid.scales": 1, "optim.critic_steps": 2, "optim.generator_steps": 3})
    pyramid = fresh_pyramid(clip, config)
    training = start(pyramid, pyramid.scales[0], clip)
    for _ in range(2):
        training.step()
    assert fakes["critic"] == [1, 1, 2, 2, 5, 5, 6, 6]  # two critics; number of the sample that each step looks at
    assert fakes["generator"] == [2, 3, 4, 6, 7, 8]  # the first of an iteration shares the critics' last
    assert all(not torch.equal(a, b) for i, a in enumerate(made) for b in made[:i])
    assert [int(optimiser.state_dict()["state"][0]["step"]) for optimiser in training.optimisers.values()] == [6, 4, 4]


def test_a_patch_scale_draws_no_samples_for_critics_that_it_has_not(clip, config):
    keys = {"pyramid.scales": 1, "plus.patch_scales": 1, "plus.patch_sizes": "3"}
    trained = [train(clip, override(config, {**keys, "optim.critic_steps": steps}))[0] for steps in (1, 3)]
    a, b = (pyramid.generators[0].state_dict() for pyramid in trained)
    assert all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("decay", [0.5, 0.9])
def test_a_scale_keeps_the_mean_of_its_weights(clip, config, decay):
    """Plain at first, exponential once 1 / n falls below 1 - decay; computed again from the weights of every step."""
    config = override(config, {"pyramid.scales": 1, "optim.iterations": 6, "optim.average": decay})
    pyramid = fresh_pyramid(clip, config)
    training, weights = start(pyramid, pyramid.scales[0], clip), []
    for _ in range(6):
        training.step()
        weights.append({key: value.detach().clone() for key, value in training.generator.named_parameters()})
    training.finish()
    for key, value in pyramid.generators[0].named_parameters():
        mean = weights[0][key].double()
        for n, after in enumerate(weights[1:], 2):
            share = max(1 - decay, 1 / n)
            mean = (1 - share) * mean + share * after[key].double()
        torch.testing.assert_close(value.double(), mean, rtol=1e-4, atol=1e-6)
        assert not torch.equal(value, weights[-1][key])


def test_the_norms_of_mean_weights_have_statistics_of_their_own(clip, config):
    """Means over frames and passes of what the first convolution puts out, computed again; momenta are as they were."""
    keys = {"pyramid.scales": 1, "pyramid.chunk_coarsest": 5, "optim.iterations": 4, "optim.average": 0.9}
    pyramid = fresh_pyramid(clip, override(config, keys))
    training, seen = start(pyramid, pyramid.scales[0], clip), []
    for _ in range(4):
        training.step()
    convolution, norm = pyramid.generators[0].net[0][0], pyramid.generators[0].net[0][1]
    hook = norm.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].mean(dim=(0, 2, 3))))
    training.finish()
    hook.remove()
    del seen[2 * trainer.NORM_SAMPLES :]  # the last pass is the frozen net's own reconstruction
    torch.testing.assert_close(norm.running_mean, torch.stack(seen).mean(0), rtol=1e-4, atol=1e-6)
    assert norm.momentum == 0.1 and not convolution.training
    whole = pyramid.reconstruct(scales=1)
    pyramid.generators[0].train()
    # One clip in all windows, so the net by its running statistics is near the net by those of what it sees.
    assert float((pyramid.reconstruct(scales=1) - whole).abs().mean()) < 0.1


def test_the_mean_of_the_weights_leaves_the_steps_of_its_scale_alone(clip, config):
    config = override(config, {"pyramid.scales": 1, "optim.iterations": 4})
    pyramids = [fresh_pyramid(clip, override(config, {"optim.average": decay})) for decay in (0, 0.9)]
    trainings = [start(pyramid, pyramid.scales[0], clip) for pyramid in pyramids]
    for training in trainings:
        for _ in range(4):
            training.step()
    a, b = (training.generator.state_dict() for training in trainings)
    assert all(torch.equal(a[key], b[key]) for key in a)
    assert not any(key.startswith("average") for key in trainings[0].state())


def test_a_step_reconstructs_the_frames_that_it_looks_at(clip, config, monkeypatch):
    """The window of z*, of the anchor and of the real clip is one and the same."""
    pyramid = fresh_pyramid(clip, override(config, {"pyramid.scales": 1}))
    training, seen = start(pyramid, pyramid.scales[0], clip), []
    real = training.real
    refine = GeneratorPyramid.refine

    def watch(self, index, base, noise, *more):
        seen.append(noise)
        return refine(self, index, base, noise, *more)

    def compare(reconstruction, target, kind):
        starts = [s for s in range(3) if torch.equal(real[s : s + 3], target)]
        assert starts and any(torch.equal(seen[-1], pyramid.z_star[s : s + 3]) for s in starts)
        return (reconstruction - target).abs().mean()

    monkeypatch.setattr(GeneratorPyramid, "refine", watch)
    monkeypatch.setattr(trainer, "reconstruction_loss", compare)
    for _ in range(6):
        training.step()
    assert len(seen) == 12  # a fake and a reconstruction a step


STEPS_AND_MEAN = {"optim.critic_steps": 2, "optim.generator_steps": 2, "optim.average": 0.7}


@pytest.mark.parametrize("keys", [{}, STEPS_AND_MEAN], ids=["one step each", "two steps each, averaged"])
@pytest.mark.parametrize("taken_at", [1, 3, 4, 5])
def test_a_state_taken_anywhere_goes_on_to_the_same_weights(clip, config, taken_at, keys):
    """Iteration 4 of 5 is where the rate falls; optimisers, running statistics and the random stream must be there."""
    config = override(config, {"optim.iterations": 5, "pyramid.scales": 1, **keys})
    whole, _, _ = train(clip, config)

    pyramid = fresh_pyramid(clip, config)
    first = start(pyramid, pyramid.scales[0], clip)
    for _ in range(taken_at):
        first.step()
    state = first.state()
    first.step()  # what comes after must not reach back into the state

    pyramid = fresh_pyramid(clip, config)
    second = start(pyramid, pyramid.scales[0], clip)
    second.load_state(state)
    run_scale(second, lambda values: None)
    a, b = (p.generators[0].state_dict() for p in (whole, pyramid))
    assert all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize(
    "missing",
    [
        "iteration",
        "rng",
        "generator.net.0.0.space.weight",
        "optimiser_generator.0.step",
        "average.net.0.0.space.weight",
    ],
)
def test_a_state_that_lacks_something_is_refused(clip, config, missing):
    config = override(config, {"optim.average": 0.5})
    pyramid = fresh_pyramid(clip, config)
    training = start(pyramid, pyramid.scales[0], clip)
    training.step()
    state = training.state()
    state = {key: value for key, value in state.items() if not key.startswith(missing)}
    with pytest.raises(KeyError):
        training.load_state(state)


def test_the_amplitude_is_a_tenth_of_the_rmse_averaged_over_frames(clip, config):
    pyramid, results, _ = train(clip, config)
    assert results[0].amplitude == 1
    finer = pyramid.scales[1].size
    anchor = resize(pyramid.reconstruct(scales=1), finer)
    real = resize(to_tensor(clip.frames), finer)
    by_hand = sum(math.sqrt(float((anchor[t] - real[t]).square().mean())) for t in range(len(real))) / len(real)
    assert frame_rmse(anchor, real) == pytest.approx(by_hand, rel=1e-5)
    assert results[1].amplitude == pytest.approx(0.1 * by_hand, rel=1e-4)


def test_weights_are_carried_over_only_where_all_shapes_agree():
    small, large, other = (torch.nn.Conv2d(3, width, 3) for width in (4, 5, 4))
    assert not carry_over(small, large)
    assert carry_over(small, other) and torch.equal(small.weight, other.weight)


def test_noise_is_one_map_a_clip_in_2d_scales_and_one_a_frame_in_3d(clip, config):
    pyramid = fresh_pyramid(clip, config)
    assert pyramid.noise(0, 5, (9, 9), seeded(0)).shape == (5, 3, 9, 9)
    assert pyramid.noise(1, 5, (9, 9), seeded(0)).shape == (1, 3, 9, 9)
    coarsest = pyramid.noise(0, 5, (9, 9), seeded(0))
    assert torch.equal(coarsest[:, 0], coarsest[:, 2])  # one channel, copied


def test_penalty_points_lie_between_real_and_fake(config):
    real, fake = torch.zeros(2, 3, 26, 30), torch.ones(2, 3, 26, 30)
    whole = override(config, {"speed.penalty_crop": 1})
    values = {float(penalty_points(real, fake, whole, seeded(i)).unique().item()) for i in range(8)}
    assert len(values) == 8 and all(0 <= v <= 1 for v in values)  # one mixing weight a step
    at_samples = override(whole, {"losses.penalty_at": "samples"})
    assert torch.equal(penalty_points(real, fake, at_samples, seeded(0)), fake)
    assert penalty_points(real, fake, config, seeded(0)).shape == (2, 3, 15, 15)


def test_diverged_losses_stop_the_run_in_one_line(clip, config):
    config = override(config, {"losses.reconstruction": 1e38, "optim.iterations": 6, "optim.lr_generator": 0.9})
    with pytest.raises(InputError, match=r"scale 0, iteration \d+: \w+ is not finite; try a lower"):
        train(clip, override(config, {"losses.colour": 1e39}))
