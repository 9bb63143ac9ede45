"""The page of the applications: what each makes, beside what costs no training, and its measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.errors import InputError
from datasets.files import read_json, write_text
from evaluation.applications.table import answer, compared, read_records, won
from evaluation.report.document import render
from evaluation.report.parts import RowGroup, Table, Tile
from evaluation.report.sprites import Sheet
from evaluation.wording import number

_REMEDY = "delete it and let the step that makes it run again"


@dataclass(frozen=True)
class ApplicationText:
    """What the page says of an application: name, title, section of the paper, and what is done."""

    name: str
    title: str
    section: str
    about: str


@dataclass(frozen=True)
class ApplicationClip:
    """An application on a clip; `delays` are those of what plays, in milliseconds."""

    name: str
    anchor: str
    delays: Sequence[int]
    facts: Sequence[str]
    notes: Sequence[str]
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class ApplicationSection:
    """An application: its words, its measures, and its clips."""

    text: ApplicationText
    table: Table
    clips: Sequence[ApplicationClip]


def build_applications_page(
    out: str | Path,
    *,
    protocol: str,
    applications: Sequence[ApplicationText],
    measures: Sequence[str | Path],
    versions: Mapping[str, str],
    notes: Sequence[str] = (),
) -> None:
    """Write one self-contained HTML file to `out`. Equal inputs give equal bytes.

    Args:
        protocol: whose applications.
        applications: in the order of the page; those without files are left out.
        measures: files of applications, one a clip; the clips to play are beside each, as `{stem}.tiles.json`.
        versions: what made this, by name.
        notes: what else the reader must know, a sentence or two each.

    Raises:
        InputError: a file is missing or damaged.
    """
    records = read_records(measures)
    paths = {(r["application"], r["clip"]): Path(path) for r, path in zip(records, measures, strict=True)}
    sections = []
    for text in applications:
        own = [record for record in records if record["application"] == text.name]
        if own:
            clips = [_clip(record, paths[text.name, record["clip"]]) for record in own]
            sections.append(ApplicationSection(text, _table(own), clips))
    sizes = sorted({f"{r['size'][1]}x{r['size'][0]}" for r in records})
    context = {
        "title": f"Applications of SinGAN-GIF, protocol {protocol}",
        "headline": f"Better than what costs no training, or within the limit: {won(records)}.",
        "facts": [
            ("Protocol", protocol),
            ("Methods", ", ".join(sorted({r["method"] for r in records}))),
            ("Clips", ", ".join(dict.fromkeys(r["clip"] for r in records))),
            ("Trained at", ", ".join(sizes)),
            ("Encoder", ", ".join(sorted({f"{r['encoder']}, {r['layer']}" for r in records}))),
        ],
        "notes": notes,
        "sections": sections,
        "versions": versions,
    }
    write_text(out, render("applications.html", context))


def _table(records: Sequence[Mapping[str, Any]]) -> Table:
    groups = [
        RowGroup(record["clip"], [[m["title"], number(m["value"]), compared(m), answer(m)] for m in record["measures"]])
        for record in records
    ]
    return Table("Measures by clip", ["Measure", "Value", "Compared with", "Won"], groups)


def _clip(record: Mapping[str, Any], path: Path) -> ApplicationClip:
    beside = path.with_suffix(".tiles.json")
    tiles = read_json(beside, _REMEDY)
    try:
        sheets = [(tile["label"], Sheet(**tile["sheet"])) for tile in tiles["tiles"]]
        delays = [int(delay) for delay in tiles["delays_ms"]]
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{beside}: not the clips of an application; {_REMEDY}") from error
    name = f"{record['application']}-{record['clip']}"
    height, width = record["size"]
    steps = ", ".join(map(str, dict.fromkeys(record["iterations"])))
    return ApplicationClip(
        name=record["clip"],
        anchor=name,
        delays=delays,
        facts=[record["method"], f"{record['frames']} frames of {width}x{height}", f"{steps} iterations a scale"],
        notes=record["notes"],
        tiles=[Tile(sheet, f"{record['clip']}: {label}", [label]) for label, sheet in sheets],
    )
