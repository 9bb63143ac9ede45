"""Analogies: layout and motion of one clip, appearance of another (Haim et al., ECCV 2022, section 4.3).

What two clips of different scenes have in common are traits: how bright a place is and how fast it moves, each as its
rank within its own clip. At the coarsest level the other clip's traits are looked up among those of the run's, and the
run's colours take their place; up to half of the levels both traits and colours count, above colours alone, and details
come as in every sample. Haim et al. use the flow's length alone, in bins; brightness and ranks are ours.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from datasets.clip import Clip, make_clip
from datasets.errors import InputError
from sgif.frames import to_frames, to_tensor
from sgif.motion import speeds
from sgif.nearest import nearest_places
from sgif.noise import seeded
from sgif.patch_index import PatchIndex
from sgif.patch_layout import PatchLayout, resized
from sgif.voting import overlapped

if TYPE_CHECKING:
    from sgif.run import Run

GUIDED = 0.5
"""Share of the levels at which traits count beside colours."""


def analogy(run: "Run", other: Clip, seed: int) -> Clip:
    """`other` as if it were made of what the run's clip shows.

    Arguments:
        run: of patch-nn.
        other: gives layout, motion, number of frames and shape; its short side becomes that of the run's clip.
        seed: of the patches that completeness is measured on, and of large searches.

    Raises:
        InputError: the run is of another method, or `other` has fewer frames than a patch.
    """
    layout = run.pyramid
    if not isinstance(layout, PatchLayout):
        raise InputError(
            f"{run.folder}: a run of {run.record['method']}, analogies need patch-nn; make one with "
            f"'python -m sgif train CLIP --method patch-nn --out RUN'"
        )
    own = layout.nearest
    if len(other) < max(2, own.frames):
        raise InputError(f"the other clip has {len(other)} frames, a patch {own.frames}; use a longer one")
    size = _fitted(other.size, min(run.clip.size))
    rng = seeded(seed, 3)
    with torch.no_grad():
        small = _fitted(other.size, min(layout.size))
        asked = traits(resized(to_tensor(other.frames).to(layout.clips[-1].device), (len(other), *small)))
        known = traits(layout.clips[-1])
        video = None
        for level, shape in enumerate(layout.shapes):
            wanted = layout.shape(level, len(other), small)
            if level < max(1, GUIDED * len(layout.shapes)):
                keys, queries = resized(known, shape), resized(asked, wanted)
                if video is not None:
                    keys = torch.cat([resized(layout.clips[level - 1], shape), keys], dim=1)
                    queries = torch.cat([resized(video, wanted), queries], dim=1)
                index = PatchIndex(keys, seeded(level), own.side, own.frames, inside=True)
                places = nearest_places(index, queries, None, rng, own.alpha, exact=True)
                video = overlapped(places, layout.clips[level], own.side, own.frames, own.vote)
            else:
                video = layout.replaced(resized(video, wanted), level, rng, blurred=True)
            video = layout.replaced(video, level, rng)
        video = run.retrieval.add(resized(video, (len(other), *run.retrieval.level_sizes(size)[0])), size, rng)
    return make_clip(
        to_frames(video), other.delays_ms, kind="generated", method=run.record["method"], seed=seed,
        clip_sha256=run.record["clip"]["sha256"], layout_sha256=other.sha256,
        config_sha256=run.record["config_sha256"],
    )  # fmt: skip


def traits(video: Tensor) -> Tensor:
    """Brightness and speed of every pixel, as ranks within the clip in [-1, 1]: [T, 2, H, W] of [T, 3, H, W]."""
    brightness = video.mean(1)
    moving = torch.from_numpy(speeds(to_frames(video))).to(video.device)
    return torch.stack([_ranks(brightness), _ranks(moving)], dim=1)


def _ranks(values: Tensor) -> Tensor:
    order = values.flatten().argsort(stable=True)
    ranks = torch.empty(values.numel(), device=values.device)
    ranks[order] = torch.linspace(-1, 1, values.numel(), device=values.device)
    return ranks.view(values.shape)


def _fitted(size: tuple[int, int], short: int) -> tuple[int, int]:
    """`size` scaled until its short side is `short`."""
    return round(size[0] * short / min(size)), round(size[1] * short / min(size))
