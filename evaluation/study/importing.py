"""From files of answers to votes: checked against the key, repeats and broken rules marked, everything counted.

    answers found  =  votes that count  +  votes left out by a rule  +  answers that are no votes

An answer is no vote where its item or sheet is unknown, where it is a second one of the same person to an item (the
first by time counts, so the same export given twice changes nothing), where its writer withdrew, or where it belongs to
the practice.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from datasets.errors import InputError
from datasets.files import sha256_of, write_json
from evaluation.study.blinding import read_secret
from evaluation.study.exclusions import exclude
from evaluation.study.importers import read_answers
from evaluation.study.importers.found import Found
from evaluation.study.key import Key
from evaluation.study.spreadsheet import quoted
from evaluation.study.votes import Answer, LeftOut, Vote, find_key, worker_id, write_left_out, write_votes

_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Imported:
    """Votes and all that is none.

    Attributes:
        study: its hash.
        votes: those left out by a rule too.
        left_out: what is no vote.
        files: for each file its name, checksum and number of answers.
        rejected: assignments that the requester rejected; they count.
    """

    study: str
    votes: tuple[Vote, ...]
    left_out: tuple[LeftOut, ...]
    files: tuple[dict[str, Any], ...]
    rejected: int

    def counts(self) -> dict[str, Any]:
        """How many answers were found, and what became of them."""
        rules = Counter(vote.excluded for vote in self.votes)
        reasons = Counter()
        for one in self.left_out:
            reasons[one.reason] += one.answers
        return {
            "answers": sum(file["answers"] for file in self.files),
            "counted": rules.pop("", 0),
            "excluded": dict(sorted(rules.items())),
            "no_votes": {reason: count for reason, count in sorted(reasons.items()) if count},
            "rejected_assignments": self.rejected,
        }


def import_files(key: Path, files: Sequence[Path]) -> Imported:
    """The votes of some files.

    Args:
        key: the key folder, or a key file in it; of a folder the key of the study that the files name is taken.
        files: in any order.

    Raises:
        InputError: a file cannot be read, or there is not one vote in all of them.
    """
    found = {path: read_answers(path) for path in dict.fromkeys(files)}
    studies = {answer.study for one in found.values() for answer in one.answers} - {""}
    return import_answers(find_key(key, studies), read_secret(key if key.is_dir() else key.parent), found)


def import_answers(key: Key, secret: bytes, read: Mapping[Path, Found]) -> Imported:
    """The votes among the answers found in some files.

    Raises:
        InputError: there is not one vote in all of them.
    """
    found = Found()
    for one in read.values():
        found.add(one)
    answers, left_out = _votes(key, found)
    answers, again = _first(answers)
    left_out = [*found.left_out, *left_out, *again]
    if not answers:
        why = f" ({left_out[0].reason}: {left_out[0].file}, line {left_out[0].line})" if left_out else ""
        raise InputError(
            f"{next(iter(read))}: no vote of study {key.study} in the files given{why}; check files and key"
        )
    workers = [worker_id(secret, answer.source, answer.participant) for answer in answers]
    votes = tuple(
        Vote(
            key.study, worker, answer.source, answer.sheet, answer.item, answer.position, answer.answer, answer.plays,
            answer.exposure_ms, answer.reaction_ms, answer.dropped_frames, answer.blurred, rule,
        )
        for answer, worker, rule in zip(answers, workers, exclude(key, answers, workers), strict=True)
    )  # fmt: skip
    about = tuple({"file": path.name, "sha256": sha256_of(path), "answers": one.total} for path, one in read.items())
    imported = Imported(key.study, votes, tuple(left_out), about, found.rejected)
    _add_up(imported)
    return imported


def write_imported(imported: Imported, folder: Path) -> None:
    """Write `votes.csv`, `left_out.csv` and `import.json`."""
    # In the order of sheets, not of time: times might tell who somebody is.
    votes = sorted(imported.votes, key=lambda vote: (vote.sheet, vote.worker, vote.item))
    write_votes(votes, folder / "votes.csv")
    write_left_out(list(imported.left_out), folder / "left_out.csv")
    write_json(folder / "import.json", {"study": imported.study, **imported.counts(), "files": list(imported.files)})


def _votes(key: Key, found: Found) -> tuple[list[Answer], list[LeftOut]]:
    """The answers to main items of the study, with their sheets; and the others."""
    sheet_of = {item: sheet for sheet, items in key.sheets.items() for item in items}
    practice = set(key.practice)
    votes, left_out = [], []
    for answer in found.answers:
        what = f"item {quoted(answer.item)}"
        expected = False
        if (answer.source, answer.participant) in found.withdrawn:
            reason = "withdrawn by whoever gave it"
            expected = True
        elif answer.study not in ("", key.study):
            reason = f"of another study, {quoted(answer.study)}; name its own key file"
        elif answer.sheet and answer.sheet not in key.sheets:
            reason = f"unknown sheet {quoted(answer.sheet)}"
        elif answer.item in practice:
            reason, expected = "practice", True
        elif answer.item not in sheet_of:
            reason = "unknown item"
        elif answer.phase == "practice":
            reason = "called practice, and is not"
        elif answer.sheet and sheet_of[answer.item] != answer.sheet:
            reason = f"does not stand in sheet {quoted(answer.sheet)}"
        else:
            votes.append(_in_sheet(answer, sheet_of[answer.item]))
            continue
        left_out.append(LeftOut(answer.file, answer.line, what, reason, expected=expected))
    return votes, left_out


def _in_sheet(answer: Answer, sheet: str) -> Answer:
    return Answer(**{**vars(answer), "sheet": sheet})


def _first(answers: Iterable[Answer]) -> tuple[list[Answer], list[LeftOut]]:
    """Of each person's answers to an item the first by time, all in order of time; and the others."""
    ordered = sorted(answers, key=lambda one: (one.answered_at or _LAST, one.file, one.line))
    first: dict[tuple[str, str, str], Answer] = {}
    again = []
    for answer in ordered:
        known = first.setdefault((answer.source, answer.participant, answer.item), answer)
        if known is not answer:
            reason = "a second answer of the same person to the same item"
            where = f"item {quoted(answer.item)}, first in {known.file}, line {known.line}"
            again.append(LeftOut(answer.file, answer.line, where, reason))
    return list(first.values()), again


def _add_up(imported: Imported) -> None:
    """Nothing was lost on the way.

    Raises:
        RuntimeError: an answer is neither a vote nor listed as left out; a bug of this program.
    """
    counts = imported.counts()
    sums = counts["counted"] + sum(counts["excluded"].values()) + sum(counts["no_votes"].values())
    if counts["answers"] != sums:
        raise RuntimeError(f"{counts['answers']} answers were found and {sums} accounted for: {counts}")
