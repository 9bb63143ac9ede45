import json
import os
from pathlib import Path

import pytest

from datasets import catalogue
from datasets.errors import InputError
from datasets.files import sha256_of
from datasets.stage import check_recorded, find_staged, published_real, stage_folder, staged_path, write_manifest


def test_the_folder_is_the_given_one_or_that_of_the_environment(monkeypatch, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    assert stage_folder() is None
    assert stage_folder(tmp_path) == tmp_path
    monkeypatch.setenv("SGIF_STAGE", str(other))
    assert stage_folder() == other
    assert stage_folder(str(tmp_path)) == tmp_path
    assert stage_folder("") is None


def test_a_stage_that_does_not_exist(monkeypatch, tmp_path):
    with pytest.raises(InputError, match=r"stage .*nothing: no such folder"):
        stage_folder(tmp_path / "nothing")
    monkeypatch.setenv("SGIF_STAGE", str(tmp_path / "nothing"))
    with pytest.raises(InputError, match=r"SGIF_STAGE .*no such folder"):
        stage_folder()


@pytest.fixture
def published(monkeypatch, tmp_path, clip):
    """A catalogue whose waterfall is our small clip, and a stage that has it."""
    from dataclasses import replace

    from datasets.encode import write_gif

    write_gif(tmp_path / "stage" / "clips" / "waterfall.gif", clip)
    sha256 = sha256_of(tmp_path / "stage" / "clips" / "waterfall.gif")
    changed = tuple(
        replace(entry, sha256=sha256) if entry.id == "waterfall" else entry for entry in catalogue.entries()
    )
    monkeypatch.setattr(catalogue, "entries", lambda: changed)
    return tmp_path / "stage"


def test_a_staged_file_is_found_when_it_is_the_right_one(published):
    assert find_staged(published, "waterfall") == published / "clips" / "waterfall.gif"


def test_what_the_stage_lacks_and_what_was_never_published_is_none(published):
    assert find_staged(published, "birds") is None
    (published / "clips" / "clouds.gif").write_bytes(b"x")
    assert find_staged(published, "clouds") is None


def test_another_file_is_refused_with_both_checksums(published):
    path = staged_path(published, "waterfall")
    expected = sha256_of(path)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(InputError) as caught:
        find_staged(published, "waterfall")
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert sha256_of(path)[:12] in message and expected[:12] in message
    assert "replace or delete it" in message and "\n" not in message


def test_a_pipe_in_the_stage_does_not_hang(published):
    staged_path(published, "waterfall").unlink()
    os.mkfifo(staged_path(published, "waterfall"))
    assert find_staged(published, "waterfall") is None


def test_the_peers_real_clip(tmp_path):
    (tmp_path / "published" / "desert").mkdir(parents=True)
    (tmp_path / "published" / "desert" / "real.mp4").write_bytes(b"x")
    assert published_real(tmp_path, "desert") == tmp_path / "published" / "desert" / "real.mp4"
    with pytest.raises(InputError, match=r"birds/real\.mp4: the stage lacks this file \(it has it for: desert\)"):
        published_real(tmp_path, "birds")


def test_the_manifest_records_what_is_there(published):
    manifest = published / "manifest.json"
    write_manifest(published, ["clips/waterfall.gif"])
    path = staged_path(published, "waterfall")
    row = {"name": "clips/waterfall.gif", "bytes": path.stat().st_size, "sha256": sha256_of(path)}
    assert json.loads(manifest.read_text()) == {"files": [row]}
    before = manifest.stat().st_mtime_ns
    write_manifest(published, ["clips/waterfall.gif"])
    assert manifest.stat().st_mtime_ns == before
    (published / "notes.txt").write_text("x")
    write_manifest(published, ["notes.txt"])
    assert [row["name"] for row in json.loads(manifest.read_text())["files"]] == ["clips/waterfall.gif", "notes.txt"]
    path.unlink()
    write_manifest(published, [])
    assert [row["name"] for row in json.loads(manifest.read_text())["files"]] == ["notes.txt"]


def test_a_stage_that_was_not_copied_whole_is_refused_before_it_is_used(published):
    (published / "inception").mkdir()
    (published / "inception" / "a.pth").write_bytes(b"weights")
    write_manifest(published, ["clips/waterfall.gif", "inception/a.pth"])
    assert stage_folder(published) == published
    (published / "inception" / "a.pth").write_bytes(b"weigh")
    with pytest.raises(InputError, match=r"not the whole stage, inception/a\.pth missing or cut short; copy it again"):
        stage_folder(published)
    (published / "inception" / "a.pth").unlink()
    staged_path(published, "waterfall").unlink()
    with pytest.raises(InputError, match=r"clips/waterfall\.gif, inception/a\.pth missing"):
        stage_folder(published)


def test_what_only_the_manifest_knows_is_checked_when_it_is_used(published):
    real = published / "published" / "desert" / "real.mp4"
    real.parent.mkdir(parents=True)
    real.write_bytes(b"frames")
    assert published_real(published, "desert") == real  # not recorded yet
    assert write_manifest(published, []) == []
    assert published_real(published, "desert") == real
    real.write_bytes(b"framed")
    with pytest.raises(InputError, match=r"real\.mp4: has SHA-256 .*damaged or another file"):
        published_real(published, "desert")
    before = (published / "manifest.json").read_bytes()
    assert write_manifest(published, ["clips/waterfall.gif"]) == ["published/desert/real.mp4"]
    rows = {row["name"]: row["sha256"] for row in json.loads((published / "manifest.json").read_text())["files"]}
    assert rows["published/desert/real.mp4"] in before.decode() and len(rows) == 2
    check_recorded(published, published / "manifest.json")  # neither recorded
    check_recorded(published, Path(__file__))  # nor in the stage


@pytest.mark.parametrize("content", ["{", "[1]", '{"files": 3}'])
def test_a_foreign_manifest_is_one_line(published, content):
    (published / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=r"manifest\.json: .*; delete it"):
        write_manifest(published, ["clips/waterfall.gif"])
