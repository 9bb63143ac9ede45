"""Where the clips and samples of a study lie: a results folder of the workflow, or files and folders of one's own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from datasets.errors import InputError
from datasets.names import natural_key, pick
from evaluation.controls import CONTROLS
from evaluation.external import sample_files
from evaluation.study.items import Fake, Material


def from_results(root: Path, clips: Sequence[str], methods: Sequence[str]) -> list[Material]:
    """Clips and samples of a results folder: `clips/CLIP.npz` and `samples/CLIP/METHOD/SEED/NUMBER.npz`.

    Raises:
        InputError: a clip or the samples of a method are missing.
    """
    reals = {path.stem: path for path in sorted(Path(root, "clips").glob("*.npz"))}
    if not reals:
        raise InputError(f"{root}: has no clips/*.npz; name a results folder of the workflow")
    return [
        Material(clip, pick(reals, clip, "clip"), {method: _samples(root, clip, method) for method in methods})
        for clip in clips or reals
    ]


def _samples(root: Path, clip: str, method: str) -> list[Fake]:
    folder = Path(root, "samples", clip, method)
    files = [path for path in folder.glob("*/*.npz") if path.parent.name.isdecimal() and path.stem.isdecimal()]
    if not files:
        raise InputError(f"{folder}: holds no samples; make them, or leave out the method or the clip")
    return sorted(
        (Fake(path, int(path.parent.name), int(path.stem)) for path in files), key=lambda fake: (fake.seed, fake.sample)
    )


def methods_of(root: Path) -> list[str]:
    """The methods, controls apart, that have samples of every clip of a results folder, in natural order.

    Raises:
        InputError: there are none.
    """
    folders = [path for path in Path(root, "samples").glob("*") if path.is_dir()]
    of_clips = [{path.name for path in folder.iterdir()} - set(CONTROLS) for folder in folders]
    methods = set.intersection(*of_clips) if of_clips else set()
    if not methods:
        raise InputError(f"{root}: no method has samples of every clip; name some with --clips and --methods")
    return sorted(methods, key=natural_key)


def from_folders(reals: Mapping[str, str], fakes: Mapping[str, str]) -> list[Material]:
    """Clips and samples of one's own.

    Args:
        reals: a file by the name of the clip.
        fakes: by the name of the method, a folder with a folder for each clip, or a path with `{clip}` in it.

    Raises:
        InputError: a folder is missing or empty.
    """
    return [
        Material(
            clip,
            Path(file),
            {
                method: [Fake(path, 0, number) for number, path in enumerate(sample_files(folder, clip))]
                for method, folder in fakes.items()
            },
        )
        for clip, file in reals.items()
    ]
