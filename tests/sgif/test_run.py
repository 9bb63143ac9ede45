"""Run folders: resume to the same bytes, refuse what does not fit, say what is damaged."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.clip import load_clip, make_clip, save_clip
from datasets.errors import InputError
from sgif import run as runs
from sgif.config import flatten, override
from sgif.run import load_run, train
from sgif.sampler import sample


def start(clip, config, folder, **options):
    return train(clip, config, folder, method="singan-gif", preset="smoke", **options)


def weights(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name.startswith(("scale_", "finished"))}


class Killed(BaseException):
    """Stands in for the end of the process."""


def test_a_run_killed_after_a_scale_resumes_to_the_same_bytes(clip, config, tmp_path, monkeypatch):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    start(clip, config, whole)

    original = runs.checkpoint.save_scale

    def save_and_die(*arguments):
        original(*arguments)
        raise Killed

    monkeypatch.setattr(runs.checkpoint, "save_scale", save_and_die)
    with pytest.raises(Killed):
        start(clip, config, cut)
    monkeypatch.undo()
    assert not (cut / "finished.json").exists()
    start(clip, config, cut)
    assert weights(cut) == weights(whole)
    assert json.loads((cut / "timings.json").read_text())["attempts"] == 2
    scales = [json.loads(line)["scale"] for line in (cut / "losses.jsonl").read_text().splitlines()]
    assert scales == [json.loads(line)["scale"] for line in (whole / "losses.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("iteration", "keys"),
    [
        *((iteration, {}) for iteration in (1, 2, 3, 4)),
        (2, {"optim.critic_steps": 3}),
        (2, {"optim.generator_steps": 3}),
        (1, {"optim.average": 0.6}),
        (4, {"optim.average": 0.6}),
        (2, {"model.generator_norm": "instance"}),
    ],
)
def test_a_run_killed_within_a_scale_resumes_to_the_same_bytes(
    clip, config, tmp_path, monkeypatch, iteration, keys, capsys
):
    config = override(config, {"optim.iterations": 4, **keys})
    start(clip, config, tmp_path / "whole")
    original = runs.checkpoint.save_progress

    def save_and_die(folder, training):
        original(folder, training)
        if (training.scale.index, training.iteration) == (1, iteration):
            raise Killed

    monkeypatch.setattr(runs.checkpoint, "save_progress", save_and_die)
    with pytest.raises(Killed):
        start(clip, config, tmp_path / "cut", checkpoint_seconds=0)
    monkeypatch.undo()
    capsys.readouterr()
    start(clip, config, tmp_path / "cut")
    assert f"goes on at iteration {iteration} of 4" in capsys.readouterr().err
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")
    assert not (tmp_path / "cut" / "progress.safetensors").exists()
    logged = [json.loads(line) for line in (tmp_path / "cut" / "losses.jsonl").read_text().splitlines()]
    assert [(line["scale"], line["iteration"]) for line in logged] == [(s, i) for s in (0, 1) for i in (1, 2, 3, 4)]


@pytest.mark.parametrize("damage", [lambda data: data[:-5] + b"12345", lambda data: data[:50], lambda data: b""])
def test_a_damaged_state_starts_the_scale_over_to_the_same_bytes(clip, config, tmp_path, monkeypatch, damage, capsys):
    start(clip, config, tmp_path / "whole")
    original = runs.checkpoint.save_progress

    def save_and_die(folder, training):
        original(folder, training)
        if training.scale.index:
            raise Killed

    monkeypatch.setattr(runs.checkpoint, "save_progress", save_and_die)
    with pytest.raises(Killed):
        start(clip, config, tmp_path / "cut", checkpoint_seconds=0)
    monkeypatch.undo()
    path = tmp_path / "cut" / "progress.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    start(clip, config, tmp_path / "cut")
    assert "the kept state is damaged; this scale starts over" in capsys.readouterr().err
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")


def test_a_state_of_another_training_is_refused_not_half_used(clip, config, tmp_path, monkeypatch):
    monkeypatch.setattr(runs.checkpoint, "drop_progress", lambda folder: None)
    wider = override(config, {"model.channels": 5, "pyramid.scales": 1})
    start(clip, wider, tmp_path / "wide", checkpoint_seconds=0)
    (tmp_path / "a").mkdir()
    (tmp_path / "wide" / "progress.safetensors").rename(tmp_path / "progress.safetensors")
    start(clip, override(config, {"pyramid.scales": 1}), tmp_path / "a")
    for name in ("scale_00.json", "finished.json"):
        (tmp_path / "a" / name).unlink()
    (tmp_path / "progress.safetensors").rename(tmp_path / "a" / "progress.safetensors")
    with pytest.raises(InputError, match="the kept state does not fit the config beside it; train again with --fresh"):
        start(clip, override(config, {"pyramid.scales": 1}), tmp_path / "a")


@pytest.mark.slow
def test_a_process_killed_at_random_moments_ends_with_the_same_bytes(clip, config, tmp_path):
    """SIGKILL, five times; whatever was being written then."""
    config = override(config, {"optim.iterations": 30})
    start(clip, config, tmp_path / "whole")
    save_clip(tmp_path / "clip.npz", clip)
    (tmp_path / "config.json").write_text(json.dumps(flatten(config)))
    script = (
        "import json, sys; from pathlib import Path; from datasets.clip import load_clip; from sgif.run import train;"
        "from sgif.config import Config, override; import torch; torch.set_num_threads(1);"
        "train(load_clip('clip.npz'), override(Config(), json.loads(Path('config.json').read_text())), Path('cut'),"
        "method='singan-gif', preset='smoke', checkpoint_seconds=0)"
    )
    environment = {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), "PATH": "", "OMP_NUM_THREADS": "1"}
    moments = np.random.default_rng(0).uniform(0.05, 0.6, 5)
    kills = 0
    for moment in [*moments, None]:
        with subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, env=environment, stderr=-3) as process:
            if moment is None:
                assert process.wait() == 0
                continue
            log = tmp_path / "cut" / "losses.jsonl"
            before = log.stat().st_size if log.exists() else -1
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                if log.exists() and log.stat().st_size != before:  # it trains: now wait for the moment
                    time.sleep(moment)
                    break
                time.sleep(0.01)
            process.kill()
            kills += process.wait() == -9
    assert kills >= 3  # or it was done before
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")


def test_a_half_written_scale_is_trained_again(clip, config, tmp_path):
    start(clip, config, tmp_path / "a")
    before = weights(tmp_path / "a")
    (tmp_path / "a" / "scale_01.json").unlink()
    (tmp_path / "a" / "finished.json").unlink()
    start(clip, config, tmp_path / "a")
    assert weights(tmp_path / "a") == before


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda clip, config: (clip, override(config, {"losses.colour": 1})), "losses.colour=2.0, not 1.0"),
        (lambda clip, config: (make_clip(clip.frames[::-1].copy(), clip.delays_ms), config), "another clip"),
    ],
)
def test_another_training_in_the_folder_is_refused_and_untouched(clip, config, tmp_path, change, part):
    start(clip, config, tmp_path / "a")
    before = weights(tmp_path / "a")
    other_clip, other_config = change(clip, config)
    with pytest.raises(InputError, match=part):
        start(other_clip, other_config, tmp_path / "a")
    assert weights(tmp_path / "a") == before
    start(other_clip, other_config, tmp_path / "a", fresh=True)
    assert weights(tmp_path / "a") != before
    assert load_clip(tmp_path / "a" / "clip.npz").sha256 == other_clip.sha256


def test_changed_training_code_is_another_training(clip, config, tmp_path, monkeypatch):
    start(clip, config, tmp_path / "a")
    monkeypatch.setattr("sgif.identity.training_code_sha256", lambda: "0" * 64)
    with pytest.raises(InputError, match="another version of the training code"):
        start(clip, config, tmp_path / "a")


def test_a_folder_with_other_files_is_refused(clip, config, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match=r"thesis\.txt"):
        start(clip, config, tmp_path, fresh=True)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_second_process_on_the_folder_is_refused(clip, config, tmp_path):
    script = (
        "import fcntl,sys; f=open(sys.argv[1],'w'); fcntl.flock(f,fcntl.LOCK_EX); print('held',flush=True); input()"
    )
    (tmp_path / "a").mkdir()
    command = [sys.executable, "-c", script, str(tmp_path / "a" / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match="another process is training here"):
            start(clip, config, tmp_path / "a")
        holder.communicate(b"\n")
    start(clip, config, tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "damage", "part"),
    [
        (
            "scale_00.safetensors",
            lambda data: data[:-7] + b"1234567",
            "scale_00.safetensors: the checkpoint is dam",
        ),
        (
            "scale_01.safetensors",
            lambda data: data[: len(data) // 2],
            "scale_01.safetensors: the checkpoint is dam",
        ),
        ("scale_00.json", lambda data: b"{", "scale_00.json: not readable as JSON"),
        ("scale_00.json", lambda data: b"{}", "scale_00.json: not the record of a scale"),
        ("clip.npz", lambda data: data[:100], "clip.npz: not a readable clip"),
    ],
)
def test_damage_is_named_with_its_remedy(clip, config, tmp_path, name, damage, part):
    start(clip, config, tmp_path / "a")
    path = tmp_path / "a" / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError) as caught:
        load_run(tmp_path / "a")
    assert part in str(caught.value) and ";" in str(caught.value) and "\n" not in str(caught.value)


def test_an_unfinished_run_cannot_be_sampled(tmp_path):
    with pytest.raises(InputError, match="no finished training"):
        load_run(tmp_path)


def test_a_sample_does_not_depend_on_what_is_drawn_beside_it(clip, config, tmp_path):
    # Large steps, so that the samples differ by more than a grey level.
    start(clip, override(config, {"optim.iterations": 5, "optim.lr_generator": 0.05}), tmp_path / "a")
    run = load_run(tmp_path / "a")
    alone = sample(run, 3, 1)
    several = [sample(run, 3, i) for i in range(3)]
    assert several[1].sha256 == alone.sha256
    assert len({s.sha256 for s in several} | {sample(run, 4, 1).sha256}) == 4
    assert alone.frames.shape == clip.frames.shape and alone.delays_ms.tolist() == clip.delays_ms.tolist()


@pytest.mark.parametrize(("size", "frames"), [((40, 33), 7), ((26, 30), 1), ((30, 60), 2)])
def test_samples_of_any_size_and_length(clip, config, tmp_path, size, frames):
    start(clip, config, tmp_path / "a")
    made = sample(load_run(tmp_path / "a"), 0, 0, size=size, frames=frames)
    assert made.frames.shape == (frames, *size, 3)


@pytest.mark.parametrize(
    ("size", "frames", "part"), [((4, 30), 2, "at least"), ((26, 9000), 2, "8192"), (None, 5000, "4096")]
)
def test_requests_beyond_reason_are_refused(clip, config, tmp_path, size, frames, part):
    start(clip, config, tmp_path / "a")
    with pytest.raises(InputError, match=part):
        sample(load_run(tmp_path / "a"), 0, 0, size=size, frames=frames)


def command(*arguments, cwd):
    home = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-m", "sgif", *map(str, arguments)],
        cwd=cwd, env={"PYTHONPATH": str(home), "PATH": "", "OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_the_command_line_trains_resumes_samples_and_refuses(clip, tmp_path):
    save_clip(tmp_path / "mine.npz", clip)
    keys = ["pyramid.short_side=26", "pyramid.scales=1", "model.channels=4", "optim.iterations=1"]
    options = [part for key in keys for part in ("--set", key)]
    arguments = ["train", "mine.npz", "--out", "run", "--preset", "smoke", "--threads", "1", *options]
    first = command(*arguments, cwd=tmp_path)
    assert (first.returncode, "trained run" in first.stdout) == (0, True), first.stderr
    assert "resumes after 1 of 1 scales" in command(*arguments, cwd=tmp_path).stderr
    drawn = command("sample", "run", "--out", "drawn", "--num", "2", cwd=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    assert sorted(p.name for p in (tmp_path / "drawn").iterdir()) == [
        f"{i}.{s}" for i in (0, 1) for s in ("gif", "json", "npz")
    ]
    for bad in (["--set", "losses.color=1"], ["--method", "singan"], ["--device", "cuda:77"], ["--seed", "-1"]):
        refused = command(*arguments, *bad, cwd=tmp_path)
        assert refused.returncode == 2 and refused.stderr.count("\n") == 1 and refused.stderr.startswith("error: ")


def test_a_picture_shows_losses_scales_and_samples(clip, config, tmp_path):
    train(clip, config, tmp_path / "run", method="singan-gif", preset="smoke")
    picture = np.asarray(Image.open(tmp_path / "run" / "training.png").convert("RGB"))
    assert picture.shape[0] > 600 and picture.shape[1] > 600
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 100  # frames of the clip, not just lines on white
    record = json.loads((tmp_path / "run" / "scale_01.json").read_text())
    assert 0 < record["psnr"] < 60


def test_a_run_goes_on_in_the_precision_that_it_began_with(clip, config, tmp_path, monkeypatch, capsys):
    """On another machine `auto` may mean another format; a run that resumes keeps its own."""
    config = override(config, {"speed.precision": "auto"})
    run = tmp_path / "run"
    monkeypatch.setattr("sgif.run.choose_precision", lambda wanted, device: "bfloat16")
    train(clip, config, run, method="singan-gif", preset="smoke")
    assert json.loads((run / "config.json").read_text())["precision"] == "bfloat16"
    assert "activations are bfloat16" in capsys.readouterr().err
    whole = (run / "scale_01.safetensors").read_bytes()
    for name in ("finished.json", "scale_01.json", "scale_01.safetensors"):
        (run / name).unlink()
    monkeypatch.setattr("sgif.run.choose_precision", lambda wanted, device: "float32")
    train(clip, config, run, method="singan-gif", preset="smoke")
    assert (run / "scale_01.safetensors").read_bytes() == whole
    assert "activations are bfloat16" in capsys.readouterr().err
