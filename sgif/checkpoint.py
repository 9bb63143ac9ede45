"""A trained scale on disk: weights as safetensors, what belongs to them as JSON with the checksum of the weights."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from datasets.errors import InputError
from datasets.files import read_sealed, write_bytes, write_sealed
from sgif.config import Config
from sgif.critics import Critic
from sgif.model import GeneratorPyramid, build_generator
from sgif.pyramid import Scale
from sgif.trainer import ScaleTraining, build_critics


class Damaged(InputError):
    """A file of a run is not what was written; only training again helps."""


_REMEDY = "train again with --fresh to start this run over"
_Z_STAR = "z_star"
PROGRESS = "progress.safetensors"


@dataclass(frozen=True)
class ScaleRecord:
    """What a scale's JSON says: amplitude and RMSE in units of [-1, 1], PSNR in dB; `sha256` is of the weights file."""

    index: int
    height: int
    width: int
    amplitude: float
    rmse: float
    psnr: float
    sha256: str


def weights_path(folder: Path, index: int) -> Path:
    """Where the weights of a scale lie; its record is beside, with suffix .json."""
    return folder / f"scale_{index:02d}.safetensors"


def save_scale(
    folder: Path, pyramid: GeneratorPyramid, index: int, critics: dict[str, Critic], rmse: float, psnr: float
) -> ScaleRecord:
    """Write scale `index`: generator, critics and, at the coarsest, z*. The record comes last and makes it count."""
    tensors = {f"generator.{k}": v for k, v in pyramid.generators[index].state_dict().items()}
    for name, critic in critics.items():
        tensors |= {f"critic_{name}.{k}": v for k, v in critic.state_dict().items()}
    if index == 0:
        tensors[_Z_STAR] = pyramid.z_star[:, :1]
    path = weights_path(folder, index)
    # The old record must go first: a kill between the two writes must not leave it beside new weights.
    path.with_suffix(".json").unlink(missing_ok=True)
    data = save({k: v.detach().cpu().contiguous() for k, v in tensors.items()})
    write_bytes(path, data)
    scale = pyramid.scales[index]
    record = ScaleRecord(index, *scale.size, pyramid.amplitudes[index], rmse, psnr, hashlib.sha256(data).hexdigest())
    write_sealed(path.with_suffix(".json"), vars(record))
    return record


def save_progress(folder: Path, training: ScaleTraining) -> None:
    """Keep the state of a scale that is being trained: one file with its own checksum, replaced whole."""
    tensors = training.state()
    about = {"scale": str(training.scale.index), "sha256": _content_sha256(tensors)}
    write_bytes(folder / PROGRESS, save(tensors, metadata=about))


def load_progress(folder: Path, training: ScaleTraining) -> str | None:
    """Take up the state that was kept for this scale, if there is one.

    Returns:
        What happened, in words; None if nothing was kept. A damaged state is not used: the scale is then trained from
        its start, to the same weights.

    Raises:
        Damaged: the state is whole but does not fit this training.
    """
    path = folder / PROGRESS
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (it is no dictionary)
        if about.get("scale") != str(training.scale.index):
            return None
        if about.get("sha256") != _content_sha256(tensors):
            raise ValueError("checksum")
    except (SafetensorError, OSError, ValueError):
        path.unlink(missing_ok=True)
        return f"{path}: the kept state is damaged; this scale starts over"
    try:
        training.load_state(tensors)
    except (KeyError, ValueError, RuntimeError) as error:
        # Whole, but of another training: the nets may be half changed by now, so nothing can go on from here.
        raise Damaged(f"{path}: the kept state does not fit the config beside it; {_REMEDY}") from error
    return f"goes on at iteration {training.iteration} of {training.scale.iterations}"


def drop_progress(folder: Path) -> None:
    """Forget the state of a scale that is finished."""
    (folder / PROGRESS).unlink(missing_ok=True)


def _content_sha256(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for key in sorted(tensors):
        tensor = tensors[key].contiguous()
        digest.update(f"{key} {tensor.dtype} {list(tensor.shape)}".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def is_saved(folder: Path, index: int) -> bool:
    """Whether this scale was written to its end."""
    return weights_path(folder, index).with_suffix(".json").exists()


def load_tensors(folder: Path, index: int) -> tuple[ScaleRecord, dict[str, Tensor]]:
    """Record and tensors of a scale, after its checksum was found right.

    Raises:
        Damaged: a file is missing, damaged, or not what its record says.
    """
    path = weights_path(folder, index)
    try:
        record = ScaleRecord(**read_sealed(path.with_suffix(".json"), _REMEDY))
    except InputError as error:
        raise Damaged(str(error)) from error
    except TypeError as error:
        raise Damaged(f"{path.with_suffix('.json')}: not the record of a scale; {_REMEDY}") from error
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Damaged(f"{path}: cannot be read; {_REMEDY}") from error
    if hashlib.sha256(data).hexdigest() != record.sha256:
        raise Damaged(f"{path}: the checkpoint is damaged (its checksum is not the recorded one); {_REMEDY}")
    try:
        return record, load(data)
    except SafetensorError as error:
        raise Damaged(f"{path}: not a safetensors file; {_REMEDY}") from error


def load_scale(
    folder: Path, index: int, scale: Scale, config: Config, device: torch.device
) -> tuple[ScaleRecord, torch.nn.Module, dict[str, Critic], Tensor | None]:
    """Record, frozen generator, critics and (at the coarsest) z* [T, 1, h, w] of a saved scale."""
    record, tensors = load_tensors(folder, index)
    generator, critics = build_generator(scale, config.model), build_critics(scale, config)
    try:
        if (record.height, record.width) != scale.size:
            raise KeyError("size")
        generator.load_state_dict(_part(tensors, "generator."))
        for name, critic in critics.items():
            critic.load_state_dict(_part(tensors, f"critic_{name}."))
        z_star = tensors[_Z_STAR].to(device) if index == 0 else None
    except (KeyError, RuntimeError) as error:
        raise Damaged(
            f"{weights_path(folder, index)}: its tensors do not fit the config beside it; {_REMEDY}"
        ) from error
    generator.to(device).eval().requires_grad_(False)
    return record, generator, {name: critic.to(device) for name, critic in critics.items()}, z_star


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
