"""Details out of the clip: what a copy becomes, where pixels come from, sizes and lengths, seeds."""

import pytest
import torch
from scipy.ndimage import gaussian_filter

import sgif.retrieval
from datasets.clip import make_clip
from datasets.errors import InputError
from sgif.assignment import assigned_places
from sgif.config import Config, PlusConfig, override
from sgif.frames import resize, to_frames
from sgif.model import GeneratorPyramid
from sgif.noise import seeded
from sgif.presets import resolve
from sgif.pyramid import plan_scales, scale_sizes
from sgif.retrieval import Retrieval, moved_up, retrieval_of, softened, vote
from sgif.run import load_run, train
from sgif.sampler import sample
from sgif.trainer import ScaleTraining

SIZES = [(14, 20), (28, 40), (56, 80)]


def clip(seed, frames=4, size=(56, 80)):
    return resize(torch.randn(frames, 3, size[0] // 4, size[1] // 4, generator=seeded(seed)), size).clamp(-1, 1)


def own(frames, height, width):
    return torch.stack(torch.meshgrid(*(torch.arange(n) for n in (frames, height, width)), indexing="ij"))


def test_with_nothing_forbidden_the_clip_becomes_itself():
    real = clip(0)
    retrieval = Retrieval(real, SIZES, PlusConfig(apart=0, soften=0))
    torch.testing.assert_close(retrieval.add(resize(real, SIZES[0]), SIZES[-1], seeded(0)), real)


def test_with_its_own_places_forbidden_it_does_not():
    real = clip(0)
    retrieval = Retrieval(real, SIZES, PlusConfig())
    assert (retrieval.add(resize(real, SIZES[0]), SIZES[-1], seeded(0)) - real).abs().mean() > 0.1


def test_a_layout_gets_the_colours_of_the_clip():
    """Every pixel is a mean of the clip's, so beyond its range there is nothing."""
    real, layout = clip(1) * 0.3, resize(clip(2), SIZES[0])
    video = Retrieval(real, SIZES, PlusConfig()).add(layout, SIZES[-1], seeded(0))
    assert real.min() <= video.min() and video.max() <= real.max()


def test_what_is_dark_stays_dark():
    """Left black and right white in the layout, the other way round in the clip."""
    real = torch.full((4, 3, 56, 80), 0.8) + 0.1 * clip(3)
    real[..., 40:] = -0.8 + 0.1 * clip(3)[..., 40:]
    layout = resize(real.flip(3), SIZES[0])
    video = Retrieval(real, SIZES, PlusConfig(apart=0)).add(layout, SIZES[-1], seeded(0))
    assert video[..., :30].mean() < -0.6 and video[..., 50:].mean() > 0.6


@pytest.mark.parametrize(("frames", "size"), [(1, (56, 80)), (9, (56, 160)), (3, (30, 50))])
def test_any_size_and_length(frames, size):
    retrieval = Retrieval(clip(0), SIZES, PlusConfig())
    layout = resize(clip(4, frames), retrieval.level_sizes(size)[0])
    assert retrieval.add(layout, size, seeded(0)).shape == (frames, 3, *size)


def test_a_sample_does_not_depend_on_those_before_it():
    layout = resize(clip(2), SIZES[0])
    fresh, used = (Retrieval(clip(0), SIZES, PlusConfig()) for _ in range(2))
    used.add(resize(clip(5), SIZES[0]), SIZES[-1], seeded(9))
    assert torch.equal(fresh.add(layout, SIZES[-1], seeded(1)), used.add(layout, SIZES[-1], seeded(1)))


def bands(height, dark):
    """A clip that is dark above and bright below, as many rows as asked for of each, with some texture."""
    video = 0.1 * clip(6, size=(height, 80))
    video[:, :, :dark] -= 0.6
    video[:, :, dark:] += 0.6
    return video


def test_dealt_samples_have_the_clips_shares_of_its_materials():
    """The layout has twice as much of the dark as the clip: 28 rows of 56 in place of 14."""
    real, layout = bands(56, 14), resize(bands(56, 28), SIZES[0])
    dark = {}
    for dealt in (False, True):
        video = Retrieval(real, SIZES, PlusConfig(dealt=dealt)).add(layout, SIZES[-1], seeded(0))
        dark[dealt] = float((video.mean(1) < 0).float().mean())
    assert dark[False] > 0.45
    assert dark[True] == pytest.approx(0.25, abs=0.06)


def test_a_slow_sample_is_dealt_the_moment_that_it_shows(monkeypatch):
    asked = []

    def record(index, video, apart=0, *, moments=None):
        asked.append(moments)
        return assigned_places(index, video, apart, moments=moments)

    monkeypatch.setattr(sgif.retrieval, "assigned_places", record)
    retrieval = Retrieval(clip(0), SIZES, PlusConfig(dealt=True, settle=(0,)))
    retrieval.add(resize(clip(1, frames=8), SIZES[0]), SIZES[-1], seeded(0), rate=2)
    retrieval.add(resize(clip(1, frames=6), SIZES[0]), SIZES[-1], seeded(0))
    assert asked == [[0, 0, 1, 1, 2, 2, 3, 3], [0, 1, 2, 3, 0, 1]]


def test_softening_is_scipys_gaussian():
    video = clip(8, 2, (16, 20))
    expected = gaussian_filter(video.double().numpy(), (0, 0, 0.7, 0.7), mode="nearest", radius=(0, 0, 3, 3))
    torch.testing.assert_close(softened(video, 0.7).double(), torch.from_numpy(expected), rtol=1e-5, atol=1e-6)
    assert softened(video, 0) is video


def test_the_vote_of_own_places_is_the_clip():
    real = clip(0)
    torch.testing.assert_close(vote(own(4, 56, 80), real, 3, 3), real)


def test_a_vote_is_the_mean_of_what_the_patches_around_say():
    real, places = (
        clip(0, 2, (8, 8)),
        torch.stack([torch.randint(n, (2, 8, 8), generator=seeded(n)) for n in (2, 8, 8)]),
    )
    places[1:] = places[1:].clamp(1, 6)  # every patch lies within the clip
    found = vote(places, real, 3, 1)
    y, x = 4, 5
    said = []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            t, row, column = places[:, 1, y - down, x - right]
            said.append(real[t, :, row + down, column + right])
    torch.testing.assert_close(found[1, :, y, x], torch.stack(said).mean(0))


@pytest.mark.parametrize("size", [(28, 40), (33, 47), (28, 80)])
def test_own_places_stay_own_places_when_they_move_up(size):
    """In a video of the clip's proportions; in a wider one the step between pixels is that of the video."""
    places = own(2, 14, 40 if size[1] == 80 else 20)
    places[2] = places[2].clamp(max=19)
    moved = moved_up(places, (14, 20), size, (size[0], 40 if size[1] == 80 else size[1]))
    expected = own(2, *size)
    assert torch.equal(moved[:2], expected[:2])
    assert torch.equal(moved[2][..., : min(40, size[1])], expected[2][..., : min(40, size[1])])


def test_a_shift_grows_with_the_size():
    places = own(1, 14, 20)
    places[2] = (places[2] + 3).clamp(max=19)
    moved = moved_up(places, (14, 20), (28, 40), (28, 40))
    assert torch.equal(moved[2][..., :30], own(1, 28, 40)[2][..., :30] + 6)


def test_only_the_scales_with_a_generator_are_planned():
    config = resolve("cpu", "sgif-plus")
    assert [s.size for s in plan_scales(8, (56, 80), config)] == scale_sizes((56, 80), config.pyramid)[:1]
    assert retrieval_of(clip(0), config).sizes == scale_sizes((56, 80), config.pyramid)
    assert retrieval_of(clip(0), Config()) is None


def test_noise_beyond_the_border_moves_the_border_and_only_that():
    config = override(
        resolve("smoke", "sgif-plus"), {"model.channels": 4, "plus.border_noise": (0.5, 1.0), "plus.retrieval": False}
    )
    real = clip(0, 3, (32, 44))
    scale = plan_scales(3, (32, 44), override(config, {"pyramid.scales": 1}))[0]
    pyramid = GeneratorPyramid(config, [scale], torch.zeros(3, 3, *scale.size))
    ScaleTraining(pyramid, scale, real, {}, 0)
    pyramid.freeze()
    noise = pyramid.noise(0, 3, scale.size, seeded(1))
    reach = pyramid.generators[0].reach
    assert noise.shape[-2:] == (32 + 2 * reach, 44 + 2 * reach)
    base = torch.zeros(3, 3, 32, 44)
    wide = pyramid.refine(0, base, noise)
    narrow = pyramid.refine(0, base, noise[..., reach:-reach, reach:-reach])
    inner = (..., slice(reach, -reach), slice(reach, -reach))
    torch.testing.assert_close(wide[inner], narrow[inner])
    assert not torch.allclose(wide, narrow)


def test_a_run_is_trained_read_again_and_sampled(tmp_path):
    config = override(resolve("smoke", "sgif-plus"), {"model.channels": 4, "optim.iterations": 3})
    real = make_clip(to_frames(clip(6, 4, (32, 44))), id="six")
    whole = train(real, config, tmp_path / "run", method="sgif-plus", preset="smoke")
    assert sorted(p.name for p in (tmp_path / "run").glob("*.safetensors")) == ["scale_00.safetensors"]
    read = load_run(tmp_path / "run")
    first, second = sample(whole, 3, 1), sample(read, 3, 1)
    assert first.size == real.size and len(first) == 4 and first.sha256 == second.sha256
    assert sample(read, 3, 2).sha256 != first.sha256
    wide = sample(read, 3, 1, size=(32, 88), frames=7)
    assert wide.size == (32, 88) and len(wide) == 7
    with pytest.raises(
        InputError, match=r"--size 11x44: the coarsest level would be 5x\d+, and may not be smaller than 6 pixels"
    ):
        sample(read, 3, 1, size=(11, 44))


def test_gradients_of_the_layout_are_cut():
    """Adam divides by the gradients' size, so it is the moments that show it."""
    moments = []
    for clip_norm in (None, 1e-3):
        config = override(resolve("smoke", "sgif-plus"), {"model.channels": 4, "plus.patch_clip": clip_norm})
        scale = plan_scales(4, (32, 44), config)[0]
        pyramid = GeneratorPyramid(config, [scale], torch.randn(4, 3, *scale.size, generator=seeded(0)))
        training = ScaleTraining(pyramid, scale, resize(clip(7, 4, (32, 44)), scale.size), {}, 0)
        training.step()
        state = training.optimisers["generator"].state.values()
        moments.append(sum(float(m["exp_avg"].square().sum()) for m in state) ** 0.5)
    assert moments[1] == pytest.approx(1e-3 * (1 - config.optim.beta1), rel=1e-3) and moments[0] > 100 * moments[1]
