"""What `sgif-plus` hands its generators; that it learns from it and resumes; that the paper keeps none of it."""

import pytest
import torch

from sgif.config import override
from sgif.drafts import Drafts
from sgif.execution import EXACT
from sgif.frames import resize, to_tensor
from sgif.model import GeneratorPyramid
from sgif.noise import draw_noise, seeded
from sgif.presets import resolve
from sgif.pyramid import plan_scales
from sgif.trainer import ScaleTraining, run_scale


@pytest.fixture
def plus():
    """sgif-plus, as small as a test can have it."""
    keys = {"pyramid.short_side": 26, "pyramid.long_side": None, "model.channels": 4, "optim.iterations": "4,4"}
    keys |= {"plus.patch_projections": 4, "speed.crop": None, "speed.precision": "float32", "pyramid.scales": 2}
    return resolve("cpu", "sgif-plus", keys)


def fresh(clip, config):
    scales = plan_scales(len(clip), clip.size, config)
    noise = draw_noise(seeded(0), len(clip), scales[0].size, coarsest=True, shared=False, still=config.plus.still_noise)
    return GeneratorPyramid(config, scales, noise)


def start(pyramid, index, clip, critics=None):
    scale = pyramid.scales[index]
    return ScaleTraining(pyramid, scale, resize(to_tensor(clip.frames), scale.size), critics or {}, 0)


def second(clip, config):
    pyramid = fresh(clip, config)
    trained = run_scale(start(pyramid, 0, clip), lambda values: None)
    return pyramid, start(pyramid, 1, clip, trained.critics)


def test_the_coarsest_scale_learns_from_patches_and_has_no_critic(clip, plus):
    pyramid = fresh(clip, plus)
    training = start(pyramid, 0, clip)
    assert set(training.step()) == {"patches", "reconstruction"} and training.critics == {}


def test_finer_scales_have_one_critic_of_three_frames(clip, plus):
    _, training = second(clip, plus)
    assert set(training.critics) == {"image"}
    assert next(training.critics["image"].parameters()).shape[1] == 9


def test_guided_steps_compare_with_the_clip_and_others_with_their_match(clip, plus):
    _, training = second(clip, plus)
    seen = [set(training.step()) for _ in range(12)]
    critic = {"critic_image", "penalty_image", "adversarial_image"}
    assert all(names in ({*critic, "reconstruction"}, {*critic, "match"}) for names in seen)
    assert {*critic, "reconstruction"} in seen and {*critic, "match"} in seen


def test_guided_drafts_lie_between_the_reconstruction_and_the_blurred_clip(clip, plus):
    _, training = second(clip, override(plus, {"plus.guided": 1.0}))
    drafts, window = training.drafts, slice(0, training.scale.chunk)
    ideal = resize(drafts.coarse[window], training.scale.size)
    anchor, rng = training.anchor[window], seeded(3)
    shares = []
    for iteration in range(1, 60):
        draft = drafts.draw(window, iteration, rng)
        assert draft.guided and torch.equal(draft.target, training.real[window]) and 0 <= draft.strength <= 1
        share = ((draft.base - anchor) * (ideal - anchor)).sum() / (ideal - anchor).square().sum()
        torch.testing.assert_close(draft.base, (1 - share) * anchor + share * ideal, atol=1e-4, rtol=1e-3)
        shares.append(float(share))
    assert min(shares) == pytest.approx(0, abs=1e-4) and max(shares) > 0.5
    assert 15 < sum(share < 1e-4 for share in shares) < 45  # half of them


def test_a_method_without_guidance_gets_plain_samples(clip, config):
    pyramid = fresh(clip, config)
    run_scale(start(pyramid, 0, clip), lambda values: None)
    training = start(pyramid, 1, clip)
    draft = training.drafts.draw(slice(0, 2), 1, seeded(1))
    below = pyramid.generate(2, seeded(1), scales=1)
    assert draft.target is None and draft.strength == 1
    torch.testing.assert_close(draft.base, resize(below, training.scale.size))


def test_a_match_reaches_the_generator(clip, plus):
    _, training = second(clip, override(plus, {"plus.guided": 0.0, "losses.image": 0.0, "plus.match": 3.0}))
    before = [p.clone() for p in training.generator.parameters()]
    training.step()
    assert any(not torch.equal(a, b) for a, b in zip(before, training.generator.parameters(), strict=True))


def test_still_noise_lasts(clip):
    noise = draw_noise(seeded(0), 400, (6, 6), coarsest=True, shared=False, still=0.75)
    mean = noise.mean(0)
    assert float(noise.var()) == pytest.approx(1, rel=0.25)
    assert float((noise - mean).var()) == pytest.approx(0.25, rel=0.05)


def test_a_state_goes_on_to_the_same_weights(clip, plus):
    _, training = second(clip, plus)
    for _ in range(2):
        training.step()
    state = training.state()
    for _ in range(2):
        training.step()
    _, resumed = second(clip, plus)
    resumed.load_state(state)
    for _ in range(2):
        resumed.step()
    for a, b in zip(training.generator.parameters(), resumed.generator.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_paper_method_has_none_of_it():
    config = resolve("paper", "singan-gif")
    plus = config.plus
    assert (plus.patch_scales, plus.still_noise, plus.guided, plus.match) == (0, 0, 0, 0)
    assert config.model.generator_norm == "same" and config.model.critic_neighbours == 0


def test_drafts_need_no_pool(clip, config):
    config = override(config, {"plus.guided": 0.5, "speed.pool": 0})
    pyramid = fresh(clip, config)
    run_scale(start(pyramid, 0, clip), lambda values: None)
    scale = pyramid.scales[1]
    real = resize(to_tensor(clip.frames), scale.size)
    drafts = Drafts(pyramid, scale, real, torch.zeros_like(real), 0, EXACT)
    kinds = {drafts.draw(slice(0, 2), n, seeded(n)).guided for n in range(1, 20)}
    assert kinds == {True, False}
