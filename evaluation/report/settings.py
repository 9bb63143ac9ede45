"""How the configurations of trainings differ, key by key."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.errors import InputError
from datasets.files import read_sealed


@dataclass(frozen=True)
class Settings:
    """Attributes:
    methods: columns of `differing`.
    differing: dotted keys whose value is not the same everywhere, with the value of each method; where it changes from
        clip to clip or seed to seed, all values are listed.
    shared: dotted keys with the one value that all trainings have.
    """

    methods: Sequence[str]
    differing: Sequence[tuple[str, Sequence[str]]]
    shared: Sequence[tuple[str, str]]


def compare_settings(configs: Mapping[tuple[str, str, int], str | Path], methods: Sequence[str]) -> Settings:
    """Compare config files of trainings.

    Args:
        configs: by (clip, method, seed), JSON objects; keys of nested objects are joined by dots.
        methods: in the order of the columns; those without a config are left out.

    Raises:
        InputError: a file is missing or holds no JSON object.
    """
    flat = {run: _flatten(_read(path)) for run, path in sorted(configs.items())}
    methods = [method for method in methods if any(run[1] == method for run in flat)]
    keys: dict[str, None] = {}
    for method in methods:
        for run, config in flat.items():
            if run[1] == method:
                keys |= dict.fromkeys(config)
    differing, shared = [], []
    for key in keys:
        values = {run: config.get(key, "not set") for run, config in flat.items() if run[1] in methods}
        if len(set(values.values())) == 1:
            shared.append((key, next(iter(values.values()))))
        else:
            differing.append((key, [_of_method(values, method) for method in methods]))
    return Settings(methods, differing, shared)


def _of_method(values: Mapping[tuple[str, str, int], str], method: str) -> str:
    """The value of a method; if there are several, each with the clips that have it."""
    clips: dict[str, dict[str, None]] = {}
    for (clip, of, _), value in values.items():
        if of == method:
            clips.setdefault(value, {})[clip] = None
    if len(clips) == 1:
        return next(iter(clips))
    return "; ".join(f"{value} ({', '.join(names)})" for value, names in clips.items())


def _read(path: str | Path) -> dict[str, Any]:
    config = read_sealed(path, "train again, or leave it out")
    if not isinstance(config, dict):
        raise InputError(f"{path}: a config must be a JSON object; train again, or leave it out")
    return config


def _flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = _as_text(value)
    return flat


def _as_text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
