"""Looking a name up in a registry, with a helpful refusal."""

import difflib
from collections.abc import Mapping
from typing import TypeVar

from datasets.errors import InputError

Entry = TypeVar("Entry")


def pick(registry: Mapping[str, Entry], name: str, kind: str) -> Entry:
    """The entry called `name`; `kind` says in the error what was looked for.

    Raises:
        InputError: there is none; the message gives the nearest name and all valid ones.
    """
    if name in registry:
        return registry[name]
    near = difflib.get_close_matches(name, registry, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InputError(f"{name!r}: no such {kind}; {hint}choose from {', '.join(registry)}")
