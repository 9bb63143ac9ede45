"""Metric files: what one (clip, method, seed) scored, with everything that made the values.

A record is `metrics/{clip}/{method}/{seed}.json`. Values of single samples stand in `samples`, values of the whole set
of samples in `set`; a metric that is undefined (the diversity of one sample, say) is null.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.errors import InputError
from datasets.files import read_sealed

KINDS = ("method", "peer", "control")
"""Kinds of methods, in the order in which tables list them."""

FLOOR = "half-against-half"
"""The method of the clip's second half, scored against its first: what a value can be without any generation."""

_REMEDY = "delete it and let the step that scores run again"
_TEXTS = ("clip", "clip_sha256", "method", "kind", "protocol", "encoder", "layer")
_COUNTS = ("seed", "frames", "height", "width", "locations_real", "locations_fake")


@dataclass(frozen=True)
class MetricRecord:
    """One metric file.

    Attributes:
        source: where the clip came from; `kind` is published, synthetic, file or generated, and `fallback` is true
            where a synthetic scene stands in for a clip that could not be had.
        kind: method, peer or control.
        locations: feature locations on the smaller of both sides.
        samples: for every sample its number and its metrics.
        whole_set: metrics of all samples together.
        left_out: for every external sample that could not be used, why.
        notes: what was done to external samples before they were scored.
    """

    clip: str
    clip_sha256: str
    source: Mapping[str, Any]
    method: str
    kind: str
    seed: int
    protocol: str
    encoder: str
    layer: str
    frames: int
    height: int
    width: int
    locations: int
    config_sha256: str | None
    samples: tuple[tuple[int, Mapping[str, float | None]], ...]
    whole_set: Mapping[str, float | None]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_record(path: str | Path) -> MetricRecord:
    """Read and check one metric file.

    Raises:
        InputError: the file is missing, is not JSON, or lacks something; the message names the key.
    """
    record = read_sealed(path, _REMEDY)
    if not isinstance(record, dict):
        raise InputError(f"{path}: must hold one JSON object; {_REMEDY}")
    for key in (*_TEXTS, *_COUNTS, "clip_source", "samples", "set"):
        _require(key in record, path, f"key '{key}' is missing")
    for key in _TEXTS:
        _require(isinstance(record[key], str) and record[key] != "", path, f"'{key}' must be text")
    for key in _COUNTS:
        _require(_is_count(record[key]), path, f"'{key}' must be a whole number, 0 or more")
    _require(record["kind"] in KINDS, path, f"'kind' must be one of {', '.join(KINDS)}")
    source, samples = record["clip_source"], record["samples"]
    _require(isinstance(source, dict) and isinstance(source.get("kind"), str), path, "'clip_source' must say its kind")
    _require(isinstance(samples, list) and len(samples) > 0, path, "'samples' must be a list of at least one sample")
    for sample in samples:
        _require(
            isinstance(sample, dict) and _is_count(sample.get("sample")), path, "every sample must have its number"
        )
        _check_metrics({name: value for name, value in sample.items() if name != "sample"}, path)
    numbers = [sample["sample"] for sample in samples]
    _require(len(set(numbers)) == len(numbers), path, "two samples have the same number")
    _require(isinstance(record["set"], dict), path, "'set' must be an object")
    _check_metrics(record["set"], path)
    config = record.get("config_sha256")
    _require(config is None or isinstance(config, str), path, "'config_sha256' must be text or null")
    return MetricRecord(
        clip=record["clip"],
        clip_sha256=record["clip_sha256"],
        method=record["method"],
        kind=record["kind"],
        seed=record["seed"],
        protocol=record["protocol"],
        encoder=record["encoder"],
        layer=record["layer"],
        frames=record["frames"],
        height=record["height"],
        width=record["width"],
        source=source,
        locations=min(record["locations_real"], record["locations_fake"]),
        config_sha256=config,
        samples=tuple(
            (sample["sample"], {name: value for name, value in sample.items() if name != "sample"})
            for sample in sorted(samples, key=lambda sample: sample["sample"])
        ),
        whole_set=record["set"],
        left_out=_lines(record, "left_out", path),
        notes=_lines(record, "notes", path),
    )


def _lines(record: Mapping[str, Any], key: str, path: str | Path) -> tuple[str, ...]:
    lines = record.get(key, [])
    whole = isinstance(lines, list) and all(isinstance(line, str) for line in lines)
    _require(whole, path, f"'{key}' must be a list of sentences")
    return tuple(lines)


def _require(condition: bool, path: str | Path, what: str) -> None:
    if not condition:
        raise InputError(f"{path}: {what}; {_REMEDY}")


def _check_metrics(metrics: Mapping[str, Any], path: str | Path) -> None:
    for name, value in metrics.items():
        _require(value is None or _is_number(value), path, f"metric '{name}' must be a finite number or null")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: Any) -> bool:
    # JSON as Python reads it may hold NaN and Infinity; a mean over them would be silently wrong.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
