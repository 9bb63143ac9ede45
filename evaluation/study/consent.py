"""What raters are told: instructions, and a text of consent that should be replaced by that of the ethics board."""

from collections.abc import Sequence
from pathlib import Path

from datasets.errors import InputError
from evaluation.study.design import Design

GENERIC_CONSENT = (
    "Taking part is voluntary. You may stop at any time, without a reason and without a disadvantage; 'Withdraw from "
    "the study' deletes your answers from this device.",
    "This page keeps, on this device only: your answers, how often and how long you played each clip, how long you "
    "took to answer, whether the page was out of sight, and a participant number. It sends nothing anywhere. You save "
    "a file at the end and hand it over yourself, unless the platform that you came from collects it. Participant "
    "numbers of a platform are replaced by others before anything is analysed or published.",
    "The clips show landscapes without people. They have no sound.",
)
_MOST_BYTES = 20_000


def instructions(design: Design, *, practice: bool = True) -> list[str]:
    """Paragraphs of instructions, with or without what they say of practice."""
    plays = {1: "once", 2: "twice"}.get(design.plays, f"{design.plays} times")
    seconds = f"{design.exposure_seconds:g} second{'' if design.exposure_seconds == 1 else 's'}"
    lines = [
        "You will see short clips of natural scenes. A clip is real if a camera recorded it, and fake if a computer "
        "program made it up.",
        f"Start each clip yourself. It is shown for {seconds}, and you may play it at most {plays}. Then say "
        "whether it was real or fake; if you are not sure, guess. There is no time limit for your answer.",
        "All clips are small and have few colours: that does not make them fake.",
    ]
    if design.catch_trials:
        lines.append("Some clips only check that you are looking: coloured blocks instead of a scene. They are fake.")
    if design.practice and practice:
        lines.append(
            f"There are {design.practice} practice clips first, which tell you whether you were right. They are drawn "
            "scenes: there, an intact scene counts as real, and one whose parts are mixed up as fake."
        )
    return lines


def read_consent(path: Path | None) -> tuple[list[str], bool]:
    """Paragraphs of the consent text, and whether it is the generic one.

    Args:
        path: a UTF-8 text file, with empty lines between paragraphs; None for the generic text.

    Raises:
        InputError: the file cannot be read, is empty or far too long.
    """
    if path is None:
        return list(GENERIC_CONSENT), True
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as text; name a UTF-8 text file with the consent") from error
    paragraphs: Sequence[str] = [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
    if not paragraphs or len(text.encode()) > _MOST_BYTES:
        raise InputError(
            f"{path}: is empty or longer than {_MOST_BYTES} bytes; name a file with the consent text alone"
        )
    return list(paragraphs), False
