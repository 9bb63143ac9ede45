"""Building a study: bundle, key and secret, what they hold and what is refused."""

import json
import os
import re
import shutil
import stat
from pathlib import Path

import numpy as np
import pytest

from datasets.cli import run
from datasets.clip import make_clip, save_clip
from datasets.errors import InputError
from evaluation.__main__ import main
from evaluation.study.blinding import blind, keep_secret
from evaluation.study.bundle import build
from evaluation.study.design import Design, design_from_json, make_design, read_changes
from evaluation.study.items import Fake, Material, read_shown
from evaluation.study.key import read_key

ID = re.compile(r"[0-9a-f]{12}")


def test_the_bundle_holds_a_file_an_item_and_a_sheet(study):
    key = study.key
    assert {path.name for path in study.bundle.iterdir()} == {"index.html", "manifest.json", "media", "sheets"}
    assert {path.stem for path in (study.bundle / "media").iterdir()} == set(key.items)
    assert {path.stem for path in (study.bundle / "sheets").iterdir()} == set(key.sheets)
    assert all(ID.fullmatch(name) for name in [*key.items, *key.sheets])
    assert len({path.stat().st_size for path in (study.bundle / "media").iterdir()}) == 1
    assert len({path.stat().st_mtime_ns for path in study.bundle.rglob("*")}) == 1


def test_the_key_is_read_back_and_tells_what_each_item_is(study):
    key = read_key(study.key_folder)
    assert key == study.key
    kinds = [item.kind for item in key.items.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {
        "fake": 12, "real": 12, "catch": 8, "practice-real": 1, "practice-fake": 1,
    }  # fmt: skip
    assert {item.truth for item in key.items.values() if item.kind in ("fake", "catch", "practice-fake")} == {"fake"}
    assert key.made_from["size"]["umbersea"] == [16, 24] and key.made_from["frames"]["umbersea"] == 4
    assert key.made_from["fps"]["umbersea"] == 4


def test_only_its_owner_reads_the_secret(study):
    for name in ("secret", "key.json", f"{study.key.study}.json"):
        assert stat.S_IMODE((study.key_folder / name).stat().st_mode) == 0o600
    assert len(bytes.fromhex((study.key_folder / "secret").read_text())) == 32


def test_the_page_knows_the_sheets_and_the_manifest_no_names(study):
    data = page_data(study.bundle)
    assert {sheet["id"]: tuple(item["id"] for item in sheet["items"]) for sheet in data["sheets"]} == dict(
        study.key.sheets
    )
    assert [sheet["number"] for sheet in data["sheets"]] == [1, 2, 3, 4]
    assert [sheet["id"] for sheet in data["sheets"]] == sorted(study.key.sheets)
    manifest = json.loads((study.bundle / "manifest.json").read_text())
    assert manifest["study"] == study.key.study == data["study"]
    assert manifest["design"]["methods"] == 2 and manifest["design"]["clips"] == 3
    assert manifest["media"] == {
        "sizes": [[16, 24]], "frames": [4], "enlarged": 2, "colours": 256, "codec": "H.264, yuv420p", "crf": 18,
        "seconds_at_least": 2.5, "bytes_each": manifest["media"]["bytes_each"],
    }  # fmt: skip


def test_the_feedback_of_practice_is_what_the_key_says(study):
    for entry in page_data(study.bundle)["practice"]:
        parity = (sum(int(digit, 16) for digit in entry["id"]) + entry["check"]) % 2
        assert ("real" if parity else "fake") == study.key.items[entry["id"]].truth


def test_a_rebuilt_study_has_the_same_bytes(study, tmp_path):
    shutil.copytree(study.key_folder, tmp_path / "key")
    again = build(tmp_path / "bundle", tmp_path / "key", study.materials, study.key.design, pdf=False)
    assert not again.new_secret and again.key == study.key
    for path in study.bundle.rglob("*.*"):
        assert (tmp_path / "bundle" / path.relative_to(study.bundle)).read_bytes() == path.read_bytes(), path


def test_another_secret_gives_other_ids_in_another_order(make_study, study):
    other = make_study(practice=2, catch_trials=2, exposure_seconds=1.0)
    assert other.built.new_secret
    assert not set(other.key.items) & set(study.key.items)
    assert other.key.study != study.key.study


def test_a_study_of_other_samples_has_the_same_ids_but_another_hash_and_keeps_the_old_key(study, tmp_path):
    shutil.copytree(study.key_folder, tmp_path / "key")
    materials = list(study.materials)
    changed = tmp_path / "real.npz"
    save_clip(changed, make_clip(np.full((4, 16, 24, 3), 90, np.uint8), 250, kind="published"))
    materials[0] = Material(materials[0].clip, changed, materials[0].fakes)
    again = build(tmp_path / "bundle", tmp_path / "key", materials, study.key.design, pdf=False)
    assert set(again.key.items) == set(study.key.items)
    assert again.key.study != study.key.study
    assert read_key(tmp_path / "key") == again.key
    assert read_key(tmp_path / "key" / f"{study.key.study}.json") == study.key


@pytest.mark.parametrize(("key", "bundle"), [("b/key", "b"), ("b", "b"), ("k", "k/b")])
def test_the_key_may_not_lie_in_the_bundle(tmp_path, study, key, bundle):
    with pytest.raises(InputError, match="must not lie in one another"):
        build(tmp_path / bundle, tmp_path / key, study.materials, study.key.design)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_somebody_else_is_not_replaced(tmp_path, study):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="no bundle"):
        build(tmp_path / "bundle", tmp_path / "key", study.materials, study.key.design)
    assert (tmp_path / "bundle" / "thesis.tex").exists()


def test_a_build_that_fails_leaves_the_bundle_that_was_there(tmp_path, study):
    shutil.copytree(study.bundle, tmp_path / "bundle")
    shutil.copytree(study.key_folder, tmp_path / "key")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(InputError, match="samples"):
        build(
            tmp_path / "bundle", tmp_path / "key", study.materials,
            make_design("paper", study.key.design.methods, study.key.design.clips),
        )  # fmt: skip
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_a_damaged_secret_is_not_replaced(tmp_path):
    (tmp_path / "secret").write_text("abc\n")
    with pytest.raises(InputError, match="secret"):
        keep_secret(tmp_path)
    assert (tmp_path / "secret").read_text() == "abc\n"


def test_ids_depend_on_secret_and_description_alone():
    one = blind(b"s", {"a": 1, "b": 2})
    assert one == blind(b"s", {"b": 2, "a": 1}) and ID.fullmatch(one)
    assert len({one, blind(b"t", {"a": 1, "b": 2}), blind(b"s", {"a": 1, "b": 3})}) == 3


def test_all_are_cut_to_the_shortest_and_have_the_real_clips_delays(tmp_path):
    frames = np.arange(6, dtype=np.uint8)[:, None, None, None] + np.zeros((6, 8, 8, 3), np.uint8)
    paths = [tmp_path / f"{index}.npz" for index in range(3)]
    for path, count in zip(paths, (6, 5, 3), strict=True):
        save_clip(path, make_clip(frames[:count], 10 * count, kind="file"))
    material = Material("c", paths[0], {"m": [Fake(paths[1], 0, 0), Fake(paths[2], 0, 1)]})
    shown = read_shown(material, make_design("paper", ("m",), ("c",), samples=2))
    assert shown.real.frames[:, 0, 0, 0].tolist() == [0, 1, 2] and shown.real.delays_ms.tolist() == [60] * 3
    assert {len(pixels) for _, pixels in shown.fakes.values()} == {3}


def test_another_size_is_refused_unless_asked_for(tmp_path):
    for name, size in (("real", 8), ("fake", 10)):
        save_clip(tmp_path / f"{name}.npz", make_clip(np.zeros((2, size, size, 3), np.uint8), kind="file"))
    material = Material("c", tmp_path / "real.npz", {"m": [Fake(tmp_path / "fake.npz", 0, 0)]})
    design = make_design("paper", ("m",), ("c",), samples=1)
    with pytest.raises(InputError, match=r"10x10.*8x8"):
        read_shown(material, design)
    assert read_shown(material, design, resize=True).fakes["m", 0][1].shape == (2, 8, 8, 3)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"votes": "0"}, "votes"),
        ({"margin": "0.6"}, "margin"),
        ({"reals": "perhaps"}, "reals"),
        ({"sampels": "3"}, "did you mean samples"),
        ({"methods": "x"}, "methods"),
        ({"plays": "two"}, "plays"),
        ({"sheets_per_worker": "0"}, "sheets_per_worker"),
    ],
)
def test_a_wrong_design_is_refused_by_the_name_of_its_field(changes, part):
    with pytest.raises(InputError, match=part):
        make_design("rigorous", ("m",), ("c",), **read_changes(changes))


def test_a_design_is_read_back():
    changes = read_changes({"votes": "5", "reals": "false", "sheets_per_worker": "none", "margin": 0.05})
    design = make_design("rigorous", ("m",), ("c",), **changes)
    assert (design.votes, design.reals, design.sheets_per_worker, design.margin) == (5, False, None, 0.05)
    assert design_from_json(json.loads(json.dumps(design.to_json())), "x") == design
    assert isinstance(design, Design)
    with pytest.raises(InputError, match=r"key\.json"):
        design_from_json({**design.to_json(), "nonsense": 1}, "key.json")


def test_the_command_builds_from_files_of_ones_own(tmp_path, capsys, study):
    reals = [f"--real={material.clip}={material.real}" for material in study.materials]
    folder = study.materials[0].real.parent
    fakes = [f"--fake={method}={folder}/{{clip}}/{method}" for method in study.key.design.methods]
    arguments = ["study", "build", str(tmp_path / "out"), *reals, *fakes, "--no-pdf", "--preset", "paper"]
    assert run(main, [*arguments, "--set", "samples=2", "--set", "exposure_seconds=1"]) == 0
    said = capsys.readouterr()
    assert "4 sheets, 12 items" in said.out and "a new secret" in said.out and "generic" in said.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"bundle", "key", "platforms"}
    assert run(main, [*arguments, "--set", "samples=3"]) == 2
    assert "has 2 samples, the study wants 3" in capsys.readouterr().err


def test_the_command_builds_from_a_results_folder(tmp_path, capsys, study):
    results = tmp_path / "results"
    for material in study.materials:
        (results / "clips").mkdir(parents=True, exist_ok=True)
        shutil.copy(material.real, results / "clips" / f"{material.clip}.npz")
        for method, fakes in {**material.fakes, "noise": material.fakes["xylogen"]}.items():
            for fake in fakes:
                path = results / "samples" / material.clip / method / "0" / f"{fake.sample}.npz"
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(fake.path, path)
    arguments = ["study", "build", str(tmp_path / "out"), "--results", str(results), "--no-pdf"]
    assert run(main, [*arguments, "--set", "samples=2", "--set", "exposure_seconds=1"]) == 0
    assert read_key(tmp_path / "out" / "key").design.methods == ("vortexnet", "xylogen")
    assert run(main, [*arguments, "--methods", "xylogin"]) == 2
    assert "xylogin" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [[], ["--results", "nowhere"], ["--results", "x", "--real", "a=b"], ["--real", "a"], ["--real", "a=b"]]
)
def test_the_command_refuses_with_one_line(tmp_path, capsys, arguments):
    assert run(main, ["study", "build", str(tmp_path / "out"), *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_consent_of_ones_own_is_shown_as_text(study, tmp_path):
    consent = tmp_path / "consent.txt"
    consent.write_text("Approved as <b>123</b>.\n\nSecond\nparagraph.")
    built = build(tmp_path / "b", tmp_path / "k", study.materials, study.key.design, consent=consent, pdf=False)
    page = (tmp_path / "b" / "index.html").read_text()
    assert "<p>Approved as &lt;b&gt;123&lt;/b&gt;.</p>" in page and "<p>Second paragraph.</p>" in page
    assert not any("generic" in line for line in built.said)
    with pytest.raises(InputError, match="consent"):
        build(tmp_path / "b", tmp_path / "k", study.materials, study.key.design, consent=tmp_path / "none")


def test_sheets_are_printed_where_there_is_a_browser(make_study, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    made = make_study("paper", clips=("umbersea",), methods=("xylogen",), exposure_seconds=1.0, pdf=True)
    assert any("no PDF" in line for line in made.built.said)
    assert not list(made.bundle.rglob("*.pdf"))
    browser = Path(tmp_path, "chromium")
    browser.write_text(
        "#!/bin/sh\nfor one; do case $one in --print-to-pdf=*) "
        "echo '%PDF /CreationDate (D:20311231235959+00)' > ${one#*=};; esac; done\n"
    )
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    printed = make_study("paper", clips=("umbersea",), methods=("xylogen",), exposure_seconds=1.0, pdf=True)
    assert "D:20000101000000" in (printed.bundle / "sheets" / "sheets.pdf").read_text()
    assert json.loads((printed.bundle / "manifest.json").read_text())["pdf"] is True


def page_data(bundle):
    """What the page knows."""
    page = (bundle / "index.html").read_text()
    return json.loads(re.search(r'id="study">(.*?)</script>', page, re.DOTALL)[1])
