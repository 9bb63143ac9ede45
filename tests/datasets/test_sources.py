"""Where clips come from: the order of places, the checks, and that the place leaves no trace in the clip."""

import shutil
import threading
import time
from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest

from datasets import catalogue
from datasets.cache import cache_path
from datasets.clip import make_clip
from datasets.encode import write_gif, write_mp4, write_png_folder
from datasets.errors import InputError
from datasets.files import sha256_of
from datasets.sources import Source, obtain, obtain_file, require_published, resolve, resolve_peers


@pytest.fixture
def world(monkeypatch, tmp_path, clip, server, respond):
    """A catalogue whose waterfall is our small clip, served by our server; folders for it to lie in."""
    gif = tmp_path / "own" / "mine.gif"
    write_gif(gif, clip)
    sha256 = sha256_of(gif)
    changed = tuple(
        replace(entry, sha256=sha256, url=server.url, bytes=gif.stat().st_size) if entry.id == "waterfall" else entry
        for entry in catalogue.entries()
    )
    monkeypatch.setattr(catalogue, "entries", lambda: changed)
    server.answers = [respond(body=gif.read_bytes())]
    stage = tmp_path / "stage"
    (stage / "clips").mkdir(parents=True)
    return SimpleNamespace(gif=gif, sha256=sha256, stage=stage, url=server.url, opener=server.opener)


def _online(address, seconds):
    return None


def _offline(address, seconds):
    return "cannot be reached (no network)"


def _put_on_stage(world):
    return shutil.copy(world.gif, world.stage / "clips" / "waterfall.gif")


def _put_in_cache(world):
    path = cache_path("waterfall", world.sha256)
    path.parent.mkdir(parents=True)
    return shutil.copy(world.gif, path)


def test_the_order_override_stage_cache_network_rendered(world):
    def find(probe, **options):
        source = resolve(["waterfall"], probe=probe, **options)["waterfall"]
        return source.kind, source.how, source.fallback

    assert find(_offline) == ("synthetic", "render", True)
    assert find(_online) == ("published", "url", False)
    _put_in_cache(world)
    assert find(_offline) == ("published", "cache", False)
    _put_on_stage(world)
    assert find(_offline, stage=world.stage) == ("published", "stage", False)
    override = {"waterfall": {"path": str(world.gif)}}
    assert find(_offline, stage=world.stage, overrides=override) == ("file", "path", False)


def test_the_variable_names_the_default_stage(world, monkeypatch):
    _put_on_stage(world)
    monkeypatch.setenv("SGIF_STAGE", str(world.stage))
    assert resolve(["waterfall"], probe=_offline)["waterfall"].how == "stage"
    assert resolve(["waterfall"], stage="", probe=_offline)["waterfall"].how == "render"


def test_a_scene_that_was_never_published_is_no_stand_in(world):
    source = resolve(["clouds"], stage=world.stage, probe=_offline)["clouds"]
    assert (source.kind, source.how, source.fallback) == ("synthetic", "render", False)
    assert source.reason == "no GIF of this scene was published"


def test_a_stage_that_lacks_the_file_leads_to_a_stand_in_that_says_why(world):
    source = resolve(["birds"], stage=world.stage, probe=_offline)["birds"]
    assert source.fallback
    assert source.reason == "rajat95.github.io: cannot be reached (no network)"
    with pytest.raises(InputError) as caught:
        require_published({"birds": source, "clouds": resolve(["clouds"], probe=_offline)["clouds"]})
    message = str(caught.value)
    assert message.startswith("birds: ") and "clouds" not in message and "\n" not in message
    assert "python -m datasets fetch birds" in message and "python -m datasets stage DIR" in message


def test_nothing_missing_is_no_error(world):
    require_published(resolve(["clouds"], probe=_offline))


def test_the_order_of_ids_is_kept_and_doubles_dropped(world):
    _put_in_cache(world)
    ids = ["river", "waterfall", "birds", "river"]
    assert list(resolve(ids, probe=_offline)) == ["river", "waterfall", "birds"]


def test_each_host_is_asked_once_and_only_if_needed(world):
    asked = []

    def probe(address, seconds):
        asked.append((address, seconds))

    resolve(["birds", "cliff", "desert"], probe=probe, timeout_s=3.0)
    assert len(asked) == 1
    assert asked[0][0] == catalogue.find("birds").url
    assert 2.0 < asked[0][1] <= 3.0
    asked.clear()
    _put_in_cache(world)
    resolve(["waterfall", "clouds"], probe=probe)
    assert asked == []


def test_hosts_are_asked_at_the_same_time(world):
    both = threading.Barrier(2)

    def probe(address, seconds):
        both.wait(timeout=30)  # breaks unless the other one is being asked too

    override = {"clouds": {"url": "https://a.example/x.gif", "sha256": "0" * 64}}
    sources = resolve(["birds", "clouds"], overrides=override, probe=probe)
    assert [source.how for source in sources.values()] == ["url", "url"]


def test_a_name_server_that_hangs_does_not_hold_us_up(world, monkeypatch):
    released = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: released.wait())
    try:
        begin = time.monotonic()
        source = resolve(["birds"], timeout_s=0.2)["birds"]
        assert time.monotonic() - begin < 30
    finally:
        released.set()
    assert source.reason == "rajat95.github.io: no answer in time"


def test_a_wrong_staged_file_is_refused_even_if_the_network_has_it(world):
    (world.stage / "clips" / "waterfall.gif").write_bytes(b"x")
    with pytest.raises(InputError, match=r"waterfall\.gif: has SHA-256"):
        resolve(["waterfall"], stage=world.stage, probe=_online)


def test_the_same_content_has_the_same_key_and_gives_the_same_clip_from_anywhere(world, clip):
    from_url = resolve(["waterfall"], probe=_online)["waterfall"]
    clips = [obtain(from_url, opener=world.opener)]
    from_cache = resolve(["waterfall"], probe=_offline)["waterfall"]
    _put_on_stage(world)
    from_stage = resolve(["waterfall"], stage=world.stage, probe=_offline)["waterfall"]
    clips += [obtain(from_cache), obtain(from_stage)]
    assert [source.how for source in (from_url, from_cache, from_stage)] == ["url", "cache", "stage"]
    assert len({source.key() for source in (from_url, from_cache, from_stage)}) == 1
    for got in clips:
        np.testing.assert_array_equal(got.frames, clip.frames)
        assert got.source == clips[0].source
    assert clips[0].source == {
        "kind": "published",
        "id": "waterfall",
        "sha256": world.sha256,
        "url": world.url,
        "credit": catalogue.find("waterfall").credit,
        "fallback": False,
        "format": "gif",
    }


def test_keys_tell_apart_what_is_different(world):
    published = Source("waterfall", "published", "stage", "/a", "1" * 64)
    rendered = Source("waterfall", "synthetic", "render")
    others = [replace(published, sha256="2" * 64), replace(published, kind="file"), replace(rendered, id="river")]
    assert len({source.key() for source in (published, rendered, *others)}) == 5
    assert replace(published, how="cache", location="/b", reason="x").key() == published.key()


def test_a_source_survives_a_trip_through_json(world):
    source = resolve(["birds"], probe=_offline)["birds"]
    assert Source(**asdict(source)) == source


def test_a_file_that_changed_after_it_was_found_is_refused(world, clip):
    _put_on_stage(world)
    source = resolve(["waterfall"], stage=world.stage, probe=_offline)["waterfall"]
    write_gif(world.stage / "clips" / "waterfall.gif", make_clip(255 - clip.frames))
    with pytest.raises(InputError, match="it has changed since"):
        obtain(source)
    with pytest.raises(InputError, match="has SHA-256"):
        obtain_file(source)


def test_stand_ins_are_rendered_and_say_so(world):
    stand_in = resolve(["waterfall"], probe=_offline)["waterfall"]
    scene = resolve(["clouds"], probe=_offline)["clouds"]
    for source, fallback in ((stand_in, True), (scene, False)):
        clip = obtain(source, height=30, width=40, frames=3, seed=1, delay_ms=70)
        assert clip.frames.shape == (3, 30, 40, 3)
        assert clip.delays_ms.tolist() == [70] * 3
        assert clip.source["kind"] == "synthetic"
        assert clip.source["id"] == source.id
        assert clip.source["fallback"] is fallback
        assert clip.source["sha256"] is None and clip.source["url"] is None


def test_a_stand_in_has_the_size_and_pace_of_what_it_stands_for(world):
    entry = catalogue.find("birds")
    clip = obtain(resolve(["birds"], probe=_offline)["birds"])
    assert clip.frames.shape == (entry.frames, entry.height, entry.width, 3)
    assert set(clip.delays_ms.tolist()) == {entry.delay_ms}


def test_rendered_scenes_have_no_file(world):
    with pytest.raises(InputError, match=r"clouds: has no file here \(no GIF of this scene was published\)"):
        obtain_file(resolve(["clouds"], probe=_offline)["clouds"])


def test_a_download_that_fails_after_all_is_one_line(world, server, respond):
    source = resolve(["waterfall"], probe=_online)["waterfall"]
    server.answers = [respond(404)]
    with pytest.raises(InputError, match="the server answers 404"):
        obtain(source, opener=world.opener)


# Overrides


def test_an_override_may_be_a_file_a_folder_or_a_new_clip(world, clip, tmp_path):
    write_png_folder(tmp_path / "frames", clip)
    overrides = {
        "clouds": {"path": str(world.gif), "sha256": world.sha256.upper()},
        "my-own": {"path": str(tmp_path / "frames")},
    }
    sources = resolve(["clouds", "my-own"], overrides=overrides, probe=_offline)
    assert sources["clouds"] == Source("clouds", "file", "path", str(world.gif), world.sha256)
    for source in sources.values():
        got = obtain(source)
        np.testing.assert_array_equal(got.frames, clip.frames)
        assert (got.source["kind"], got.source["id"], got.source["credit"]) == ("file", source.id, None)


def test_an_override_from_an_address(world):
    overrides = {"clouds": {"url": world.url, "sha256": world.sha256}}
    source = resolve(["clouds"], overrides=overrides, probe=_online)["clouds"]
    assert (source.kind, source.how) == ("file", "url")
    assert obtain(source, opener=world.opener).source["kind"] == "file"
    cached = resolve(["clouds"], overrides=overrides, probe=_offline)["clouds"]
    assert (cached.kind, cached.how, cached.key()) == ("file", "cache", source.key())


def test_an_override_from_an_address_may_lie_in_the_stage(world):
    overrides = {"clouds": {"url": "https://a.example/x.gif", "sha256": world.sha256}}
    shutil.copy(world.gif, world.stage / "clips" / "clouds.gif")
    assert resolve(["clouds"], stage=world.stage, overrides=overrides, probe=_offline)["clouds"].how == "stage"
    # A published clip of the same name in the stage is not meant.
    (world.stage / "clips" / "clouds.gif").write_bytes(b"another")
    assert resolve(["clouds"], stage=world.stage, overrides=overrides, probe=_online)["clouds"].how == "url"


def test_an_override_that_cannot_be_reached_is_not_replaced_silently(world):
    overrides = {"clouds": {"url": "https://a.example/x.gif", "sha256": "0" * 64}}
    with pytest.raises(InputError, match=r"clips\.clouds\.url https://a\.example/x\.gif: cannot be reached"):
        resolve(["clouds"], overrides=overrides, probe=_offline)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"pth": "a.gif"}, r"clips\.clouds\.pth: unknown key; did you mean path\?"),
        ({}, "must have either path or url"),
        ({"path": "a.gif", "url": "https://a.example/x"}, "must have either path or url"),
        ({"url": "https://a.example/x"}, r"clips\.clouds\.sha256: is missing"),
        ({"url": "http://a.example/x", "sha256": "0" * 64}, "is no https address"),
        ({"path": "a.gif", "sha256": "123"}, "is not 64 hexadecimal digits"),
        ({"path": 3}, r"clips\.clouds\.path: must be text"),
        ("a.gif", "must be {path"),
        ({"path": "/nowhere/a.gif"}, "/nowhere/a.gif: no such file"),
    ],
)
def test_wrong_overrides_are_one_line(world, override, words):
    with pytest.raises(InputError, match=words) as caught:
        resolve(["clouds"], overrides={"clouds": override}, probe=_offline)
    assert "\n" not in str(caught.value)


def test_an_override_whose_checksum_does_not_match(world):
    overrides = {"clouds": {"path": str(world.gif), "sha256": "0" * 64}}
    with pytest.raises(InputError, match=rf"mine\.gif: has SHA-256 {world.sha256[:12]}…, but clips\.clouds\.sha256"):
        resolve(["clouds"], overrides=overrides, probe=_offline)


@pytest.mark.parametrize("id", ["../x", "A", "", "a/b", ".hidden", "x" * 65])
def test_names_of_clips_cannot_leave_their_folder(world, id):
    with pytest.raises(InputError, match="a clip's name is made of"):
        resolve([id], overrides={id: {"path": str(world.gif)}}, probe=_offline)


def test_unknown_clips_name_the_nearest(world):
    with pytest.raises(InputError, match="did you mean 'waterfall'"):
        resolve(["waterfal"], probe=_offline)


# The peers' real clips


def test_peers_use_the_real_clip_of_the_stage(world, clip):
    path = world.stage / "published" / "desert" / "real.mp4"
    write_mp4(path, clip)
    source = resolve_peers(["desert"], world.stage)["desert"]
    assert source == Source("desert", "published", "stage", str(path), sha256_of(path))
    got = obtain(source)
    assert got.source["format"] == "mp4"
    assert "SinFusion" in got.source["credit"] and got.source["url"] is None


def test_peers_need_a_stage_that_has_it(world):
    with pytest.raises(InputError, match="protocol peers: needs a stage"):
        resolve_peers(["desert"])
    with pytest.raises(InputError, match=r"desert/real\.mp4: the stage lacks this file"):
        resolve_peers(["desert"], world.stage)
    with pytest.raises(InputError, match="unknown clip"):
        resolve_peers(["dessert"], world.stage)


def test_real_stage(real_stage):
    sources = resolve(["waterfall", "seashore", "desert"], stage=real_stage, probe=_offline)
    assert {(source.kind, source.how) for source in sources.values()} == {("published", "stage")}
    peers = resolve_peers(["waterfall"], real_stage)
    assert obtain(peers["waterfall"]).size == obtain(sources["waterfall"]).size == (168, 298)
