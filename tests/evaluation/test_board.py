"""Everything that is made of the cells of several methods: the files, and the page that shows them."""

import base64
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from datasets.errors import InputError
from evaluation.board import write_board
from evaluation.cells import read_cells, write_cells
from evaluation.comparisons import compare
from evaluation.leaderboard import PEOPLE, leaderboard
from evaluation.metrics import METRICS
from evaluation.metrics.metric import GROUPS
from evaluation.records import FLOOR, read_record
from evaluation.report.leaderboard_page import headline

EVIL = "external:<script>alert(1)</script>\"'&"
KINDS = {"copy": "control", "noise": "control", FLOOR: "control"}


def record(clip, method, base, samples=3, protocol="quick", **changes):
    """A metric file whose every value is near `base`; diversity and ratios turn the order of the others round."""
    kind = KINDS.get(method, "peer" if method.startswith("external:") else "method")
    shift = len(clip) / 10

    def value(name, number):
        metric = METRICS[name]
        far = base + shift + number / 7
        return {"lower": far, "higher": far, "one": 1 + far, "none": far}[metric.direction]

    rows = [
        {"sample": n, **{name: value(name, n) for name, metric in METRICS.items() if metric.of == "sample"}}
        for n in range(samples)
    ]
    return {
        **{"clip": clip, "clip_sha256": f"sha of {clip}", "clip_source": {"kind": "published"}, "method": method},
        **{"kind": kind, "seed": 0, "protocol": protocol, "encoder": "inception-fid", "layer": "pre-pool2"},
        **{"frames": 8, "height": 84, "width": 149, "locations_real": 2000, "locations_fake": 2000},
        **{"config_sha256": None, "samples": rows, "set": {"diversity": value("diversity", 0)}},
        **changes,
    }


BASES = {"singan-gif": 3.0, "singan-frames": 5.0, EVIL: 1.0, "copy": 0.0, FLOOR: 0.5}
RATIOS = [name for name, metric in METRICS.items() if metric.direction == "one"]


class Board:
    """The cells of some methods in a folder, and what is made of them."""

    def __init__(self, folder, bases=BASES, clips=("desert", "river"), records=(), **options):
        self.folder, files = folder, []
        given = records or [record(clip, method, base) for method, base in bases.items() for clip in clips]
        for number, each in enumerate(given):
            files.append(folder / "metrics" / f"{number}.json")
            files[-1].parent.mkdir(parents=True, exist_ok=True)
            files[-1].write_text(json.dumps(each))
        write_cells(files, folder / "cells.csv")
        self.cells = read_cells(folder / "cells.csv")
        self.records = [read_record(file) for file in files]
        self.out = folder / "leaderboard.csv"
        self.order = list(dict.fromkeys(each["method"] for each in given))
        options = {"protocol": "quick", "order": self.order, "records": self.records, **options}
        write_board(self.cells, self.out, **options)

    @property
    def html(self):
        return self.out.with_suffix(".html").read_text(encoding="utf-8")

    @property
    def page(self):
        return Page(self.html)


class Page(HTMLParser):
    """Tags with their attributes, and the text of the body; script and style apart."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.code, self.inside = [], "", {}, None
        self.feed(html)
        self.words = " ".join(self.text.split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag if tag in ("script", "style") else None

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.code[self.inside] = self.code.get(self.inside, "") + data
        else:
            self.text += data


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    minutes = {("desert", "singan-gif", 0): 12.0, ("river", "singan-gif", 0): 18.0}
    return Board(tmp_path_factory.mktemp("board"), minutes=minutes)


def test_all_files_are_written(board):
    names = {str(path.relative_to(board.folder)) for path in board.folder.rglob("*") if path.is_file()}
    expected = {"leaderboard.csv", "leaderboard.md", "leaderboard.html", "comparisons.csv", "comparisons.md"}
    figures = {
        f"figures/{n}{s}" for n in ("ranks", "pareto", "dots", "training_time") for s in (".svg", ".png", ".csv")
    }
    assert expected | figures <= names
    rest = names - expected - figures - {"cells.csv", "cells.csv.sha256"}
    assert all(name.startswith("metrics/") for name in rest)


def test_the_tables_are_those_of_their_own_modules(board):
    own = leaderboard(board.cells, protocol="quick", order=board.order)
    written = pd.read_csv(board.out, keep_default_na=False, na_values=[""])
    assert written["method"].tolist() == own["method"].tolist()
    np.testing.assert_array_equal(written["sgfid_mean"], own["sgfid_mean"])
    rivals = board.cells[board.cells["kind"].isin(("method", "peer"))]
    compared = compare(rivals, protocol="quick", reference="singan-frames", order=board.order)
    again = pd.read_csv(board.folder / "comparisons.csv")
    assert again["reference"].unique().tolist() == ["singan-frames"]
    np.testing.assert_array_equal(again["difference"], compared["difference"])


def test_the_same_cells_give_the_same_bytes(board, tmp_path):
    again = Board(tmp_path, minutes={("desert", "singan-gif", 0): 12.0, ("river", "singan-gif", 0): 18.0})
    for path in board.folder.rglob("*"):
        if path.is_file() and path.suffix != ".png":
            assert path.read_bytes() == (again.folder / path.relative_to(board.folder)).read_bytes(), path


@pytest.mark.parametrize(
    ("names", "given", "expected"),
    [
        (["a", "singan-frames", "external:SinGAN-GIF-authors"], None, "singan-frames"),
        (["a", "external:SinGAN-GIF-authors"], None, "external:SinGAN-GIF-authors"),
        (["b", "a"], None, "b"),
        (["b", "a", "singan-frames"], "a", "a"),
    ],
)
def test_what_all_are_compared_with(tmp_path, monkeypatch, names, given, expected):
    monkeypatch.setattr("evaluation.board.write", lambda *_: None)  # figures take most of the time
    own = Board(tmp_path, {name: 1.0 + i for i, name in enumerate(names)}, clips=["desert"], reference=given)
    references = pd.read_csv(own.folder / "comparisons.csv")["reference"]
    assert set(references) == {expected}


# ---- the page


def test_every_metric_is_in_the_page_with_what_it_cannot_see(board):
    words = board.page.words
    for metric in METRICS.values():
        assert metric.title in words
        assert f"It cannot see {metric.blind_to}." in words
    for group, question in GROUPS.items():
        assert f"{group.capitalize()}: {question}?" in words
    labels = [one["data-label"] for tag, one in board.page.tags if tag == "td" and "data-label" in one]
    assert all(any(metric.title in label for label in labels) for metric in METRICS.values())


def test_every_method_has_its_row_in_the_table_of_every_group(board):
    rows = [tag for tag, one in board.page.tags if tag == "th" and one.get("scope") == "row"]
    # Ranks: methods and peers. A table a group: all of them, control and floor too. Differences: two rivals a metric.
    sampled = len([metric for metric in METRICS.values() if metric.direction != "none"])
    assert len(rows) >= 3 + len(GROUPS) * len(BASES) + 2 * sampled
    for method in ("singan-gif", "singan-frames", EVIL, "copy", FLOOR):
        assert board.page.words.count(method) >= len(GROUPS)


def test_a_hostile_name_is_text(board):
    page = board.page
    assert EVIL in page.text
    assert "<script>alert" not in board.html
    assert all(one == {} for tag, one in page.tags if tag == "script")
    assert "alert(1)" not in page.code["script"] + page.code["style"]
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
    for path in (board.folder / "figures").glob("*.svg"):
        assert "<script" not in path.read_text()
    markdown = board.out.with_suffix(".md").read_text()
    assert "<script>" not in markdown


def test_nothing_is_loaded_from_anywhere(board):
    page = board.page
    for tag, attributes in page.tags:
        for name in ("src", "href", "srcset", "data", "poster", "action"):
            if attributes.get(name):
                assert attributes[name].startswith(("data:", "#")), (tag, attributes)
    assert not re.search(r"url\((?!['\"]?(data:|#))|@import|fetch\(|XMLHttp|import\(", "".join(page.code.values()))
    (policy,) = [one["content"] for tag, one in page.tags if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data:;")
    pictures = [one for tag, one in page.tags if tag == "img"]
    assert len(pictures) == 4 and all(one["alt"] for one in pictures)
    for one in pictures:
        svg = base64.b64decode(one["src"].partition(",")[2]).decode()
        assert svg.lstrip().startswith("<?xml") or svg.lstrip().startswith("<svg")
        assert not re.search(r"(href|src)=\"https?:", svg)


def test_anchors_lead_somewhere_and_are_there_once(board):
    found = [one["id"] for _, one in board.page.tags if "id" in one]
    assert len(found) == len(set(found))
    links = {one["href"][1:] for tag, one in board.page.tags if tag == "a" and one["href"].startswith("#")}
    assert links <= set(found)


def rates(**by_method):
    """Rates of a study, {method: (by vote, by majority)}, as they are read."""
    rows = [
        row
        for method, (vote, majority) in by_method.items()
        for row in (
            (method, "", "judged_real_vote", vote, vote - 0.1, vote + 0.1, 270.0),
            (method, "desert", "judged_real_vote", 0.99, 0.9, 1.0, 30.0),
            (method, "", "judged_real_majority", majority, majority - 0.1, majority + 0.1, 90.0),
        )
    ]
    return pd.DataFrame(rows, columns=["method", "clip", "measure", "value", "low", "high", "n"])


def test_a_study_of_people_stands_beside_the_metrics_and_ranks_nobody(board, tmp_path, monkeypatch):
    monkeypatch.setattr("evaluation.board.write", lambda *_: None)  # figures take most of the time
    study = rates(**{"singan-gif": (0.45, 0.489), EVIL: (0.2, 0.1), "never scored": (0.5, 0.5), "real": (0.7, 0.8)})
    joined = Board(tmp_path, study=study)
    alone, with_people = (pd.read_csv(one.out, keep_default_na=False, na_values=[""]) for one in (board, joined))
    pd.testing.assert_frame_equal(with_people[alone.columns], alone)
    new = with_people.set_index("method")[[name for name in with_people if name not in alone]]
    assert list(new) == list(PEOPLE)
    assert new.loc["singan-gif"].tolist() == [0.45, 0.35, 0.55, 270, 0.489]
    assert new.loc[["singan-frames", "copy", FLOOR]].isna().all(axis=None) and "real" not in new.index
    markdown = " ".join(joined.out.with_suffix(".md").read_text().split())
    assert "| singan-gif | 45.0% (35.0% to 55.0%) | 48.9% | 270 |" in markdown
    assert "singan-gif 45.0% (35.0% to 55.0%) 48.9% 270" in joined.page.words
    assert "<script>alert" not in joined.html + joined.out.with_suffix(".md").read_text()
    for one in (board.html, board.out.with_suffix(".md").read_text(), board.out.read_text()):
        assert "udged real" not in one and "judged_real" not in one


def ranked_frame(**ranks):
    """A leaderboard of ranks alone: {method: {metric: rank}}."""
    rows = [
        {"method": method, "ranked": True, "sgfid_mean": 1.25, "rank_overall": np.mean(list(own.values()))}
        | {f"{name}_rank": rank for name, rank in own.items()}
        for method, own in ranks.items()
    ]
    return pd.DataFrame(rows)


def test_the_headline_names_who_is_first_on_what():
    frame = ranked_frame(a={"sgfid": 1, "kid": 2, "diversity": 1}, b={"sgfid": 2, "kid": 1, "diversity": 2})
    assert headline(frame) == (
        "a leads on SGFID with 1.25. Leaders of 3 ranked metrics, a on 2 and b on 1; by mean rank a is first."
    )
    nobody = ranked_frame(a={"sgfid": np.nan}).assign(ranked=False)
    assert headline(nobody).startswith("No method was scored on all clips")


def test_the_headline_gives_a_shared_rank_to_nobody_alone():
    shared = ranked_frame(a={"sgfid": 1.5, "kid": 1.5}, b={"sgfid": 1.5, "kid": 1.5}, c={"sgfid": 3, "kid": 3})
    assert headline(shared) == (
        "a and b lead on SGFID with 1.25. "
        "Leaders of 2 ranked metrics, a on 2 and b on 2; by mean rank a and b are first."
    )


def test_the_headline_of_the_page_is_that_of_the_board(board):
    said = headline(leaderboard(board.cells, protocol="quick", order=board.order))
    assert said in board.page.words
    assert f"{EVIL} leads on SGFID" in said  # nearest to everything; diversity is largest for the worst
    higher = sum(metric.direction == "higher" for metric in METRICS.values())
    assert f"singan-frames on {higher}" in said


def test_what_was_left_out_is_said_on_top_and_what_was_changed_below(tmp_path):
    left = record(
        "desert", "external:mine", 1.0, left_out=["a/<b>.gif: is no video; convert it"], notes=["2.gif: first 8"]
    )
    own = Board(tmp_path, records=[left, record("desert", "singan-frames", 2.0)])
    words = own.page.words
    said = words.index("Left out (external:mine, desert). 1 file: a/<b>.gif: is no video; convert it.")
    assert said < words.index("Ranks")
    assert "Changed before scoring (external:mine, desert) first 8 (2.gif)." in words
    assert "<b>" not in own.html


def test_a_metric_without_a_value_is_a_dash(tmp_path):
    gone = record("desert", "a", 1.0)
    for row in gone["samples"]:
        row["motion_energy"] = None
    own = Board(tmp_path, records=[gone, record("desert", "b", 2.0)])
    assert "no Motion energy" in own.page.words and "nan" not in own.page.words.lower().split()


@pytest.mark.parametrize(
    "records",
    [
        [record("desert", "copy", 0.0), record("desert", FLOOR, 1.0)],
        [record("desert", "external:a", 1.0), record("river", "external:b", 1.0)],
        [record("desert", "external:a", 1.0, samples=1)],
        [record("desert", "external:a", 0.0)],
    ],
    ids=["only controls", "nobody has all clips", "one sample of one method", "only zeros"],
)
def test_few_methods_have_a_page_too(tmp_path, records):
    own = Board(tmp_path, records=records)
    words = own.page.words
    for each in records:
        assert each["method"] in words
    assert "SGFID" in words and "nan" not in words.lower().split()


def test_cells_of_other_versions_of_a_clip_are_refused(board, tmp_path):
    mixed = board.cells.assign(clip_sha256=[f"{i % 2}" for i in range(len(board.cells))])
    with pytest.raises(InputError, match="different versions"):
        write_board(mixed, tmp_path / "x.csv", protocol="quick")
