"""The study of a protocol's samples as Snakemake builds it."""

import pytest

from datasets.errors import InputError
from evaluation.study.key import read_key
from workflow.code import HOME as CHECKOUT
from workflow.protocols import load_protocols, read_settings


def protocols(**config):
    return load_protocols(CHECKOUT / "config", read_settings(config, {}))


def test_the_key_lies_beside_the_bundle_and_a_rebuilt_study_keeps_its_ids(smoke_copy, snakemake):
    root = smoke_copy
    page, key_folder = root / "study" / "bundle" / "index.html", root / "study" / "key"
    made = snakemake(root.parents[1], "results/smoke/study/bundle/index.html")
    assert made.returncode == 0, made.stderr
    key, secret = read_key(key_folder), (key_folder / "secret").read_text()
    assert key.design.methods == ("singan-gif", "singan-frames") and key.design.samples == 2
    assert key.made_from["protocol"] == "smoke" and key.made_from["clip_sources"]["waterfall"]["kind"] == "synthetic"
    assert secret.strip().encode() not in b"".join(path.read_bytes() for path in page.parent.rglob("*.*"))
    assert {path.name for path in page.parent.iterdir()} == {"index.html", "manifest.json", "media", "sheets"}
    page.unlink()
    again = snakemake(root.parents[1], "results/smoke/study/bundle/index.html")
    assert again.returncode == 0, again.stderr
    rebuilt = read_key(key_folder)
    assert (rebuilt.study, rebuilt.items, rebuilt.sheets) == (key.study, key.items, key.sheets)
    assert (key_folder / "secret").read_text() == secret
    assert "Nothing to be done" in snakemake(root.parents[1], "results/smoke/study/bundle/index.html").stderr


def test_the_study_is_of_all_methods_but_controls_unless_told_otherwise():
    quick = protocols()["quick"].study_design()
    assert (quick.preset, quick.methods, quick.samples) == ("rigorous", ("singan-gif", "singan-frames"), 10)
    assert protocols()["peers"].study_design().samples == 6
    told = protocols(study={"preset": "paper", "methods": "singan-gif", "votes": 5})["quick"].study_design()
    assert (told.preset, told.methods, told.votes, told.reals) == ("paper", ("singan-gif",), 5, False)
    assert protocols(methods="copy,noise")["quick"].study_design().methods == ("copy", "noise")


@pytest.mark.parametrize(
    ("study", "part"),
    [
        ({"preset": "papper"}, "did you mean paper"),
        ({"methods": "singan-git"}, "singan-gif"),
        ({"votes": "many"}, r"study\.votes"),
        ({"clips": "desert"}, "clips"),
        ("rigorous", "mapping"),
    ],
)
def test_a_wrong_study_is_refused_at_parse_time(study, part):
    with pytest.raises(InputError, match=part):
        protocols(study=study)
