"""Slow motion: the path of its noise, and what a training for it generates, compares and makes."""

import numpy as np
import pytest
import torch

from datasets.cli import run as run_command
from datasets.clip import load_clip, make_clip
from datasets.errors import InputError
from sgif.__main__ import main
from sgif.apps.slowmo import gallery, slow_sample, slowed_clip
from sgif.config import override
from sgif.cost import iteration_work
from sgif.frames import resize, to_frames, to_tensor
from sgif.model import GeneratorPyramid, draw_z_star
from sgif.noise import seeded
from sgif.presets import resolve
from sgif.pyramid import plan_scales
from sgif.run import load_run, train
from sgif.sampler import sample
from sgif.slow import draw_path
from sgif.trainer import ScaleTraining
from tests.sgif.conftest import TINY

SIZE = (40, 50)


@pytest.fixture
def slow():
    """The tiny config, for slow motion three times as long."""
    return override(resolve("smoke", "singan-gif", task="slowmo", factor=3), TINY)


def test_a_path_leads_from_minus_one_to_plus_one_by_the_papers_formula():
    path = draw_path(seeded(0), 10, SIZE, whole=10)
    assert path.shape == (10, 3, *SIZE) and torch.equal(path[:, 0], path[:, 2])
    z2, z1 = path[0], (path[9] - 0.1 * path[0]) / 0.9
    assert float(z2.mean()) == pytest.approx(-1, abs=0.1) and float(z2.std()) == pytest.approx(1, abs=0.1)
    assert float(z1.mean()) == pytest.approx(1, abs=0.1) and float(z1.std()) == pytest.approx(1, abs=0.1)
    for n, frame in enumerate(path):
        torch.testing.assert_close(frame, n / 10 * z1 + (10 - n) / 10 * z2)


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_every_kth_frame_of_a_path_is_the_path_at_the_clips_rate(factor):
    fast, slow = (draw_path(seeded(4), n, SIZE, whole=n) for n in (6, 6 * factor))
    torch.testing.assert_close(slow[::factor], fast)


def test_fewer_frames_are_a_part_of_the_path():
    parts = [draw_path(seeded(7, n), 3, SIZE, whole=12).mean(dim=(1, 2, 3)) for n in range(40)]
    steps = torch.stack([part.diff() for part in parts])
    assert torch.allclose(steps, steps[:, :1].expand(-1, 2), atol=1e-5)
    assert float(steps.mean()) == pytest.approx(2 / 12, abs=0.02)
    starts = {round(12 * (float(part[0]) + 1) / 2) for part in parts}
    assert len(starts) > 5 and min(starts) >= -1 and max(starts) <= 10


def test_ends_may_share_their_layout():
    path = draw_path(seeded(0), 2, SIZE, whole=2, still=1.0)
    torch.testing.assert_close(path[0] + 1, 2 * path[1] - path[0] - 1)


def watched(forward, note):
    def watch(frames, *arguments, **options):
        note(frames)
        return forward(frames, *arguments, **options)

    return watch


def test_critics_see_the_papers_share_of_the_frames(clip, slow, monkeypatch):
    scales = plan_scales(len(clip), clip.size, slow)
    pyramid = GeneratorPyramid(slow, scales, draw_z_star(seeded(0), len(clip), scales[0].size, slow))
    training = ScaleTraining(pyramid, scales[0], resize(to_tensor(clip.frames), scales[0].size), {}, 0)
    seen = {name: [] for name in training.critics}
    for name, critic in training.critics.items():
        monkeypatch.setattr(critic, "forward", watched(critic.forward, seen[name].append))
    made = []
    refine = pyramid.refine
    monkeypatch.setattr(pyramid, "refine", lambda *a, **k: made.append(refine(*a, **k)) or made[-1])
    phases = set()
    for _ in range(8):
        made.clear(), [calls.clear() for calls in seen.values()]
        training.step()
        fake = made[0]
        assert len(fake) == 3 * scales[0].chunk and len(made[1]) == len(fake)
        assert torch.equal(seen["image"][0], fake)
        video = seen["video"][0]
        phase = next(p for p in range(3) if torch.equal(video, fake[p::3]))
        phases.add(phase)
    assert len(phases) > 1


def test_the_reconstruction_is_compared_at_the_clips_rate(clip, slow):
    scales = plan_scales(len(clip), clip.size, slow)
    z_star = draw_z_star(seeded(0), len(clip), scales[0].size, slow)
    assert len(z_star) == 3 * len(clip)
    pyramid = GeneratorPyramid(slow, scales, z_star)
    real = resize(to_tensor(clip.frames), scales[0].size)
    training = ScaleTraining(pyramid, scales[0], real, {}, 0)
    training.step()
    trained = training.finish()
    rebuilt = pyramid.reconstruct(scales=1)
    assert len(rebuilt) == 3 * len(clip)
    assert trained.rmse == pytest.approx(float((rebuilt[::3] - real).square().mean(dim=(1, 2, 3)).sqrt().mean()))


def test_more_frames_cost_more(slow):
    plain = override(slow, {"task.kind": "sample"})
    scales = plan_scales(5, (26, 30), slow)
    for index in range(2):
        ratio = iteration_work(scales, index, slow).relative / iteration_work(scales, index, plain).relative
        assert 1.2 < ratio < 3


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run for slow motion, and one that is not, of the same clip."""
    t, y, x = np.mgrid[0:5, 0:26, 0:30]
    frames = np.stack([(8 * (x + 3 * t)) % 256, 9 * y, (x + y) * 4], axis=-1).astype(np.uint8)
    clip, folder = make_clip(frames, [100, 100, 200, 100, 50]), tmp_path_factory.mktemp("runs")
    for name, task in (("slow", "slowmo"), ("plain", "sample")):
        config = override(resolve("smoke", "singan-gif", task=task), {**TINY, "optim.lr_generator": 0.05})
        train(clip, config, folder / name, method="singan-gif", preset="smoke")
    return folder


def test_a_run_makes_slow_motion_of_samples_and_of_its_clip(runs):
    run = load_run(runs / "slow")
    made = dict(gallery(run, 3))
    assert list(made) == ["clip", "0", "1"]
    for clip in made.values():
        assert len(clip) == 10 and clip.size == run.clip.size
        assert clip.delays_ms.tolist() == [100, 100, 100, 100, 200, 200, 100, 100, 50, 50]
        assert clip.source["task"] == "slowmo" and clip.source["factor"] == 2
    assert made["1"].sha256 == slow_sample(run, 3, 1).sha256 != slow_sample(run, 4, 1).sha256
    rebuilt = to_frames(run.pyramid.reconstruct(scales=2))
    assert (slowed_clip(run).frames == rebuilt).all()


def test_runs_are_refused_with_the_command_that_helps(runs):
    with pytest.raises(InputError, match=r"plain: was trained for sample, not for slowmo; .*--task slowmo --factor 2"):
        slow_sample(load_run(runs / "plain"), 0, 0)
    with pytest.raises(InputError, match=r"slow: was trained for slowmo; run 'python -m sgif slowmo"):
        sample(load_run(runs / "slow"), 0, 0)


def test_a_method_of_single_frames_cannot_be_trained_for_it():
    with pytest.raises(InputError, match=r"task\.kind: slow motion needs to be judged as a clip"):
        resolve("quick", "singan-frames", task="slowmo")


def test_details_out_of_the_clip_make_slow_motion_too(clip, tmp_path):
    keys = {"model.channels": 4, "optim.iterations": 3, "pyramid.short_side": 26}
    config = override(resolve("smoke", "sgif-plus", task="slowmo"), keys)
    run = train(clip, config, tmp_path / "run", method="sgif-plus", preset="smoke")
    made, slowed = slow_sample(run, 0, 0), slowed_clip(run)
    assert len(made) == len(slowed) == 2 * len(clip) and made.size == slowed.size == clip.size
    assert made.sha256 == slow_sample(load_run(tmp_path / "run"), 0, 0).sha256
    # Every pixel is a mean of the clip's, so none leaves the range of its channels.
    pixels, own = slowed.frames.reshape(-1, 3), clip.frames.reshape(-1, 3)
    assert (pixels >= own.min(0)).all() and (pixels <= own.max(0)).all()


def test_the_command_writes_the_clip_and_samples_or_refuses(runs, tmp_path, capsys):
    threads = ["--threads", str(torch.get_num_threads()), "--device", "cpu"]
    assert run_command(main, ["slowmo", str(runs / "slow"), "--out", str(tmp_path / "a"), "--mp4", *threads]) == 0
    names = {path.name for path in (tmp_path / "a").iterdir()}
    assert names == {f"{name}.{end}" for name in ("clip", "0") for end in ("npz", "json", "gif", "mp4")}
    assert len(load_clip(tmp_path / "a" / "0.npz")) == 10
    assert "0.npz: 10 frames of 30x26" in capsys.readouterr().err
    for command in (["slowmo", str(runs / "plain")], ["lengthen", str(runs / "slow")], ["sample", str(runs / "slow")]):
        assert run_command(main, [*command, "--out", str(tmp_path / "b"), *threads]) == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ") and said.count("\n") == 1 and "python -m sgif" in said
    assert not (tmp_path / "b").exists()
