"""A training that has failed says so, and leaves the last state that was sound."""

import math

import pytest
import torch

import sgif.trainer as trainer
from sgif.config import Config, override
from sgif.frames import resize, to_tensor
from sgif.health import Diverged, Means, check_losses
from sgif.model import GeneratorPyramid
from sgif.noise import draw_noise, seeded
from sgif.pyramid import plan_scales
from sgif.run import train
from sgif.trainer import ScaleTraining


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"critic_video": math.nan}, "critic_video is not finite"),
        ({"adversarial_image": -math.inf}, "adversarial_image is not finite"),
        ({"adversarial_video": -1e4}, "adversarial_video is -1e+04, beyond optim.runaway = 1000"),
        ({"reconstruction": 50.5}, "reconstruction is 50.5, worse than a grey clip's"),
    ],
)
def test_what_stops_a_training(values, part):
    with pytest.raises(Diverged) as caught:
        check_losses(values, 2, 340, Config())
    assert part in str(caught.value) and "scale 2, iteration 340" in str(caught.value) and "\n" not in str(caught.value)
    assert "try a lower optim.lr_generator" in str(caught.value)


def test_a_dead_net_is_worse_than_a_grey_clip():
    """One extreme colour, whose error is below that of the worst grey clip."""
    check_losses({"reconstruction": 0.6 * 50}, 0, 9, Config(), grey=0.5 * 50)
    with pytest.raises(Diverged, match="worse than a grey clip's"):
        check_losses({"reconstruction": 0.95 * 50}, 0, 9, Config(), grey=0.5 * 50)
    check_losses({"reconstruction": 0.99 * 50}, 0, 9, Config(), grey=0.9 * 50)


def test_what_does_not():
    check_losses({"reconstruction": 49.0, "critic_video": -900.0, "colour": 3.0}, 0, 1, Config())
    silent = override(Config(), {"losses.reconstruction": 0})
    check_losses({"reconstruction": 0.0}, 0, 1, silent)


def test_means_of_values_that_not_every_step_has():
    means = Means()
    means.add({"a": torch.tensor(1.0), "b": torch.tensor(4.0)})
    means.add({"a": torch.tensor(3.0)})
    assert means.read() == {"a": 2.0, "b": 4.0}
    assert means.take() == {"a": 2.0, "b": 4.0} and means.read() == {}


def test_a_runaway_training_keeps_its_last_sound_state(clip, config, tmp_path, monkeypatch):
    """Losses explode at iteration 4 of 6: the state of iteration 3 stays, and a run goes on from there."""
    config = override(config, {"optim.iterations": 6})
    loss, calls = trainer.reconstruction_loss, []

    def explodes(*arguments):
        calls.append(1)
        return loss(*arguments) * (1e9 if len(calls) == 5 else 1)  # the first is that of a grey clip

    monkeypatch.setattr(trainer, "reconstruction_loss", explodes)
    common = {"method": "singan-gif", "preset": "smoke", "checkpoint_seconds": 0.0}
    with pytest.raises(Diverged, match=r"scale 0, iteration 4: reconstruction .*; the state of iteration 3 is kept"):
        train(clip, config, tmp_path / "run", **common)
    assert (tmp_path / "run" / "progress.safetensors").exists()
    monkeypatch.setattr(trainer, "reconstruction_loss", loss)
    train(clip, config, tmp_path / "run", **common)
    train(clip, config, tmp_path / "undisturbed", **common)
    one, other = ((tmp_path / name / "scale_01.safetensors").read_bytes() for name in ("run", "undisturbed"))
    assert one == other


def test_weights_that_are_not_finite_are_found_before_they_are_kept(clip, config):
    scales = plan_scales(len(clip), clip.size, config)
    z_star = draw_noise(seeded(0, 0), len(clip), scales[0].size, coarsest=True, shared=False)
    pyramid = GeneratorPyramid(config, scales, z_star)
    training = ScaleTraining(pyramid, scales[0], resize(to_tensor(clip.frames), scales[0].size), {}, 0)
    training.check_weights()
    next(training.critics["video"].parameters()).data.view(-1)[3] = math.nan
    with pytest.raises(Diverged, match="a weight of the critic_video is not finite"):
        training.check_weights()
