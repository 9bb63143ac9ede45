"""Where the weights of an encoder are on this machine, and how they become a file of the workflow.

Order: for `inception-fid` the file that SGIF_INCEPTION_WEIGHTS names; the stem or the checkpoint in a stage (argument,
else SGIF_STAGE); the checkpoint in the cache of torch.hub; its download into that cache.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import InputError
from datasets.names import pick
from datasets.stage import stage_folder
from datasets.weights import are_right, download, staged_weights, torch_cache
from evaluation.encoders import ENCODERS, EncoderSpec
from evaluation.encoders.checkpoint import read_checkpoint
from evaluation.encoders.random_stem import SEEDS, random_stem
from evaluation.encoders.stem_file import load_stems, save_stems
from evaluation.encoders.weights import StemWeights, is_fid, read_npz


@dataclass(frozen=True)
class Located:
    """Where the weights of an encoder come from.

    Attributes:
        encoder: name in the registry.
        kind: `environment`, `stage`, `cache`, `download` or `computed`.
        where: a path, a URL, or (computed) the seeds.
    """

    encoder: str
    kind: str
    where: str


def find_weights(
    name: str,
    stage: str | Path | None = None,
    allow_download: bool = False,
) -> Located | None:
    """Where the weights of encoder `name` are; nothing is read or fetched, and torch is not imported.

    Args:
        name: a name in `ENCODERS`.
        stage: folder of a stage; None: what SGIF_STAGE names, if it is set.
        allow_download: when nothing is on this machine, answer with the download instead of None. Whether the network
            can be reached is not tested.

    Raises:
        InputError: no such encoder, or SGIF_INCEPTION_WEIGHTS names a file that does not exist, or
            the stage is no folder.
    """
    spec = pick(ENCODERS, name, "encoder")
    if not spec.needs_file:
        return Located(name, "computed", f"seeds {', '.join(map(str, SEEDS))}")
    if name == "inception-fid" and (named := os.environ.get("SGIF_INCEPTION_WEIGHTS")):
        if not Path(named).is_file():
            raise InputError(f"SGIF_INCEPTION_WEIGHTS: no such file: {named}; correct or unset the variable")
        return Located(name, "environment", named)
    folder = stage_folder(stage)
    if folder and (staged := staged_weights(folder, name)):
        return Located(name, "stage", str(staged))
    cached = torch_cache() / spec.checkpoint
    if cached.is_file():
        return Located(name, "cache", str(cached))
    return Located(name, "download", spec.url) if allow_download else None


def missing_weights(name: str, reason: str = "") -> InputError:
    """The error for weights that are nowhere, with every remedy; `reason` says why they could not be fetched."""
    spec = pick(ENCODERS, name, "encoder")
    if name == "inception-fid":
        remedy = f"set SGIF_INCEPTION_WEIGHTS to a stem .npz or {spec.checkpoint}, or SGIF_STAGE to a stage"
    else:
        remedy = f"put {spec.checkpoint} into {torch_cache()}"
    also = f" ({reason})" if reason else ""
    return InputError(
        f"{name}: its weights are nowhere on this machine{also}; {remedy}, or use --encoder random-inception"
    )


def obtain_stem(name: str, path: str | Path, stage: str | Path | None = None, allow_download: bool = True) -> Located:
    """Write the weights of encoder `name` to `path` (.safetensors), from wherever they are; returns where that was.

    Raises:
        InputError: the weights are nowhere, cannot be fetched, or are not what they should be.
    """
    located = find_weights(name, stage, allow_download)
    if located is None:
        raise missing_weights(name)
    save_stems(path, name, read_located(located))
    return located


def read_located(located: Located) -> tuple[StemWeights, ...]:
    """The members of an encoder, from where `find_weights` found them; a download ends up in the cache of torch.hub.

    Raises:
        InputError: the weights cannot be fetched, or are not what they should be.
    """
    spec = pick(ENCODERS, located.encoder, "encoder")
    if located.kind == "computed":
        return tuple(random_stem(seed) for seed in SEEDS)
    if located.kind == "download":
        return read_weights(_download(spec), spec.name)
    if located.kind == "stage" and not are_right(Path(located.where), spec.name):
        raise InputError(f"{located.where}: has not the SHA-256 that it should have; copy the stage again")
    return read_weights(located.where, spec.name)


def read_weights(path: str | Path, name: str) -> tuple[StemWeights, ...]:
    """The members of encoder `name` from a file: what `obtain_stem` wrote, the published `.pth`, or (inception-fid) a
    stem `.npz`.

    Raises:
        InputError: the file is missing, damaged, of another kind, or holds the weights of another network.
    """
    spec = pick(ENCODERS, name, "encoder")
    suffix = Path(path).suffix
    if suffix == ".safetensors":
        return load_stems(path, name)
    if suffix == ".pth" and spec.needs_file:
        return (read_checkpoint(path, spec),)
    if suffix == ".npz" and name == "inception-fid":
        stem = read_npz(path)
        if not is_fid(stem):
            raise InputError(f"{path}: a stem, but not of inception-2015-12-05; use another file for inception-fid")
        return (stem,)
    raise InputError(f"{path}: weights of {name} cannot be read from a '{suffix}' file; use what `obtain_stem` writes")


def _download(spec: EncoderSpec) -> Path:
    try:
        return download(spec.name)
    except InputError as error:
        raise missing_weights(spec.name, str(error)) from error
