"""The bundle: what raters get. Media, one page, sheets and a manifest, in a folder that tells nobody what is real.

Everything that could label an item lies in the key folder instead (`evaluation.study.key`). A bundle appears when it is
complete, in place of an earlier one.
"""

import dataclasses
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from datasets.clip import Clip
from datasets.errors import InputError
from datasets.files import write_json, writing
from evaluation.report.document import render
from evaluation.study import media
from evaluation.study.blinding import STUDY_DIGITS, blind, keep_secret, random_numbers
from evaluation.study.consent import instructions, read_consent
from evaluation.study.design import Design
from evaluation.study.items import Material, Shown, catch_frames, practice_frames, read_shown
from evaluation.study.key import Item, Key, write_key
from evaluation.study.manifest import PAGE_VERSION, describe
from evaluation.study.schedule import Slot, plan_sheets
from evaluation.study.sheets import Strip, film_strip, find_browser, render_sheets, write_pdf

_EPOCH = 946_684_800  # 2000-01-01, the time of every file
_REMEDY = "choose another folder"


@dataclass(frozen=True)
class Built:
    """What a build made.

    Attributes:
        key: what each item is.
        completion: the code that the page shows to those who come from Prolific.
        manifest: as it stands in the bundle.
        new_secret: whether the secret was made now.
        said: what else the user should know, a line each.
    """

    key: Key
    completion: str
    manifest: Mapping[str, Any]
    new_secret: bool
    said: tuple[str, ...]


@dataclass(frozen=True)
class _Picture:
    """What an item shows, before it is a file."""

    frames: np.ndarray
    delays_ms: tuple[int, ...]
    shared: str
    """Equal for items made from the same frames, so that their colours are reduced once."""


def build(
    bundle: Path,
    key_folder: Path,
    materials: Sequence[Material],
    design: Design,
    *,
    resize: bool = False,
    consent: Path | None = None,
    address: str | None = None,
    completion: str | None = None,
    pdf: bool = True,
    made_from: Mapping[str, Any] | None = None,
) -> Built:
    """Build a study: the bundle for raters, and the key beside it.

    Args:
        bundle: a new folder, an empty one, or that of an earlier build.
        key_folder: for secret and key; not in the bundle, nor the bundle in it.
        materials: of each of the design's clips.
        design: what is fixed.
        resize: bring samples of another size to the real clip's.
        consent: a text file in place of the generic consent.
        address: where the bundle will be on the web; it is printed on the sheets.
        completion: code that the page shows to those who come from Prolific; by default one made with the secret.
        pdf: print the sheets where there is a browser.
        made_from: more for the key: protocol, commit.

    Raises:
        InputError: a file or a folder cannot be used.
    """
    _check_folders(bundle, key_folder)
    online = page_address(address) if address else None
    shown = {material.clip: read_shown(material, design, resize=resize) for material in materials}
    consent_text, generic = read_consent(consent)
    secret, new = keep_secret(key_folder)
    completion = completion or _code(secret)
    items, sheets, practice, pictures = _items(design, shown, secret)
    factor = media.enlargement(clip.real.size for clip in shown.values())
    files, strips = _media(pictures, factor, design, secret)
    numbered = [(number, sheet, sheets[sheet]) for number, sheet in enumerate(sorted(sheets), 1)]
    key = Key(
        study=_study_hash(secret, design, items, sheets, files),
        design=design,
        made_from={**_about(shown), **(made_from or {})},
        items=items,
        sheets={sheet: sheets[sheet] for _, sheet, _ in numbered},
        practice=tuple(practice),
    )
    said = []
    synthetic = sum(clip.source["kind"] == "synthetic" for clip in shown.values())
    if synthetic:
        said.append(f"{synthetic} of {len(shown)} real clips are synthetic stand-ins: no vote on them says anything")
    if generic:
        said.append("the consent text is a generic one; replace it by that of your ethics board (--consent FILE)")
    told = {"study": key.study, "consent": consent_text}
    printed = {**told, "instructions": instructions(design, practice=False), "address": online}
    with _replacing_folder(bundle) as folder:
        for item, data in files.items():
            (folder / "media" / f"{item}.mp4").write_bytes(data)
        for number, sheet, of in numbered:
            html = render_sheets([(number, sheet, of)], strips, links="../index.html", **printed)
            (folder / "sheets" / f"{sheet}.html").write_text(html, encoding="utf-8")
        browser = find_browser() if pdf else None
        if pdf:
            problem = "there is no Chromium or Chrome" if browser is None else None
            if browser:
                html = render_sheets(numbered, strips, links=online, **printed)
                problem = write_pdf(folder / "sheets" / "sheets.pdf", html, browser)
            if problem:
                said.append(f"no PDF of the sheets: {problem}; print sheets/*.html instead")
        data = _page_data(key, numbered, pictures, factor, completion)
        page = render(
            "study/page.html",
            {"title": "Real or fake?", "data": data, "instructions": instructions(design), **told},
            styles=("page.css", "study.css"),
            scripts=("study.js",),
            media=True,
        )
        (folder / "index.html").write_text(page, encoding="utf-8")
        manifest = describe(
            key,
            sizes=sorted({clip.real.size for clip in shown.values()}),
            frames=sorted({len(clip.real) for clip in shown.values()}),
            factor=factor,
            length=len(next(iter(files.values()))),
            synthetic=synthetic,
            generic_consent=generic,
            pdf=(folder / "sheets" / "sheets.pdf").exists(),
        )
        write_json(folder / "manifest.json", manifest)
        write_key(key_folder, key)
    return Built(key, completion, manifest, new, tuple(said))


def _check_folders(bundle: Path, key_folder: Path) -> None:
    """Refuse a key that would be handed out with the bundle, and a folder that is not ours to replace."""
    inner, outer = key_folder.resolve(), bundle.resolve()
    if inner == outer or outer in inner.parents or inner in outer.parents:
        raise InputError(f"{key_folder}: key and bundle must not lie in one another; choose another folder for the key")
    if bundle.exists():
        known = {"index.html", "manifest.json", "media", "sheets"}
        if not bundle.is_dir() or {path.name for path in bundle.iterdir()} - known:
            raise InputError(f"{bundle}: holds something that is no bundle; {_REMEDY}")


def _items(
    design: Design, shown: Mapping[str, Shown], secret: bytes
) -> tuple[dict[str, Item], dict[str, tuple[str, ...]], list[str], dict[str, _Picture]]:
    """Items, sheets and practice by their ids, and what each item shows; items in the order of their ids."""
    items: dict[str, Item] = {}
    pictures: dict[str, _Picture] = {}
    first = shown[design.clips[0]].real

    def add(item: Item, picture: _Picture, place: str) -> str:
        name = blind(secret, {"place": place, **dataclasses.asdict(item)})
        if name in items:
            raise InputError(f"two items have the id {name}; delete the secret for a new one, and build again")
        items[name], pictures[name] = item, picture
        return name

    def of_slot(slot: Slot, place: str) -> str:
        if slot.kind == "catch":
            like = shown[design.clips[slot.number % len(design.clips)]].real
            item = Item("catch", None)
            frames = catch_frames(like, random_numbers(secret, "catch", place))
            return add(item, _Picture(frames, _delays(like), place), place)
        clip = shown[slot.clip]
        if slot.kind == "real":
            return add(Item("real", slot.clip), _Picture(clip.real.frames, _delays(clip.real), slot.clip), place)
        fake, frames = clip.fakes[slot.method, slot.number]
        item = Item("fake", slot.clip, slot.method, fake.seed, fake.sample)
        return add(item, _Picture(frames, _delays(clip.real), f"{slot.clip} {slot.method} {slot.number}"), place)

    sheets = {}
    for index, slots in enumerate(plan_sheets(design)):
        sheet = blind(secret, {"sheet": index})
        catch = [f"sheet {index}, catch {slot.number}" if slot.kind == "catch" else f"sheet {index}" for slot in slots]
        sheets[sheet] = tuple(of_slot(slot, place) for slot, place in zip(slots, catch, strict=True))
    practice = [
        add(Item(kind, scene), _Picture(frames, _delays(first), f"practice {index}"), f"practice {index}")
        for index, (kind, scene, frames) in enumerate(practice_frames(first, design))
    ]
    return dict(sorted(items.items())), sheets, practice, dict(sorted(pictures.items()))


def _delays(clip: Clip) -> tuple[int, ...]:
    return tuple(int(delay) for delay in clip.delays_ms)


def _media(
    pictures: Mapping[str, _Picture], factor: int, design: Design, secret: bytes
) -> tuple[dict[str, bytes], dict[str, Strip]]:
    """The files of all items, of equal length, and the film strips, in the order of `pictures`."""
    reduced: dict[str, np.ndarray] = {}
    groups: dict[tuple[Any, ...], list[str]] = {}
    encoded, strips = {}, {}
    for item, picture in pictures.items():
        if picture.shared not in reduced:
            reduced[picture.shared] = media.reduce_colours(picture.frames)
        frames = media.dither(reduced[picture.shared], random_numbers(secret, "dither", item))
        strips[item] = film_strip(frames)
        encoded[item] = media.encode(media.enlarge(frames, factor), picture.delays_ms)
        groups.setdefault((picture.frames.shape, picture.delays_ms), []).append(item)
    files = {}
    for group in groups.values():
        for item, clip in zip(group, media.level([encoded[item] for item in group]), strict=True):
            files[item] = media.to_mp4(clip, design.exposure_seconds + media.MARGIN_SECONDS)
    length = media.padded_length(map(len, files.values()))
    return {item: media.pad(files[item], length, random_numbers(secret, "padding", item)) for item in pictures}, strips


def _study_hash(
    secret: bytes,
    design: Design,
    items: Mapping[str, Item],
    sheets: Mapping[str, Sequence[str]],
    files: Mapping[str, bytes],
) -> str:
    """Changes with anything that a vote depends on: design, items, order, and every byte of the media."""
    description = {
        "design": design.to_json(),
        "items": {item: dataclasses.asdict(what) for item, what in items.items()},
        "sheets": {sheet: list(of) for sheet, of in sheets.items()},
        "media": {item: hashlib.sha256(data).hexdigest() for item, data in files.items()},
        "page_version": PAGE_VERSION,
    }
    return blind(secret, description, STUDY_DIGITS)


def page_address(address: str) -> str:
    """The address of the page of a bundle that lies at `address`.

    Raises:
        InputError: `address` is no web address.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise InputError(f"{address}: not the address of a folder on the web; name one such as https://example.org/s/")
    return f"{address.rstrip('/')}/index.html"


def _code(secret: bytes) -> str:
    """The completion code of a study whose author names none."""
    return blind(secret, {"purpose": "completion"}, 8).upper()


def _about(shown: Mapping[str, Shown]) -> dict[str, Any]:
    """What the clips are, for the key."""
    return {
        "clip_sources": {name: dict(clip.source) for name, clip in shown.items()},
        "size": {name: list(clip.real.size) for name, clip in shown.items()},
        "frames": {name: len(clip.real) for name, clip in shown.items()},
        "fps": {name: round(1000 / float(clip.real.delays_ms.mean()), 3) for name, clip in shown.items()},
    }


def _page_data(
    key: Key,
    numbered: Sequence[tuple[int, str, Sequence[str]]],
    pictures: Mapping[str, _Picture],
    factor: int,
    completion: str,
) -> dict[str, Any]:
    """What the page knows: ids in order, and of practice items, masked, what they are, because it gives feedback."""

    def entry(item: str) -> dict[str, Any]:
        return {"id": item, "frame_ms": float(np.mean(pictures[item].delays_ms))}

    def check(item: str) -> int:
        return (sum(int(digit, 16) for digit in item) + (key.items[item].truth == "real")) % 2

    return {
        "study": key.study,
        "page_version": PAGE_VERSION,
        "exposure_seconds": key.design.exposure_seconds,
        "plays": key.design.plays,
        "sheets_per_worker": key.design.sheets_per_worker,
        "completion": completion,
        "stage_height": max(factor * picture.frames.shape[1] for picture in pictures.values()),
        "practice": [{**entry(item), "check": check(item)} for item in key.practice],
        "sheets": [
            {"id": sheet, "number": number, "items": [entry(item) for item in of]} for number, sheet, of in numbered
        ],
    }


@contextmanager
def _replacing_folder(path: Path) -> Iterator[Path]:
    """A new folder that takes the place of `path` when the block ends without an error; its files have one time."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name[:40]}-", dir=path.parent) as scratch:
            new = Path(scratch, "new")
            for name in ("media", "sheets"):
                (new / name).mkdir(parents=True)
            yield new
            for made in [*new.rglob("*"), new]:
                os.utime(made, (_EPOCH, _EPOCH))
            if path.exists():
                path.rename(Path(scratch, "old"))
            new.rename(path)


def say(built: Built, bundle: Path, key_folder: Path) -> None:
    """Print what a build made, and on standard error what its author should know."""
    for line in built.said:
        print(f"note: {line}", file=sys.stderr)
    kept = "a new secret" if built.new_secret else "the secret that was there, so ids are those of the last build"
    print(f"study {built.key.study}: {len(built.key.sheets)} sheets, {len(built.key.items)} items")
    print(f"wrote {bundle}; key in {key_folder} ({kept}): keep it, and never hand it out")
