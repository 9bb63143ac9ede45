"""Blinding: names that tell nothing to whoever does not have the secret.

An id is the HMAC-SHA256 (RFC 2104) of a description under the study's secret, cut to 12 hexadecimal digits: without the
secret it is as good as random, with it a rebuilt study has the same ids.
"""

import hmac
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import InputError
from datasets.files import writing

SECRET_BYTES = 32
ID_DIGITS = 12
STUDY_DIGITS = 16


def keep_secret(folder: Path) -> tuple[bytes, bool]:
    """The secret of a key folder, made where there is none yet; one that is there is never replaced.

    Returns:
        The secret, and whether it is new.

    Raises:
        InputError: the file `secret` is no secret, or cannot be written.
    """
    path = folder / "secret"
    with writing(path):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        try:
            # Only its owner may read it, from the first byte on; and of two builds at once, one makes it.
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            return read_secret(folder), False
        secret = secrets.token_bytes(SECRET_BYTES)
        path.write_text(secret.hex() + "\n", encoding="ascii")
    return secret, True


def read_secret(folder: Path) -> bytes:
    """The secret of a key folder.

    Raises:
        InputError: there is none, or it is not 32 bytes as hexadecimal digits.
    """
    path = folder / "secret"
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; name the key folder of the study") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable as a secret; restore it, or delete it for a new study") from error
    if len(secret) != SECRET_BYTES:
        raise InputError(f"{path}: has {len(secret)} bytes, not {SECRET_BYTES}; restore it, or delete it")
    return secret


def blind(secret: bytes, description: Mapping[str, Any], digits: int = ID_DIGITS) -> str:
    """The id of what is described, so many hexadecimal digits; the order of the description's keys does not matter."""
    text = json.dumps(description, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(secret, text.encode(), "sha256").hexdigest()[:digits]


def random_numbers(secret: bytes, purpose: str, item: str) -> np.random.Generator:
    """Random numbers for one item that nobody without the secret can tell, the same in every build."""
    return np.random.default_rng(int(blind(secret, {"purpose": purpose, "item": item}, 32), 16))
