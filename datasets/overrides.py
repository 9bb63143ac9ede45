"""Overrides: a user's own file in place of a clip of the catalogue, as `clips.ID` of the config says it."""

import re
from collections.abc import Mapping

from datasets.errors import InputError
from datasets.fetch import require_https
from datasets.names import unknown

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_KEYS = ("path", "url", "sha256")


def check_override(id: str, override: Mapping[str, str]) -> None:
    """Check {path: …} (a file or folder; `sha256` optional) or {url: …, sha256: …}.

    Raises:
        InputError: the name of the clip, a key or a value is wrong; the message names `clips.ID.KEY`.
    """
    key = f"clips.{id}"
    if not _ID.fullmatch(id):
        raise InputError(f"{key}: a clip's name is made of a-z, 0-9, _ and -; choose another")
    if not isinstance(override, Mapping):
        raise InputError(f"{key}: must be {{path: …}} or {{url: …, sha256: …}}")
    for name in override:
        if name not in _KEYS:
            raise InputError(f"{key}.{unknown('key', str(name), _KEYS)}")
        if not isinstance(override[name], str):
            raise InputError(f"{key}.{name}: must be text; put it in quotes")
    if ("path" in override) == ("url" in override):
        raise InputError(f"{key}: must have either path or url; correct it")
    if "url" in override:
        require_https(override["url"])
        if "sha256" not in override:
            raise InputError(f"{key}.sha256: is missing; a file from an address needs its checksum")
    if "sha256" in override and not _SHA256.fullmatch(override["sha256"]):
        raise InputError(f"{key}.sha256: is not 64 hexadecimal digits; copy the checksum again")
