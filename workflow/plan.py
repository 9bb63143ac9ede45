"""What the rules ask while the workflow is parsed: paths, sources and configs. No torch, and no network until asked."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from datasets.catalogue import find as find_clip
from datasets.catalogue import ids as clip_ids
from datasets.errors import InputError
from datasets.fetch import reachable
from datasets.files import read_json
from datasets.resize import fitted_size
from datasets.sources import Source, resolve, resolve_peers
from evaluation.encoders import ENCODERS
from evaluation.encoders.location import find_weights
from evaluation.external import sample_files
from sgif.config import Config, flatten
from sgif.presets import resolve as resolve_preset
from workflow.applications import APPLICATIONS, Application, find_application
from workflow.code import code_hash
from workflow.layout import Layout, Run
from workflow.methods import ABLATION, EXTERNAL, FULL, METHODS, find_method
from workflow.protocols import NAMES, Protocol, load_protocols, read_settings
from workflow.resources import Request, training_request

NETWORK_SECONDS = 10.0
NEITHER = "no-separable-no-2d-switch"
"""A variant that is timed only: the full model without both of what the paper says to save time."""


LEADERBOARD = "leaderboard.html"
OTHER_PAGES = (
    ("Leaderboard: all metrics, with ranks", LEADERBOARD),
    ("Ablations and the paper's claims", "ablations/report.html"),
    ("Applications", "applications.html"),
    ("Real-or-fake study: the page for participants", "study/bundle/index.html"),
    ("Real-or-fake study: results", "study/report/study.html"),
)
"""Title and place of a protocol's pages beside the results page."""


class SampleCount(NamedTuple):
    """A protocol's results folder and the number of samples in it."""

    name: str
    root: str
    samples: int


class Plan:
    """One workflow's protocols with everything that was decided about them.

    Arguments:
        home: folder of the Snakefile.
        config: Snakemake's config, from `--config` and `--configfile`.
        environment: gets SGIF_STAGE when the config names a stage, so that jobs see the same one.
    """

    def __init__(self, home: Path, config: Mapping[str, Any], environment: Any = os.environ) -> None:
        self.settings = read_settings(config, environment)
        if self.settings.stage:
            environment["SGIF_STAGE"] = str(self.settings.stage)
        self.protocols = {root_of(p.name): p for p in load_protocols(home / "config", self.settings).values()}
        self._sources: dict[str, dict[str, Source] | InputError] = {}
        self._encoders: dict[str, tuple[str, str]] = {}
        self._external: dict[tuple[str, str, str], list[str]] = {}
        self.left_out: dict[tuple[str, str, str], str] = {}  # (root, method, clip) of external samples: why

    root_pattern = "|".join(re.escape(r) for r in ["results", *(f"results/{n}" for n in NAMES if n != "paper")])
    clip_pattern = "|".join(clip_ids())
    external_pattern = EXTERNAL + r"[A-Za-z0-9][A-Za-z0-9._-]*"
    method_pattern = "|".join([*METHODS, external_pattern, ABLATION + external_pattern.removeprefix(EXTERNAL)])
    encoder_pattern = "|".join(ENCODERS)
    application_pattern = "|".join(APPLICATIONS)

    def protocol(self, root: str) -> Protocol:
        """The protocol whose results lie in `root`."""
        return self.protocols[root]

    @staticmethod
    def is_trained(method: str) -> bool:
        """Whether a method's samples come from a run folder."""
        return find_method(method).runs

    @cached_property
    def sample_counts(self) -> list[SampleCount]:
        """How many samples each results folder holds a clip, method and seed."""
        return [SampleCount(p.name, root, p.samples) for root, p in self.protocols.items()]

    def code(self, stem: str) -> str:
        """Hash of the code behind a rule."""
        return code_hash(stem)

    # ---- clips

    def source_key(self, root: str, clip: str) -> str:
        """What the content of a clip will be, in a few characters; 'missing' if it cannot be had.

        A published clip that is already among the results stays: a forgotten stage or a network that is down must not
        put a stand-in, and hours of training on it, in its place.
        """
        sources = self.sources(root)
        wanted = None if isinstance(sources, InputError) else sources[clip]
        if wanted is None or wanted.fallback:
            present = self.present(root, clip)
            if present:
                return present
        return wanted.key() if wanted else "missing"

    def present(self, root: str, clip: str) -> str | None:
        """Key of the published clip among the results, if one is there whole."""
        record = Path(root, "clips", f"{clip}.json")
        if not record.with_suffix(".npz").is_file():
            return None
        try:
            source = read_json(record, "")["source"]
            found = Source(clip, source["kind"], "path", sha256=source["sha256"])
        except (InputError, KeyError, TypeError):
            return None
        return found.key() if found.kind == "published" else None

    def own_clip(self, clip: str) -> str:
        """JSON of the user's override for this clip, `{}` for none."""
        return json.dumps(self.settings.own_clips.get(clip, {}), sort_keys=True)

    def catalogue_entry(self, clip: str) -> str:
        """JSON of what the catalogue says of a clip: no argument of its job, but what a scene is rendered from."""
        return json.dumps(asdict(find_clip(clip)))

    def clip_limits(self, root: str) -> str:
        """JSON of the limits that a clip of this protocol is brought under, and of its source."""
        protocol = self.protocol(root)
        size = protocol.size
        return json.dumps(
            {
                "source": protocol.source,
                "short_side": size.short_side,
                "long_side": size.long_side,
                "frames": size.frames,
                "minimum": size.coarsest_side,
            }
        )

    def sources(self, root: str) -> dict[str, Source] | InputError:
        """Sources of all clips of a protocol, decided once; the error if some cannot be had at all."""
        if root not in self._sources:
            protocol, stage = self.protocol(root), self.settings.stage
            own = {k: v for k, v in self.settings.own_clips.items() if k in protocol.clips}
            try:
                if protocol.source == "published-video":
                    self._sources[root] = resolve_peers(protocol.clips, stage or "")
                else:
                    self._sources[root] = resolve(
                        protocol.clips, stage=stage or "", overrides=own, timeout_s=NETWORK_SECONDS
                    )
            except InputError as error:
                self._sources[root] = error
        return self._sources[root]

    # ---- encoders

    def encoder(self, root: str) -> str:
        """The encoder of a protocol, or its stand-in where its weights cannot be had."""
        return self.choose_encoder(root)[0]

    def encoder_remark(self, root: str) -> str:
        """Why another encoder than the protocol's is used; empty if it is not."""
        return self.choose_encoder(root)[1]

    def choose_encoder(self, root: str) -> tuple[str, str]:
        """The encoder of a protocol, or its stand-in, and why; empty if it is the protocol's own."""
        if root not in self._encoders:
            protocol = self.protocol(root)
            name, remark = protocol.encoder, ""
            # As with clips: weights that are already among the results stay in use.
            present = Path(root, "encoders", f"{name}.safetensors").is_file()
            if protocol.fallback and not present and find_weights(name, self.settings.stage) is None:
                url = ENCODERS[name].url
                problem = reachable(url, NETWORK_SECONDS)
                if problem:
                    name = "random-inception"
                    remark = f"the weights of {protocol.encoder} are neither on this machine nor at {url} ({problem})"
            self._encoders[root] = name, remark
        return self._encoders[root]

    # ---- cells

    def _layout(self, root: str) -> Layout:
        protocol = self.protocol(root)
        external = [method for method in protocol.methods if method.startswith(EXTERNAL)]
        return Layout(
            root=root,
            protocol=protocol.name,
            clips=protocol.clips,
            methods=protocol.methods,
            trained=protocol.trained,
            seeds=protocol.seeds,
            samples=protocol.samples,
            external=tuple(external),
            missing=tuple((clip, m) for m in external for clip in protocol.clips if not self.external(root, m, clip)),
        )

    def _ablations(self, root: str) -> Layout:
        """The full model and its ablations, in the same results folder."""
        protocol = self.protocol(root)
        variants, whole = protocol.variants, protocol.config(FULL)
        for name in variants:
            if name != FULL and protocol.config(name) == whole:
                raise InputError(
                    f"training, ablations: {name} is the same training as {FULL}; leave out the key that makes it so"
                )
        return replace(self._layout(root), methods=variants, trained=variants, external=(), missing=())

    def ablations(self, root: str) -> str:
        """JSON of where the files of the full model and its ablations lie."""
        return self._ablations(root).to_json()

    def ablation_files(self, root: str) -> dict[str, list[str]]:
        """What the ablation report is made from: metric files, last files of the trainings, samples."""
        layout = self._ablations(root)
        return {
            "metrics": [str(layout.metrics(cell)) for cell in layout.cells()],
            "runs": [str(path) for path in layout.run_files("finished.json").values()],
            "samples": [path for cell in layout.cells() for path in self._samples(layout, cell)],
        }

    def study_answers(self, root: str) -> list[str]:
        """The files that raters of a study sent back, by name; none where there was no study."""
        found = Path(root, "study", "answers").glob("[!.]*")
        return sorted(str(path) for path in found if path.is_file())

    def study_rates(self, root: str) -> list[str]:
        """What a study says of the methods of a leaderboard, where there was one."""
        return [f"{root}/study/report/rates.csv"] if self.study_answers(root) else []

    def study(self, root: str) -> str:
        """JSON of the design of the study."""
        return json.dumps(self.protocol(root).study_design().to_json())

    def study_samples(self, root: str) -> list[str]:
        """The sample files that a study may show."""
        layout = replace(self._layout(root), methods=self.protocol(root).study_design().methods)
        return [path for cell in layout.cells() for path in self._samples(layout, cell)]

    def variant_configs(self, root: str) -> str:
        """JSON of the resolved config of each variant, by name; one without both of the paper's savings beside them."""
        protocol = self.protocol(root)
        return _with_neither({name: flatten(protocol.config(name)) for name in protocol.variants})

    def paper_configs(self) -> str:
        """The same of preset `paper`, for the times that the paper speaks of."""
        names = (FULL, "no-2d-switch", "no-separable")
        return _with_neither({name: flatten(resolve_preset("paper", name)) for name in names})

    def largest_clip(self, root: str) -> tuple[int, int, int]:
        """Frames, height and width of the protocol's largest clip at training size, by the catalogue."""
        found = [self.clip_shape(root, clip) for clip in self.protocol(root).clips]
        return max(found, key=lambda each: each[0] * each[1] * each[2])

    def clip_shape(self, root: str, clip: str) -> tuple[int, int, int]:
        """Frames, height and width of a clip at training size, by the catalogue: one of the user's own may differ."""
        entry, size = find_clip(clip), self.protocol(root).size
        fitted = fitted_size((entry.height, entry.width), size.short_side, size.long_side)
        return min(entry.frames, size.frames), *fitted

    def training_request(self, root: str, clip: str, method: str, attempt: int) -> Request:
        """Memory and time that a training asks of a scheduler."""
        protocol, (frames, height, width) = self.protocol(root), self.clip_shape(root, clip)
        return training_request(
            frames,
            (height, width),
            protocol.config(method),
            threads=protocol.threads,
            gpu=bool(protocol.gpu),
            attempt=attempt,
        )

    def judges_time(self, root: str) -> bool:
        """Whether times at 256 x 256 are measured too: not where everything is to take minutes."""
        return self.protocol(root).name not in ("quick", "smoke")

    def layout(self, root: str) -> str:
        """JSON of where a protocol's files lie, for the scripts."""
        return self._layout(root).to_json()

    def clip_files(self, root: str) -> list[str]:
        """All clips of a protocol."""
        return [str(self._layout(root).clip(clip)) for clip in self.protocol(root).clips]

    def metric_files(self, root: str) -> list[str]:
        """The metric files of all cells."""
        layout = self._layout(root)
        return [str(layout.metrics(cell)) for cell in layout.cells()]

    def floor_files(self, root: str) -> list[str]:
        """The metric files of all clips' halves."""
        return [str(self._layout(root).floor(clip)) for clip in self.protocol(root).clips]

    def control_files(self, root: str) -> list[str]:
        """What every metric says of every control, a file a clip."""
        return [str(self._layout(root).control_values(clip)) for clip in self.protocol(root).clips]

    def finished_runs(self, root: str) -> list[str]:
        """The last file of all trainings."""
        return [str(path) for path in self._layout(root).run_files("finished.json").values()]

    def samples(self, root: str, clip: str, method: str, seed: str) -> list[str]:
        """All sample files of one cell; of an external method their folder."""
        return self._samples(self._layout(root), (clip, method, int(seed)))

    def all_samples(self, root: str) -> list[str]:
        """All sample files of all cells."""
        layout = self._layout(root)
        return [path for cell in layout.cells() for path in self._samples(layout, cell)]

    def _samples(self, layout: Layout, cell: Run) -> list[str]:
        if cell[1] in layout.external:
            return [str(layout.sample_folder(cell))]
        return [str(path) for path in layout.sample_files(cell)]

    # ---- applications

    def application_cells(self, root: str) -> list[tuple[str, str]]:
        """Every (application, clip)."""
        return [(application, clip) for application in APPLICATIONS for clip in self.protocol(root).application_clips]

    def application_files(self, root: str) -> list[str]:
        """The measures of all applications on all clips."""
        return [f"{root}/applications/{clip}/{name}.json" for name, clip in self.application_cells(root)]

    def application_method(self, root: str, name: str) -> str:
        """Of the training behind an application: for super-resolution the paper's, which has a finest generator."""
        return FULL if find_application(name).task == "superres" else self.protocol(root).application_method

    def application_run(self, root: str, name: str, clip: str) -> str:
        """The last file of the training behind an application: one of the protocol's, unless it needs its own."""
        if self._has_own_training(find_application(name), root, clip):
            return f"{root}/applications/{clip}/{name}/run/finished.json"
        protocol = self.protocol(root)
        return f"{root}/runs/{clip}/{protocol.application_method}/{protocol.seeds[0]}/finished.json"

    def _has_own_training(self, application: Application, root: str, clip: str) -> bool:
        cut = application.frames is not None and self.clip_shape(root, clip)[0] > application.frames
        return application.task != "sample" or application.shrink > 1 or cut

    def application_training(self, root: str, name: str) -> Config:
        """The config of an application's own training."""
        application = find_application(name)
        return self.protocol(root).config(self.application_method(root, name), application.task, application.factor)

    def application_config(self, root: str, name: str) -> str:
        """JSON of that config."""
        return json.dumps(flatten(self.application_training(root, name)), sort_keys=True)

    def application_shape(self, root: str, name: str, clip: str) -> tuple[int, int, int]:
        """Frames, height and width of what an application's own training is trained on."""
        application, (frames, *size) = find_application(name), self.clip_shape(root, clip)
        short = min(size) // application.shrink
        return min(frames, application.frames or frames), *fitted_size((size[0], size[1]), short)

    def application_request(self, root: str, name: str, clip: str, attempt: int) -> Request:
        """Memory and time that an application's own training asks of a scheduler."""
        frames, height, width = self.application_shape(root, name, clip)
        protocol, config = self.protocol(root), self.application_training(root, name)
        return training_request(
            frames, (height, width), config, threads=protocol.threads, gpu=bool(protocol.gpu), attempt=attempt
        )

    # ---- samples from outside

    def external(self, root: str, method: str, clip: str) -> list[str]:
        """The files of an external method's samples of a clip; empty if there are none."""
        key = root, method, clip
        if key not in self._external:
            try:
                self._external[key] = [str(path) for path in sample_files(self.external_folder(root, method), clip)]
            except InputError as error:
                self._external[key] = []
                self.left_out[key] = str(error)
        return self._external[key]

    def external_folder(self, root: str, method: str) -> str:
        """Where an external method's samples lie, as the protocol says it, with the stage filled in."""
        folder = self.protocol(root).external[method.removeprefix(EXTERNAL)]
        if "{stage}" in folder and not self.settings.stage:
            raise InputError(f"{method}: its samples come from a stage, and none is named; add --config stage=DIR")
        return folder.replace("{stage}", str(self.settings.stage))

    def notes(self, root: str) -> str:
        """JSON of what a reader of the page must know beside what the cells say."""
        remark = self.encoder_remark(root)
        return json.dumps([f"Scores are made with {self.encoder(root)}: {remark}."] if remark else [])

    def other_pages(self, root: str) -> str:
        """JSON of the pages that the results page links to, as title and relative path: those that are there already.

        The leaderboard is always among them: it costs no training, so it is made with the page.
        """
        pages = [(title, path) for title, path in OTHER_PAGES if path == LEADERBOARD or Path(root, path).is_file()]
        return json.dumps(pages)

    def training_config(self, root: str, method: str) -> str:
        """JSON of the resolved config of a training."""
        return json.dumps(flatten(self.protocol(root).config(method)), sort_keys=True)


def _with_neither(configs: dict[str, dict[str, Any]]) -> str:
    """JSON of configs by variant, with NEITHER made of the two that it joins."""
    scales = configs["no-2d-switch"]["model.scales_3d"]
    return json.dumps({**configs, NEITHER: {**configs["no-separable"], "model.scales_3d": scales}})


def root_of(name: str) -> str:
    """The results folder of a protocol."""
    return "results" if name == "paper" else f"results/{name}"
