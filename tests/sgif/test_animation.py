"""Motion transfer: what moves, whose colours it has, seeds, sizes, refusals."""

import numpy as np
import pytest
import torch

from datasets.clip import make_clip
from datasets.errors import InputError
from sgif.apps.animation import _with_palette, animated, gallery
from sgif.config import override
from sgif.noise import seeded
from sgif.presets import resolve
from sgif.run import train

SIZE = (32, 44)


def moving_clip(frames=5):
    """Waves that go to the right below a sky that stands still."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    rng = np.random.default_rng(0)
    sky = np.stack([80 + 2 * y, 120 + y, 220 - y], -1) + rng.integers(-4, 4, (*SIZE, 3))
    water = [
        np.stack([40 + 30 * np.sin((x - 2 * t) / 3), 90 + 30 * np.sin((x - 2 * t) / 3 + y), 60 + y], -1)
        for t in range(frames)
    ]
    return make_clip(np.stack([np.where((y < 16)[..., None], sky, each) for each in water]).astype(np.uint8))


@pytest.fixture(scope="module")
def plus(tmp_path_factory):
    config = override(resolve("smoke", "sgif-plus"), {"model.channels": 4, "optim.iterations": 2})
    return train(moving_clip(), config, tmp_path_factory.mktemp("plus"), method="sgif-plus", preset="smoke")


@pytest.fixture(scope="module")
def gan(tmp_path_factory):
    config = override(resolve("smoke", "singan-gif"), {"model.channels": 4, "pyramid.scales": 2, "optim.iterations": 4})
    return train(moving_clip(), config, tmp_path_factory.mktemp("gan"), method="singan-gif", preset="smoke")


def energy(frames):
    return (np.diff(frames.astype(float), axis=0) ** 2).mean(axis=(0, 2, 3))


def test_with_a_retrieval_what_moves_in_the_clip_moves(plus):
    made = animated(plus, plus.clip.frames[3], 0)
    rows = energy(made.frames)
    assert made.frames.shape == plus.clip.frames.shape
    assert rows[20:].mean() > 10 * rows[:12].mean() and rows[20:].mean() > 0.3 * energy(plus.clip.frames)[20:].mean()


def test_the_colours_are_the_images(plus):
    image = np.ascontiguousarray(plus.clip.frames[0][..., ::-1])  # red for blue
    made = animated(plus, image, 0).frames.mean(axis=0)
    for rows in (slice(0, 12), slice(20, 32)):
        assert np.abs(made[rows].mean((0, 1)) - image[rows].mean((0, 1))).max() < 6


def test_the_coarsest_generators_motion_makes_an_image_livelier(gan):
    image = gan.clip.frames[0]
    assert energy(animated(gan, image, 0).frames).mean() > energy(animated(gan, image, 0, lively=False).frames).mean()


@pytest.mark.parametrize("trained", ["gan", "plus"])
def test_any_image_and_length_and_a_seed_of_its_own(trained, request):
    trained = request.getfixturevalue(trained)
    image = np.random.default_rng(1).integers(0, 256, (50, 40, 3), dtype=np.uint8)
    made = animated(trained, image, 3, 1, frames=12)
    assert made.frames.shape == (12, *SIZE, 3)
    assert made.sha256 == animated(trained, image, 3, 1, frames=12).sha256
    assert made.sha256 != animated(trained, image, 3, 2, frames=12).sha256


def test_an_image_of_one_colour_is_no_error(gan, plus):
    for trained in (gan, plus):
        assert animated(trained, np.full((40, 40, 3), 90, np.uint8), 0, frames=2).frames.shape == (2, *SIZE, 3)


def test_a_palette_goes_there_and_back():
    video, other = torch.rand(2, 3, 8, 9, generator=seeded(0)), torch.rand(1, 3, 8, 9, generator=seeded(1)) * 0.3
    there = _with_palette(video, video, other)
    torch.testing.assert_close(there.mean((0, 2, 3)), other.mean((0, 2, 3)))
    torch.testing.assert_close(_with_palette(there, other, video), video)


def test_what_cannot_be_is_refused(gan, clip, config, tmp_path):
    with pytest.raises(InputError, match="--frames 5000: must lie between 1 and 4096"):
        animated(gan, gan.clip.frames[0], 0, frames=5000)
    small = train(
        clip, override(config, {"pyramid.scales": 1, "pyramid.coarsest_side": 26}), tmp_path / "one",
        method="singan-gif", preset="smoke",
    )  # fmt: skip
    with pytest.raises(InputError, match="has one scale, and an image enters at the second"):
        animated(small, clip.frames[0], 0)


def test_the_gallery_has_images_and_what_became_of_them(gan):
    made = dict(gallery(gan, 0))
    assert list(made) == ["own-image", "own", "sample-image", "sample"]
    assert len(made["own-image"]) == 1 and np.array_equal(made["own-image"].frames[0], gan.clip.frames[2])
