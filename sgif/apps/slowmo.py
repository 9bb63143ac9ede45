"""Slow motion (paper, section 5.2): clips of `factor` times as many frames, from a run that was trained for it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torch import Tensor

from datasets.clip import Clip, make_clip
from sgif.frames import to_frames
from sgif.noise import seeded
from sgif.tasks import require_task

if TYPE_CHECKING:
    from sgif.run import Run

EACH = 2


def slow_sample(run: "Run", seed: int, index: int) -> Clip:
    """Random sample number `index` in slow motion: each frame is shown as long as the clip's, and there are more.

    Raises:
        InputError: the run was not trained for slow motion.
    """
    require_task(run, "slowmo")
    pyramid = run.pyramid
    video = pyramid.generate(len(run.clip) * pyramid.rate, seeded(seed, 2, index), scales=len(pyramid.scales))
    return _as_clip(run, video, seed=seed, index=index)


def slowed_clip(run: "Run") -> Clip:
    """The training clip itself in slow motion: its reconstruction, with the frames between its frames.

    Raises:
        InputError: the run was not trained for slow motion.
    """
    require_task(run, "slowmo")
    return _as_clip(run, run.pyramid.reconstruct(scales=len(run.pyramid.scales)), of="clip")


def gallery(run: "Run", seed: int) -> Iterator[tuple[str, Clip]]:
    """The clip in slow motion, called `clip`, and random samples by number."""
    yield "clip", slowed_clip(run)
    for index in range(EACH):
        yield str(index), slow_sample(run, seed, index)


def _as_clip(run: "Run", video: Tensor, **source: object) -> Clip:
    return make_clip(
        to_frames(video),
        run.clip.delays_ms.repeat(run.pyramid.rate),
        kind="generated",
        method=run.record["method"],
        task="slowmo",
        factor=run.pyramid.rate,
        training_seed=run.record["seed"],
        clip_sha256=run.record["clip"]["sha256"],
        config_sha256=run.record["config_sha256"],
        **source,
    )
