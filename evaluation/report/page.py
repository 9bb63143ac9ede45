"""The page of a protocol: what came out, Table 1, every clip beside its samples, and how they were made."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datasets.clip import Clip, load_clip
from datasets.files import write_text
from datasets.headers import played_delay
from evaluation import figures, wording
from evaluation.cells import read_cells
from evaluation.clip_table import clip_table
from evaluation.facts import ClipFacts, facts_of_clip
from evaluation.losses import loss_names, read_losses
from evaluation.remarks import remarks, warnings
from evaluation.report.document import data_uri, render
from evaluation.report.headline import headline
from evaluation.report.parts import (
    REAL_KEY,
    ClipSection,
    Picture,
    RowGroup,
    Table,
    Tile,
    TileGroup,
    make_comparer,
    tile_key,
)
from evaluation.report.settings import Settings, compare_settings
from evaluation.report.sprites import Embedded, embed
from evaluation.tables import METRIC, ratios, read_table1
from evaluation.trainings import Run, read_costs

PAGE_BYTES = 15_000_000
_MARKUP_BYTES = 300_000  # for text, style and script; they take a tenth of that
_CONTROL_SAMPLES = 1  # samples of a control look alike
_KINDS = {"method": "Methods", "peer": "Peers", "control": "Controls: what SGFID can and cannot see"}
_SOURCES = {
    "published": "Published by the paper's authors",
    "synthetic": "Synthetic scene",
    "file": "From your own file",
}


def build_page(
    out: str | Path,
    *,
    title: str,
    protocol: str,
    table_csv: str | Path,
    cells_csv: str | Path,
    clips: Mapping[str, str | Path],
    samples: Mapping[Run, Sequence[str | Path]],
    losses: Mapping[Run, str | Path],
    configs: Mapping[Run, str | Path],
    notes: Sequence[str],
    versions: Mapping[str, str],
    timings: Mapping[Run, str | Path] | None = None,
    links: Sequence[tuple[str, str]] = (),
    baseline: str = "singan-frames",
    page_bytes: int = PAGE_BYTES,
) -> None:
    """Write one self-contained HTML file to `out`. Equal inputs give equal bytes.

    Args:
        title: of the page.
        protocol: whose cells to take.
        table_csv, cells_csv: Table 1 and the cells that it was made from.
        clips: by name, in the order of the page: the real clips (.npz) as they were scored.
        samples: by (clip, method, seed): samples (.npz) called by their number.
        losses: by (clip, method, seed): logs of losses (JSON lines).
        configs: by (clip, method, seed): resolved configs (JSON).
        timings: by (clip, method, seed): time and memory of a training (`timings.json`).
        links: to other pages of the protocol: what they are, and where, relative to this one.
        notes: what else the reader must know, a sentence or two each.
        versions: what made this: commit, machine, versions of packages, by name.
        baseline: the method that others are given as a multiple of.
        page_bytes: the largest size of the page; decides how many samples are embedded, and how.

    Raises:
        InputError: a file is missing or damaged, or the cells hold nothing of the protocol.
    """
    table, cells = read_table1(table_csv), read_cells(cells_csv)
    cells = cells[cells["protocol"] == protocol]
    real = {name: load_clip(path) for name, path in clips.items()}
    facts = {name: facts_of_clip(clip) for name, clip in real.items()}
    order = list(dict.fromkeys(table["method"]))
    found = remarks(cells, facts, protocol=protocol, published=bool(table["published_sgfid"].notna().any()))
    kinds = dict(zip(table["method"], table["kind"], strict=True))
    dots = _picture(
        figures.svg(figures.sgfid_by_clip(cells, protocol=protocol, order=order)),
        "SGFID of every sample by clip and method, with means and intervals; the values stand in the tables.",
        "A pale dot is a sample; a marker is the mean of a clip, with a 95 % interval over its samples.",
    )
    curves = _curves(losses, order)
    grouped = _grouped(samples, order, kinds)
    spent = len(dots.uri) + sum(len(picture.uri) for _, picture in curves) + _MARKUP_BYTES
    paths = {name: Path(path) for name, path in clips.items()}
    # The one sample of a control is always shown, so it is no part of the choice of how many there are of the others.
    always = [path for key, group in grouped.items() if kinds.get(key[1]) == "control" for _, path in group]
    chosen = [[path for _, path in group] for key, group in grouped.items() if kinds.get(key[1]) != "control"]
    embedded = embed([*paths.values(), *always], chosen, page_bytes - spent)
    by_clip = clip_table(cells, protocol=protocol, order=order, costs=read_costs(timings or {}))
    sections = [
        _section(index, name, clip, facts[name], paths[name], by_clip, cells, grouped, embedded, kinds, curves)
        for index, (name, clip) in enumerate(real.items(), 1)
    ]
    settings = compare_settings(configs, order)
    context = {
        "title": title,
        "headline": headline(cells, facts, protocol=protocol, baseline=baseline),
        "warnings": warnings(found),
        "remarks": [remark for remark in found if remark.level == "note"],
        "notes": list(notes),
        "links": list(links),
        "facts": _page_facts(protocol, cells),
        "table": _table1(table, baseline),
        "by_clip": _by_clip(by_clip, order),
        "all_by_clip": _all_by_clip(by_clip),
        "dots": dots,
        "sections": sections,
        "shown": _shown(grouped, embedded, kinds),
        "differing": _differing(settings),
        "shared": settings.shared,
        "versions": dict(versions),
    }
    styles, scripts = ("page.css", "compare.css"), ("compare.js", "player.js")
    write_text(out, render("results.html", context, styles=styles, scripts=scripts))


def _page_facts(protocol: str, cells: pd.DataFrame) -> list[tuple[str, str]]:
    scored = cells[(cells["metric"] == METRIC) & cells["sample"].notna()]
    seeds = sorted(set(scored["seed"]))
    return [
        ("Protocol", protocol),
        ("Clips", str(scored["clip"].nunique())),
        ("Samples scored", f"{len(scored):,}"),
        ("Seeds" if len(seeds) > 1 else "Seed", wording.listing([str(seed) for seed in seeds])),
        ("Encoder", f"{scored['encoder'].iloc[0]}, {scored['layer'].iloc[0]}"),
    ]


def _table1(table: pd.DataFrame, baseline: str) -> Table:
    several_sets = table["clip_set"].nunique() > 1
    multiples = ratios(table, baseline)
    ratio, paper = not np.isnan(multiples).all(), bool(table["published_sgfid"].notna().any())
    columns = [
        *("Method", *(["Clip set"] if several_sets else [])),
        *("SGFID mean", "95 % interval", "Median", *([f"Ratio to {baseline}"] if ratio else [])),
        *("Clips", "Samples", "Training a clip", "Peak memory", *(["Paper's SGFID"] if paper else [])),
    ]
    rows: dict[str, list[list[str]]] = {}
    for row, multiple in zip(table.itertuples(), multiples, strict=True):
        cells = [
            *(row.method, *([row.clip_set] if several_sets else [])),
            *(wording.number(row.sgfid_mean), wording.interval(row.sgfid_ci_low, row.sgfid_ci_high)),
            *(wording.number(row.sgfid_median), *([wording.number(multiple)] if ratio else [])),
            *(str(row.clips), f"{row.samples:,}"),
            *(wording.minutes(row.train_minutes), wording.memory(row.peak_memory_mb)),
            *([wording.exact(row.published_sgfid)] if paper else []),
        ]
        rows.setdefault(row.kind, []).append(cells)
    groups = [RowGroup(heading, rows[kind]) for kind, heading in _KINDS.items() if kind in rows]
    return Table("SGFID, lower is better", columns, groups, texts=2 if several_sets else 1)


def _by_clip(table: pd.DataFrame, order: Sequence[str]) -> Table:
    """A row a clip, a column a method; controls only where there is nothing else."""
    rivals = table[table["kind"] != "control"]
    own = table if rivals.empty else rivals
    methods = [method for method in order if method in set(own["method"])]
    values = {(row.clip, row.method): _with_diversity(row) for row in own.itertuples()}
    rows = [
        [clip, *(values.get((clip, method), wording.MISSING) for method in methods)]
        for clip in sorted(set(own["clip"]))
    ]
    return Table("Mean SGFID, and in brackets the diversity of the samples", ["Clip", *methods], [RowGroup(None, rows)])


def _with_diversity(row: Any) -> str:
    diversity = "" if np.isnan(row.diversity) else f" ({wording.number(row.diversity)})"
    return f"{wording.number(row.sgfid_mean)}{diversity}"


def _all_by_clip(table: pd.DataFrame) -> Table:
    groups = [
        RowGroup(
            str(clip),
            [
                [row.method, wording.number(row.sgfid_mean), wording.number(row.diversity), f"{row.samples:,}"]
                for row in own.itertuples()
            ],
        )
        for clip, own in table.groupby("clip")
    ]
    return Table("SGFID and diversity by clip", ["Method", "SGFID mean", "Diversity", "Samples"], groups)


def _differing(settings: Settings) -> Table | None:
    if not settings.differing:
        return None
    rows = [[key, *values] for key, values in settings.differing]
    columns = ["Setting", *settings.methods]
    return Table("Settings that differ between trainings", columns, [RowGroup(None, rows)], texts=len(columns))


def _curves(losses: Mapping[Run, str | Path], order: Sequence[str]) -> list[tuple[Run, Picture]]:
    """Loss curves of every training, by method in the order of the table, then by seed."""
    curves = []
    for run in sorted(losses, key=lambda run: (*_place(order, run[1]), run[2])):
        clip, method, seed = run
        log = read_losses(losses[run])
        several = sum(other[:2] == run[:2] for other in losses) > 1
        name = f"{method}, seed {seed}" if several else method
        scales = wording.counted(log["scale"].nunique(), "scale")
        listed = wording.listing([loss.replace("_", " ") for loss in loss_names(log)])
        picture = figures.svg(figures.loss_curves(log))
        curves.append((run, _picture(picture, f"Loss curves of {name} on {clip} over {scales}: {listed}.", name)))
    return curves


def _place(order: Sequence[str], method: str) -> tuple[int, str]:
    return (order.index(method) if method in order else len(order), method)


def _grouped(
    samples: Mapping[Run, Sequence[str | Path]], order: Sequence[str], kinds: Mapping[str, str]
) -> dict[tuple[str, str], list[tuple[int, Path]]]:
    """By clip and method the (seed, file) of its samples: the first of every seed, then the second, and so on."""
    found: dict[tuple[str, str], list[tuple[int, int, Path]]] = {}
    for (clip, method, seed), paths in samples.items():
        ordered = sorted(map(Path, paths), key=_number)
        found.setdefault((clip, method), []).extend((index, seed, path) for index, path in enumerate(ordered))
    return {
        key: [(seed, path) for _, seed, path in sorted(found[key])][
            : _CONTROL_SAMPLES if kinds.get(key[1]) == "control" else None
        ]
        for key in sorted(found, key=lambda key: (key[0], *_place(order, key[1])))
    }


def _number(path: Path) -> tuple[int, str]:
    """Samples are called by their number; others come last."""
    return (int(path.stem), "") if re.fullmatch(r"\d{1,9}", path.stem) else (10**9, path.stem)


def _shown(grouped: Mapping[tuple[str, str], Sequence[object]], embedded: Embedded, kinds: Mapping[str, str]) -> str:
    most = max((len(group) for key, group in grouped.items() if kinds.get(key[1]) != "control"), default=0)
    if embedded.most >= most:
        which = "All samples of every method are shown" if most else "There are no samples of methods"
    else:
        which = (
            f"The first {wording.counted(embedded.most, 'sample')} of {most} of every method are shown, "
            "so that the page stays small"
        )
    controls = any(kinds.get(method) == "control" for _, method in grouped)
    one = " Of each control one sample is shown." if controls else ""
    return f"{which}; frames are embedded {embedded.form}, while scores come from the lossless files.{one}"


def _section(
    index: int,
    name: str,
    clip: Clip,
    facts: ClipFacts,
    path: Path,
    by_clip: pd.DataFrame,
    cells: pd.DataFrame,
    grouped: Mapping[tuple[str, str], Sequence[tuple[int, Path]]],
    embedded: Embedded,
    kinds: Mapping[str, str],
    curves: Sequence[tuple[Run, Picture]],
) -> ClipSection:
    values = {
        (row.method, row.seed, row.sample): row.value
        for row in cells[(cells["clip"] == name) & (cells["metric"] == METRIC)].dropna(subset="sample").itertuples()
    }
    rows = {row.method: row for row in by_clip[by_clip["clip"] == name].itertuples()}
    groups, takes = [], []
    own = [(method, group) for (of, method), group in grouped.items() if of == name]
    for place, (method, group) in enumerate(own):
        several_seeds = len({seed for seed, _ in group}) > 1
        tiles = []
        shown = group if kinds.get(method) == "control" else group[: embedded.most]
        for take, (seed, file) in enumerate(shown):
            number = _number(file)[0]
            called = f"sample {file.stem}" + (f", seed {seed}" if several_seeds else "")
            score = values.get((method, seed, number))
            caption = [called, *([] if score is None else [f"SGFID {wording.number(score)}"])]
            tiles.append(Tile(embedded.sheets[file], f"{name}, {method}, {called}", caption, tile_key(place, take)))
            if take == len(takes):
                takes.append(called)
        groups.append(TileGroup(method, kinds.get(method, "method"), _group_facts(rows.get(method)), tiles))
    real = Tile(embedded.sheets[path], f"{name}, the real clip", ["the real clip"], REAL_KEY)
    if facts.kind == "synthetic":
        real = Tile(embedded.sheets[path], f"{name}, the synthetic clip", ["the clip, synthetic"], REAL_KEY)
    comparer = make_comparer([method for method, _ in own], takes, embedded.sheets[path])
    delays = [played_delay(int(delay)) for delay in clip.delays_ms]
    own_curves = [picture for run, picture in curves if run[0] == name]
    return ClipSection(
        name,
        f"clip-{index}",
        delays,
        _clip_facts(clip, facts),
        facts.stand_in,
        real,
        groups,
        comparer,
        own_curves,
    )


def _group_facts(row: Any) -> list[str]:
    if row is None:
        return []
    parts: list[tuple[str, float, Callable[[float], str]]] = [
        ("mean SGFID", row.sgfid_mean, wording.number),
        ("diversity", row.diversity, wording.number),
        ("trained in", row.train_minutes, wording.minutes),
        ("peak memory", row.peak_memory_mb, wording.memory),
    ]
    return [f"{name} {say(value)}" for name, value, say in parts if not np.isnan(value)]


def _clip_facts(clip: Clip, facts: ClipFacts) -> list[str]:
    """Where a clip is from and its size, a phrase each."""
    source = "Synthetic stand-in for the real clip" if facts.stand_in else _SOURCES.get(facts.kind, facts.kind)
    shortest, longest = int(clip.delays_ms.min()), int(clip.delays_ms.max())
    delays = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    said = [str(clip.source[key]) for key in ("credit", "licence", "url") if clip.source.get(key)]
    size = f"{facts.width}{wording.TIMES}{facts.height} px"
    return [source, size, wording.counted(facts.frames, "frame"), f"{delays} ms a frame", *said]


def _picture(data: bytes, alt: str, caption: str) -> Picture:
    return Picture(data_uri(data, "image/svg+xml"), alt, caption)
