"""Sources: where each clip comes from on this machine, decided once, and how to get it from there.

Order: an override by the user, the stage, the cache, the network, and last a synthetic scene. A source says what it is
(`kind`, checksum) apart from where it was found (`how`, `location`): the same file from anywhere gives the same clip.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import OpenerDirector

from datasets.cache import fetch_cached, find_cached
from datasets.catalogue import Entry, find, ids
from datasets.clip import Clip
from datasets.decode import content_sha256, read_video
from datasets.errors import InputError
from datasets.fetch import Patience, Progress, reachable
from datasets.limits import Limits
from datasets.overrides import check_override
from datasets.stage import find_staged, published_real, stage_folder, staged_path, verify

_PEER_CREDIT = "real clip as shown by Y. Nikankin, N. Haim and M. Irani, SinFusion (ICML 2023), project page"

Probe = Callable[[str, float], str | None]


@dataclass(frozen=True)
class Source:
    """Where one clip comes from.

    Attributes:
        id: the clip.
        kind: published (the authors' file), file (the user's own) or synthetic (rendered).
        how: stage, cache, url, path or render.
        location: path or address; None for render.
        sha256: of the file; None for render.
        fallback: whether this is a stand-in for a published clip that cannot be reached.
        reason: why a clip is rendered, in words; empty otherwise.
    """

    id: str
    kind: str
    how: str
    location: str | None = None
    sha256: str | None = None
    fallback: bool = False
    reason: str = ""

    def key(self) -> str:
        """A short text that changes when the content does, and not with the place where it was found."""
        return f"{self.kind}:{self.sha256[:16] if self.sha256 else self.id}"


def resolve(
    ids: Iterable[str],
    *,
    stage: str | Path | None = None,
    overrides: Mapping[str, Mapping[str, str]] | None = None,
    timeout_s: float = 10.0,
    probe: Probe = reachable,
) -> dict[str, Source]:
    """Decide where each clip comes from. Nothing is downloaded; each host is asked once, all within `timeout_s`.

    Args:
        ids: clips of the catalogue, or of `overrides`.
        stage: folder to look in first; the environment variable SGIF_STAGE by default, '' for none.
        overrides: clip id -> {path: …} or {url: …, sha256: …}. `sha256` is optional for a path, which may be a folder
            of PNG frames.
        timeout_s: longest time for asking the network, in seconds.
        probe: `(address, seconds) -> None, or why it cannot be reached`.

    Raises:
        InputError: an unknown clip, a wrong override, an override that cannot be reached, a staged file with a wrong
            checksum.
    """
    ids, overrides = list(dict.fromkeys(ids)), overrides or {}
    for id, override in overrides.items():
        check_override(id, override)
    folder = stage_folder(stage)
    found: dict[str, Source] = {}
    wanted: dict[str, tuple[str, str]] = {}  # id -> address and checksum, where only the network is left
    for id in ids:
        override = overrides.get(id)
        local = _overridden(id, override, folder) if override else _local(find(id), folder)
        if local:
            found[id] = local
        else:
            entry = override or {"url": find(id).url, "sha256": find(id).sha256}
            wanted[id] = entry["url"], entry["sha256"].lower()
    problems = _probe_hosts([address for address, _ in wanted.values()], timeout_s, probe)
    for id, (address, sha256) in wanted.items():
        problem = problems[urlsplit(address).netloc]
        if problem is None:
            found[id] = Source(id, "file" if id in overrides else "published", "url", address, sha256)
        elif id in overrides:
            raise InputError(f"clips.{id}.url {address}: {problem}; give a path instead, or leave the override out")
        else:
            reason = f"{urlsplit(address).netloc}: {problem}"
            found[id] = Source(id, "synthetic", "render", fallback=True, reason=reason)
    return {id: found[id] for id in ids}


def resolve_peers(ids: Iterable[str], stage: str | Path | None = None) -> dict[str, Source]:
    """The real clips as the peers' samples were encoded (`published/{clip}/real.mp4` of a stage; protocol `peers`).

    Raises:
        InputError: there is no stage, or it lacks one of them.
    """
    folder = stage_folder(stage)
    if folder is None:
        raise InputError("protocol peers: needs a stage with published/{clip}/real.mp4; set stage or SGIF_STAGE")
    sources = {}
    for id in dict.fromkeys(ids):
        path = published_real(folder, find(id).id)
        sources[id] = Source(id, "published", "stage", str(path), content_sha256(path))
    return sources


def require_published(sources: Mapping[str, Source]) -> None:
    """Raise InputError with the whole list, if published clips would be replaced by stand-ins."""
    missing = {id: source for id, source in sources.items() if source.fallback}
    if missing:
        reasons = "; ".join(sorted({source.reason for source in missing.values()}))
        raise InputError(
            f"{', '.join(missing)}: neither in a stage nor in the cache, and not to be downloaded ({reasons}); run "
            f"'python -m datasets fetch {' '.join(missing)}' with a network, or 'python -m datasets stage DIR' on "
            "another machine and give that DIR as the stage"
        )


def obtain(
    source: Source,
    *,
    height: int | None = None,
    width: int | None = None,
    frames: int | None = None,
    seed: int = 0,
    delay_ms: int | None = None,
    limits: Limits | None = None,
    patience: Patience | None = None,
    opener: OpenerDirector | None = None,
    progress: Progress | None = None,
) -> Clip:
    """Get the clip: read, download into the cache, or render.

    Args:
        source: from `resolve`.
        height, width, frames, seed, delay_ms: of a rendered scene (the catalogue's size by default); files come as they
            are.
        limits: for files.
        patience, opener, progress: for a download.

    Returns:
        The clip; its source holds kind, id, sha256, url, credit and fallback, the same wherever the file was found.

    Raises:
        InputError: the file cannot be had, is another one by now, or cannot be decoded.
    """
    if source.how == "render":
        return _rendered(source, height, width, frames, seed, delay_ms)
    limits = limits or Limits()
    path = _located(source, limits, patience, opener, progress)
    clip = read_video(path, limits)
    if clip.source["sha256"] != source.sha256:
        raise InputError(
            f"{path}: has SHA-256 {clip.source['sha256'][:12]}…, not {source.sha256[:12]}…: it has changed since "
            "it was looked up; run the same command again"
        )
    entry = _entry_of(source)
    note = {
        "kind": source.kind,
        "id": source.id,
        "sha256": source.sha256,
        "url": entry.url if entry else None,
        "credit": (entry.credit if entry else _PEER_CREDIT) if source.kind == "published" else None,
        "fallback": False,
        "format": clip.source["format"],
    }
    return Clip(clip.frames, clip.delays_ms, note)


def obtain_file(
    source: Source,
    *,
    patience: Patience | None = None,
    opener: OpenerDirector | None = None,
    progress: Progress | None = None,
) -> Path:
    """The verified file of a source that has one; downloaded into the cache, if it comes from the network.

    Raises:
        InputError: the source is rendered, or its file cannot be had.
    """
    if source.how == "render":
        raise InputError(f"{source.id}: has no file here ({source.reason}); render the scene, or give a stage")
    path = _located(source, Limits(), patience, opener, progress)
    verify(path, source.sha256)
    return path


def _located(
    source: Source,
    limits: Limits,
    patience: Patience | None,
    opener: OpenerDirector | None,
    progress: Progress | None,
) -> Path:
    """The file on this machine, after a download if need be."""
    if source.how != "url":
        return Path(source.location)
    return fetch_cached(
        source.id,
        source.location,
        source.sha256,
        max_bytes=limits.max_bytes,
        patience=patience,
        opener=opener,
        progress=progress,
    )


def _entry_of(source: Source) -> Entry | None:
    """The catalogue's entry, if this is the published file itself."""
    if source.kind != "published" or source.id not in ids():
        return None
    entry = find(source.id)
    return entry if entry.sha256 == source.sha256 else None


def _rendered(
    source: Source, height: int | None, width: int | None, frames: int | None, seed: int, delay_ms: int | None
) -> Clip:
    from datasets.synthetic import render

    entry = find(source.id)
    clip = render(
        source.id,
        height=height or entry.height,
        width=width or entry.width,
        frames=frames or entry.frames,
        seed=seed,
        delay_ms=delay_ms or entry.delay_ms,
    )
    note = {"sha256": None, "url": None, "credit": None, "fallback": source.fallback}
    return Clip(clip.frames, clip.delays_ms, {**clip.source, "kind": "synthetic", "id": source.id, **note})


def _overridden(id: str, override: Mapping[str, str], stage: Path | None) -> Source | None:
    """The user's own file, if it is on this machine."""
    sha256 = override.get("sha256", "").lower()
    if "path" in override:
        path = Path(override["path"]).expanduser()
        found = content_sha256(path)
        if sha256 and found != sha256:
            raise InputError(
                f"{path}: has SHA-256 {found[:12]}…, but clips.{id}.sha256 says {sha256[:12]}…; correct one of them"
            )
        return Source(id, "file", "path", str(path), found)
    staged = staged_path(stage, id) if stage else None
    # A stage may well hold the published clip of this name; then the override means another file.
    if staged and staged.is_file() and content_sha256(staged) == sha256:
        return Source(id, "file", "stage", str(staged), sha256)
    cached = find_cached(id, sha256)
    return Source(id, "file", "cache", str(cached), sha256) if cached else None


def _local(entry: Entry, stage: Path | None) -> Source | None:
    """A clip of the catalogue, if it is on this machine or can only be rendered."""
    if entry.url is None or entry.sha256 is None:
        return Source(entry.id, "synthetic", "render", reason="no GIF of this scene was published")
    if stage and (staged := find_staged(stage, entry.id)):
        return Source(entry.id, "published", "stage", str(staged), entry.sha256)
    cached = find_cached(entry.id, entry.sha256)
    return Source(entry.id, "published", "cache", str(cached), entry.sha256) if cached else None


def _probe_hosts(addresses: list[str], timeout_s: float, probe: Probe) -> dict[str, str | None]:
    """Host -> None, or why it cannot be reached. Each host is asked once, all at the same time."""
    hosts = {urlsplit(address).netloc: address for address in reversed(addresses)}
    if not hosts:
        return {}
    end = time.monotonic() + timeout_s
    with ThreadPoolExecutor(max_workers=min(len(hosts), 16)) as pool:
        answers = pool.map(lambda address: probe(address, max(end - time.monotonic(), 0.0)), hosts.values())
        return dict(zip(hosts, answers, strict=True))
