"""A run folder: a training's config, clip, checkpoints and logs; started again, it resumes.

config.json                  what the run is: method, seed, clip, resolved config, hash of the training code
clip.npz (+ .json)           the clip at its training size
scale_00.safetensors (+ .json), …   generator, critics and z* of each finished scale
losses.jsonl                 mean losses, one JSON object a line
training.png                 losses, reconstruction PSNR and amplitude of each scale, a sample; drawn after every scale
timings.json                 wall and processor time over all attempts, peak memory, device
finished.json                written last: checksums of all scales
"""

import fcntl
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from datasets.clip import Clip, load_clip, save_clip
from datasets.errors import InputError
from datasets.files import append_line, read_json, read_sealed, write_json, write_sealed, write_text, writing
from sgif import checkpoint
from sgif.config import Config, override
from sgif.critics import Critic
from sgif.device import peak_memory_mb
from sgif.execution import choose_precision, execution_of
from sgif.frames import resize, to_tensor
from sgif.health import Diverged
from sgif.identity import difference, identity
from sgif.model import GeneratorPyramid, draw_z_star
from sgif.noise import seeded
from sgif.patch_layout import PatchLayout
from sgif.picture import PICTURE, draw_training
from sgif.progress import Progress
from sgif.pyramid import plan_scales
from sgif.retrieval import Retrieval, retrieval_of
from sgif.trainer import ScaleTraining, TrainedScale, run_scale

_CONFIG, _CLIP, _LOSSES, _TIMINGS, _FINISHED = (
    "config.json", "clip.npz", "losses.jsonl", "timings.json", "finished.json",
)  # fmt: skip

CHECKPOINT_SECONDS = 30.0

Pyramid = GeneratorPyramid | PatchLayout
"""What layouts, or whole samples, come from."""


class AnotherTraining(InputError):
    """The folder holds the run of another training; only starting over makes it this one's."""


@dataclass(frozen=True)
class Run:
    """A finished training, read from its folder; `retrieval` stands for the scales that are not trained, if any."""

    folder: Path
    record: dict[str, Any]
    clip: Clip
    pyramid: Pyramid
    retrieval: Retrieval | None


def train(
    clip: Clip,
    config: Config,
    folder: Path,
    *,
    method: str,
    preset: str,
    seed: int = 0,
    device: torch.device | None = None,
    fresh: bool = False,
    patient: bool = False,
    progress: Progress | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Run:
    """Train on `clip` (already at its training size) into `folder`, or go on with what is there.

    The state is kept after every scale and, within one, every `checkpoint_seconds`; however often a run is killed, it
    ends with the same bytes.

    With `patient`, a folder in which another process trains is waited for: its workflow may have been killed, and what
    it has done by then is taken up.

    Raises:
        AnotherTraining: the folder holds another training, and `fresh` is not set.
        InputError: the folder is in use (and `patient` is not set), holds a damaged checkpoint, or the losses are no
            longer finite or run away. Finished scales, and the last state that was kept of the one in training, stay
            as they are.
    """
    device = device or torch.device("cpu")
    scales = plan_scales(len(clip), clip.size, config)
    progress = progress or Progress(scales, folder.name, config)
    record = identity(clip, config, method, preset, seed)
    record["precision"] = choose_precision(config.speed.precision, device)
    with _locked(folder, progress.say if patient else None):
        record = _open_folder(folder, record, clip, fresh)
        how = execution_of(config.speed, record["precision"], device)
        if config.speed.precision == "auto":
            progress.say(f"speed.precision auto: activations are {record['precision']} in this run")
        clock = _Clock(folder / _TIMINGS, device)
        real = to_tensor(clip.frames).to(device)
        retrieval = retrieval_of(real, config)
        if config.nearest.layout:
            return _untrained(folder, record, clip, retrieval, config, clock)
        z_star = draw_z_star(seeded(seed, 0), len(clip), scales[0].size, config)
        pyramid = GeneratorPyramid(config, scales, z_star.to(device))
        records, critics = _load_trained(folder, pyramid, device)
        done = len(pyramid.generators)
        if done:
            progress.say(f"resumes after {done} of {len(scales)} scales")

        def report(values: dict[str, float]) -> None:
            append_line(folder / _LOSSES, json.dumps(values))
            clock.write()
            progress.update(values)

        for scale in scales[done:]:
            training = ScaleTraining(pyramid, scale, resize(real, scale.size), critics, seed, how)
            taken_up = checkpoint.load_progress(folder, training)
            if taken_up:
                progress.say(taken_up)
            _keep_lines(folder / _LOSSES, scale.index, training.iteration)
            keeper = _Keeper(folder, checkpoint_seconds, training.iteration)
            trained = _run_scale(training, report, keeper, folder)
            critics = trained.critics
            records.append(checkpoint.save_scale(folder, pyramid, scale.index, critics, trained.rmse, trained.psnr))
            checkpoint.drop_progress(folder)
            clock.write()
            progress.say(
                f"scale {scale.index + 1}/{len(scales)} done: noise amplitude {trained.amplitude:.4f}, "
                f"reconstruction RMSE {trained.rmse:.4f}, PSNR {trained.psnr:.1f} dB"
            )
            draw_training(folder, clip, pyramid, retrieval, records, seed)
        _finish(folder, record, clip, records)
    return Run(folder, record, clip, pyramid, retrieval)


def _untrained(
    folder: Path, record: dict[str, Any], clip: Clip, retrieval: Retrieval, config: Config, clock: "_Clock"
) -> Run:
    """The run of a method that learns nothing: it is finished as soon as its folder says what it is."""
    pyramid = PatchLayout(retrieval.clips[0], config)
    clock.write()
    _finish(folder, record, clip, [])
    return Run(folder, record, clip, pyramid, retrieval)


def _finish(folder: Path, record: dict[str, Any], clip: Clip, records: list[checkpoint.ScaleRecord]) -> None:
    if not (folder / _FINISHED).exists():
        hashes = {key: record[key] for key in ("config_sha256", "training_code_sha256")}
        write_json(folder / _FINISHED, {"clip_sha256": clip.sha256, **hashes, "scales": [vars(r) for r in records]})


def load_run(folder: Path, device: torch.device | None = None) -> Run:
    """Read a finished training.

    Raises:
        InputError: no finished training lies there, or a file of it is damaged.
    """
    device = device or torch.device("cpu")
    if not (folder / _FINISHED).exists():
        raise InputError(f"{folder}: no finished training; run 'python -m sgif train CLIP --out {folder}' to its end")
    record = read_sealed(folder / _CONFIG, "train again with --fresh")
    try:
        config = override(Config(), record["config"])
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{folder / _CONFIG}: not the config of a run; train again with --fresh") from error
    clip = load_clip(folder / _CLIP)
    retrieval = retrieval_of(to_tensor(clip.frames).to(device), config)
    if config.nearest.layout:
        return Run(folder, record, clip, PatchLayout(retrieval.clips[0], config), retrieval)
    scales = plan_scales(len(clip), clip.size, config)
    pyramid = GeneratorPyramid(config, scales, torch.zeros(len(clip), 3, *scales[0].size, device=device))
    _load_trained(folder, pyramid, device)
    if len(pyramid.generators) < len(scales):
        missing = checkpoint.weights_path(folder, len(pyramid.generators))
        raise InputError(f"{missing}: missing from a finished training; train again with --fresh")
    return Run(folder, record, clip, pyramid, retrieval)


def _load_trained(
    folder: Path, pyramid: GeneratorPyramid, device: torch.device
) -> tuple[list[checkpoint.ScaleRecord], dict[str, Critic]]:
    """Append all saved scales to `pyramid`; returns their records, and the critics of the last."""
    records: list[checkpoint.ScaleRecord] = []
    critics: dict[str, Critic] = {}
    for scale in pyramid.scales:
        if not checkpoint.is_saved(folder, scale.index):
            break
        record, generator, critics, z_star = checkpoint.load_scale(folder, scale.index, scale, pyramid.config, device)
        records.append(record)
        pyramid.append(generator, record.amplitude)
        if z_star is not None:
            pyramid.z_star = z_star.expand(-1, 3, -1, -1)
    return records, critics


def _run_scale(
    training: ScaleTraining, report: Callable[[dict[str, float]], None], keeper: "_Keeper", folder: Path
) -> TrainedScale:
    try:
        return run_scale(training, report, keeper.due, keeper.keep)
    except Diverged as error:
        kept = f"the state of iteration {keeper.kept}" if keeper.kept else "no state of this scale"
        raise Diverged(f"{folder}: {error}; {kept} is kept") from error


def _open_folder(folder: Path, record: dict[str, Any], clip: Clip, fresh: bool) -> dict[str, Any]:
    """Make `folder` this training's, or refuse. Returns its record: that of the first attempt."""
    path = folder / _CONFIG
    if fresh:
        names = (_FINISHED, _LOSSES, _TIMINGS, _CONFIG, PICTURE, checkpoint.PROGRESS)
        for old in [*(folder / name for name in names), *sorted(folder.glob("scale_*"))]:
            old.unlink(missing_ok=True)
    if path.exists():
        try:
            what = difference(old := read_sealed(path, ""), record)
        except (InputError, AttributeError):
            raise AnotherTraining(f"{path}: a damaged config; use another --out, or --fresh to start over") from None
        if what:
            raise AnotherTraining(
                f"{folder}: holds a training with {what}; use another --out, or --fresh to start over"
            )
        return {**record, "precision": old.get("precision", record["precision"])}
    strangers = [p.name for p in folder.iterdir() if not p.name.startswith(".") and p.name not in (_CLIP, "clip.json")]
    if strangers:
        raise InputError(f"{folder}: holds other files ({strangers[0]}, …); use an empty or new folder")
    save_clip(folder / _CLIP, clip)
    write_sealed(path, record)
    return record


@contextmanager
def _locked(folder: Path, say: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the folder's lock; it goes with the process, however that ends. `say`: wait for it, and tell so."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Not "w": who finds the folder in use must not wipe out who it is that uses it.
        file = (folder / ".lock").open("a+")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); choose another --out") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read(200).strip() or "unknown"
            if say is None:
                raise InputError(
                    f"{folder}: another process is training here ({holder}); wait for it or stop it"
                ) from error
            say(f"another process is training here ({holder}): waits until it ends, then goes on from its files")
            fcntl.flock(file, fcntl.LOCK_EX)
            say("the other process has ended; goes on")
        except OSError as error:
            raise InputError(f"{folder}: cannot be locked ({error.strerror}); choose another --out") from error
        with writing(folder):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()}\n")
            file.flush()
        _sweep(folder)
        yield


def _sweep(folder: Path) -> None:
    """Remove what a killed process left half written."""
    for path in folder.glob(".*.part*"):
        path.unlink(missing_ok=True)


def _keep_lines(path: Path, scale: int, iteration: int) -> None:
    """Drop from the log what is trained again, after this iteration of this scale, and a line that a kill cut short."""
    kept = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                values = json.loads(line)
                if (values["scale"], values["iteration"]) <= (scale, iteration):
                    kept.append(line + "\n")
            except (ValueError, KeyError, TypeError):
                continue
    write_text(path, "".join(kept))


class _Keeper:
    """Keeps the state of a scale every so many seconds.

    Attributes:
        kept: iteration of the state on disk, 0 for none.
    """

    def __init__(self, folder: Path, seconds: float, kept: int = 0) -> None:
        self.folder, self.seconds, self.kept = folder, seconds, kept
        self.last = time.monotonic()

    def due(self) -> bool:
        return time.monotonic() - self.last >= self.seconds

    def keep(self, training: ScaleTraining) -> None:
        checkpoint.save_progress(self.folder, training)
        self.last, self.kept = time.monotonic(), training.iteration


class _Clock:
    """Wall and processor time over all attempts at a run, and the largest memory of any."""

    def __init__(self, path: Path, device: torch.device) -> None:
        try:
            old = read_json(path, "")
        except InputError:
            old = {}
        self.path, self.device, self.began = path, device, time.perf_counter()
        self.before, self.before_cpu = float(old.get("seconds", 0.0)), float(old.get("cpu_seconds", 0.0))
        self.began_cpu = time.process_time()
        self.attempts = int(old.get("attempts", 0)) + 1
        self.peak = float(old.get("peak_memory_mb", 0.0))

    def write(self) -> None:
        self.peak = max(self.peak, peak_memory_mb(self.device))
        seconds = self.before + time.perf_counter() - self.began
        write_json(
            self.path,
            {
                "seconds": round(seconds, 3),
                "cpu_seconds": round(self.before_cpu + time.process_time() - self.began_cpu, 3),
                "attempts": self.attempts,
                "peak_memory_mb": round(self.peak, 1),
                "device": str(self.device),
                "threads": torch.get_num_threads(),
            },
        )
