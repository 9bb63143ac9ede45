"""Weights of the encoders: published files that scoring needs, had and staged as clips are.

What is in them, and how it becomes a network, is the business of `evaluation.encoders`.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from datasets.fetch import Patience, Progress
from datasets.files import replacing, sha256_of
from datasets.names import pick


@dataclass(frozen=True)
class WeightsFile:
    """A published checkpoint.

    Attributes:
        checkpoint: name of the file, also in the cache of torch.hub and in `inception/` of a stage.
        url: where it is downloaded from.
        sha256: of the file, 64 hexadecimal digits.
    """

    checkpoint: str
    url: str
    sha256: str


WEIGHTS: Mapping[str, WeightsFile] = MappingProxyType(
    {
        "inception-fid": WeightsFile(
            "pt_inception-2015-12-05-6726825d.pth",
            "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
            "pt_inception-2015-12-05-6726825d.pth",
            "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        ),
        "inception-torchvision": WeightsFile(
            "inception_v3_google-0cc3c7bd.pth",
            "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",
            "0cc3c7bd75056d25e46cba549dc184522069b81e9787eff6df84f397bd52a5ef",
        ),
    }
)
"""By the encoder's name."""

STAGE_STEM = Path("inception", "inception_2015_12_05_stem.npz")
"""What a stage may have in place of inception-fid's checkpoint: the part of it that is used."""

STAGE_STEM_SHA256 = "5774a825cd04548419c76e41b61cd22e0c7e0f42435f3c14a998b979fb3ef265"

# The checkpoints are 96 and 109 MB.
_MAX_BYTES = 200_000_000
_PATIENCE = Patience(attempts=3, connect_s=10, total_s=1800)


def torch_cache() -> Path:
    """The folder in which torch.hub keeps checkpoints, found without importing torch."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub" / "checkpoints"


def staged_weights(stage: Path, name: str) -> Path | None:
    """The weights of encoder `name` in a stage, not verified; None if it lacks them."""
    stem, checkpoint = stage / STAGE_STEM, stage / "inception" / WEIGHTS[name].checkpoint
    if name == "inception-fid" and stem.is_file():
        return stem
    return checkpoint if checkpoint.is_file() else None


def are_right(path: Path, name: str) -> bool:
    """Whether a file is the stem of a stage or the published checkpoint of encoder `name`."""
    return sha256_of(path) == (STAGE_STEM_SHA256 if path.name == STAGE_STEM.name else WEIGHTS[name].sha256)


def download(name: str, progress: Progress | None = None) -> Path:
    """The checkpoint of encoder `name` in the cache of torch.hub, downloaded and verified.

    Raises:
        InputError: it cannot be had.
    """
    from datasets.fetch import fetch  # late: tests replace it there

    file = pick(WEIGHTS, name, "encoder with a file")
    path = torch_cache() / file.checkpoint
    fetch(file.url, file.sha256, path, max_bytes=_MAX_BYTES, patience=_PATIENCE, progress=progress)
    return path


def stage_weights(
    name: str, stage: Path, elsewhere: Path | None = None, progress: Progress | None = None
) -> tuple[Path, str]:
    """Put the weights of encoder `name` into `stage`, verified: from another stage, torch.hub's cache or the network.

    Returns:
        The file, and where it came from: kept, stage, cache or url.

    Raises:
        InputError: they cannot be had.
    """
    cached = torch_cache() / WEIGHTS[name].checkpoint
    there = staged_weights(stage, name)
    if there and are_right(there, name):
        return there, "kept"
    other = staged_weights(elsewhere, name) if elsewhere else None
    if other and are_right(other, name):
        source, how = other, "stage"
    elif cached.is_file() and are_right(cached, name):
        source, how = cached, "cache"
    else:
        source, how = download(name, progress), "url"
    if there and there.name != source.name:
        there.unlink()  # a damaged stem would be found before the checkpoint
    target = stage / "inception" / source.name
    with replacing(target) as temporary:
        shutil.copyfile(source, temporary)
    return target, how
