"""Stem files from outside: `.npz` stems and `.safetensors`, good, damaged and hostile."""

import io
import struct
import zipfile

import numpy as np
import pytest

from datasets.errors import InputError
from evaluation.encoders.random_stem import SEEDS, random_stem
from evaluation.encoders.stem_file import load_stems, save_stems
from evaluation.encoders.weights import SHAPES, content_sha256, is_fid, read_npz


def one_line(error: InputError, *words: str) -> None:
    assert "\n" not in str(error)
    for word in words:
        assert word in str(error)


def write_members(path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_round_trip(tmp_path, save):
    stem = random_stem(5)
    save(tmp_path / "stem.npz", **stem)
    found = read_npz(tmp_path / "stem.npz")
    assert list(found) == list(SHAPES)
    assert all(np.array_equal(found[name], stem[name]) for name in SHAPES)
    assert content_sha256([found]) == content_sha256([stem])


def hostile_arrays() -> dict[str, dict[str, bytes]]:
    good = {f"{name}.npy": npy(array) for name, array in random_stem(0).items()}
    first = "Conv2d_1a_3x3.bias.npy"
    pickled = io.BytesIO()
    np.save(pickled, np.array([print] * 32, dtype=object), allow_pickle=True)
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**13},), }}".ljust(117).encode() + b"\n"
    huge = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    return {
        "pickled": good | {first: pickled.getvalue()},
        "wrong shape": good | {first: npy(np.zeros(33, np.float32))},
        "wrong shape of the right size": good | {"Conv2d_1a_3x3.weight.npy": npy(np.zeros((3, 32, 3, 3), np.float32))},
        "wrong type": good | {first: npy(np.zeros(32, np.float64))},
        "not finite": good | {first: npy(np.full(32, np.nan, np.float32))},
        "header of terabytes": good | {first: huge},
        "zip bomb": good | {first: npy(np.zeros(32, np.float32)) + bytes(50_000_000)},
        "truncated array": good | {first: good[first][:-4]},
        "no array": good | {first: b"hello"},
        "array missing": {name: data for name, data in good.items() if name != first},
        "array too many": good | {"extra.npy": npy(np.zeros(1))},
        "escaping name": good | {"../extra.npy": npy(np.zeros(1))},
    }


@pytest.mark.parametrize("case", hostile_arrays())
def test_hostile_npz_is_refused_in_one_line(tmp_path, case):
    path = tmp_path / "stem.npz"
    write_members(path, hostile_arrays()[case])
    with pytest.raises(InputError) as refusal:
        read_npz(path)
    one_line(refusal.value, str(path), "; use ")


@pytest.mark.parametrize("data", [b"", b"no zip at all", b"PK\x03\x04" + bytes(50)])
def test_what_is_no_npz_is_refused_in_one_line(tmp_path, data):
    path = tmp_path / "stem.npz"
    path.write_bytes(data)
    with pytest.raises(InputError) as refusal:
        read_npz(path)
    one_line(refusal.value, str(path), "; use ")


def test_a_missing_npz_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.npz: no such file"):
        read_npz(tmp_path / "none.npz")


def test_random_stems_are_not_taken_for_the_fid_network():
    assert not is_fid(random_stem(0))


def test_random_stems_are_the_same_everywhere():
    # If this fails, the generator of random numbers or the order of drawing has changed, and with it every value that
    # was ever printed for random-inception.
    stems = [random_stem(seed) for seed in SEEDS]
    assert content_sha256(stems) == "a33093fbefc5aa6fd1955c7223f1747b4ef4c485f788e4837be39375f084b3fe"
    assert len({content_sha256([stem]) for stem in stems}) == len(SEEDS)


def test_random_weights_have_the_variance_of_he(tmp_path):
    stem = random_stem(1)
    for name, array in stem.items():
        if name.endswith(".weight"):
            assert array.var() * np.prod(array.shape[1:]) == pytest.approx(2, rel=0.15)
        else:
            assert not array.any()


def test_stem_files_round_trip_to_the_byte(tmp_path):
    stems = [random_stem(0), random_stem(1)]
    save_stems(tmp_path / "a.safetensors", "random-inception", stems)
    save_stems(tmp_path / "b.safetensors", "random-inception", stems)
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    found = load_stems(tmp_path / "a.safetensors", "random-inception")
    assert content_sha256(found) == content_sha256(stems)


def test_stem_files_of_another_encoder_or_content_are_refused(tmp_path):
    path = tmp_path / "stem.safetensors"
    save_stems(path, "random-inception", [random_stem(0)])
    with pytest.raises(InputError, match="weights of random-inception, not of inception-fid"):
        load_stems(path, "inception-fid")
    data = bytearray(path.read_bytes())
    data[-2000] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="do not match the hash"):
        load_stems(path, "random-inception")
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="not readable as the weights"):
        load_stems(path, "random-inception")
    with pytest.raises(InputError, match="no such file"):
        load_stems(tmp_path / "none.safetensors", "random-inception")


def test_safetensors_without_our_note_are_refused(tmp_path):
    from safetensors.numpy import save_file

    path = tmp_path / "other.safetensors"
    for metadata in (None, {"stem": "[]"}, {"stem": '{"encoder": 1, "members": 1e9, "sha256": ""}'}, {"stem": "{"}):
        save_file({"x": np.zeros(3, np.float32)}, path, metadata=metadata)
        with pytest.raises(InputError, match="not readable as the weights"):
            load_stems(path, "inception-fid")


def test_stem_files_are_safetensors(tmp_path):
    with pytest.raises(InputError, match=r"\.safetensors"):
        save_stems(tmp_path / "stem.npz", "random-inception", [random_stem(0)])
    assert not list(tmp_path.iterdir())
