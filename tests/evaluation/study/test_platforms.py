"""What platforms are given: names that the importer knows, sizes that they take, and no word of what an item is."""

import csv
import json
import re
import sys
import xml.etree.ElementTree as ET

import pytest

from datasets.cli import run
from datasets.errors import InputError
from evaluation.__main__ import main
from evaluation.study.bundle import page_address
from evaluation.study.platforms import mturk, write_platforms
from evaluation.study.platforms.mturk import HOSTS, LIVE, MOST_BYTES, NAMESPACE, SANDBOX, Offer

ADDRESS = "https://raters.example/s/"


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    """The files of all platforms."""
    made = tmp_path_factory.mktemp("platforms")
    write_platforms(made, study.built, ADDRESS)
    return made


def test_the_batch_has_the_variables_of_the_template(folder, study):
    with (folder / "mturk" / "batch.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["sheet_id"] for row in rows] == list(study.key.sheets)
    assert {row["sheet_url"] for row in rows} == {
        f"{ADDRESS}index.html?sheet={sheet}&embedded=1" for sheet in study.key.sheets
    }
    template = (folder / "mturk" / "template.html").read_text()
    assert set(re.findall(r"\$\{(\w+)\}", template)) == set(rows[0])
    assert "<form" not in template  # the platform has one around it


def test_a_question_is_xml_of_the_platform_and_small_enough(folder, study):
    for sheet in study.key.sheets:
        data = (folder / "mturk" / "questions" / f"{sheet}.xml").read_bytes()
        assert len(data) <= MOST_BYTES
        root = ET.fromstring(data)
        assert root.tag == f"{{{NAMESPACE}}}HTMLQuestion"
        html = root.find(f"{{{NAMESPACE}}}HTMLContent").text
        assert root.find(f"{{{NAMESPACE}}}FrameHeight").text == "0"
        assert sheet in html and "ASSIGNMENT_ID_NOT_AVAILABLE" in html and 'name="assignmentId"' in html
        assert all(host in html for host in HOSTS)


def test_a_question_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(mturk, "MOST_BYTES", 1000)
    with pytest.raises(InputError, match="1000"):
        mturk.html_question("https://raters.example/index.html", "0123456789ab")


def test_prolific_gets_an_address_a_sheet_and_the_code_of_the_page(folder, study):
    value = json.loads((folder / "prolific.json").read_text())
    assert len(value["access_details"]) == 4 and value["total_available_places"] == 12
    for sheet, place in zip(study.key.sheets, value["access_details"], strict=True):
        assert place["external_url"].startswith(
            f"{ADDRESS}index.html?sheet={sheet}&PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}"
        )
    code = value["completion_codes"][0]["code"]
    assert code == study.built.completion and f'"{code}"' in (study.bundle / "index.html").read_text()


def test_label_studio_says_that_it_is_not_the_protocol(folder, study):
    config = (folder / "label_studio" / "config.xml").read_text()
    assert "Not faithful" in config
    assert {choice.get("value") for choice in ET.fromstring(config).iter("Choice")} == {"real", "fake"}
    tasks = json.loads((folder / "label_studio" / "tasks.json").read_text())
    assert [task["data"]["item"] for task in tasks] == [item for of in study.key.sheets.values() for item in of]
    assert all((study.bundle / "media" / task["data"]["clip"].rsplit("/", 1)[1]).exists() for task in tasks)


def test_no_file_names_a_clip_or_a_method(folder, study):
    names = [*study.key.design.clips, *study.key.design.methods, "practice-", '"catch"']
    for path in folder.rglob("*.*"):
        assert not [name for name in names if name in path.read_text()], path


@pytest.mark.parametrize("address", ["raters.example", "file:///tmp", "https://a/?b=c", "javascript:alert(1)"])
def test_an_address_is_one_of_the_web(address):
    with pytest.raises(InputError, match="web"):
        page_address(address)


def stubbed():
    """A client whose answers are given beforehand, and the stubber that gives them."""
    boto3, stub = pytest.importorskip("boto3"), pytest.importorskip("botocore.stub")
    client = boto3.client("mturk", "us-east-1", aws_access_key_id="x", aws_secret_access_key="y", endpoint_url=SANDBOX)
    return client, stub.Stubber(client)


def test_hits_are_created_one_a_sheet(study):
    client, stubber = stubbed()
    questions = {sheet: mturk.html_question(page_address(ADDRESS), sheet) for sheet in study.key.sheets}
    for number, (sheet, question) in enumerate(questions.items()):
        wanted = {
            "Title": "Judge", "Description": Offer("0").description, "Keywords": Offer("0").keywords, "Reward": "0.50",
            "MaxAssignments": 3, "AssignmentDurationInSeconds": 3600, "LifetimeInSeconds": 604800,
            "RequesterAnnotation": f"study {study.key.study} sheet {sheet}",
            "UniqueRequestToken": f"{study.key.study}-{sheet}", "Question": question,
        }  # fmt: skip
        stubber.add_response("create_hit", {"HIT": {"HITId": f"H{number}"}}, wanted)
    with stubber:
        made = mturk.create_hits(client, study.key.study, 3, questions, Offer("0.50", title="Judge"))
    assert made == {sheet: f"H{number}" for number, sheet in enumerate(questions)}
    stubber.assert_no_pending_responses()


def test_a_refusal_says_how_far_it_got():
    client, stubber = stubbed()
    stubber.add_response("create_hit", {"HIT": {"HITId": "H0"}})
    stubber.add_client_error("create_hit", "RequestError", "not enough\nfunds")
    with stubber, pytest.raises(InputError, match=r"sheet b: .*not enough funds; 1 HITs"):
        mturk.create_hits(client, "s", 3, {"a": "<x/>", "b": "<x/>"}, Offer("0.50"))


def test_the_sandbox_is_used_unless_told_otherwise(monkeypatch):
    pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    assert mturk.connect().meta.endpoint_url == SANDBOX
    assert mturk.connect(live=True).meta.endpoint_url == LIVE


def test_without_boto3_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(InputError, match="pip install boto3"):
        mturk.connect()


def test_hits_of_a_bundle_that_is_nowhere_are_refused(study, tmp_path, capsys):
    write_platforms(tmp_path / "platforms", study.built, "https://example.org/study/")
    arguments = ["study", "hits", str(tmp_path), "--key", str(study.key_folder), "--reward"]
    assert run(main, [*arguments, "0.50"]) == 2
    assert "--address" in capsys.readouterr().err
    assert run(main, [*arguments, "half a dollar"]) == 2
    assert "0.50" in capsys.readouterr().err
