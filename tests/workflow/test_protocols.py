"""Protocols: what the files say, what `--config` may change, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from datasets.clip import make_clip, save_clip
from datasets.errors import InputError
from datasets.sources import Source, resolve
from evaluation.metrics import METRICS
from workflow.announcement import announce, trainings_of
from workflow.plan import Plan, root_of
from workflow.protocols import NAMES, load_protocols, read_settings

HOME = Path(__file__).resolve().parents[2]
CONFIG = HOME / "config"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """A plan looks at the results that are there: here, none."""
    monkeypatch.chdir(tmp_path)


def protocols(**config):
    return load_protocols(CONFIG, read_settings(config, {}))


def test_all_protocols_are_valid_and_the_papers_is_the_papers():
    found = protocols()
    assert list(found) == list(NAMES)
    paper = found["paper"]
    assert (len(paper.clips), paper.trained, paper.samples) == (9, ("singan-gif", "singan-frames"), 10)
    assert paper.config("singan-gif").optim.iterations == (8000,)
    assert not paper.fallback and found["quick"].fallback and found["smoke"].fallback
    assert (len(found["quick"].clips), found["quick"].samples) == (3, 10)


def test_the_command_line_narrows():
    quick = protocols(clips="desert,waterfall", methods="singan-gif", seeds="1,2", samples="3")["quick"]
    assert (quick.clips, quick.methods, quick.seeds, quick.samples) == (
        ("desert", "waterfall"), ("singan-gif",), (1, 2), 3,
    )  # fmt: skip
    assert protocols(seeds=4)["smoke"].seeds == (4,)
    changed = protocols(training={"losses.colour": 0})["quick"]
    assert changed.config("singan-gif").losses.colour == 0


@pytest.mark.parametrize(
    ("config", "part"),
    [
        ({"clip": "desert"}, "did you mean clips?"),
        ({"clips": "dessert"}, "desert"),
        ({"methods": "singan-git"}, "singan-gif"),
        ({"encoder": "inception"}, "inception-fid"),
        ({"seeds": "a"}, "seeds"),
        ({"seeds": "0,0"}, "seeds"),
        ({"samples": 0}, "samples"),
        ({"training": {"losses.color": 1}}, "did you mean losses.colour?"),
        ({"training": "losses.colour=1"}, "training"),
        (
            {"training": {"losses": {"colour": 1}}},
            "training.losses: is a group of keys; write each with a dot",
        ),
        ({"training": {"losses.colour": "x"}}, "training: losses.colour"),
        ({"ablations": {"a": {"model": {"channels": 4}}}}, "ablations.a.model: is a group of keys"),
        ({"ablations": {"a": {"model.channels": "wide"}}}, "ablations.a: model.channels"),
        ({"ablations": {"a b": {}}}, "ablation 'a b'"),
        ({"methods": "ablation:none"}, "ablations.none: no ablation of this name; define it"),
        ({"samples": None}, "samples: None is not a whole number"),
        ({"samples": 10**9}, "samples: 1000000000 is above 10000"),
        ({"threads": None}, "threads: None is not a whole number"),
        ({"seeds": str(2**63)}, "seeds: 9223372036854775808 is too large"),
        ({"stage": ["a"]}, "stage: ['a'] is no folder"),
        ({"stage": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"clips": {3: {"path": "a.gif"}}}, "clips: 3 is not a word"),
        ({"clips": {"clouds": {"url": "https://example.org/a.gif"}}}, "sha256"),
        ({"clips": {"cloud": {"path": "a.gif"}}}, "clouds"),
    ],
)
def test_bad_config_is_refused_in_one_line(config, part):
    with pytest.raises(InputError) as caught:
        protocols(**config)
    assert part in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "part"),
    [("smaples", 3, "did you mean samples?"), ("fallback", "yes please", "fallback"), ("clips", [], "clips")],
)
def test_a_bad_protocol_file_is_named_with_its_key(tmp_path, key, value, part):
    for name in NAMES:
        (tmp_path / f"{name}.yaml").write_text((CONFIG / f"{name}.yaml").read_text())
    changed = yaml.safe_load((tmp_path / "quick.yaml").read_text()) | {key: value}
    (tmp_path / "quick.yaml").write_text(yaml.safe_dump(changed))
    with pytest.raises(InputError, match=r"quick\.yaml: ") as caught:
        load_protocols(tmp_path, read_settings({}, {}))
    assert part in str(caught.value)


def test_a_missing_key_is_named(tmp_path):
    for name in NAMES:
        (tmp_path / f"{name}.yaml").write_text("about: nothing\n")
    with pytest.raises(InputError, match=r"paper\.yaml: preset: missing"):
        load_protocols(tmp_path, read_settings({}, {}))


def test_a_stage_from_the_config_reaches_the_jobs(tmp_path):
    environment = {}
    Plan(HOME, {"stage": str(tmp_path)}, environment)
    assert environment["SGIF_STAGE"] == str(tmp_path)


def test_controls_have_one_seed_and_trainings_all():
    plan = Plan(HOME, {"seeds": "0,1", "clips": "desert"}, {})
    files = plan.metric_files(root_of("quick"))
    assert "results/quick/metrics/desert/singan-gif/1.json" in files
    assert "results/quick/metrics/desert/copy/1.json" not in files
    assert len(files) == 2 * 2 + 4


def test_facts_say_how_many_trainings_at_which_sizes():
    plan = Plan(HOME, {}, {})
    jobs = [
        ("train", {"root": "results", "clip": clip, "method": method})
        for clip in plan.protocol("results").clips
        for method in plan.protocol("results").trained
    ]
    text = "\n".join(announce(plan, jobs))
    assert "18 jobs, 18 of them trainings" in text
    assert "16 frames of 144x256, 7 scales (4 in 3D), 56000 iterations" in text


def test_trainings_of_equal_cost_are_counted_together_for_the_forecast():
    plan = Plan(HOME, {}, {})
    jobs = [
        ("train", {"root": "results", "clip": clip, "method": method})
        for clip in ("waterfall", "seashore", "desert", "cliff")
        for method in ("singan-gif", "singan-frames")
    ]
    groups = trainings_of(plan, [*jobs, ("clip", {"root": "results", "clip": "birds"})])
    found = {(group.method, group.frames, group.size): group.count for group in groups}
    # desert and cliff have 16 frames; waterfall and seashore 8, of different shapes.
    expected = {(16, (144, 256)): 2, (8, (144, 256)): 1, (8, (145, 256)): 1}
    assert found == {(m, *key): n for m in ("singan-gif", "singan-frames") for key, n in expected.items()}
    assert {group.threads for group in groups} == {4} and groups[0].config["optim.iterations"] == [8000]


def test_missing_published_clips_stop_protocols_without_fallback(tmp_path, monkeypatch):
    monkeypatch.setenv("SGIF_CACHE", str(tmp_path))
    monkeypatch.setattr("datasets.sources.resolve.__kwdefaults__", {
        "stage": None, "overrides": None, "timeout_s": 1.0, "probe": lambda address, seconds: "no network",
    })  # fmt: skip
    plan = Plan(HOME, {}, {})
    jobs = [("clip", {"root": root, "clip": "desert"}) for root in ("results/cpu",)]
    with pytest.raises(InputError, match=r"desert: .*python -m datasets fetch desert"):
        announce(plan, jobs)
    loud = "\n".join(announce(plan, [("clip", {"root": "results/quick", "clip": "desert"})]))
    assert "WARNING: desert is a synthetic STAND-IN" in loud


def test_peers_need_a_stage():
    plan = Plan(HOME, {}, {})
    assert plan.source_key("results/peers", "desert") == "missing"  # a dry run needs no data
    with pytest.raises(InputError, match="stage"):
        announce(plan, [("clip", {"root": "results/peers", "clip": "desert"})])


def test_a_stand_in_never_replaces_a_published_clip_that_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr("workflow.plan.resolve", lambda ids, **options: {
        clip: Source(clip, "synthetic", "render", fallback=True, reason="no network") for clip in ids
    })  # fmt: skip
    clips = tmp_path / "results" / "quick" / "clips"
    frames = np.zeros((2, 30, 40, 3), np.uint8)
    save_clip(clips / "desert.npz", make_clip(frames, kind="published", sha256="ab" * 32))
    save_clip(clips / "waterfall.npz", make_clip(frames, kind="synthetic", sha256=None))
    plan = Plan(HOME, {}, {})
    assert plan.source_key("results/quick", "desert") == "published:" + "ab" * 8
    assert plan.source_key("results/quick", "waterfall") == "synthetic:waterfall"
    # If that clip has to be made again all the same, nothing starts: the job could only fail.
    with pytest.raises(InputError, match=r"desert: .*\(no network\); name the stage .* or delete results/quick/clips"):
        announce(plan, [("clip", {"root": "results/quick", "clip": "desert"})])
    assert "STAND-IN" in "\n".join(announce(plan, [("clip", {"root": "results/quick", "clip": "waterfall"})]))
    (clips / "desert.npz").unlink()
    assert plan.source_key("results/quick", "desert") == "synthetic:desert"


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """A machine that has nothing and reaches nothing."""
    for name in ("SGIF_STAGE", "SGIF_INCEPTION_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("workflow.plan.reachable", lambda url, seconds: "no network")


def test_missing_weights_are_replaced_loudly_where_the_protocol_allows_it(offline):
    plan = Plan(HOME, {}, {})
    assert plan.encoder("results/quick") == "random-inception"
    jobs = [("encoder", {"root": "results/quick", "encoder": "random-inception"})]
    assert "WARNING: scores are made with random-inception, not inception-fid" in "\n".join(announce(plan, jobs))
    assert "no network" in plan.notes("results/quick")


def test_missing_weights_stop_the_other_protocols_with_the_remedy(offline):
    plan = Plan(HOME, {}, {})
    assert plan.encoder("results/cpu") == "inception-fid"
    with pytest.raises(InputError, match="SGIF_INCEPTION_WEIGHTS"):
        announce(plan, [("encoder", {"root": "results/cpu", "encoder": "inception-fid"})])


def test_all_that_is_missing_is_listed_at_once(offline, tmp_path, monkeypatch):
    monkeypatch.setenv("SGIF_CACHE", str(tmp_path))
    monkeypatch.setattr("workflow.announcement.reachable", lambda url, seconds: "no network")
    monkeypatch.setitem(resolve.__kwdefaults__, "probe", lambda address, seconds: "no network")
    plan, root = Plan(HOME, {}, {}), "results/cpu"
    jobs = [("clip", {"root": root, "clip": clip}) for clip in plan.protocol(root).clips]
    with pytest.raises(InputError) as caught:
        announce(plan, [*jobs, ("encoder", {"root": root, "encoder": "inception-fid"})])
    for part in ("waterfall, seashore, desert, birds, cliff", "inception-fid", "python -m datasets stage DIR"):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_encoder_that_was_asked_for_is_no_stand_in(offline):
    plan = Plan(HOME, {"encoder": "random-inception"}, {})
    assert plan.encoder("results/cpu") == "random-inception" and plan.encoder_remark("results/cpu") == ""


# ---- metrics and external methods


def test_metrics_are_all_or_those_that_were_named():
    assert protocols()["quick"].metrics == tuple(METRICS)
    assert protocols(metrics="sgfid,kid")["quick"].metrics == ("sgfid", "kid")
    assert protocols(metrics=["diversity", "sgfid"])["smoke"].metrics == ("diversity", "sgfid")


@pytest.mark.parametrize(
    ("config", "parts"),
    [
        ({"metrics": "sgfid,divresity"}, ["divresity", "did you mean diversity?"]),
        ({"metrics": "kid,diversity"}, ["metrics: sgfid is missing", "add it"]),
        ({"metrics": "sgfid,sgfid"}, ["metrics: must name"]),
        ({"metrics": []}, ["metrics"]),
        ({"external": "mine=folder"}, ["external: must be a mapping of names to folders"]),
        ({"external": {"a/b": "folder"}}, ["external method 'a/b'", "choose another"]),
        ({"external": {"..": "folder"}}, ["external method '..'"]),
        ({"external": {"x" * 65: "folder"}}, ["at most 64"]),
        ({"external": {"mine": ""}}, ["external.mine"]),
        ({"external": {"mine": 3}}, ["external.mine"]),
        ({"external": {"mine": "{stage}/mine"}}, ["external.mine", "{stage}/mine", "stage=DIR"]),
        ({"external_resize": "yes"}, ["external_resize"]),
        ({"methods": "copy,external:nobody"}, ["external:nobody", "--config external="]),
        ({"methods": "external:a/b"}, ["external method 'a/b'"]),
        ({"methods": "external:"}, ["external method ''"]),
    ],
)
def test_bad_metrics_and_external_methods_are_refused_in_one_line(config, parts):
    with pytest.raises(InputError) as caught:
        protocols(**config)
    assert "\n" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


def test_external_methods_join_the_methods_of_every_protocol():
    found = protocols(external={"mine": "/a/b"})
    for name in NAMES:
        before = protocols()[name]
        assert found[name].methods == (*before.methods, "external:mine")
        assert found[name].external == {**before.external, "mine": "/a/b"}
        assert found[name].trained == before.trained
    assert protocols(external={"mine": "/a"}, external_resize=True)["quick"].external_resize


def test_methods_that_are_named_too_are_the_only_ones():
    found = protocols(external={"mine": "/a", "yours": "/b"}, methods="external:mine,copy")
    assert {protocol.methods for protocol in found.values()} == {("external:mine", "copy")}
    assert found["smoke"].trained == ()


def test_a_method_of_one_protocol_does_not_break_the_others():
    found = protocols(methods="copy,external:VGPNN-authors")
    assert found["peers"].methods == ("copy", "external:VGPNN-authors")
    assert found["quick"].methods == ("copy",)
    alone = protocols(methods="external:VGPNN-authors")
    assert alone["peers"].methods == ("external:VGPNN-authors",)
    assert alone["quick"].methods == protocols()["quick"].methods  # nothing would be left
    both = protocols(methods="external:VGPNN-authors,external:mine", external={"mine": "/a"})
    assert both["peers"].methods == ("external:VGPNN-authors", "external:mine")
    assert both["quick"].methods == ("external:mine",)


def test_a_folder_of_the_users_replaces_that_of_the_file():
    found = protocols(external={"VGPNN-authors": "/a"})
    assert found["peers"].external["VGPNN-authors"] == "/a"
    assert found["peers"].methods == protocols()["peers"].methods


@pytest.mark.parametrize("value", [None, 5, "mine", ["mine"]])
def test_external_methods_of_a_file_are_a_mapping(tmp_path, value):
    for name in NAMES:
        (tmp_path / f"{name}.yaml").write_text((CONFIG / f"{name}.yaml").read_text())
    changed = yaml.safe_load((tmp_path / "peers.yaml").read_text()) | {"external": value}
    (tmp_path / "peers.yaml").write_text(yaml.safe_dump(changed))
    with pytest.raises(InputError, match=r"peers\.yaml: external: must be a mapping"):
        load_protocols(tmp_path, read_settings({}, {}))


def test_a_stage_may_hold_external_samples(tmp_path):
    folder = tmp_path / "waterfall" / "theirs"
    folder.mkdir(parents=True)
    for name in ("10.gif", "9.gif", "notes.txt"):
        (folder / name).touch()
    config = {"stage": str(tmp_path), "external": {"mine": "{stage}/{clip}/theirs"}, "clips": "waterfall,desert"}
    plan = Plan(HOME, config, {})
    root = root_of("smoke")
    assert plan.external(root, "external:mine", "waterfall") == [str(folder / "9.gif"), str(folder / "10.gif")]
    assert "results/smoke/metrics/waterfall/external:mine/0.json" in plan.metric_files(root)
    assert "results/smoke/metrics/desert/external:mine/0.json" not in plan.metric_files(root)
    announced = "\n".join(announce(plan, [("metrics", {"root": root, "clip": "waterfall"})]))
    assert f"WARNING: left out: {tmp_path}/desert/theirs: no such folder" in announced
