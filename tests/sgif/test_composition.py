"""Composition: what may change and what may not, where a clip enters, and what is refused."""

import numpy as np
import pytest
import torch

from datasets.clip import make_clip
from datasets.errors import InputError
from sgif.apps.composition import Edit, composed, gallery, pasted, seam_band, shifted
from sgif.config import override
from sgif.frames import to_frames
from sgif.noise import seeded
from sgif.presets import resolve
from sgif.run import train
from sgif.sampler import entry_level, refine_from


@pytest.fixture
def run(clip, config, tmp_path):
    config = override(config, {"pyramid.coarsest_side": 13, "optim.iterations": 2, "optim.lr_generator": 0.05})
    return train(clip, config, tmp_path / "run", method="singan-gif", preset="smoke")


@pytest.fixture
def plus(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (4, 32, 44, 3), dtype=np.uint8)
    config = override(resolve("smoke", "sgif-plus"), {"model.channels": 4, "optim.iterations": 2})
    return train(make_clip(frames), config, tmp_path / "plus", method="sgif-plus", preset="smoke")


@pytest.mark.parametrize("trained", ["run", "plus"])
def test_beyond_the_mask_nothing_changes_and_within_it_does(trained, request):
    trained = request.getfixturevalue(trained)
    edit, passes = shifted(trained.clip.frames, 9, margin=4), []
    made = composed(trained, edit, 0, passes=3, told=passes.append)
    assert np.array_equal(made.frames[:, ~edit.mask], edit.frames[:, ~edit.mask])
    assert not np.array_equal(made.frames[:, edit.mask], edit.frames[:, edit.mask])
    assert passes == [1, 2, 3] and made.size == trained.clip.size


def test_a_seed_and_an_index_mean_the_same_clip(run):
    edit = shifted(run.clip.frames, 9)
    first = composed(run, edit, 3, 1)
    assert composed(run, edit, 3, 1).sha256 == first.sha256
    assert len({first.sha256, composed(run, edit, 3, 2).sha256, composed(run, edit, 4, 1).sha256}) == 3


def test_a_shift_wraps_and_its_seam_is_where_the_clip_ends(clip):
    edit = shifted(clip.frames, 9, margin=2)
    assert np.array_equal(edit.frames[:, :, :-9], clip.frames[:, :, 9:])
    assert np.array_equal(edit.frames[:, :, -9:], clip.frames[:, :, :9])
    assert np.flatnonzero(edit.mask.all(0)).tolist() == [19, 20, 21, 22] and edit.mask.sum() == 4 * 26


def test_a_part_is_pasted_and_its_middle_stays(clip):
    edit = pasted(clip.frames, (10, 15), (12, 14), (2, 0), margin=3)
    assert np.array_equal(edit.frames[:, 2:14, :14], clip.frames[:, 10:22, 15:29])
    assert not edit.mask[5:11, :11].any()  # its left side is the frame's border, so no seam
    assert edit.mask[2, 0] and edit.mask[0, 0] and edit.mask[16, 0] and not edit.mask[17].any()


def test_the_band_is_all_pixels_so_near_to_the_seam():
    band = seam_band((12, 15), (4, 5, 9, 11), 2)
    sides = [(y, x) for y in range(4, 9) for x in range(5, 11) if y in (4, 8) or x in (5, 10)]
    expected = {(y + dy, x + dx) for y, x in sides for dy in range(-2, 3) for dx in range(-2, 3)} - {
        (y, x) for y in range(6, 7) for x in range(7, 9)
    }
    assert {(int(y), int(x)) for y, x in np.argwhere(band)} == {(y, x) for y, x in expected if y < 12 and x < 15}


def test_skipping_all_generators_but_the_finest_is_that_one_alone(run):
    video = torch.rand(5, 3, 26, 30, generator=seeded(1))
    finest = len(run.pyramid.scales) - 1
    expected = run.pyramid.refine(finest, video, run.pyramid.noise(finest, 5, (26, 30), seeded(2)))
    assert torch.equal(refine_from(run.pyramid, None, video, finest, seeded(2), (26, 30)), expected)


def test_where_a_clip_enters(run, plus):
    assert entry_level(run.pyramid, None) == len(run.pyramid.scales) - 1 == 1
    # One generator, and three sizes of the retrieval: it enters at the second of those, or nowhere.
    assert entry_level(plus.pyramid, plus.retrieval) == entry_level(plus.pyramid, plus.retrieval, 1) == 1
    for trained, skipped in ((run, 2), (plus, 2), (run, 0)):
        with pytest.raises(InputError, match=f"--skip {skipped}: must lie between 1 and 1"):
            entry_level(trained.pyramid, trained.retrieval, skipped)


def test_a_clip_that_is_the_runs_own_passes_a_retrieval_unchanged(plus):
    """Every patch finds itself, so nothing of what was not edited is lost on the way."""
    own = refine_from(
        plus.pyramid, plus.retrieval.told(apart=0.0, alpha=1e3, soften=0.0), plus.retrieval.clips[-1], 1, seeded(0),
        (32, 44),
    )  # fmt: skip
    assert np.abs(to_frames(own).astype(int) - plus.clip.frames).max() <= 1


def test_what_does_not_fit_is_refused(run):
    frames = run.clip.frames
    for columns in (0, 30):
        with pytest.raises(InputError, match=f"--shift {columns}: must lie between 1 and 29"):
            shifted(frames, columns)
    with pytest.raises(InputError, match=r"--at 20,0: 12x14 pixels from there do not lie within the clip's 26x30"):
        pasted(frames, (0, 0), (12, 14), (20, 0))
    with pytest.raises(InputError, match=r"26x29 pixels and its mask 26x30, but .* was trained on 26x30"):
        composed(run, Edit(frames[:, :, 1:], np.ones((26, 30), bool)), 0)
    with pytest.raises(InputError, match="the mask holds no pixel that may change"):
        composed(run, Edit(frames, np.zeros((26, 30), bool)), 0)


def test_the_gallery_says_where_the_seams_were(run):
    made = dict(gallery(run, 0))
    assert list(made) == ["shift-edited", "shift", "paste-edited", "paste"]
    assert made["shift"].source["inset"] == [0, 20, 26, 30] and made["shift"].source["margin"] == 5
