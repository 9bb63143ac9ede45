"""Protocols: what the files under one results folder are made from; read from `config/`, narrowed by `--config`."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from datasets.catalogue import find as find_clip
from datasets.errors import InputError
from datasets.names import pick, unknown
from datasets.overrides import check_override
from evaluation.encoders import ENCODERS, LAYERS
from evaluation.external import check_name
from evaluation.metrics import METRICS
from evaluation.study.design import Design, make_design, read_changes
from sgif.config import Config, PyramidConfig
from sgif.methods import METHODS as TRAINED
from sgif.presets import resolve
from workflow.methods import ABLATION, ABLATIONS, EXTERNAL, FULL, PLUS, find_method

NAMES = ("paper", "cpu", "peers", "quick", "smoke")
SOURCES = ("clips", "published-video")
MOST_SAMPLES = 10_000
"""More a cell are a slip of the keyboard, and their paths would fill the memory while the workflow is parsed."""


@dataclass(frozen=True)
class Protocol:
    """One protocol, validated.

    Attributes:
        name: also the name of its folder under `results/` (`paper` has `results/` itself).
        about: one phrase for pages and tables.
        preset: of `sgif`.
        clips: catalogue ids.
        methods: names of the registry, in the order of the tables.
        samples: how many a clip, method and seed.
        seeds: of the trainings.
        encoder, layer: of SGFID.
        fallback: whether stand-ins may replace clips and weights that cannot be had.
        threads: CPU threads of a training.
        gpu: how many GPUs a training asks for: 0 (it computes on the CPU) or 1.
        source: "clips" (GIFs and synthetic scenes) or "published-video" (`published/{clip}/real.mp4` of a stage).
        frames: at most so many frames of a clip; None for the preset's own limit.
        training: dotted config keys that change every training.
        external: methods whose samples come from outside: name -> a folder with a folder for each clip, or a path with
            `{clip}` in it; `{stage}` stands for the stage. In `methods` they are called `external:NAME`.
        external_resize: whether their samples of another size are resized; otherwise they are left out.
        metrics: names of the registry.
        study: fields of the study's design (`evaluation.study.design`), beside `preset` and `methods`; by default
            preset rigorous, all methods but controls, and the protocol's samples.
        applications: `method`, of the trainings behind applications other than super-resolution: by default sgif-plus
            if it is among the methods, else singan-gif; `clips`, if not all.
        ablations: the user's own: name -> dotted config keys that differ from the full model; as methods
            they are called `ablation:NAME`.
    """

    name: str
    about: str
    preset: str
    clips: tuple[str, ...]
    methods: tuple[str, ...]
    samples: int
    seeds: tuple[int, ...]
    encoder: str
    layer: str
    fallback: bool
    threads: int
    gpu: int = 0
    source: str = "clips"
    frames: int | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    external: Mapping[str, str] = field(default_factory=dict)
    external_resize: bool = False
    metrics: tuple[str, ...] = tuple(METRICS)
    ablations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    study: Mapping[str, Any] = field(default_factory=dict)
    applications: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for clip in self.clips:
            find_clip(clip)
        for method in self.methods:
            find_method(method)
            name = method.removeprefix(EXTERNAL)
            if name != method and name not in self.external:
                raise InputError(
                    f"{method}: its folder is not known; name it: --config external='{{\"{name}\": FOLDER}}'"
                )
        for metric in self.metrics:
            pick(METRICS, metric, "metric")
        if "sgfid" not in self.metrics:
            raise InputError("metrics: sgfid is missing, and every table needs it; add it")
        pick(ENCODERS, self.encoder, "encoder")
        pick(LAYERS, self.layer, "layer")
        if self.source not in SOURCES:
            raise InputError(unknown("source of clips", self.source, SOURCES))
        for key in ("clips", "methods", "seeds", "metrics"):
            values = getattr(self, key)
            if not values or len(set(values)) < len(values):
                raise InputError(f"{key}: must name at least one, none twice; change this key")
        for key, least in (("samples", 1), ("threads", 1), ("frames", 2)):
            value = getattr(self, key)
            if value is not None and value < least:
                raise InputError(f"{key}: {value} is below {least}; change this key")
        if self.gpu not in (0, 1):
            raise InputError(f"gpu: {self.gpu} is neither 0 nor 1; a training uses one GPU at most")
        if self.samples > MOST_SAMPLES:
            raise InputError(f"samples: {self.samples} is above {MOST_SAMPLES}; change this key")
        if min(self.seeds) < 0:
            raise InputError(f"seeds: {min(self.seeds)} is negative; change this key")
        if max(self.seeds) >= 2**63:
            raise InputError(f"seeds: {max(self.seeds)} is too large; choose less than 2**63")
        for method in (FULL, *self.trained, *self.variants):
            try:
                self.config(method)
            except InputError as error:
                key = method.replace(":", "s.") if method.startswith(ABLATION) else "training"
                raise InputError(f"{key}: {error}") from error
        self.study_design()
        for key in self.applications:
            if key not in ("method", "clips"):
                raise InputError(f"applications: {unknown('key', key, ('method', 'clips'))}")
        for clip in self.application_clips:
            if clip not in self.clips:
                raise InputError(f"applications.clips: {unknown('clip', clip, self.clips)}")
        if find_method(self.application_method).kind != "method":
            raise InputError(f"applications.method: {self.application_method} is not trained; choose one that is")

    @property
    def application_clips(self) -> tuple[str, ...]:
        """The clips that applications are shown on."""
        return tuple(_typed("clips", self.applications.get("clips", list(self.clips))))

    @property
    def application_method(self) -> str:
        """Of the trainings behind applications other than super-resolution."""
        return str(self.applications.get("method", PLUS if PLUS in self.methods else FULL))

    def study_design(self) -> Design:
        """The design of the study of this protocol's samples.

        Raises:
            InputError: a key or a value is not valid, or a method not the protocol's.
        """
        changes = dict(self.study)
        preset = str(changes.pop("preset", "rigorous"))
        shown = [method for method in self.methods if find_method(method).kind != "control"] or list(self.methods)
        methods = _typed("methods", changes.pop("methods", shown))
        for method in methods:
            if method not in self.methods:
                raise InputError(f"study.methods: {unknown('method', method, self.methods)}")
        return make_design(preset, methods, self.clips, **{"samples": self.samples, **read_changes(changes)})

    @property
    def trained(self) -> tuple[str, ...]:
        """The methods whose samples come from run folders."""
        return tuple(m for m in self.methods if find_method(m).runs)

    @property
    def variants(self) -> tuple[str, ...]:
        """The full model, its ablations, and the user's own."""
        return (FULL, *ABLATIONS, *(ABLATION + name for name in self.ablations))

    def config(self, method: str, task: str = "sample", factor: int | None = None) -> Config:
        """The training config of a method under this protocol, for a task.

        Raises:
            InputError: an own ablation that the protocol does not know, or keys or values that are not valid.
        """
        frames = {} if self.frames is None else {"pyramid.frames": self.frames}
        # What an ablation changes is its own, whatever all trainings are told: it would be the full model otherwise.
        own: Mapping[str, Any] = TRAINED[method].overrides if method in ABLATIONS else {}
        if method.startswith(ABLATION):
            name = method.removeprefix(ABLATION)
            if name not in self.ablations:
                raise InputError(
                    f'no ablation of this name; define it: --config ablations=\'{{"{name}": {{"KEY": VALUE}}}}\''
                )
            own = self.ablations[name]
            method = FULL
        return resolve(self.preset, method, {**frames, **self.training, **own}, task=task, factor=factor)

    @property
    def size(self) -> PyramidConfig:
        """Limits on the clip's size: those of the preset, the same for all methods."""
        return self.config("singan-gif").pyramid


# Keys of `--config` and `--configfile` that change every protocol, beside `stage`.
NARROWING = (
    "clips", "methods", "seeds", "samples", "encoder", "layer", "threads", "gpu", "training", "metrics", "external",
    "ablations",
    "external_resize",
    "study",
    "applications",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What `--config` said: protocols narrowed, a stage, and clips that the user brings.

    Attributes:
        changes: keys of `NARROWING` with their new values.
        stage: a folder laid out as `python -m datasets stage` makes it.
        own_clips: id -> {path or url, sha256}, in place of catalogue clips.
    """

    changes: Mapping[str, Any]
    stage: Path | None
    own_clips: Mapping[str, Mapping[str, str]]


def read_settings(config: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Validate the workflow's config.

    Raises:
        InputError: an unknown key (the nearest is named), or a value that does not fit.
    """
    valid = ("stage", *NARROWING)
    for key in config:
        if key not in valid:
            raise InputError(unknown("config key", str(key), valid))
    changes = {k: v for k, v in config.items() if k != "stage"}
    own = changes.pop("clips") if isinstance(changes.get("clips"), Mapping) else {}
    for clip, source in own.items():
        find_clip(_word("clips", clip))
        check_override(clip, source)
    stage = config.get("stage") or environment.get("SGIF_STAGE")
    if stage and not isinstance(stage, str | Path):
        raise InputError(f"stage: {stage!r} is no folder; give its path")
    if stage and not Path(stage).is_dir():
        raise InputError(f"stage: {stage} is no folder; make one with 'python -m datasets stage DIR'")
    if not stage and "external" in changes:
        for name, folder in _typed("external", changes["external"]).items():
            if "{stage}" in folder:
                raise InputError(f"external.{name}: {folder} lies in a stage, and none is named; add stage=DIR")
    return Settings(changes, Path(stage).resolve() if stage else None, own)


def load_protocols(folder: Path, settings: Settings) -> dict[str, Protocol]:
    """All protocols by name, narrowed by `settings`.

    Raises:
        InputError: a file or a value in it is not valid; the message names file and key.
    """
    raws = {name: _read(folder / f"{name}.yaml") for name in NAMES}
    # What is no mapping is refused below, with its file.
    known = {name for raw in raws.values() if isinstance(raw.get("external"), Mapping) for name in raw["external"]}
    return {name: _narrowed(folder / f"{name}.yaml", raw, settings, known) for name, raw in raws.items()}


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not readable as YAML ({str(error).splitlines()[0]}); restore the file") from error
    if not isinstance(raw, dict):
        raise InputError(f"{path}: must be a mapping of keys; restore the file")
    fields = {f.name: f for f in dataclasses.fields(Protocol) if f.name != "name"}
    for key in raw:
        if key not in fields:
            raise InputError(f"{path}: {unknown('key', str(key), fields)}")
    missing = [k for k, f in fields.items() if k not in raw and f.default is f.default_factory is dataclasses.MISSING]
    if missing:
        raise InputError(f"{path}: {missing[0]}: missing; add this key")
    return raw


def _narrowed(path: Path, raw: dict[str, Any], settings: Settings, known: Collection[str]) -> Protocol:
    """The protocol of a file with what `--config` changes; `known` are the external methods of all files."""
    own = _build(path.stem, raw, f"{path}")
    changes = dict(settings.changes)
    if not changes:
        return own
    if "external" in changes:
        raw = _with_external(raw, changes.pop("external"), "methods" in changes)
    if "methods" in changes:
        # One command line narrows all protocols, and samples from outside may belong to one of them only.
        foreign = {EXTERNAL + name for name in set(known) - set(raw.get("external", {}))}
        changes["methods"] = [m for m in _typed("methods", changes["methods"]) if m not in foreign] or raw["methods"]
    return _build(path.stem, {**raw, **changes}, "--config")


def _with_external(raw: Mapping[str, Any], more: Any, methods_given: bool) -> dict[str, Any]:
    """The protocol with more external methods; they are among its methods unless those were named too."""
    external = {**raw.get("external", {}), **_typed("external", more)}
    added = [EXTERNAL + name for name in external if EXTERNAL + name not in raw["methods"]]
    return {**raw, "external": external, "methods": [*raw["methods"], *([] if methods_given else added)]}


def _build(name: str, values: Mapping[str, Any], origin: str) -> Protocol:
    """The protocol with these values; an error says that they are from `origin`."""
    try:
        return Protocol(name, **{key: _typed(key, value) for key, value in values.items()})
    except InputError as error:
        raise InputError(f"{origin}: {error}") from error


def _typed(key: str, value: Any) -> Any:
    """A value of YAML or of the command line as the field's type."""
    if key in ("clips", "methods", "seeds", "metrics"):
        items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
        return tuple(_whole(key, i) if key == "seeds" else _word(key, i) for i in items)
    if key in ("samples", "threads", "frames", "gpu"):
        return None if value is None and key == "frames" else _whole(key, value)
    if key in ("fallback", "external_resize"):
        if isinstance(value, bool):
            return value
        raise InputError(f"{key}: {value!r} is neither true nor false; change this key")
    if key == "training":
        if isinstance(value, Mapping):
            return _dotted(key, value)
        raise InputError(f"{key}: must be a mapping of dotted config keys; change this key")
    if key == "study":
        if isinstance(value, Mapping):
            return {str(k): v for k, v in value.items()}
        raise InputError(f"{key}: must be a mapping of fields of the study's design; change this key")
    if key == "applications":
        if isinstance(value, Mapping):
            return {str(k): v for k, v in value.items()}
        raise InputError(f"{key}: must be a mapping with 'method', 'clips' or both; change this key")
    if key == "ablations":
        if isinstance(value, Mapping) and all(isinstance(own, Mapping) for own in value.values()):
            return {check_name(str(name), "ablation"): _dotted(f"{key}.{name}", own) for name, own in value.items()}
        raise InputError(f"{key}: must be a mapping of names to mappings of dotted config keys; change this key")
    if key == "external":
        if isinstance(value, Mapping):
            return {check_name(str(name)): _word(f"external.{name}", folder) for name, folder in value.items()}
        raise InputError(f"{key}: must be a mapping of names to folders; change this key")
    return _word(key, value)


def _dotted(key: str, values: Mapping[Any, Any]) -> dict[str, Any]:
    """Config keys with their values; groups are written with a dot."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            inner = next(iter(value), "KEY")
            raise InputError(f"{key}.{name}: is a group of keys; write each with a dot, as in {name}.{inner}: VALUE")
    return {str(name): value for name, value in values.items()}


def _whole(key: str, value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.lstrip("-").isdecimal():
        raise InputError(f"{key}: {value!r} is not a whole number; change this key")
    return int(text)


def _word(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{key}: {value!r} is not a word; change this key")
    return value.strip()
