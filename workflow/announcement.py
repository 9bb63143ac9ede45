"""What is said before the first job: the jobs to come, and everything that stands in for something else."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from datasets.errors import InputError
from datasets.fetch import reachable
from datasets.files import writing
from datasets.sources import require_published
from evaluation.encoders import ENCODERS
from evaluation.encoders.location import find_weights, missing_weights
from sgif.config import Config, flatten, override
from sgif.pyramid import plan_scales
from workflow.forecast import Trainings
from workflow.plan import NETWORK_SECONDS, Plan
from workflow.protocols import Protocol

Job = tuple[str, Mapping[str, str]]
"""Rule name and wildcards."""


def announce(plan: Plan, jobs: Sequence[Job]) -> list[str]:
    """Dry facts about the jobs to come, and everything that stands in for something else.

    Raises:
        InputError: the results folder cannot be written, or something from outside is missing and the protocol has no
            stand-in for it; all of it is listed.
    """
    lines: list[str] = []
    missing: list[str] = []
    for root, protocol in plan.protocols.items():
        mine = [(rule, wildcards) for rule, wildcards in jobs if wildcards.get("root") == root]
        if mine:
            _require_writable(Path(root))
            lines.append(f"protocol {protocol.name}: {protocol.about}; results in {root}/")
            for part in (_clips, _encoder):
                try:
                    lines += part(plan, root, protocol, mine)
                except InputError as error:
                    missing.append(str(error))
            lines += [f"  WARNING: left out: {why}" for (where, _, _), why in plan.left_out.items() if where == root]
            groups = trainings_of(plan, mine)
            lines.append(f"  {len(mine)} jobs, {sum(group.count for group in groups)} of them trainings")
            lines += [f"  {group.method}: {group.count} x {_steps(group)}" for group in groups]
    if missing:
        each = list(dict.fromkeys(missing))
        both = "; 'python -m datasets stage DIR' gets clips and weights at once" if len(each) > 1 else ""
        raise InputError(". Also missing: ".join(each) + both)
    return lines


def trainings_of(plan: Plan, jobs: Sequence[Job]) -> list[Trainings]:
    """All trainings among these jobs, those that cost the same together.

    By the catalogue's sizes: a clip of the user's own may have others.
    """
    groups = []
    for root, protocol in plan.protocols.items():
        own = [wildcards for rule, wildcards in jobs if rule == "train" and wildcards.get("root") == root]
        for method in dict.fromkeys(wildcards["method"] for wildcards in own):
            config = protocol.config(method)
            sizes: dict[tuple[int, tuple[int, int]], int] = {}
            for clip in (wildcards["clip"] for wildcards in own if wildcards["method"] == method):
                frames, height, width = plan.clip_shape(root, clip)
                key = frames, (height, width)
                sizes[key] = sizes.get(key, 0) + 1
            for (frames, size), count in sizes.items():
                groups.append(Trainings(method, count, frames, size, flatten(config), protocol.threads, protocol.gpu))
        for wildcards in (w for rule, w in jobs if rule == "train_task" and w.get("root") == root):
            name = wildcards["application"]
            frames, *size = plan.application_shape(root, name, wildcards["clip"])
            config = flatten(plan.application_training(root, name))
            about = f"{plan.application_method(root, name)}, {name}"
            groups.append(Trainings(about, 1, frames, (size[0], size[1]), config, protocol.threads, protocol.gpu))
    return groups


def _require_writable(root: Path) -> None:
    """Raise InputError if nothing can be written to a results folder; Snakemake would say so in a traceback."""
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=root).close()


def _clips(plan: Plan, root: str, protocol: Protocol, jobs: Sequence[Job]) -> list[str]:
    planned = {wildcards["clip"] for rule, wildcards in jobs if rule == "clip"}
    wanted = [clip for clip in protocol.clips if clip in planned]
    if not wanted:
        return []
    sources = plan.sources(root)
    if isinstance(sources, InputError):
        raise sources
    chosen = {clip: sources[clip] for clip in wanted}
    if not protocol.fallback:
        require_published(chosen)
    lines = []
    for clip, source in chosen.items():
        if source.fallback and plan.present(root, clip):
            raise InputError(
                f"{clip}: the published clip among the results has to be made again and cannot be had now "
                f"({source.reason}); name the stage or connect the network that it came from, or delete "
                f"{root}/clips/{clip}.npz to go on with a stand-in"
            )
        lines.append(f"  clip {clip}: {source.kind} ({source.location or 'rendered'})")
        if source.fallback:
            lines.append(f"  WARNING: {clip} is a synthetic STAND-IN: {source.reason}")
    return lines


def _encoder(plan: Plan, root: str, protocol: Protocol, jobs: Sequence[Job]) -> list[str]:
    if not any(rule == "encoder" for rule, _ in jobs):
        return []
    name, remark = plan.choose_encoder(root)
    if remark:
        return [f"  WARNING: scores are made with {name}, not {protocol.encoder}: {remark}"]
    if find_weights(name, plan.settings.stage) is None:
        problem = reachable(ENCODERS[name].url, NETWORK_SECONDS)
        if problem:
            raise InputError(f"{missing_weights(name)} (its download: {problem})")
    return []


def _steps(group: Trainings) -> str:
    """Sizes and number of steps of some trainings, in words."""
    scales = plan_scales(group.frames, group.size, override(Config(), group.config))
    return (
        f"{group.frames} frames of {group.size[0]}x{group.size[1]}, {len(scales)} scales "
        f"({sum(s.dimensions == 3 for s in scales)} in 3D), {sum(s.iterations for s in scales)} iterations"
    )
