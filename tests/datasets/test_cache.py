import hashlib
from pathlib import Path

import pytest

from datasets.cache import cache_folder, cache_path, fetch_cached, find_cached


@pytest.fixture
def sha256(payload) -> str:
    return hashlib.sha256(payload).hexdigest()


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("SGIF_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("SGIF_CACHE")
    assert cache_folder() == tmp_path / "xdg" / "singan-gif-bench"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / "home" / ".cache" / "singan-gif-bench"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == tmp_path / "home" / ".cache" / "singan-gif-bench"


def test_a_cached_file_is_used_without_asking_again(server, respond, payload, sha256):
    server.answers = [respond(body=payload)]
    first = fetch_cached("a", server.url, sha256, opener=server.opener)
    assert first.read_bytes() == payload
    assert fetch_cached("a", server.url, sha256, opener=server.opener) == first == find_cached("a", sha256)
    assert len(server.requests) == 1


@pytest.mark.parametrize("damage", [b"", b"something else"])
def test_a_damaged_file_is_removed_and_fetched_again(server, respond, payload, sha256, damage):
    server.answers = [respond(body=payload)]
    path = fetch_cached("a", server.url, sha256, opener=server.opener)
    path.write_bytes(damage)
    assert find_cached("a", sha256) is None
    assert not path.exists()
    path.write_bytes(damage)
    assert fetch_cached("a", server.url, sha256, opener=server.opener).read_bytes() == payload
    assert len(server.requests) == 2


def test_one_clip_may_have_several_files(sha256):
    assert cache_path("a", sha256) != cache_path("a", "0" * 64)
    assert cache_path("a", sha256) != cache_path("b", sha256)
    assert cache_path("a", sha256.upper()) == cache_path("a", sha256)
    assert isinstance(cache_path("a", sha256), Path)
