"""Config: presets, overrides, refusals."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.errors import InputError
from sgif.config import Config, config_sha256, flatten, override, parse_assignments
from sgif.methods import METHODS
from sgif.presets import PRESETS, resolve


def test_the_defaults_are_the_papers():
    config = Config()
    assert (config.losses.video, config.losses.reconstruction, config.losses.colour, config.losses.penalty) == (
        5, 50, 2, 0.1,
    )  # fmt: skip
    assert (config.pyramid.coarsest_side, config.pyramid.factor) == (25, 4 / 3)
    assert (config.optim.iterations, config.optim.lr_generator, config.model.scales_3d) == ((8000,), 5e-4, 4)
    assert flatten(resolve("paper", "singan-gif")) == flatten(config)
    assert config.speed.penalty_crop == 1  # levers are off


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("method", METHODS)
def test_every_preset_fits_every_method_and_survives_json(preset, method):
    config = resolve(preset, method)
    assert override(Config(), json.loads(json.dumps(flatten(config)))) == config


def test_the_baselines_losses_are_singans():
    config = resolve("paper", "singan-frames")
    assert (config.losses.reconstruction_kind, config.losses.reconstruction) == ("mse", 10)
    assert config.losses.colour == 0 and not config.model.video_critic and config.model.neighbours == 0
    assert config.pyramid.chunk_coarsest == config.pyramid.chunk_finest == 1  # a random frame each pass


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("losses.colour", "0", 0.0),
        ("optim.iterations", "400,200", (400, 200)),
        ("optim.iterations", 7, (7,)),
        ("model.image_critic", "false", False),
        ("pyramid.long_side", "none", None),
        ("pyramid.short_side", "48", 48),
        ("losses.reconstruction_kind", "mse", "mse"),
    ],
)
def test_values_are_read_as_a_command_line_gives_them(key, value, expected):
    section, name = key.split(".")
    assert getattr(getattr(override(Config(), {key: value}), section), name) == expected


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [
        ("losses.color", "0", "did you mean losses.colour?"),
        ("colour", "0", "did you mean losses.colour?"),
        ("optim.iterations", "many", "optim.iterations"),
        ("optim.iterations", "1.5", "optim.iterations"),
        ("optim.iterations", "0", "optim.iterations"),
        ("model.image_critic", "perhaps", "model.image_critic"),
        ("losses.reconstruction_kind", "l2", "l1, mse"),
        ("pyramid.factor", "1", "pyramid.factor"),
        ("pyramid.coarsest_side", "9", "receptive field"),
        ("losses.video", "-1", "losses.video"),
        ("losses.video", "nan", "losses.video"),
        ("optim.lr_generator", "inf", "optim.lr_generator"),
        ("pyramid.scales", True, "pyramid.scales"),
        ("optim.critic_steps", "0", "between 1 and 16"),
        ("optim.generator_steps", "17", "between 1 and 16"),
        ("optim.average", "1", "in [0, 1)"),
        ("model.norm", "instance", "batch, none"),
    ],
)
def test_bad_keys_and_values_are_refused_in_one_line(key, value, part):
    with pytest.raises(InputError) as caught:
        override(Config(), {key: value})
    assert part in str(caught.value) and "\n" not in str(caught.value)


def test_one_pass_for_both_players_goes_with_one_step_of_each():
    for steps in ("optim.critic_steps", "optim.generator_steps"):
        with pytest.raises(InputError, match=r"speed\.joint: goes with one step of each"):
            override(Config(), {"speed.joint": True, steps: 2})
    assert override(Config(), {"speed.joint": True}).speed.joint


@pytest.mark.parametrize(("preset", "method"), [("quik", "singan-gif"), ("quick", "singan-git")])
def test_the_nearest_preset_and_method_are_named(preset, method):
    with pytest.raises(InputError, match=r"did you mean (quick|singan-gif)\?"):
        resolve(preset, method)


def test_assignments_need_an_equals_sign():
    assert parse_assignments(["a.b=1=2"]) == {"a.b": "1=2"}
    with pytest.raises(InputError, match="KEY=VALUE"):
        parse_assignments(["losses.colour"])


@settings(deadline=None, max_examples=50)
@given(colour=st.floats(0, 1e6), scales=st.one_of(st.none(), st.integers(1, 32)))
def test_the_hash_is_equal_exactly_for_equal_configs(colour, scales):
    config = override(Config(), {"losses.colour": colour, "pyramid.scales": scales})
    again = override(Config(), flatten(config))
    assert config_sha256(again) == config_sha256(config)
    assert (config_sha256(config) == config_sha256(Config())) == (config == Config())


def test_a_task_changes_what_the_paper_says_and_goes_before_own_overrides():
    config = resolve("quick", "singan-gif", task="superres", factor=3)
    assert (config.task.kind, config.task.factor, config.losses.reconstruction) == ("superres", 3, 125.0)
    assert config.pyramid.factor**3 == pytest.approx(3)
    assert config.pyramid.scales is None  # quick's three scales would make another factor
    assert resolve("quick", "singan-gif", {"losses.reconstruction": 50}, task="superres").losses.reconstruction == 50
    assert resolve("quick", "singan-gif", task="slowmo").task.factor == 2
    assert resolve("quick", "singan-gif", task="sample") == resolve("quick", "singan-gif")


@pytest.mark.parametrize(
    ("preset", "method", "task", "norm"),
    [
        ("paper", "singan-gif", "sample", "same"),
        ("cpu", "singan-gif", "sample", "instance"),
        ("quick", "no-color-loss", "sample", "instance"),  # or an ablation would differ in two things
        ("quick", "singan-frames", "sample", "same"),
        ("cpu", "singan-gif", "superres", "same"),
        ("cpu", "sgif-plus", "slowmo", "none"),
    ],
)
def test_whose_statistics_frozen_generators_take(preset, method, task, norm):
    assert resolve(preset, method, task=task).model.generator_norm == norm


@pytest.mark.parametrize(("task", "factor"), [("slowmotion", None), ("sample", 2), ("slowmo", 1), ("superres", 9)])
def test_a_bad_task_is_refused(task, factor):
    with pytest.raises(InputError, match=r"slowmo|factor"):
        resolve("quick", "singan-gif", task=task, factor=factor)
