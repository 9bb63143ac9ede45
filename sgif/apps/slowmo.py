"""Slow motion (paper, section 5.2): clips of `factor` times as many frames, from a run that was trained for it.

Where details come out of the clip (`sgif.retrieval`), all frames are looked up together, although they move
less from one to the next than what is searched. Every `factor`-th alone moves as the clip does, but looked up apart
from those between it finds other patches, and the result flickers (seashore: nine times the clip's speed, against 1.3).
[ours]
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from torch import Tensor

from datasets.clip import Clip, make_clip
from sgif.frames import to_frames
from sgif.noise import seeded
from sgif.retrieval import Retrieval
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
    if run.retrieval:
        video = run.retrieval.add(video, run.clip.size, seeded(seed, 2, index, 1), rate=pyramid.rate)
    return _as_clip(run, video, seed=seed, index=index)


def slowed_clip(run: "Run") -> Clip:
    """The training clip itself in slow motion: its reconstruction, with the frames between its frames.

    Raises:
        InputError: the run was not trained for slow motion.
    """
    require_task(run, "slowmo")
    video, found = run.pyramid.reconstruct(scales=len(run.pyramid.scales)), run.retrieval
    if found:
        # Here a patch may come from its own place: it is the clip that is wanted.
        own = Retrieval(found.clips[-1], found.sizes, replace(found.plus, apart=0.0))
        video = own.add(video, run.clip.size, seeded(run.record["seed"], 2), rate=run.pyramid.rate)
    return _as_clip(run, video, of="clip")


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
