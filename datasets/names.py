"""Names looked up in registries, and what to say when there is none such: the nearest valid one."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from datasets.errors import InputError

Entry = TypeVar("Entry")


def unknown(what: str, name: str, valid: Iterable[str]) -> str:
    """One line for a name that is not among the `valid` ones: the nearest of them, or all if none is near.

    Args:
        what: what was looked for, in words.
        name: as it was given.
        valid: names; of dotted ones the last part alone is recognised too (`colour` for `losses.colour`).
    """
    valid = list(valid)
    near = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    if not near:
        last = {key.split(".")[-1]: key for key in reversed(valid)}
        near = [last[key] for key in difflib.get_close_matches(name, last, n=1, cutoff=0.6)]
    hint = f"did you mean {near[0]}?" if near else "choose another"
    return f"{name}: unknown {what}; {hint} (one of: {', '.join(valid)})"


def pick(registry: Mapping[str, Entry], name: str, what: str) -> Entry:
    """The entry called `name`.

    Raises:
        InputError: there is none; see `unknown`.
    """
    if name not in registry:
        raise InputError(unknown(what, name, registry))
    return registry[name]


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Sorts 2 before 10; 01 and 1 by their characters, whatever the order that they came in."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name
