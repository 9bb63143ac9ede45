"""An encoder's weights as one file of the workflow: `.safetensors`, with the encoder's name and the weights' hash.

The tensors are named `{member}.{layer}.weight|bias`; `inception-fid` and `inception-torchvision` have one member,
`random-inception` has one a seed.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from datasets.errors import InputError
from datasets.files import write_bytes
from evaluation.encoders.weights import SHAPES, StemWeights, check_stem, content_sha256

_REMEDY = "delete it and let the step that makes it run again"
_MAX_MEMBERS = 64


def save_stems(path: str | Path, encoder: str, stems: Sequence[StemWeights]) -> None:
    """Write the members of `encoder`. Equal weights give equal bytes.

    Raises:
        InputError: `path` does not end in .safetensors, or cannot be written.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise InputError(f"{path}: encoder weights are stored as .safetensors; choose such a name")
    tensors = {f"{member}.{name}": stem[name] for member, stem in enumerate(stems) for name in SHAPES}
    # One metadata entry: safetensors writes several in no fixed order.
    note = json.dumps({"encoder": encoder, "members": len(stems), "sha256": content_sha256(stems)})
    # Not save_file: it reports a full disk as an error of its own kind.
    write_bytes(path, save(tensors, metadata={"stem": note}))


def load_stems(path: str | Path, encoder: str) -> tuple[StemWeights, ...]:
    """Read what `save_stems` wrote for `encoder`, and check its content against the hash in it.

    Raises:
        InputError: the file is missing, damaged, holds another encoder, or is not what its hash says.
    """
    path = Path(path)
    try:
        with safe_open(path, framework="numpy") as file:
            note = json.loads((file.metadata() or {}).get("stem", "{}"))
            found, members, digest = note["encoder"], int(note["members"]), note["sha256"]
            expected = {f"{member}.{name}" for member in range(min(members, _MAX_MEMBERS)) for name in SHAPES}
            if members < 1 or set(file.keys()) != expected:
                raise ValueError("other tensors than a stem's")
            stems = tuple(
                check_stem({name: file.get_tensor(f"{member}.{name}") for name in SHAPES}, path)
                for member in range(members)
            )
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; check the path") from error
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not readable as the weights of an encoder; {_REMEDY}") from error
    if found != encoder:
        raise InputError(f"{path}: holds the weights of {found}, not of {encoder}; {_REMEDY}")
    if content_sha256(stems) != digest:
        raise InputError(f"{path}: its weights do not match the hash in it; {_REMEDY}")
    return stems
