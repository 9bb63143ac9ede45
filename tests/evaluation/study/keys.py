"""A study's key as building one would leave it, without any clip."""

from evaluation.study.blinding import blind
from evaluation.study.design import make_design
from evaluation.study.key import Item, Key, write_key

SECRET = bytes(range(32))
NINE = ("birds", "clouds", "desert", "mountains", "night", "river", "seashore", "sunset", "waterfall")


def make_study_key(preset="rigorous", *, methods=("singan-gif",), clips=NINE, **changes):
    """A key whose sheets have one fake a clip, and the real clips where the design wants them."""
    design = make_design(preset, methods, clips, **changes)
    items, sheets = {}, {}
    for method in methods:
        for sample in range(design.samples):
            shown = [Item("fake", clip, method, 0, sample) for clip in clips]
            shown += [Item("real", clip) for clip in clips if design.reals]
            shown += [Item("catch", None, sample=number) for number in range(design.catch_trials)]
            sheet = blind(SECRET, {"sheet": [method, sample]})
            ids = [blind(SECRET, {"sheet": sheet, "place": place}) for place in range(len(shown))]
            items |= dict(zip(ids, shown, strict=True))
            sheets[sheet] = tuple(ids)
    practice = {blind(SECRET, {"practice": n}): Item("practice-real", clips[0]) for n in range(design.practice)}
    about = {
        "protocol": "quick",
        "clip_sources": {clip: {"kind": "published"} for clip in clips},
        "size": {clip: [48, 85] for clip in clips},
        "frames": {clip: 8 for clip in clips},
    }
    study = blind(SECRET, {"design": design.to_json()}, 16)
    return Key(study, design, about, {**items, **practice}, sheets, tuple(practice))


def write_key_folder(folder, key):
    """Write a key and the secret into a folder; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_key(folder, key)
    (folder / "secret").write_text(SECRET.hex() + "\n")
    return folder
