"""The command line, as a user calls it."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from datasets import __main__ as command
from datasets import catalogue, sources
from datasets.cache import cache_path
from datasets.cli import run
from datasets.clip import load_clip
from datasets.decode import read_video
from datasets.encode import write_gif
from datasets.errors import InputError
from datasets.files import sha256_of

ROOT = Path(command.__file__).resolve().parents[1]


def _call(capsys, *arguments: str) -> tuple[int, str, str]:
    try:
        status = run(command.main, list(arguments))
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    return status, out, err


def _no_network(url, *_, **__):
    raise InputError(f"{url}: cannot be reached (no network); try again later")


@pytest.fixture
def offline(monkeypatch, tmp_path, clip):
    """No network; a catalogue whose waterfall and birds are our own clips; a stage that has only waterfall."""
    from dataclasses import replace

    files = {}
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr("datasets.fetch.fetch", _no_network)
    for id, frames in (("waterfall", clip.frames), ("birds", 255 - clip.frames)):
        files[id] = tmp_path / "elsewhere" / f"{id}.gif"
        write_gif(files[id], type(clip)(frames, clip.delays_ms))
    changed = tuple(
        replace(entry, sha256=sha256_of(files[entry.id])) if entry.id in files else entry
        for entry in catalogue.entries()
    )
    monkeypatch.setattr(catalogue, "entries", lambda: changed)
    monkeypatch.setattr(command, "entries", lambda: changed)
    down = lambda address, seconds: "cannot be reached (no network)"  # noqa: E731
    monkeypatch.setattr(command, "resolve", lambda ids, stage=None: sources.resolve(ids, stage=stage, probe=down))
    stage = tmp_path / "stage"
    (stage / "clips").mkdir(parents=True)
    shutil.copy(files["waterfall"], stage / "clips" / "waterfall.gif")
    return stage, files


def test_list_shows_every_scene_and_where_it_comes_from(capsys, offline):
    stage, _ = offline
    status, out, _ = _call(capsys, "list", "--stage", str(stage))
    lines = out.splitlines()
    assert status == 0
    assert [line.split()[0] for line in lines[1:10]] == list(catalogue.ids())
    by_id = {line.split()[0]: line for line in lines[1:10]}
    assert by_id["waterfall"].endswith(f"published GIF    stage {stage}/clips/waterfall.gif")
    assert by_id["clouds"].endswith("synthetic scene  render")
    assert by_id["birds"].endswith("published GIF    render*")
    assert lines[-1].startswith("* stand-in") and "no network" in lines[-1]


def test_fetch_copies_verified_files(capsys, offline, tmp_path):
    stage, files = offline
    status, out, _ = _call(capsys, "fetch", "waterfall", "--stage", str(stage), "--out", str(tmp_path / "out"))
    assert status == 0
    assert (tmp_path / "out" / "waterfall.gif").read_bytes() == files["waterfall"].read_bytes()
    assert out == f"waterfall  {tmp_path}/out/waterfall.gif  (from stage)\n"


def test_fetch_of_what_cannot_be_had(capsys, offline):
    stage, _ = offline
    status, out, err = _call(capsys, "fetch", "birds", "--stage", str(stage))
    assert (status, out) == (2, "")
    assert err.startswith("error: not got: birds: rajat95.github.io: cannot be reached (no network); ")
    assert err.count("\n") == 1
    status, out, err = _call(capsys, "fetch", "waterfall", "birds", "cliff", "--stage", str(stage))
    assert status == 3
    assert out.startswith("waterfall  ")
    assert err.startswith("error: not got: birds, cliff: ") and err.count("\n") == 1


def test_fetch_of_what_was_never_published(capsys, offline):
    status, _, err = _call(capsys, "fetch", "waterfall", "clouds")
    assert status == 2
    assert "clouds: no GIF of this scene was published; 'python -m datasets render clouds'" in err


def test_a_damaged_file_in_the_stage_is_one_line(capsys, offline, tmp_path):
    stage, _ = offline
    (stage / "clips" / "waterfall.gif").write_bytes(b"x")
    status, _, err = _call(capsys, "fetch", "waterfall", "--stage", str(stage), "--out", str(tmp_path / "out"))
    assert status == 2
    assert err.startswith(f"error: {stage}/clips/waterfall.gif: has SHA-256") and err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_render_writes_a_clip_and_a_gif_and_repeats_itself(capsys, tmp_path):
    arguments = ("render", "clouds", "river", "--size", "30x40", "--frames", "3", "--seed", "2")
    for name in ("a", "b"):
        assert _call(capsys, *arguments, "--out", str(tmp_path / name))[0] == 0
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["clouds.gif", "clouds.json", "clouds.npz", "river.gif", "river.json", "river.npz"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    clip = load_clip(tmp_path / "a" / "clouds.npz")
    assert clip.frames.shape == (3, 30, 40, 3)
    assert clip.source["kind"] == "synthetic"
    assert len(read_video(tmp_path / "a" / "clouds.gif")) == 3
    assert _call(capsys, *arguments[:2], *arguments[3:-1], "3", "--out", str(tmp_path / "c"))[0] == 0
    assert not np.array_equal(load_clip(tmp_path / "c" / "clouds.npz").frames, clip.frames)


def test_stage_fills_a_folder_and_lists_what_is_missing(capsys, offline, tmp_path, monkeypatch):
    stage, files = offline
    monkeypatch.setenv("SGIF_STAGE", str(stage))
    cached = cache_path("birds", sha256_of(files["birds"]))
    cached.parent.mkdir(parents=True)
    shutil.copy(files["birds"], cached)
    new = tmp_path / "new"
    status, out, err = _call(capsys, "stage", str(new))
    assert status == 3
    assert err.startswith("error: not got: desert, cliff, seashore, inception-fid: ") and err.count("\n") == 1
    assert {line.split()[0]: line.split("(")[1] for line in out.splitlines()} == {
        "waterfall": "from stage)",
        "birds": "from cache)",
    }
    written = {path: path.stat().st_mtime_ns for path in new.rglob("*") if path.is_file()}
    assert {path.name for path in written} == {"waterfall.gif", "birds.gif", "manifest.json"}
    # Again: nothing is touched, the same is missing.
    assert _call(capsys, "stage", str(new))[0] == 3
    assert {path: path.stat().st_mtime_ns for path in new.rglob("*") if path.is_file()} == written
    # A damaged file is replaced, also in the stage that the variable names.
    (new / "clips" / "birds.gif").write_bytes(b"x")
    monkeypatch.setenv("SGIF_STAGE", str(new))
    assert _call(capsys, "stage", str(new))[0] == 3
    assert (new / "clips" / "birds.gif").read_bytes() == files["birds"].read_bytes()


def test_stage_that_gets_nothing_makes_nothing(capsys, offline, tmp_path):
    status, out, err = _call(capsys, "stage", str(tmp_path / "new"))
    assert (status, out) == (2, "")
    assert err.startswith("error: not got: waterfall, desert, cliff, seashore, birds, inception-fid: ")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("lst",),
        ("fetch",),
        ("fetch", "mountains"),
        ("render", "clouds", "--size", "48"),
        ("render", "clouds", "--size", "0x48"),
        ("render", "clouds", "--frames", "0"),
        ("render", "clouds", "--seed", "-1"),
        ("render", "clouds", "--out", __file__),
        ("fetch", "waterfall", "--out", f"{__file__}/below"),
        ("stage", __file__),
        ("list", "--stage", "/nowhere/at/all"),
    ],
)
def test_wrong_calls_are_one_line_with_status_2(capsys, offline, arguments):
    status, out, err = _call(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ") and err.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), ("list",), ("fetch",), ("render",), ("stage",)])
def test_help_has_an_example(capsys, arguments):
    status, out, _ = _call(capsys, *arguments, "--help")
    assert status == 0
    assert "example: python -m datasets " in out


def test_it_runs_as_a_module_and_loads_nothing_heavy():
    """Importing the package, and listing, need neither torch nor a decoder."""
    probe = (
        "import sys, datasets; assert 'numpy' not in sys.modules\n"
        "from datasets import entries, resolve\n"
        "resolve([entry.id for entry in entries()], probe=lambda address, seconds: 'no')\n"
        "assert not {'torch', 'imageio', 'av', 'PIL', 'scipy'} & set(sys.modules), sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", probe], check=True, cwd=ROOT)
    done = subprocess.run([sys.executable, "-m", "datasets", "fetch", "x"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown clip 'x'")


def test_every_exported_name_exists():
    import datasets

    for name in datasets.__all__:
        assert getattr(datasets, name).__module__.startswith("datasets")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        datasets.nothing  # noqa: B018
