"""Where weights are looked for, in which order, and what is said if they are nowhere."""

import numpy as np
import pytest

from datasets.errors import InputError
from datasets.weights import STAGE_STEM
from evaluation.encoders import ENCODERS, location
from evaluation.encoders.location import Located, find_weights, obtain_stem, read_weights, torch_cache
from evaluation.encoders.random_stem import SEEDS, random_stem
from evaluation.encoders.stem_file import load_stems


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """No variable set, an empty cache of torch.hub, and no network."""
    for variable in ("SGIF_INCEPTION_WEIGHTS", "SGIF_STAGE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))

    def no_network(*args, **kwargs):
        raise InputError("https://…: no network in tests; try again later")

    monkeypatch.setattr("datasets.fetch.fetch", no_network)


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"something")
    return path


def test_the_order_for_inception_fid(monkeypatch, tmp_path):
    spec = ENCODERS["inception-fid"]
    assert find_weights("inception-fid") is None
    assert find_weights("inception-fid", allow_download=True) == Located("inception-fid", "download", spec.url)
    cached = put(torch_cache() / spec.checkpoint)
    assert find_weights("inception-fid", allow_download=True) == Located("inception-fid", "cache", str(cached))
    staged = put(tmp_path / "stage" / "inception" / "inception_2015_12_05_stem.npz")
    assert find_weights("inception-fid").kind == "cache"
    assert find_weights("inception-fid", tmp_path / "stage") == Located("inception-fid", "stage", str(staged))
    monkeypatch.setenv("SGIF_STAGE", str(tmp_path / "stage"))
    assert find_weights("inception-fid").kind == "stage"
    named = put(tmp_path / "mine.npz")
    monkeypatch.setenv("SGIF_INCEPTION_WEIGHTS", str(named))
    assert find_weights("inception-fid") == Located("inception-fid", "environment", str(named))


def test_a_stage_without_the_stem_is_passed_over(tmp_path):
    assert find_weights("inception-fid", tmp_path) is None


def test_the_variables_are_not_for_other_weights(monkeypatch, tmp_path):
    monkeypatch.setenv("SGIF_INCEPTION_WEIGHTS", str(put(tmp_path / "mine.npz")))
    assert find_weights("inception-torchvision") is None
    cached = put(torch_cache() / ENCODERS["inception-torchvision"].checkpoint)
    assert find_weights("inception-torchvision") == Located("inception-torchvision", "cache", str(cached))


def test_random_weights_are_always_there():
    assert find_weights("random-inception").kind == "computed"


def test_a_variable_that_names_nothing_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("SGIF_INCEPTION_WEIGHTS", str(tmp_path / "none.npz"))
    with pytest.raises(InputError, match=r"SGIF_INCEPTION_WEIGHTS: no such file: .*none\.npz"):
        find_weights("inception-fid")


def test_an_unknown_encoder_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean inception-fid"):
        find_weights("inceptoin-fid")


def test_the_cache_is_where_torch_has_it(monkeypatch, tmp_path):
    from torch import hub

    assert str(torch_cache()) == f"{hub.get_dir()}/checkpoints"
    monkeypatch.delenv("TORCH_HOME")
    assert str(torch_cache()) == f"{hub.get_dir()}/checkpoints"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert str(torch_cache()) == f"{hub.get_dir()}/checkpoints"


@pytest.mark.parametrize("name", ["inception-fid", "inception-torchvision"])
def test_missing_weights_name_every_remedy(name, tmp_path):
    for allow_download, reason in ((False, ""), (True, "no network in tests")):
        with pytest.raises(InputError) as refusal:
            obtain_stem(name, tmp_path / "stem.safetensors", allow_download=allow_download)
        message = str(refusal.value)
        assert "\n" not in message and reason in message
        assert message.startswith(f"{name}: its weights are nowhere on this machine")
        assert "--encoder random-inception" in message and ENCODERS[name].checkpoint in message
        if name == "inception-fid":
            assert "SGIF_INCEPTION_WEIGHTS" in message and "SGIF_STAGE" in message
    assert not (tmp_path / "stem.safetensors").exists()


def test_a_download_goes_into_the_cache_and_is_checked(monkeypatch, tmp_path):
    calls = []

    def fetch(url, sha256, destination, **options):
        calls.append((url, sha256, destination))
        put(destination)

    monkeypatch.setattr("datasets.fetch.fetch", fetch)
    spec = ENCODERS["inception-fid"]
    with pytest.raises(InputError, match=r"sha256 .* is not that of pt_inception"):
        obtain_stem("inception-fid", tmp_path / "stem.safetensors")
    assert calls == [(spec.url, spec.sha256, torch_cache() / spec.checkpoint)]


def test_a_file_of_the_workflow_for_random_weights(tmp_path):
    located = obtain_stem("random-inception", tmp_path / "stem.safetensors")
    assert located.kind == "computed"
    stems = load_stems(tmp_path / "stem.safetensors", "random-inception")
    assert len(stems) == len(SEEDS)
    for seed, stem in zip(SEEDS, stems, strict=True):
        assert all(np.array_equal(stem[name], array) for name, array in random_stem(seed).items())


def test_another_networks_stem_is_not_inception_fid(monkeypatch, tmp_path):
    np.savez(tmp_path / "mine.npz", **random_stem(0))
    monkeypatch.setenv("SGIF_INCEPTION_WEIGHTS", str(tmp_path / "mine.npz"))
    with pytest.raises(InputError, match=r"mine\.npz: a stem, but not of inception-2015-12-05"):
        obtain_stem("inception-fid", tmp_path / "stem.safetensors")


def test_a_stage_whose_stem_was_changed_is_refused(monkeypatch, tmp_path):
    path = tmp_path / STAGE_STEM
    path.parent.mkdir()
    np.savez(path, **random_stem(0))
    monkeypatch.setattr(location, "is_fid", lambda stem: True)
    with pytest.raises(InputError, match="has not the SHA-256 that it should have; copy the stage again"):
        obtain_stem("inception-fid", tmp_path / "stem.safetensors", stage=tmp_path)


def test_kinds_of_files_that_hold_no_such_weights(tmp_path):
    np.savez(tmp_path / "mine.npz", **random_stem(0))
    for name, file in (("inception-torchvision", "mine.npz"), ("random-inception", "x.pth"), ("inception-fid", "x.h5")):
        with pytest.raises(InputError, match=f"weights of {name} cannot be read from"):
            read_weights(tmp_path / file, name)
