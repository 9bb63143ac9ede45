"""Every byte of a stored file changed, one after another, and the file cut short: found, named, or without effect.

What is refused names the file and says what to do; what is taken holds exactly what was written.
"""

import numpy as np
import pytest
import torch

from datasets.clip import load_clip, make_clip, save_clip
from datasets.errors import InputError
from datasets.files import check_seal, read_sealed, seal, write_sealed
from evaluation.cells import read_cells, write_cells
from evaluation.encoders import Identity
from evaluation.records import read_record
from evaluation.statistics import gather, load_statistics, save_statistics
from sgif.presets import resolve
from sgif.run import load_run, train
from workflow.scripts.metrics import main as score
from workflow.scripts.samples import draw

RECORD = {
    "protocol": "smoke", "clip": "a", "clip_sha256": "0" * 64, "clip_source": {"kind": "file"}, "method": "copy",
    "kind": "control", "seed": 0, "encoder": "random-inception", "layer": "pre-pool2", "frames": 4, "height": 26,
    "width": 30, "locations_real": 9, "locations_fake": 9, "samples": [{"sample": 0, "sgfid": 12.5}], "set": {},
}  # fmt: skip


def damaged(path, step=1):
    """Write each damaged version of a file in turn; the whole one is there again afterwards."""
    whole = path.read_bytes()
    for position in range(0, len(whole), step):
        for change in (0x01, 0x80):
            data = bytearray(whole)
            data[position] ^= change
            path.write_bytes(data)
            yield
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        yield
    path.write_bytes(whole)


def refusals(path, read, same, step=1):
    """How many damaged versions were refused; all others must be `same` as what was written."""
    assert same(read())
    refused = 0
    for _ in damaged(path, step):
        try:
            found = read()
        except InputError as error:
            refused += 1
            assert path.stem in str(error) and ";" in str(error) and "\n" not in str(error)
        else:
            assert same(found)
    return refused


@pytest.fixture
def clip():
    return make_clip(np.random.default_rng(0).integers(0, 256, (4, 26, 30, 3), dtype=np.uint8))


def test_clips_and_samples(tmp_path):
    small = make_clip(np.random.default_rng(0).integers(0, 256, (2, 3, 4, 3), dtype=np.uint8))
    path = tmp_path / "a.npz"
    save_clip(path, small)
    assert refusals(path, lambda: load_clip(path), lambda found: found.sha256 == small.sha256) > 500


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_statistics(tmp_path):
    path, identity = tmp_path / "a.npz", Identity("random-inception", "pre-pool2", "0" * 64)
    written = gather([np.random.default_rng(0).standard_normal((20, 4))], 4)

    def same(found):
        (part,), other = found
        arrays = ((part.mean, written.mean), (part.covariance, written.covariance))
        return other == identity and part.count == 20 and all(np.array_equal(a, b) for a, b in arrays)

    save_statistics(path, [written], identity)
    assert refusals(path, lambda: load_statistics(path), same) > 1000


def test_metric_files(tmp_path):
    path = tmp_path / "a.json"
    write_sealed(path, RECORD)
    written = read_record(path)
    assert refusals(path, lambda: read_record(path), lambda found: found == written) > 500


def test_a_metric_file_that_was_edited_never_reaches_a_table(tmp_path):
    path = tmp_path / "a.json"
    write_sealed(path, RECORD)
    write_cells([path], tmp_path / "cells.csv")
    path.write_text(path.read_text().replace("12.5", "11.5"))
    with pytest.raises(InputError, match=r"a\.json: its content does not match the checksum in it; delete it"):
        write_cells([path], tmp_path / "cells.csv")
    assert read_cells(tmp_path / "cells.csv")["value"].tolist() == [12.5]


def test_cells(tmp_path):
    write_sealed(tmp_path / "a.json", RECORD)
    path = tmp_path / "cells.csv"
    write_cells([tmp_path / "a.json"], path)
    cells, written = read_cells(path), path.read_bytes()
    assert refusals(path, lambda: read_cells(path), cells.equals, step=7) > 50
    path.write_bytes(written.replace(b"12.5", b"11.5"))
    with pytest.raises(InputError, match=r"cells\.csv: its content does not match the checksum in cells\.csv\.sha256"):
        read_cells(path)
    (tmp_path / "cells.csv.sha256").unlink()  # a table by hand
    assert read_cells(path)["value"].tolist() == [11.5]


def test_a_seal_is_what_sha256sum_reads(tmp_path):
    (tmp_path / "a.csv").write_text("x")
    seal(tmp_path / "a.csv")
    digest, name = (tmp_path / "a.csv.sha256").read_text().split()
    assert (len(digest), name) == (64, "a.csv")
    check_seal(tmp_path / "a.csv", "nothing")
    (tmp_path / "a.csv.sha256").write_text("")
    with pytest.raises(InputError, match="checksum"):
        check_seal(tmp_path / "a.csv", "delete it")


def test_sealed_records_come_back_without_their_checksum(tmp_path):
    write_sealed(tmp_path / "a.json", {"ü": [1, 0.1, None]})
    assert read_sealed(tmp_path / "a.json", "") == {"ü": [1, 0.1, None]}
    (tmp_path / "b.json").write_text('{"by": "hand"}')
    assert read_sealed(tmp_path / "b.json", "") == {"by": "hand"}


TINY = {
    "pyramid.short_side": 26, "pyramid.scales": 1, "model.scales_3d": 1, "model.channels": 4, "optim.iterations": 1,
}  # fmt: skip


@pytest.fixture
def run(clip, tmp_path):
    """A finished run folder."""
    train(clip, resolve("smoke", "singan-gif", TINY), tmp_path / "run", method="singan-gif", preset="smoke")
    return tmp_path / "run"


@pytest.mark.parametrize("name", ["scale_00.json", "scale_00.safetensors", "clip.npz", "config.json"])
def test_every_file_of_a_run(run, name):
    """The record beside the weights holds numbers (the noise's amplitude) that decide how samples look."""
    whole = load_run(run)
    path = run / name
    state = {k: v.clone() for k, v in whole.pyramid.generators[0].state_dict().items()}

    def same(found):
        return (
            found.record == whole.record
            and found.pyramid.amplitudes == whole.pyramid.amplitudes
            and found.clip.sha256 == whole.clip.sha256
            and all(torch.equal(v, state[k]) for k, v in found.pyramid.generators[0].state_dict().items())
        )

    size = path.stat().st_size
    assert refusals(path, lambda: load_run(run), same, step=max(1, size // 60)) > 60


def test_a_damaged_sample_is_named_and_not_averaged_in(clip, tmp_path):
    save_clip(tmp_path / "a.npz", clip)
    draw(tmp_path / "a.npz", "shuffle-frames", 0, 2, tmp_path / "s", None)
    bad = tmp_path / "s" / "1.npz"
    bad.write_bytes(bad.read_bytes()[:-30] + bytes(30))
    from evaluation.encoders.location import obtain_stem
    from workflow.scripts.reference import write_reference

    obtain_stem("random-inception", tmp_path / "e.safetensors")
    write_reference(tmp_path / "a.npz", tmp_path / "r.npz", "random-inception", tmp_path / "e.safetensors", "pre-pool2")
    arguments = [
        tmp_path / "m.json", "--clip", tmp_path / "a.npz", "--reference", tmp_path / "r.npz", "--weights",
        tmp_path / "e.safetensors", "--encoder", "random-inception", "--method", "shuffle-frames", "--protocol",
        "smoke", "--seed", 0, "--metrics", "sgfid", "--samples", tmp_path / "s" / "0.npz", bad,
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"s/1\.npz: not a readable clip; delete it and let the step .* run again"):
        score([str(part) for part in arguments])
    assert not (tmp_path / "m.json").exists()
    draw(tmp_path / "a.npz", "shuffle-frames", 0, 2, tmp_path / "s", None)
    score([str(part) for part in arguments])
    assert [number for number, _ in read_record(tmp_path / "m.json").samples] == [0, 1]
