"""`python -m datasets list | fetch | render | stage`: see, get and make the clips of the catalogue."""

import argparse
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from datasets.catalogue import entries, find, ids
from datasets.cli import OneLineParser, run
from datasets.errors import InputError, PartialError
from datasets.fetch import Progress
from datasets.files import replacing
from datasets.sources import Source, obtain_file, resolve
from datasets.stage import find_staged, stage_folder, staged_path, write_manifest
from datasets.weights import WEIGHTS, stage_weights


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    return options.command(options) or 0


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m datasets",
        description="See, get and make the clips of the catalogue: the nine scenes of the SinGAN-GIF paper.",
        epilog="example: python -m datasets list",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, function: Callable[[argparse.Namespace], int | None], summary: str, description: str, example: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name,
            help=summary,
            description=description,
            epilog=f"example: python -m datasets {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(command=function)
        return command

    stage_help = "folder to look in first, laid out as clips/ID.gif (default: the variable SGIF_STAGE)"

    command = add(
        "list",
        _list,
        "the scenes, and where each would come from now",
        "List the scenes of the catalogue, and where each would come from on this machine right now.",
        "list --stage stage",
    )
    command.add_argument("--stage", metavar="DIR", help=stage_help)

    command = add(
        "fetch",
        _fetch,
        "get published clips, verified",
        "Get published GIFs (from the stage, the cache or the network), verify them, and print where they are.\n"
        "They are the copyright of the paper's authors: use them on your own machine, do not redistribute them.",
        "fetch waterfall birds --out clips",
    )
    command.add_argument("ids", metavar="ID", nargs="+", help="a clip of the catalogue (see 'list')")
    command.add_argument("--out", metavar="DIR", type=Path, help="copy them to DIR/ID.gif (default: only the cache)")
    command.add_argument("--stage", metavar="DIR", help=stage_help)

    command = add(
        "render",
        _render,
        "make synthetic scenes",
        "Render synthetic scenes: DIR/ID.npz (the clip, without loss) and DIR/ID.gif (for looking).\n"
        "The same seed gives the same bytes.",
        "render clouds river --out scenes --size 168x298 --frames 16 --seed 1",
    )
    command.add_argument("ids", metavar="ID", nargs="+", help="a clip of the catalogue (see 'list')")
    command.add_argument("--out", metavar="DIR", type=Path, default=Path(), help="where to (default: this folder)")
    command.add_argument("--size", metavar="HxW", type=_size, help="height x width (default: the catalogue's)")
    command.add_argument("--frames", metavar="T", type=_count, help="number of frames (default: the catalogue's)")
    command.add_argument("--seed", metavar="N", type=_natural, default=0, help="another scene of the kind (default: 0)")

    command = add(
        "stage",
        _stage,
        "make a stage for machines without a network",
        "Fill DIR with all published GIFs and the encoder's weights (96 MB), verified, and a manifest.json, so that\n"
        "DIR can be carried to a machine without a network and used there as --stage DIR, --config stage=DIR or\n"
        "SGIF_STAGE=DIR. What is there already, and right, is kept. Exit status 3: some could not be got; they are\n"
        "listed.",
        "stage /mnt/usb/stage",
    )
    command.add_argument("folder", metavar="DIR", type=Path, help="the folder to fill; made if it does not exist")
    command.add_argument(
        "--encoder", metavar="NAME", dest="encoders", nargs="+", choices=sorted(WEIGHTS), default=["inception-fid"],
        help=f"whose weights: {', '.join(WEIGHTS)} (default: inception-fid, which all protocols score with)",
    )  # fmt: skip
    return parser


def _list(options: argparse.Namespace) -> None:
    sources = resolve(ids(), stage=options.stage)
    rows = [("id", "scene", "size", "frames", "delay", "exists as", "now from")]
    for entry in entries():
        exists = "published GIF" if entry.published else "synthetic scene"
        size = f"{entry.width}x{entry.height}"
        origin = _origin(sources[entry.id])
        rows.append((entry.id, entry.scene, size, str(entry.frames), f"{entry.delay_ms} ms", exists, origin))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if any(source.fallback for source in sources.values()):
        reasons = "; ".join(sorted({source.reason for source in sources.values() if source.fallback}))
        print(f"\n* stand-in for the published clip, which cannot be had here ({reasons})")


def _origin(source: Source) -> str:
    if source.how == "render":
        return "render*" if source.fallback else "render"
    return f"{source.how} {source.location}"


def _fetch(options: argparse.Namespace) -> None:
    wanted = list(dict.fromkeys(options.ids))
    for id in wanted:
        if not find(id).published:
            raise InputError(
                f"{id}: no GIF of this scene was published; 'python -m datasets render {id}' makes a synthetic one"
            )
    _require_folder(options.out)
    sources = resolve(wanted, stage=options.stage)
    failed: dict[str, str] = {}
    for id in wanted:
        target = options.out / f"{id}.gif" if options.out else None
        _deliver(sources[id], target, failed)
    _report(failed, done=len(wanted) - len(failed))


def _deliver(source: Source, target: Path | None, failed: dict[str, str]) -> None:
    """Get a published file, copy it to `target`, and say so; or note in `failed` why not."""
    if source.fallback:
        failed[source.id] = source.reason
        return
    try:
        path = obtain_file(source, progress=_progress(source.id))
        if target:
            path = _copied(path, target)
    except InputError as error:
        failed[source.id] = str(error)
    else:
        print(f"{source.id}  {path}  (from {source.how})")


def _render(options: argparse.Namespace) -> None:
    from datasets.clip import save_clip
    from datasets.encode import write_gif
    from datasets.sources import obtain

    wanted = [find(id).id for id in dict.fromkeys(options.ids)]
    _require_folder(options.out)
    height, width = options.size or (None, None)
    for number, id in enumerate(wanted, 1):
        _status(f"rendering {id} ({number} of {len(wanted)})")
        source = Source(id, "synthetic", "render")
        clip = obtain(source, height=height, width=width, frames=options.frames, seed=options.seed)
        save_clip(options.out / f"{id}.npz", clip)
        write_gif(options.out / f"{id}.gif", clip)
        _status("")
        print(f"{id}  {options.out / f'{id}.npz'}  {clip.size[1]}x{clip.size[0]}, {len(clip)} frames")


def _stage(options: argparse.Namespace) -> None:
    folder: Path = options.folder
    _require_folder(folder)
    published = [entry.id for entry in entries() if entry.published]
    kept = [id for id in published if _kept(folder, id)]
    for id in kept:
        print(f"{id}  {staged_path(folder, id)}  (kept)")
    # The folder that is being filled may be the one that SGIF_STAGE names already.
    elsewhere = os.environ.get("SGIF_STAGE", "")
    same = bool(elsewhere) and Path(elsewhere).expanduser().resolve() == folder.resolve()
    missing = [id for id in published if id not in kept]
    sources = resolve(missing, stage="" if same else None)
    failed: dict[str, str] = {}
    for id in missing:
        _deliver(sources[id], staged_path(folder, id), failed)
    done = [staged_path(folder, id) for id in published if id not in failed]
    for name in options.encoders:
        try:
            path, how = stage_weights(name, folder, None if same else stage_folder(), _progress(name))
        except InputError as error:
            failed[name] = str(error)
        else:
            print(f"{name}  {path}  ({'kept' if how == 'kept' else f'from {how}'})")
            done.append(path)
    if done:
        for name in write_manifest(folder, [path.relative_to(folder).as_posix() for path in done]):
            failed[name] = f"{name} has changed since it was staged; put the right file there, or delete it"
    _report(failed, done=len(done))


def _kept(folder: Path, id: str) -> bool:
    """Whether the folder holds the right file already. A damaged one is to be replaced."""
    try:
        return find_staged(folder, id) is not None
    except InputError:
        return False


def _report(failed: dict[str, str], done: int) -> None:
    if failed:
        reasons = "; ".join(dict.fromkeys(failed.values()))
        remedy = "try again with a network, or use a stage that has them (SGIF_STAGE)"
        raise (PartialError if done else InputError)(f"not got: {', '.join(failed)}: {reasons}; {remedy}")


def _require_folder(path: Path | None) -> None:
    if path is None:
        return
    existing = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not existing.is_dir():
        raise InputError(f"{path}: {existing} is a file, not a folder; choose another name")


def _copied(source: Path, target: Path) -> Path:
    if not (target.exists() and target.samefile(source)):
        with replacing(target) as temporary:
            shutil.copyfile(source, temporary)
    return target


def _progress(id: str) -> Progress | None:
    """Show how much has arrived, on a terminal only."""
    if not sys.stderr.isatty():
        return None

    def show(count: int, total: int | None) -> None:
        _status("" if count == total else f"{id}  {count // 1024} of {total // 1024 if total else '?'} kB")

    return show


def _status(text: str) -> None:
    """Replace the last line of a terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", text)
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is no size like 168x298 (height x width)")
    return int(match[1]), int(match[2])


def _count(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,5}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of 1 or more")
    return int(text)


def _natural(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no number of 0 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(run(main))
