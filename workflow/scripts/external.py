"""Rule `external`: the samples of a method from outside, brought to the real clip's shape by stated rules."""

import sys
from collections.abc import Sequence
from pathlib import Path

from datasets.cli import OneLineParser, run
from datasets.clip import Clip, load_clip, save_clip
from datasets.encode import write_gif
from datasets.errors import InputError
from datasets.files import write_sealed
from datasets.stage import check_recorded, stage_folder
from evaluation.external import INDEX, account, read_samples, sample_files


def take_in(clip: Path, files: Sequence[Path], out: Path, *, resize: bool) -> None:
    """Write what can be used to `out` as .npz (numbered as in `files`, from 0), a .gif beside each, and `samples.json`,
    which says what was done to them and what was left out.

    Raises:
        InputError: none of the files can be used, or one of a stage is not what its manifest says.
    """
    real = load_clip(clip)
    stage = stage_folder()
    for path in files if stage else ():
        check_recorded(stage, path)
    samples, errors = read_samples(files, real, resize=resize)
    for error in errors:
        print(f"left out: {error}")
    if not samples:
        raise InputError(f"{files[0].parent}: none of its {len(files)} files can be used; see the log")
    for sample in samples:
        number = files.index(sample.file)
        source = {"kind": "external", "name": sample.file.name, "notes": list(sample.notes)}
        taken = Clip(sample.frames, real.delays_ms.copy(), source)
        save_clip(out / f"{number}.npz", taken)
        write_gif(out / f"{number}.gif", taken)
    write_sealed(out / INDEX, {"samples": [files.index(sample.file) for sample in samples], **account(samples, errors)})


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("clip", type=Path)
    parser.add_argument("folder", help="of the samples, with a folder for each clip or {clip} in its name")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resize", action="store_true")
    options = parser.parse_args(arguments)
    # A thousand paths would be too long for a command line.
    files = sample_files(options.folder, options.clip.stem)
    take_in(options.clip, files, options.out, resize=options.resize)


if __name__ == "__main__":
    sys.exit(run(main))
