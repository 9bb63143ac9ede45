"""Weights into a stage: from another stage, torch's cache or a server on this machine, verified every time."""

import hashlib

import pytest

from datasets import weights
from datasets.__main__ import main
from datasets.errors import InputError
from datasets.stage import stage_folder
from datasets.weights import WeightsFile, stage_weights, staged_weights, torch_cache

BODY = b"weights of a network" * 100


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path, server):
    """The published checkpoint is 2 kB, on our own server."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    file = WeightsFile("small.pth", server.url, hashlib.sha256(BODY).hexdigest())
    monkeypatch.setattr(weights, "WEIGHTS", {"inception-fid": file})
    monkeypatch.setattr(weights, "STAGE_STEM_SHA256", hashlib.sha256(b"stem").hexdigest())
    monkeypatch.setattr("datasets.fetch.https_opener", lambda: server.opener)


def test_they_are_downloaded_once_and_kept(server, respond, tmp_path):
    server.answers = [respond(body=BODY)]
    path, how = stage_weights("inception-fid", tmp_path / "stage")
    assert (path, how) == (tmp_path / "stage" / "inception" / "small.pth", "url")
    assert path.read_bytes() == (torch_cache() / "small.pth").read_bytes() == BODY
    assert stage_weights("inception-fid", tmp_path / "stage") == (path, "kept")
    assert stage_weights("inception-fid", tmp_path / "other")[1] == "cache"
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["small.pth", "inception_2015_12_05_stem.npz"])
def test_damaged_ones_are_replaced_and_never_copied_on(server, respond, tmp_path, name):
    server.answers = [respond(body=BODY)]
    bad = tmp_path / "stage" / "inception" / name
    bad.parent.mkdir(parents=True)
    bad.write_bytes(b"stem"[:-1] + b"x")
    assert stage_weights("inception-fid", tmp_path / "other", tmp_path / "stage")[1] == "url"
    path, how = stage_weights("inception-fid", tmp_path / "stage")
    assert how == "cache" and path.read_bytes() == BODY
    assert staged_weights(tmp_path / "stage", "inception-fid") == path


def test_a_stem_of_another_stage_will_do(server, tmp_path):
    stem = tmp_path / "stage" / weights.STAGE_STEM
    stem.parent.mkdir(parents=True)
    stem.write_bytes(b"stem")
    path, how = stage_weights("inception-fid", tmp_path / "new", tmp_path / "stage")
    assert (path.name, how, server.requests) == (stem.name, "stage", [])


def test_another_file_on_the_server_is_refused(server, respond, tmp_path):
    server.answers = [respond(body=BODY[:-1] + b"x")]
    with pytest.raises(InputError, match="the file there is another one"):
        stage_weights("inception-fid", tmp_path / "stage")
    assert not (tmp_path / "stage").exists()


def test_the_command_stages_them_with_a_manifest_that_is_verified_on_use(
    server, respond, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("datasets.__main__.entries", lambda: ())
    server.answers = [respond(body=BODY)]
    assert main(["stage", str(tmp_path / "stage")]) == 0
    assert capsys.readouterr().out.endswith("inception/small.pth  (from url)\n")
    assert stage_folder(tmp_path / "stage") == tmp_path / "stage"
    (tmp_path / "stage" / "inception" / "small.pth").write_bytes(BODY[:-1])
    with pytest.raises(InputError, match=r"inception/small\.pth missing or cut short"):
        stage_folder(tmp_path / "stage")
    assert main(["stage", str(tmp_path / "stage")]) == 0
    assert stage_folder(tmp_path / "stage") == tmp_path / "stage"
