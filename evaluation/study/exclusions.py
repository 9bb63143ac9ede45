"""Which votes are left out, by the rules that the design fixed and nothing else.

The rules are tried in the order of `RULES`, and the first that applies is named. A value that was not recorded (a paper
sheet has no clock) breaks no rule; how many there are is reported.
"""

from collections.abc import Mapping, Sequence

from evaluation.study.design import Design
from evaluation.study.key import Item, Key
from evaluation.study.votes import Answer
from evaluation.wording import counted

RULES = (
    *("catch-trial", "repeat-sheet", "repeat-vote", "failed-catch"),
    *("short-exposure", "fast-answer", "too-many-plays"),
)
Stimulus = tuple[str, str | None, str | None, int | None, int | None]


def describe(design: Design) -> dict[str, str]:
    """What each rule says in this design."""
    sheets = design.sheets_per_worker
    return {
        "catch-trial": "Catch trials say who looked; they are no votes about any clip.",
        "repeat-sheet": "Any number of sheets a person counts."
        if sheets is None
        else f"Of a person the first {counted(sheets, 'sheet')} by time, and no other.",
        "repeat-vote": "Of a person's votes on the same pixels in several sheets, the first counts.",
        "failed-catch": f"All votes of a person who took more than {counted(design.max_failed_catch, 'catch trial')} "
        "for real.",
        "short-exposure": f"Votes whose longest play was under {design.min_exposure_share * design.exposure_seconds:g} "
        f"of {design.exposure_seconds:g} seconds.",
        "fast-answer": f"Answers within less than {design.min_reaction_ms} ms.",
        "too-many-plays": f"Votes after more than {counted(design.plays, 'play')}.",
    }


def stimulus(item: Item) -> Stimulus:
    """What is seen: the same for every item that shows the same pixels."""
    return item.kind, item.clip, item.method, item.seed, item.sample


def exclude(key: Key, answers: Sequence[Answer], workers: Sequence[str]) -> list[str]:
    """For every answer the rule that leaves it out, or "".

    Args:
        key: of the study.
        answers: to main items of known sheets, each person's in order of time, nobody's twice to an item.
        workers: whoever gave each.
    """
    design = key.design
    repeated = _repeated_sheets(design, answers, workers)
    failed = _failed(key, answers, workers, repeated)
    seen: set[tuple[str, Stimulus]] = set()
    rules = []
    for answer, worker in zip(answers, workers, strict=True):
        item = key.items[answer.item]
        again = (worker, stimulus(item)) in seen
        seen.add((worker, stimulus(item)))
        applies: Mapping[str, bool] = {
            "catch-trial": item.kind == "catch",
            "repeat-sheet": (worker, answer.sheet) in repeated,
            "repeat-vote": again,
            "failed-catch": worker in failed,
            "short-exposure": _below(answer.exposure_ms, design.min_exposure_share * design.exposure_seconds * 1000),
            "fast-answer": _below(answer.reaction_ms, design.min_reaction_ms),
            "too-many-plays": answer.plays is not None and answer.plays > design.plays,
        }
        rules.append(next((rule for rule in RULES if applies[rule]), ""))
    return rules


def _repeated_sheets(design: Design, answers: Sequence[Answer], workers: Sequence[str]) -> set[tuple[str, str]]:
    """(worker, sheet) beyond a person's first sheets."""
    if design.sheets_per_worker is None:
        return set()
    sheets: dict[str, dict[str, None]] = {}
    for answer, worker in zip(answers, workers, strict=True):
        sheets.setdefault(worker, {})[answer.sheet] = None
    return {(worker, sheet) for worker, own in sheets.items() for sheet in list(own)[design.sheets_per_worker :]}


def _failed(key: Key, answers: Sequence[Answer], workers: Sequence[str], repeated: set[tuple[str, str]]) -> set[str]:
    """Workers who took more catch trials for real than the design allows, in sheets that count."""
    fails: dict[str, int] = {}
    for answer, worker in zip(answers, workers, strict=True):
        missed = key.items[answer.item].kind == "catch" and answer.answer == "real"
        if missed and (worker, answer.sheet) not in repeated:
            fails[worker] = fails.get(worker, 0) + 1
    return {worker for worker, count in fails.items() if count > key.design.max_failed_catch}


def _below(value: float | None, least: float) -> bool:
    return value is not None and value < least
