"""Rule `clip`: the clip of a protocol, from wherever it is to be had, at the size at which it is trained and scored."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets.cli import OneLineParser, run
from datasets.clip import save_clip
from datasets.errors import InputError
from datasets.resize import prepare, require_minimum
from datasets.sources import obtain, resolve, resolve_peers


def make_clip(clip: str, out: Path, key: str, limits: Mapping[str, Any], own: Mapping[str, str]) -> None:
    """Write the clip with this id to `out` (.npz, its record beside).

    Arguments:
        clip: id of the catalogue.
        out: where it goes.
        key: what was planned (`Source.key`).
        limits: source (clips or published-video), short_side, long_side, frames and minimum, as in the protocol.
        own: the user's override, {} for none.

    Raises:
        InputError: the source is no longer what was planned, or is no usable clip.
    """
    if limits["source"] == "published-video":
        source = resolve_peers([clip])[clip]
    else:
        source = resolve([clip], overrides={clip: own} if own else {})[clip]
    if source.key() != key:
        raise InputError(
            f"{clip}: was planned as {key} and is now {source.key()}; name the stage or connect the network that it "
            f"came from, or delete {out} to go on without it"
        )
    found = obtain(source)
    prepared = prepare(
        found, short_side=limits["short_side"], long_side=limits["long_side"], max_frames=limits["frames"]
    )
    require_minimum(prepared, limits["minimum"])
    save_clip(out, prepared)
    height, width = prepared.size
    print(f"{clip}: {source.kind} ({source.how}), {len(prepared)} frames of {height}x{width}")


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("clip")
    parser.add_argument("out", type=Path)
    parser.add_argument("--source", required=True)
    parser.add_argument("--limits", type=json.loads, required=True)
    parser.add_argument("--own", type=json.loads, default={})
    options = parser.parse_args(arguments)
    make_clip(options.clip, options.out, options.source, options.limits, options.own)


if __name__ == "__main__":
    sys.exit(run(main))
