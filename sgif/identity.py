"""What makes a training the same training: its clip, its config, its seed, and the code that trains."""

import hashlib
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from datasets.clip import Clip
from sgif.config import Config, config_sha256, flatten

# Modules whose change makes a trained run another run. The rest (checkpoints, progress, sampling) may change freely.
TRAINING_MODULES = (
    "config", "convolution", "critics", "crops", "execution", "frames", "generators", "layers",
    "losses", "model", "noise", "norm", "patches", "penalty", "pool", "pyramid",
    "reconstruction", "slow", "trainer",
)  # fmt: skip


def training_code_sha256() -> str:
    """SHA-256 over the sources of all modules that decide what a training computes."""
    digest = hashlib.sha256()
    for name in TRAINING_MODULES:
        digest.update(name.encode() + b"\0" + (Path(__file__).parent / f"{name}.py").read_bytes())
    return digest.hexdigest()


def identity(clip: Clip, config: Config, method: str, preset: str, seed: int) -> dict[str, Any]:
    """The contents of a run's `config.json`: everything that made it, resolved."""
    height, width = clip.size
    return {
        "method": method,
        "preset": preset,
        "seed": seed,
        "clip": {
            "sha256": clip.sha256,
            "frames": len(clip),
            "height": height,
            "width": width,
            "delays_ms": clip.delays_ms.tolist(),
            "source": dict(clip.source),
        },
        "config": flatten(config),
        "config_sha256": config_sha256(config),
        "training_code_sha256": training_code_sha256(),
        "versions": {"python": platform.python_version(), "torch": version("torch"), "numpy": version("numpy")},
    }


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str | None:
    """The first thing in which two identities are different trainings, in words; None if they are the same."""
    if old.get("clip", {}).get("sha256") != new["clip"]["sha256"]:
        return "another clip"
    for key in ("method", "seed"):
        if old.get(key) != new[key]:
            return f"{key} {old.get(key)}, not {new[key]}"
    before = old.get("config", {})
    for key, value in new["config"].items():
        if before.get(key) != value:
            return f"{key}={before.get(key)}, not {value}"
    if old.get("training_code_sha256") != new["training_code_sha256"]:
        return "another version of the training code"
    return None
