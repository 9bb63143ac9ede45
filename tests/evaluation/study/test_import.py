"""From files of answers to votes: every format, every refusal, every rule, and nothing lost."""

import codecs
import csv
import dataclasses
import io
import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import cli
from datasets.errors import InputError
from evaluation.__main__ import main
from evaluation.study import importers
from evaluation.study.blinding import blind
from evaluation.study.exclusions import RULES, describe
from evaluation.study.importers import read_answers, tables
from evaluation.study.importers.mturk_csv import time_of
from evaluation.study.importers.page import COLUMNS
from evaluation.study.importing import Imported, _add_up, import_files, write_imported
from evaluation.study.raters import Raters, simulate
from evaluation.study.spreadsheet import csv_of, neutral, plain
from evaluation.study.votes import read_left_out, read_votes

SECRET = bytes(range(32))
BATCH = ["HITId", "AssignmentId", "WorkerId", "AssignmentStatus", "SubmitTime", "WorkTimeInSeconds", "Input.sheet_id"]


class Study:
    """A key in a folder, answers to it, and what their import gives."""

    def __init__(self, folder, key, key_folder):
        self.folder, self.key, self.place = folder, key, key_folder
        self.files = []

    def answers(self, participant="anna", sheet=0, said="real", **changes):
        """An export of one sheet; catch trials are answered rightly."""
        name = list(self.key.sheets)[sheet]
        rows = [
            {
                "study": self.key.study, "sheet": name, "participant": participant, "item": item, "position": place,
                "phase": "main", "answer": "fake" if self.key.items[item].kind == "catch" else said, "plays": 1,
                "exposure_ms": 5000, "total_exposure_ms": 5000, "reaction_ms": 900, "dropped_frames": 0, "blurred": 0,
                "answered_at": f"2026-03-0{sheet + 1}T10:00:{place:02d}Z", "page_version": "1", **changes,
            }
            for place, item in enumerate(self.key.sheets[name], 1)
        ]  # fmt: skip
        return {
            "format": 1, "study": self.key.study, "sheet": name, "participant": participant,
            "consent_at": "2026-03-01T09:00:00Z", "withdrawn": False, "answers": rows,
        }  # fmt: skip

    def put(self, name, content):
        path = self.folder / name
        if isinstance(content, dict | list):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.files.append(path)
        return path

    def put_csv(self, name, export, columns=COLUMNS):
        return self.put(name, csv_of(columns, ([row[key] for key in columns] for row in export["answers"])))

    def imported(self):
        return import_files(self.place, self.files)

    def refused(self):
        """(line, reason) of what is no vote."""
        return [(one.line, one.reason) for one in self.imported().left_out]


@pytest.fixture
def study(tmp_path, make_key, key_folder):
    key = make_key(clips=("desert", "river"), samples=2, catch_trials=1, practice=1)
    return Study(tmp_path, key, key_folder(key))


def test_json_and_csv_of_the_page_give_the_same_votes(study):
    export = study.answers("=cmd()")
    study.put("a.json", export)
    from_json = study.imported().votes
    study.files = []
    study.put_csv("a.csv", export)
    assert "'=cmd()" in (study.folder / "a.csv").read_text()
    assert study.imported().votes == from_json
    assert len(from_json) == 5 and {vote.answer for vote in from_json} == {"real", "fake"}
    assert {vote.worker for vote in from_json} == {blind(SECRET, {"platform": "page", "participant": "=cmd()"})}


def test_columns_are_found_by_name_in_any_order_and_encoding(study):
    study.put_csv("a.csv", study.answers())
    expected, text = study.imported().votes, (study.folder / "a.csv").read_text()
    swapped = list(reversed(COLUMNS))
    for name, content in {
        "bom.csv": codecs.BOM_UTF8 + text.encode(),
        "utf16.csv": text.encode("utf-16"),
        "windows.csv": text.replace("\n", "\r\n"),
        "semicolons.csv": text.replace(",", ";"),
        "tabs.csv": text.replace(",", "\t"),
    }.items():
        study.files = []
        study.put(name, content)
        assert study.imported().votes == expected, name
    study.files = []
    study.put_csv("swapped.csv", study.answers(), swapped)
    assert study.imported().votes == expected


def batch(study, rows, extra=()):
    """A batch results CSV of {column: text} rows."""
    items = [f"Answer.{item}" for items in study.key.sheets.values() for item in items]
    columns = [*BATCH, *extra, *items]
    return csv_of(columns, ([row.get(column, "") for column in columns] for row in rows))


def assignment(study, worker, sheet=0, said="real", number=0):
    name = list(study.key.sheets)[sheet]
    return {
        "WorkerId": worker, "AssignmentId": f"{worker}{number}", "Input.sheet_id": name, "AssignmentStatus": "Approved",
        "SubmitTime": "Wed Mar 04 10:21:37 PST 2026", **{f"Answer.{item}": said for item in study.key.sheets[name]},
    }  # fmt: skip


def test_an_mturk_batch_is_read_by_name(study):
    rows = [assignment(study, "A1", said="fake"), assignment(study, "A2", sheet=1, said="fake")]
    rows[1]["AssignmentStatus"] = "Rejected"
    study.put("batch.csv", batch(study, rows))
    imported = study.imported()
    assert len(imported.votes) == 10 and imported.rejected == 1 and not imported.left_out
    assert {(vote.source, vote.sheet) for vote in imported.votes} == {("mturk", sheet) for sheet in study.key.sheets}
    assert all(vote.exposure_ms is None and not vote.excluded for vote in imported.votes if vote.position is None
               and study.key.items[vote.item].kind != "catch")  # fmt: skip
    assert not any(worker in str(imported.votes) for worker in ("A1", "A2"))


def test_the_pages_export_inside_a_batch_counts_and_a_column_that_disagrees_is_listed(study):
    row = assignment(study, "A1", said="fake")
    row["Answer.export"] = json.dumps(study.answers("whoever"))
    row["Answer.comment"] = "=HYPERLINK()"
    study.put("batch.csv", batch(study, [row], ["Answer.export", "Answer.comment"]))
    imported = study.imported()
    assert {vote.exposure_ms for vote in imported.votes} == {5000} and len(imported.votes) == 5
    assert {vote.worker for vote in imported.votes} == {blind(SECRET, {"platform": "mturk", "participant": "A1"})}
    reasons = sorted(one.reason for one in imported.left_out)
    assert reasons == ["not the id of an item"] + 4 * ["says otherwise than the page's export, which counts"]
    assert imported.counts()["answers"] == 5


XML = """<?xml version="1.0"?>
<ListAssignments xmlns="http://requester.mturk.amazonaws.com/"><Assignment><WorkerId>{worker}</WorkerId>
<SubmitTime>2026-03-01T10:00:00Z</SubmitTime><Answer>{answers}</Answer></Assignment></ListAssignments>"""
FORM = """<QuestionFormAnswers xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/QuestionFormAnswers.xsd">{}</QuestionFormAnswers>"""


def form(pairs):
    return FORM.format(
        "".join(
            f"<Answer><QuestionIdentifier>{name}</QuestionIdentifier><FreeText>{text}</FreeText></Answer>"
            for name, text in pairs
        )
    )


def test_assignments_in_xml_are_read_as_elements_as_text_and_as_the_interface_gives_them(study):
    sheet, items = next(iter(study.key.sheets.items()))
    answers = form([("sheet", sheet), *((item, "fake") for item in items)])
    escaped = answers.replace("&", "&amp;").replace("<", "&lt;")
    response = {"NumResults": 1, "Assignments": [{"WorkerId": "A1", "SubmitTime": "2026-03-01 10:00:00+00:00",
                                                  "Answer": answers}]}  # fmt: skip
    found = []
    for name, content in {
        "elements.xml": XML.format(worker="A1", answers=answers),
        "escaped.xml": XML.format(worker="A1", answers=escaped),
        "cdata.xml": XML.format(worker="A1", answers=f"<![CDATA[{answers}]]>"),
        "response.json": response,
    }.items():
        study.files = []
        study.put(name, content)
        found.append(study.imported().votes)
    assert len(found[0]) == 5 and all(votes == found[0] for votes in found)
    study.files = []
    study.put("batch.csv", batch(study, [assignment(study, "A1", said="fake")]))
    assert study.imported().votes == found[0]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "start",
    [
        f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>',
        '<!DOCTYPE x [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p.dtd"> %p;]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    ],
    ids=["laughs", "file", "parameter", "external"],
)
@pytest.mark.parametrize("where", ["outside", "inside"])
def test_document_types_and_entities_are_refused(study, start, where):
    answers = form([("&l9;", "real")])
    if where == "outside":
        study.put("a.xml", XML.format(worker="A1", answers=answers).replace("<List", f"{start}<List", 1))
        with pytest.raises(InputError, match="a document type or an entity, which is not read"):
            study.imported()
    else:
        text = (start + answers).replace("&", "&amp;").replace("<", "&lt;")
        study.put("a.xml", XML.format(worker="A1", answers=text))
        found = read_answers(study.files[0])
        assert not found.answers and "a document type or an entity" in found.left_out[0].reason


def test_entities_without_a_document_type_and_deep_nesting_are_refused(study):
    for text in (XML.format(worker="&evil;", answers=""), "<a>" * 60 + "</a>" * 60, "<a>", "<a></b>"):
        study.files = []
        study.put("a.xml", text)
        with pytest.raises(InputError):
            study.imported()


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b" \n ", "is empty"),
        ("latin.csv", "item,näme\n".encode("latin-1"), "not UTF-8"),
        ("nul.csv", b"a,b\n\0,1\n", "no text"),
        ("other.csv", b"a,b\n1,2\n", "neither a page's export"),
        ("short.csv", b"study,sheet,participant,item,phase,answer\n1,2\n", "line 2 has 2 cells"),
        ("twice.csv", b"item,item\n1,2\n", "twice"),
        ("quote.csv", b'item,b\n"1,2\n', "not a readable CSV"),
        ("columns.csv", b"WorkerId,AssignmentId\n1,2\n", "no column Answer."),
        ("broken.json", b"{", "not readable as JSON"),
        ("deep.json", b"[" * 100_000, "not readable as JSON"),
        ("nan.json", b'{"answers": [], "format": NaN}', "not readable as JSON"),
        ("other.json", b'{"a": 1}', "not an export"),
        ("future.json", b'{"answers": [], "format": 2}', "only 1 is known"),
        ("bare.xml", form([("x", "real")]).encode(), "says no worker"),
        ("none.xml", b"<a/>", "no Assignment"),
    ],
)
def test_files_that_cannot_be_read_are_named_in_one_line(study, name, content, part):
    path = study.put(name, content)
    with pytest.raises(InputError, match=re.escape(name)) as error:
        read_answers(path)
    assert part in str(error.value) and "\n" not in str(error.value) and ";" in str(error.value)


def test_large_files_are_refused_before_they_are_read(study, monkeypatch):
    path = study.put("a.json", study.answers())
    monkeypatch.setattr(importers, "MAX_BYTES", path.stat().st_size - 1)
    with pytest.raises(InputError, match="split the file"):
        read_answers(path)
    monkeypatch.setattr(importers, "MAX_BYTES", 10**6)
    study.put_csv("a.csv", study.answers())
    monkeypatch.setattr(tables, "MAX_ROWS", 3)
    with pytest.raises(InputError, match="more than 3 rows"):
        read_answers(study.files[-1])
    with pytest.raises(InputError, match=r"nowhere\.csv"):
        read_answers(study.folder / "nowhere.csv")


def test_unknown_and_damaged_answers_are_refused_with_a_line_each(study):
    export = study.answers()
    rows = export["answers"]
    other_sheet = study.answers(sheet=1)["answers"][0]["item"]
    for row, change in zip(
        rows,
        [{"item": "0" * 12}, {"sheet": "1" * 12}, {"item": other_sheet}, {"answer": "maybe"}, {"reaction_ms": "-5"}],
        strict=True,
    ):
        row.update(change)
    more = [{**study.answers()["answers"][0], **change} for change in (
        {"study": "f" * 16}, {"phase": "warm-up"}, {"exposure_ms": "NaN"}, {"answered_at": "yesterday"},
        {"item": study.key.practice[0], "phase": "practice"},
    )]  # fmt: skip
    export["answers"] = [*rows, *more, study.answers()["answers"][1]]
    study.put("a.json", export)
    found = dict(study.refused())
    reasons = [
        "unknown item", "unknown sheet '111111111111'", "does not stand in sheet",
        "the answer 'maybe' is neither real nor fake", "reaction_ms '-5' is not a number",
        "of another study, 'ffffffffffffffff'", "the phase 'warm-up'", "exposure_ms 'NaN' is not a number",
        "answered_at 'yesterday' is no ISO 8601 time", "practice",
    ]  # fmt: skip
    assert sorted(found) == list(range(1, 11))
    for line, reason in enumerate(reasons, 1):
        assert reason in found[line], line
    assert len(study.imported().votes) == 1


def test_a_second_answer_of_the_same_person_to_an_item_is_refused_and_the_first_by_time_counts(study):
    study.put("later.json", study.answers(said="fake", answered_at="2026-03-01T12:00:00Z"))
    study.put("sooner.json", study.answers(said="real", answered_at="2026-03-01T13:00:00+02:00"))
    study.put_csv("sooner.csv", study.answers(said="real", answered_at="2026-03-01T13:00:00+02:00"))
    imported = study.imported()
    counted = [vote for vote in imported.votes if study.key.items[vote.item].kind != "catch"]
    assert {vote.answer for vote in counted} == {"real"} and len(imported.votes) == 5
    assert sum(one.reason.startswith("a second answer") for one in imported.left_out) == 10
    study.files.reverse()
    assert set(study.imported().votes) == set(imported.votes)


def test_whoever_withdrew_or_did_not_consent_has_no_vote_in_any_file(study):
    study.put("a.csv", "")
    study.files = []
    study.put_csv("bea.csv", study.answers("bea"))
    study.put("bea.json", {**study.answers("bea", sheet=1), "withdrawn": True})
    study.put("cleo.json", {**study.answers("cleo"), "consent_at": None})
    study.put("anna.json", study.answers("anna"))
    imported = study.imported()
    assert {vote.worker for vote in imported.votes} == {blind(SECRET, {"platform": "page", "participant": "anna"})}
    reasons = [one.reason for one in imported.left_out]
    assert reasons.count("withdrawn by whoever gave it") == 10 and reasons.count("no consent is recorded") == 5


RULE_CASES = {
    "short-exposure": {"exposure_ms": 4499},
    "fast-answer": {"reaction_ms": 199},
    "too-many-plays": {"plays": 3},
}


@pytest.mark.parametrize("rule", RULE_CASES)
def test_a_vote_that_breaks_a_rule_is_left_out_by_name_and_one_at_its_edge_is_not(study, rule):
    export = study.answers()
    export["answers"][0].update(RULE_CASES[rule])
    edge = {"exposure_ms": 4500, "reaction_ms": 200, "plays": 2}
    export["answers"][1].update(edge)
    for name in edge:
        export["answers"][2][name] = None  # not recorded: breaks no rule
    study.put("a.json", export)
    votes = {vote.item: vote.excluded for vote in study.imported().votes}
    items = [row["item"] for row in export["answers"]]
    assert [votes[item] for item in items] == [rule, "", "", "", "catch-trial"]


def test_a_persons_second_sheet_and_failed_catch_trials_leave_votes_out(study):
    study.put("second.json", study.answers("anna", sheet=1))
    study.put("first.json", study.answers("anna", sheet=0))
    failing = study.answers("bea", sheet=1)
    failing["answers"][-1]["answer"] = "real"
    study.put("bea.json", failing)
    counts = study.imported().counts()
    assert counts["excluded"] == {"catch-trial": 3, "failed-catch": 4, "repeat-sheet": 4} and counts["counted"] == 4
    first = next(iter(study.key.sheets))
    assert {vote.sheet for vote in study.imported().votes if not vote.excluded} == {first}


def test_the_same_real_clip_in_a_second_sheet_is_a_repeat_where_several_sheets_are_allowed(
    tmp_path, make_key, key_folder
):
    key = make_key(clips=("desert", "river"), samples=2, catch_trials=0, sheets_per_worker=None)
    own = Study(tmp_path, key, key_folder(key))
    for sheet in (0, 1):
        own.put(f"{sheet}.json", own.answers(sheet=sheet))
    rules = {(vote.sheet, key.items[vote.item].kind): vote.excluded for vote in own.imported().votes}
    first, second = key.sheets
    assert rules == {(first, "fake"): "", (first, "real"): "", (second, "fake"): "", (second, "real"): "repeat-vote"}


def test_a_failed_catch_trial_may_be_allowed(tmp_path, make_key, key_folder):
    key = make_key(clips=("desert",), samples=1, catch_trials=2, max_failed_catch=1)
    own = Study(tmp_path, key, key_folder(key))
    export = own.answers()
    export["answers"][-1]["answer"] = "real"
    own.put("a.json", export)
    assert own.imported().counts()["excluded"] == {"catch-trial": 2}
    export["answers"][-2]["answer"] = "real"
    own.put("a.json", export)
    assert own.imported().counts()["excluded"] == {"catch-trial": 2, "failed-catch": 2}


def test_every_rule_is_described(study):
    assert tuple(describe(study.key.design)) == RULES
    assert "4.5 of 5 seconds" in describe(study.key.design)["short-exposure"]


def test_what_is_written_reads_back_and_holds_no_formula_and_no_name(study):
    export = study.answers("=SUM(A1)")
    export["answers"][0]["item"] = "=HYPERLINK(1)"
    export["answers"][1]["answer"] = "@cmd"
    study.put("+evil.json", export)
    out = study.folder / "out"
    imported = study.imported()
    write_imported(imported, out)
    for name in ("votes.csv", "left_out.csv"):
        text = (out / name).read_text()
        assert not [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell[:1] in tuple("=+-@\t")]
        assert "SUM" not in text
    assert (read_left_out(out / "left_out.csv")["file"] == "'+evil.json").all()
    votes = read_votes(out)
    assert len(votes) == len(imported.votes) == 3 and votes["exposure_ms"].eq(5000).all()
    counts = json.loads((out / "import.json").read_text())
    assert counts["answers"] == 5 and sum(counts["no_votes"].values()) == 2


def test_counts_that_do_not_add_up_are_a_bug_that_is_said(study):
    study.put("a.json", study.answers())
    imported = study.imported()
    with pytest.raises(RuntimeError, match="5 answers were found and 4 accounted for"):
        _add_up(dataclasses.replace(imported, votes=imported.votes[1:]))
    assert isinstance(imported, Imported)


def test_answers_to_an_earlier_build_take_its_own_key(study, make_key, key_folder):
    study.put("a.json", study.answers())
    newer = make_key(clips=("desert", "river"), samples=2, catch_trials=1, practice=1, seed=1)
    key_folder(newer)
    assert study.imported().study == study.key.study != newer.study
    (study.place / f"{study.key.study}.json").unlink()
    with pytest.raises(InputError, match="of another study"):
        study.imported()


def test_secrets_tell_workers_apart_and_the_command_says_what_it_did(study, capsys):
    study.put("a.json", study.answers())
    bad = study.answers("bea")
    bad["answers"][0]["answer"] = "x"
    study.put("b.json", bad)
    line = ["study", "import", str(study.place), *map(str, study.files), "--out", str(study.folder / "out")]
    assert cli.run(main, line) == 0
    said = capsys.readouterr()
    assert "10 answers: 7 votes count" in said.out and "2 left out by rule catch-trial" in said.out
    assert said.err.count("\n") == 1 and said.err.startswith("left out: b.json, line 1: item ")
    before = set(read_votes(study.folder / "out")["worker"])
    (study.place / "secret").write_text("ab" * 32)
    assert cli.run(main, line) == 0
    assert not before & set(read_votes(study.folder / "out")["worker"])
    (study.place / "secret").unlink()
    assert cli.run(main, line) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")


@pytest.mark.parametrize("format", ["json", "csv"])
def test_simulated_raters_come_back_through_the_command_line(tmp_path, make_key, key_folder, format):
    key = make_key(samples=2)
    place = key_folder(key)
    line = ["study", "simulate", str(place), "--workers", "6", "--out", str(tmp_path / "a"), "--format", format]
    assert cli.run(main, line) == 0
    files = sorted((tmp_path / "a").iterdir())
    assert len(files) == 6
    imported = import_files(place, files)
    assert imported.counts()["excluded"] == {"catch-trial": 12} and imported.counts()["counted"] == 6 * 18
    assert {vote.source for vote in imported.votes} == {"simulated"}
    assert cli.run(main, [*line[:4], "5", *line[5:]]) == 2


def test_simulated_raters_are_the_same_for_a_seed_and_others_for_another(make_key):
    key = make_key(samples=1)
    first = simulate(key, Raters(dprime=1), 3, seed=1)
    assert simulate(key, Raters(dprime=1), 3, seed=1) == first != simulate(key, Raters(dprime=1), 3, seed=2)


@given(st.text())
def test_cells_are_neutral_and_come_back(text):
    cell = neutral(text)
    assert cell[:1] not in tuple("=+-@\t\r\n")
    if not text.startswith("'"):
        assert plain(cell) == text


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Wed Mar 04 10:21:37 PST 2026", datetime(2026, 3, 4, 18, 21, 37, tzinfo=UTC)),
        ("Sat Jul 04 10:21:37 PDT 2026", datetime(2026, 7, 4, 17, 21, 37, tzinfo=UTC)),
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ("Wed Mar 44 10:21:37 PST 2026", None),
        ("soon", None),
    ],
)
def test_times_of_mturk(text, time):
    assert time_of(text) == time
