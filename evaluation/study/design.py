"""What is fixed before the first vote: presets, how many votes of whom, and every rule by which votes are left out."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from datasets.errors import InputError
from datasets.names import pick

LABELLING = ("methods", "clips")
"""Fields that name what raters must not know; the bundle's manifest has their number only."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """A study, fixed when it is built; the analysis has no other knob.

    Attributes:
        preset: "paper" or "rigorous".
        methods: whose samples are the fakes.
        clips: what the samples imitate.
        samples: fakes a clip and method.
        votes: wanted votes an item.
        reals: whether the real clips are mixed in.
        practice: practice items, apart from the scored ones, with feedback.
        catch_trials: items a sheet that are obviously fake, and whose right answer nobody misses.
        exposure_seconds: how long a play shows a clip.
        plays: at most so many plays an item.
        sheets_per_worker: at most so many sheets a person; None for any number.
        margin: half the width of the equivalence test around 0.5, as a rate.
        min_exposure_share: a vote whose longest play was shorter than this share of `exposure_seconds` is left out.
        min_reaction_ms: faster answers are left out.
        max_failed_catch: all votes of a person who fails more catch trials are left out.
        seed: of the order and of what is drawn.
    """

    preset: str
    methods: tuple[str, ...]
    clips: tuple[str, ...]
    samples: int
    votes: int
    reals: bool
    practice: int
    catch_trials: int
    exposure_seconds: float = 5.0
    plays: int = 2
    sheets_per_worker: int | None = None
    margin: float = 0.10
    min_exposure_share: float = 0.9
    min_reaction_ms: int = 200
    max_failed_catch: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        pick(PRESETS, self.preset, "preset of a study")
        for key in ("methods", "clips"):
            values = getattr(self, key)
            if not values or len(set(values)) < len(values):
                raise InputError(f"study.{key}: must name at least one, none twice; change this key")
        for key, least in _LEAST.items():
            value = getattr(self, key)
            if value is not None and value < least:
                raise InputError(f"study.{key}: {value} is below {least}; change this key")
        if not 0 < self.exposure_seconds <= 60:
            raise InputError(f"study.exposure_seconds: {self.exposure_seconds:g} is not in (0, 60]; change this key")
        if not 0 < self.margin < 0.5:
            raise InputError(f"study.margin: {self.margin:g} is not between 0 and 0.5; change this key")
        if not 0 <= self.min_exposure_share <= 1:
            raise InputError(f"study.min_exposure_share: {self.min_exposure_share:g} is not in [0, 1]; change this key")

    def to_json(self) -> dict[str, Any]:
        """All fields, as `design_from_json` reads them."""
        values = dataclasses.asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}

    def blinded(self) -> dict[str, Any]:
        """The fields as the manifest has them: numbers in place of names."""
        return {k: len(v) if k in LABELLING else v for k, v in self.to_json().items()}


_LEAST = {
    "samples": 1, "votes": 1, "practice": 0, "catch_trials": 0, "plays": 1, "sheets_per_worker": 1,
    "min_reaction_ms": 0, "max_failed_catch": 0, "seed": 0,
}  # fmt: skip

PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        # As far as the paper tells: it reports no real clips, no practice and no checks.
        "paper": MappingProxyType(
            {"samples": 10, "votes": 3, "reals": False, "practice": 0, "catch_trials": 0, "sheets_per_worker": None}
        ),
        "rigorous": MappingProxyType(
            {"samples": 10, "votes": 3, "reals": True, "practice": 4, "catch_trials": 2, "sheets_per_worker": 1}
        ),
    }
)


def make_design(preset: str, methods: tuple[str, ...], clips: tuple[str, ...], **changes: Any) -> Design:
    """The design of a preset with some fields changed.

    Raises:
        InputError: there is no such preset, or a value is out of its range.
    """
    return Design(
        preset=preset, methods=methods, clips=clips, **{**pick(PRESETS, preset, "preset of a study"), **changes}
    )


def read_changes(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a design as YAML or a command line gives them, in their types; `none` stands for no limit.

    Raises:
        InputError: there is no such field, it is given otherwise, or the value is of another type.
    """
    changeable = {field.name: field for field in dataclasses.fields(Design) if field.name not in ("preset", *LABELLING)}
    return {key: _typed(pick(changeable, str(key), "field of a study"), value) for key, value in values.items()}


def _typed(field: "dataclasses.Field[Any]", value: Any) -> Any:
    text = str(value).strip().lower()
    try:
        if field.type is bool:
            return {"true": True, "false": False}[text]
        if field.type is float:
            return float(text)
        return None if text in ("none", "null") and field.type == int | None else int(text)
    except (KeyError, ValueError) as error:
        raise InputError(f"study.{field.name}: {value!r} is not what this key holds; change it") from error


def design_from_json(values: Mapping[str, Any], origin: str) -> Design:
    """Read what `to_json` wrote.

    Args:
        values: the fields.
        origin: the file they stand in, for the error.

    Raises:
        InputError: a field is missing, unknown or out of its range.
    """
    try:
        return Design(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})
    except (TypeError, InputError) as error:
        raise InputError(f"{origin}: not a study's design ({error}); build the study again") from error
