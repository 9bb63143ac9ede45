"""The report of ablations: what was claimed and what was found, and the full model beside each of its ablations.

Variants are the full model, which comes first, and its ablations. All clips play by one clock, samples of the same seed
and number side by side; any two of them can be laid over each other.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from datasets.clip import Clip, load_clip
from datasets.files import write_text
from datasets.headers import played_delay
from evaluation import wording
from evaluation.ablation_table import signed
from evaluation.claims import Claim
from evaluation.comparisons import short
from evaluation.facts import ClipFacts, facts_of_clip
from evaluation.iteration_times import Timing, read_timing
from evaluation.losses import loss_names, read_losses
from evaluation.plots import ablations as plots
from evaluation.plots.style import svg
from evaluation.remarks import remarks, warnings
from evaluation.report import ablation_tables as tables
from evaluation.report.differences import differences_table
from evaluation.report.document import data_uri, render
from evaluation.report.parts import REAL_KEY, Comparer, Picture, Tile, make_comparer, tile_key
from evaluation.report.settings import compare_settings
from evaluation.report.sprites import Embedded, embed
from evaluation.tables import METRIC
from evaluation.trainings import Run, read_costs

PAGE_BYTES = 15_000_000
_MARKUP_BYTES = 400_000  # for text, style and scripts; they take a fifth of that
_OPEN_ROWS = 3  # rows of samples that are shown at once; the others unfold
_VERDICTS = ("supported", "contradicted", "inconclusive")


@dataclass(frozen=True)
class ClaimRow:
    """A claim in words: `numbers` are labels with values."""

    statement: str
    measure: str
    verdict: str
    numbers: Sequence[tuple[str, str]]
    reason: str


@dataclass(frozen=True)
class SampleRow:
    """Samples of one seed and number, a tile a variant that has one."""

    name: str
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class AblationSection:
    """Everything about a clip; as `evaluation.report.parts.ClipSection`, but by sample, variants side by side."""

    name: str
    anchor: str
    delays: Sequence[int]
    facts: Sequence[str]
    stand_in: bool
    real: Tile
    rows: Sequence[SampleRow]
    more: Sequence[SampleRow]
    comparer: Comparer | None
    histogram: Picture | None
    losses: Sequence[Picture] = field(default_factory=tuple)


@dataclass(frozen=True)
class Take:
    """Samples of one seed and number: the file of each variant that has it."""

    seed: int
    number: str
    files: Mapping[str, Path]


def build_ablation_report(
    out: str | Path,
    *,
    title: str,
    protocol: str,
    variants: Sequence[str],
    comparisons: pd.DataFrame,
    cells: pd.DataFrame,
    claims: Sequence[Claim],
    clips: Mapping[str, str | Path],
    samples: Mapping[Run, Sequence[str | Path]],
    losses: Mapping[Run, str | Path],
    configs: Mapping[Run, str | Path],
    timings: Mapping[Run, str | Path],
    timing: Mapping[str, Any] | None,
    versions: Mapping[str, str],
    notes: Sequence[str] = (),
    page_bytes: int = PAGE_BYTES,
) -> None:
    """Write one self-contained HTML file to `out`. Equal inputs give equal bytes.

    Args:
        title: of the page.
        protocol: whose cells to take.
        variants: the full model, then its ablations, in the order of the page; what belongs to others is left out.
        comparisons: as `evaluation.comparisons.compare` makes it with the full model as reference.
        cells: as `evaluation.cells.read_cells` gives them.
        claims: as `evaluation.claims.judge` gives them.
        clips: by name, in the order of the page: the real clips (.npz) as they were scored.
        samples: by (clip, method, seed): samples (.npz) called by their number.
        losses: by (clip, method, seed): logs of losses (JSON lines).
        configs: by (clip, method, seed): resolved configs (JSON).
        timings: by (clip, method, seed): time and memory of a training (`timings.json`).
        timing: the timing file of the ablations, parsed, or None if they were not timed.
        versions: what made this: commit, machine, versions of packages, by name.
        notes: what else the reader must know, a sentence or two each.
        page_bytes: the largest size of the page; decides how many samples are embedded, and how.

    Raises:
        InputError: a file is missing or damaged, or the cells hold nothing of the protocol.
    """
    full, others = variants[0], list(variants[1:])
    cells = cells[(cells["protocol"] == protocol) & cells["method"].isin(variants)]
    comparisons = comparisons[comparisons["method"].isin(others) & (comparisons["reference"] == full)]
    paths = {name: Path(path) for name, path in clips.items()}
    real = {name: load_clip(path) for name, path in paths.items()}
    facts = {name: facts_of_clip(clip) for name, clip in real.items()}
    found = remarks(cells, facts, protocol=protocol, published=False)
    takes = {name: _takes(samples, name, variants) for name in real}
    histograms = {name: _histogram(name, clip, takes[name], variants) for name, clip in real.items()}
    curves = {name: _curves(name, losses, variants) for name in real}
    measured = None if timing is None else read_timing(timing)
    if measured and not measured.only(variants):
        measured = None
    bars = _bars(measured, timings, variants)
    pictures = [*bars, *(one for one in histograms.values() if one), *(one for own in curves.values() for one in own)]
    groups = [[take.files.get(variant) for take in own] for own in takes.values() for variant in variants]
    spent = sum(len(picture.uri) for picture in pictures) + _MARKUP_BYTES
    embedded = embed(list(paths.values()), groups, page_bytes - spent)
    scores = {
        (row.clip, row.method, row.seed, row.sample): row.value
        for row in cells[cells["metric"] == METRIC].dropna(subset="sample").itertuples()
    }
    settings = compare_settings(configs, variants)
    sections = [
        AblationSection(
            name,
            f"clip-{index}",
            [played_delay(int(delay)) for delay in clip.delays_ms],
            _clip_facts(clip, facts[name]),
            facts[name].stand_in,
            _real_tile(name, facts[name], embedded, paths[name]),
            *_rows(name, takes[name], variants, embedded, scores),
            _comparer(takes[name][: embedded.most], variants, embedded, paths[name]),
            histograms[name],
            curves[name],
        )
        for index, (name, clip) in enumerate(real.items(), 1)
    ]
    context = {
        "title": title,
        "headline": headline(comparisons, claims, full, others, len(real)),
        "warnings": warnings(found),
        "remarks": [remark for remark in found if remark.level == "note"],
        "notes": list(notes),
        "facts": _page_facts(protocol, full, others, cells),
        "full": full,
        "ablations": others,
        "changes": tables.changes(settings, full),
        "claims": [_claim(claim) for claim in claims],
        "metrics": tables.metric_groups(comparisons, cells, full, others),
        "about": tables.definitions(comparisons),
        "all_differences": differences_table(
            comparisons, "Ablation", more=", with effect size and test", number=signed
        ),
        "sections": sections,
        "shown": _shown(takes, embedded),
        "bars": bars,
        "timed": measured.how if measured else "",
        "seconds": tables.seconds_table(measured, variants, full) if measured else None,
        "parameters": tables.parameters_table(measured, variants) if measured else None,
        "differing": tables.settings_table(settings),
        "by_clip": tables.by_clip(settings),
        "shared": settings.shared,
        "missing": wording.MISSING,
        "versions": dict(versions),
    }
    styles, scripts = ("page.css", "compare.css"), ("compare.js", "player.js")
    write_text(out, render("ablations.html", context, styles=styles, scripts=scripts))


def headline(
    comparisons: pd.DataFrame, claims: Sequence[Claim], full: str, ablations: Sequence[str], clips: int
) -> str:
    """Two sentences: what the ablations did to SGFID, and how many claims are supported, contradicted, inconclusive."""
    own = comparisons[(comparisons["metric"] == METRIC) & comparisons["difference"].notna()]
    worse, better, unclear = [], [], []
    for row in own.sort_values("difference", ascending=False, kind="stable").itertuples():
        if row.low > 0 or row.high < 0:
            (worse if row.difference > 0 else better).append(f"{row.method} (by {short(abs(row.difference))})")
        else:
            unclear.append(row.method)
    parts = [
        *([f"higher for {wording.listing(worse)}"] if worse else []),
        *([f"lower for {wording.listing(better)}"] if better else []),
    ]
    if unclear and parts:
        parts.append(f"not told apart from it for {wording.listing(unclear)}")
    where = wording.counted(clips, "clip")
    if parts:
        sentence = f"Against {full} on {where}, SGFID is {'; '.join(parts)}."
    elif unclear:
        sentence = f"On {where}, SGFID cannot tell {wording.listing(unclear)} from {full}."
    else:
        sentence = f"{wording.counted(len(ablations), 'ablation')} of {full} on {where}."
    return f"{sentence} {_verdicts(claims)}"


def _verdicts(claims: Sequence[Claim]) -> str:
    if not claims:
        return "No claim was put to the test."
    counts = [(sum(claim.verdict == verdict for claim in claims), verdict) for verdict in _VERDICTS]
    said = [f"{count} {'is' if count == 1 else 'are'} {verdict}" for count, verdict in counts]
    return f"Of {wording.counted(len(claims), 'claim')} of the paper, {wording.listing(said)}."


def _page_facts(protocol: str, full: str, ablations: Sequence[str], cells: pd.DataFrame) -> list[tuple[str, str]]:
    scored = cells[(cells["metric"] == METRIC) & cells["sample"].notna()]
    seeds = sorted(set(scored["seed"]))
    return [
        ("Protocol", protocol),
        ("Full model", full),
        ("Ablations", str(len(ablations))),
        ("Clips", str(scored["clip"].nunique())),
        ("Samples scored", f"{len(scored):,}"),
        ("Seeds" if len(seeds) > 1 else "Seed", wording.listing([str(seed) for seed in seeds])),
        ("Encoder", f"{scored['encoder'].iloc[0]}, {scored['layer'].iloc[0]}"),
    ]


def _claim(claim: Claim) -> ClaimRow:
    unit = f" {claim.unit}" if claim.unit else ""
    ends = [float("nan") if value is None else value for value in (claim.low, claim.high)]
    interval = wording.MISSING if np.isnan(ends).any() else f"{short(ends[0])} to {short(ends[1])}"
    numbers = [
        ("Found", wording.MISSING if claim.found is None else f"{short(claim.found)}{unit}"),
        ("95 % interval", interval),
        ("Size", claim.size or wording.MISSING),
        ("Clips", wording.listing(claim.clips) or wording.MISSING),
        ("Seeds", wording.listing([str(seed) for seed in claim.seeds]) or wording.MISSING),
    ]
    return ClaimRow(claim.statement, claim.measure, claim.verdict, numbers, claim.reason)


def _takes(samples: Mapping[Run, Sequence[str | Path]], clip: str, variants: Sequence[str]) -> list[Take]:
    """The first sample of every seed, then the second, and so on."""
    found: dict[tuple[tuple[int, str], int], dict[str, Path]] = {}
    for (of, variant, seed), files in samples.items():
        if of == clip and variant in variants:
            for path in map(Path, files):
                found.setdefault((_number(path), seed), {})[variant] = path
    return [Take(seed, next(iter(found[number, seed].values())).stem, found[number, seed])
            for number, seed in sorted(found)]  # fmt: skip


def _number(path: Path) -> tuple[int, str]:
    """Samples are called by their number; others come last."""
    return (int(path.stem), "") if re.fullmatch(r"\d{1,9}", path.stem) else (10**9, path.stem)


def _called(take: Take, takes: Sequence[Take]) -> str:
    several = len({other.seed for other in takes}) > 1
    return f"sample {take.number}, seed {take.seed}" if several else f"sample {take.number}"


def _real_tile(name: str, facts: ClipFacts, embedded: Embedded, path: Path) -> Tile:
    synthetic = facts.kind == "synthetic"
    label, caption = ("the synthetic clip", "the clip, synthetic") if synthetic else ("the real clip",) * 2
    return Tile(embedded.sheets[path], f"{name}, {label}", [caption], key=REAL_KEY)


def _rows(
    clip: str,
    takes: Sequence[Take],
    variants: Sequence[str],
    embedded: Embedded,
    scores: Mapping[tuple[str, str, int, Any], float],
) -> tuple[list[SampleRow], list[SampleRow]]:
    """The rows that are shown at once, and those that unfold."""
    rows = []
    for index, take in enumerate(takes[: embedded.most]):
        called, tiles = _called(take, takes), []
        for place, variant in enumerate(variants):
            if variant not in take.files:
                continue
            path = take.files[variant]
            score = scores.get((clip, variant, take.seed, _number(path)[0]))
            caption = [variant, *([] if score is None else [f"SGFID {wording.number(score)}"])]
            label, key = f"{clip}, {variant}, {called}", tile_key(place, index)
            tiles.append(Tile(embedded.sheets[path], label, caption, key, plots.colour_of(place)))
        rows.append(SampleRow(called.capitalize(), tiles))
    return rows[:_OPEN_ROWS], rows[_OPEN_ROWS:]


def _comparer(takes: Sequence[Take], variants: Sequence[str], embedded: Embedded, path: Path) -> Comparer | None:
    there = [variant if any(variant in take.files for take in takes) else "" for variant in variants]
    return make_comparer(there, [_called(take, takes) for take in takes], embedded.sheets[path])


def _clip_facts(clip: Clip, facts: ClipFacts) -> list[str]:
    size = f"{facts.width}{wording.TIMES}{facts.height} px"
    said = [str(clip.source[key]) for key in ("credit", "licence", "url") if clip.source.get(key)]
    return [size, wording.counted(facts.frames, "frame"), *said]


def _shown(takes: Mapping[str, Sequence[Take]], embedded: Embedded) -> str:
    most = max(map(len, takes.values()), default=0)
    if embedded.most >= most:
        which = "All samples of every variant are shown" if most else "There are no samples"
    else:
        which = (
            f"The first {wording.counted(embedded.most, 'sample')} of {most} of every variant are shown, so that the "
            "page stays small"
        )
    return f"{which}; frames are embedded {embedded.form}, while scores come from the lossless files."


def _histogram(clip: str, real: Clip, takes: Sequence[Take], variants: Sequence[str]) -> Picture | None:
    shares = {}
    for variant in variants:
        files = [take.files[variant] for take in takes if variant in take.files]
        if files:
            shares[variant] = np.mean([plots.colour_shares(load_clip(path).frames) for path in files], axis=0)
    if not shares:
        return None
    figure = plots.colour_histograms(plots.colour_shares(real.frames), shares, variants)
    alt = f"Histograms of red, green and blue of {clip} (area) and of the samples of {wording.listing(list(shares))}."
    return _picture(
        figure, alt, "How often each level occurs: the clip as an area, all samples of a variant as a curve."
    )


def _curves(clip: str, losses: Mapping[Run, str | Path], variants: Sequence[str]) -> list[Picture]:
    """The losses of a clip in two figures, which stand beside each other where there is room."""
    runs = sorted(run for run in losses if run[0] == clip and run[1] in variants)
    logs: dict[str, list[pd.DataFrame]] = {}
    for run in runs:
        logs.setdefault(run[1], []).append(read_losses(losses[run]))
    names = list(
        dict.fromkeys(name for variant in variants for log in logs.get(variant, ()) for name in loss_names(log))
    )
    half = (len(names) + 1) // 2
    pictures = []
    for own in (names[:half], names[half:]):
        if own:
            listed = wording.listing([name.replace("_", " ") for name in own])
            alt = f"Losses on {clip} of {wording.listing([one for one in variants if one in logs])}: {listed}."
            pictures.append(_picture(plots.variant_losses(logs, own, variants), alt, f"{listed.capitalize()}."))
    return pictures


def _bars(timing: Timing | None, timings: Mapping[Run, str | Path], variants: Sequence[str]) -> list[Picture]:
    pictures = []
    if timing:
        seconds = {name: own.seconds for name, own in timing.only(variants).items()}
        names = [f"{width}{wording.TIMES}{height}" for height, width in timing.scales]
        pictures.append(
            _picture(
                plots.iteration_seconds(seconds, names, variants),
                "Seconds an iteration by scale and variant; the values stand in the table.",
                f"Median over rounds, with whiskers from the fastest to the slowest. {timing.how}",
            )
        )
    taken: dict[str, list[float]] = {}
    for run, cost in sorted(read_costs(timings).items()):
        taken.setdefault(run[1], []).append(cost.seconds / 60)
    if any(variant in taken for variant in variants):
        pictures.append(
            _picture(
                plots.training_minutes(taken, variants),
                "Minutes of a training by variant; "
                + "; ".join(f"{one}: {wording.minutes(float(np.mean(taken[one])))}" for one in variants if one in taken)
                + ".",
                "Mean over trainings, and a dot a training. Wall time: what else the machine did counts too.",
            )
        )
    return pictures


def _picture(figure: Figure, alt: str, caption: str) -> Picture:
    return Picture(data_uri(svg(figure), "image/svg+xml"), alt, caption)
