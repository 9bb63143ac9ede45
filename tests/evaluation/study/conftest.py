"""A study of small synthetic clips: reals are calm, fakes are restless, so that a leak of sizes would be seen."""

from types import SimpleNamespace

import numpy as np
import pytest

from datasets.clip import make_clip, save_clip
from evaluation.study import media
from evaluation.study.bundle import build
from evaluation.study.design import make_design
from evaluation.study.items import Fake, Material

CLIPS = ("zebracliff", "quartzriver", "umbersea")
METHODS = ("xylogen", "vortexnet")
REAL_DELAY = 250


def picture(rng, restless, shape=(4, 16, 24)):
    """A moving pattern uint8 [T, H, W, 3]; a restless one is noisy."""
    count, height, width = shape
    y, x, t = np.mgrid[:height, :width, :count].transpose(0, 3, 1, 2).astype(np.float32)
    phase = rng.uniform(0, 6, 3)
    waves = np.stack([np.sin(x / 4 + t + one) + np.cos(y / 3 + one) for one in phase], axis=-1)
    noisy = 128 + 40 * waves + restless * rng.standard_normal(waves.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def write_materials(folder, clips=CLIPS, methods=METHODS, samples=2, shape=(4, 16, 24), extra_frames=3):
    """Files of clips and samples, as `evaluation.study.bundle.build` takes them; samples are longer than the clips."""
    rng = np.random.default_rng(7)
    longer = (shape[0] + extra_frames, *shape[1:])
    materials = []
    for clip in clips:
        real = folder / f"{clip}.npz"
        save_clip(real, make_clip(picture(rng, 2, shape), REAL_DELAY, kind="published", id=clip))
        fakes = {}
        for method in methods:
            paths = [folder / clip / method / f"{index}.npz" for index in range(samples)]
            for path in paths:
                save_clip(path, make_clip(picture(rng, 40, longer), 100, kind="generated"))
            fakes[method] = [Fake(path, 0, index) for index, path in enumerate(paths)]
        materials.append(Material(clip, real, fakes))
    return materials


@pytest.fixture(scope="session", autouse=True)
def small_media():
    """Files of 48 pixels, which are encoded in a tenth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(media, "LONGEST_SIDE", 48)
        yield


@pytest.fixture(scope="session")
def make_study(tmp_path_factory):
    """A function that builds a study: `made.bundle`, `made.key_folder`, `made.key` and `made.built`."""

    def make(preset="rigorous", *, samples=2, shape=(4, 16, 24), clips=CLIPS, methods=METHODS, pdf=False, **changes):
        folder = tmp_path_factory.mktemp("study")
        materials = write_materials(folder, clips, methods, samples, shape)
        design = make_design(preset, methods, clips, **{"samples": samples, **changes})
        built = build(folder / "bundle", folder / "key", materials, design, pdf=pdf)
        return SimpleNamespace(
            bundle=folder / "bundle", key_folder=folder / "key", key=built.key, built=built, materials=materials
        )

    return make


@pytest.fixture(scope="session")
def study(make_study):
    """A rigorous study of three clips and two methods."""
    return make_study(practice=2, catch_trials=2, exposure_seconds=1.0)


@pytest.fixture(scope="session")
def make_materials():
    """The function `write_materials`."""
    return write_materials
