import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.clip import make_clip, save_clip
from datasets.errors import InputError
from evaluation.cells import read_cells, write_cells
from evaluation.claims import Claim
from evaluation.comparisons import compare
from evaluation.iteration_times import read_timing
from evaluation.losses import read_losses
from evaluation.plots import ablations as plots
from evaluation.plots.style import svg
from evaluation.report import ablation_tables as tables
from evaluation.report.ablation_page import build_ablation_report, headline
from evaluation.report.settings import Settings
from evaluation.report.sprites import FORMS, embed

FULL = "singan-gif"
VARIANTS = [FULL, "no-color-loss", "ablation:mine"]
CLAIMS = [
    Claim("Colour", "Colours stay.", "Colour distance.", "grey levels", 3.21, 1.2, 5.4, "26x31, 4 frames",
          ("desert", "sea"), (0, 1), "supported", "Above 0 on both."),
    Claim("Time", "It is faster.", "Seconds.", "", None, None, None, "", (), (), "inconclusive", "Not timed."),
]  # fmt: skip
TIMING = {
    **{
        "device": "cpu",
        "threads": 1,
        "precision": "bfloat16",
        "clock": "processor",
        "clip": "desert",
        "frames": 4,
        "size": [26, 31],
    },
    **{"rounds": 2, "scales": [{"size": [13, 16]}, {"size": [26, 31]}]},
    "variants": {
        name: {
            "iterations": [100, 200],
            "dimensions": [3, 2],
            "parameters": {"generator": [1000 + place, 2000], "critics": [3000, 4000]},
            "seconds": [[0.1 * (place + 1), 0.2 * (place + 1)], [0.2 * (place + 1), 0.4 * (place + 1)]],
        }
        for place, name in enumerate(VARIANTS)
    },
}


def frames(count=4, height=26, width=31, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


class Inputs:
    """Everything that a report is made from, in a folder."""

    def __init__(self, folder, clips=("desert", "sea"), samples=2, seeds=(0,), source=None):
        self.folder, self.clips, self.samples = folder, {}, {}
        self.losses, self.configs, self.timings, metrics = {}, {}, {}, []
        for place, name in enumerate(clips):
            clip = make_clip(
                frames(seed=place), [80, 200, 80, 0], **(source or {"kind": "published", "credit": "A. A."})
            )
            self.clips[name] = folder / "clips" / f"{place}.npz"
            save_clip(self.clips[name], clip)
            for index, method in enumerate(VARIANTS):
                for seed in seeds:
                    run, base = (name, method, seed), folder / str(index) / str(place) / str(seed)
                    self.samples[run] = [base / f"{number}.npz" for number in range(samples)]
                    for number, path in enumerate(self.samples[run]):
                        save_clip(path, make_clip(frames(seed=100 + 10 * index + number), 80, kind="generated"))
                    self.timings[run] = base / "timings.json"
                    self.timings[run].write_text('{"seconds": 90.0, "peak_memory_mb": 321.0}')
                    self.losses[run], self.configs[run] = base / "losses.jsonl", base / "config.json"
                    log = [
                        {"scale": scale, "iteration": i, "critic_image": -i, "reconstruction": 1.0 / i}
                        for scale in (0, 1) for i in (1, 2, 3)
                    ]  # fmt: skip
                    self.losses[run].write_text("\n".join(map(json.dumps, log)))
                    config = {"config": {"losses": {"colour": 0.0 if index == 1 else 2.0}}, "seed": seed}
                    self.configs[run].write_text(json.dumps({**config, "method": method, "config_sha256": method}))
                    metrics.append(base / "metrics.json")
                    metrics[-1].write_text(
                        json.dumps(self.record(name, clip, method, seed, samples, 10.0 * (index + 1)))
                    )
        write_cells(metrics, folder / "cells.csv")
        self.cells = read_cells(folder / "cells.csv")

    @staticmethod
    def record(name, clip, method, seed, samples, value):
        return {
            **{"clip": name, "clip_sha256": clip.sha256, "clip_source": dict(clip.source), "method": method},
            **{"kind": "method", "protocol": "quick", "encoder": "inception-fid", "layer": "pre-pool2", "seed": seed},
            **{"frames": 4, "height": 26, "width": 31, "config_sha256": None},
            **{"locations_real": 1500, "locations_fake": 1500},
            "samples": [{"sample": i, "sgfid": value + i, "colour_distance": 30 - value} for i in range(samples)],
            "set": {"diversity": 0.25},
        }

    def build(self, name="ablations.html", **changes):
        arguments = {
            **{"title": "Ablations", "protocol": "quick", "variants": VARIANTS, "cells": self.cells},
            "comparisons": compare(self.cells, protocol="quick", reference=FULL, order=VARIANTS, bootstrap=50),
            **{"claims": CLAIMS, "clips": self.clips, "samples": self.samples, "losses": self.losses},
            **{"configs": self.configs, "timings": self.timings, "timing": TIMING},
            **{"versions": {"commit": "abc123"}, "notes": ["A note."]},
            **changes,
        }
        build_ablation_report(self.folder / name, **arguments)
        return (self.folder / name).read_text(encoding="utf-8")


class Page(HTMLParser):
    """Tags with their attributes, text outside style and script, and what styles and scripts hold, in a list each."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.inside, self.code = [], "", None, {"style": [], "script": []}
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag if tag in self.code else None
        if self.inside:
            self.code[tag].append("")

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, data):
        if self.inside:
            self.code[self.inside][-1] += data
        else:
            self.text += data

    def of(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]

    @property
    def words(self):
        return " ".join(self.text.split())


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Inputs that no test changes, and the page that is made from them."""
    inputs = Inputs(tmp_path_factory.mktemp("report"))
    return inputs, inputs.build()


# the page


def test_the_page_tells_the_whole_story(shared):
    words = Page(shared[1]).words
    first = "Against singan-gif on 2 clips, SGFID is higher for ablation:mine (by 20.0) and no-color-loss (by 10.0). "
    first += "Of 2 claims of the paper, 1 is supported, 0 are contradicted and 1 is inconclusive."
    assert first in words
    assert words.index(first) < words.index("Claims of the paper, and what was found")
    for part in (
        *("A note.", "A. A.", "commit abc123", "Colours stay.", "Colour distance.", "3.21 grey levels", "1.20 to 5.40"),
        *("26x31, 4 frames", "desert and sea", "0 and 1", "Above 0 on both.", "Not timed."),
        *("losses.colour is 0, not 2", "nothing that its settings show", "config.losses.colour 2 0 2"),
        *("SGFID ↓ 10.5 +10.0 worse", "-10.0 better", "31\u00d726 px", "SGFID 11.0", "All samples of every variant"),
        *(
            "0.150 (3D) 0.300 (2D) 1.2 min",
            "2.00 2.00 to 2.00",
            "1,001 2,000 3,001",
            "2 rounds, in processor time on cpu with 1 thread",
        ),
    ):
        assert part in words, part


def test_variants_stand_side_by_side_by_seed_and_number(tmp_path):
    inputs = Inputs(tmp_path, clips=["desert"], seeds=(0, 1))
    labels = [one.get("aria-label") for one in Page(inputs.build()).of("canvas")]
    rows = [f"desert, {method}, sample {number}, seed {seed}"
            for number in (0, 1) for seed in (0, 1) for method in VARIANTS]  # fmt: skip
    assert labels == ["desert, the real clip", *rows, None]  # the last is named by its script


def test_a_missing_sample_shifts_no_other(tmp_path):
    inputs = Inputs(tmp_path, clips=["desert"], samples=5)
    del inputs.samples["desert", VARIANTS[1], 0][1]
    page = Page(inputs.build())
    keys = [one["data-key"] for one in page.of("canvas") if "data-key" in one]
    wanted = [f"{place} {number}" for number in range(5) for place in range(3) if (place, number) != (1, 1)]
    assert keys == ["real", *wanted]
    labels = {one["data-key"]: one["aria-label"] for one in page.of("canvas") if "data-key" in one}
    assert labels["1 2"] == "desert, no-color-loss, sample 2"
    assert "2 more samples of desert" in page.words


def test_the_comparer_offers_the_clip_and_every_variant(shared):
    html = shared[1]
    menus = re.findall(r'<select data-act="(\w+)">(.*?)</select>', html, re.DOTALL)
    assert [name for name, _ in menus] == ["left", "right", "take", "view", "zoom"] * 2
    options = {name: re.findall(r'<option value="([^"]*)"( selected)?>', own) for name, own in menus}
    assert options["left"] == [("real", " selected"), ("0", ""), ("1", ""), ("2", "")]
    assert options["right"] == [("real", ""), ("0", " selected"), ("1", ""), ("2", "")]
    assert [value for value, _ in options["take"]] == ["0", "1"]


def test_the_page_loads_nothing_and_allows_only_its_own_scripts_and_styles(shared):
    html = shared[1]
    page = Page(html)
    for name in ("src", "href", "data-sheet"):
        for _, attributes in page.tags:
            assert attributes.get(name, "#").startswith(("data:", "#")), attributes.get(name)[:80]
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|eval\(|innerHTML", html)
    policy = next(one["content"] for one in page.of("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        assert len(page.code[tag]) == 2
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in page.code[tag]]
        assert f"{rule} {' '.join(f'{chr(39)}sha256-{one}{chr(39)}' for one in digests)};" in policy
    assert not [one for _, one in page.tags for name in one if name == "style" or name.startswith("on")]


def test_names_from_outside_are_text(tmp_path):
    clip, note = "<script>alert(1)</script>", "<img src=x onerror=alert(2)>"
    source = {"kind": "file", "credit": "<b onclick='alert(3)'>"}
    claim = Claim(*("<i>name",) * 4, 1.0, 0.5, 2.0, "<i>size", ("<i>clip",), (0,), "contradicted", "<i>reason")
    inputs = Inputs(tmp_path, clips=[clip, 'a" onload="alert(4)'], source=source)
    page = Page(inputs.build(title="<i>T", notes=[note], claims=[claim], versions={"<i>": "<i>"}))
    assert len(page.of("script")) == 2
    assert not [one for tag, one in page.tags if tag == "i" or one.get("src") == "x"]
    assert not [name for _, one in page.tags for name in one if name.startswith("on")]
    for text in (clip, note, source["credit"], 'a" onload="alert(4)', "<i>size", "<i>reason"):
        assert text in page.text
    assert page.of("section")[2]["data-name"] == clip


def test_everything_can_be_used_without_eyes_or_mouse(shared):
    page = Page(shared[1])
    assert page.of("html")[0]["lang"] == "en"
    canvases = page.of("canvas")
    assert len(canvases) == 2 * (1 + 2 * 3 + 1)
    assert all(one["role"] == "img" for one in canvases)
    assert all(one["aria-label"] for one in canvases if "data-sheet" in one)
    assert all(one["alt"] for one in page.of("img"))
    assert len(page.of("img")) == 2 * (1 + 2) + 2  # a clip: colours and losses in two parts; then time
    assert all("aria-label" in one for one in page.of("input"))
    anchors = {one["id"] for _, one in page.tags if "id" in one}
    assert {one["href"].lstrip("#") for one in page.of("a")} <= anchors
    assert len(page.of("h1")) == 1


def test_equal_inputs_give_equal_bytes(shared):
    inputs, html = shared
    backwards = {
        name: dict(reversed(getattr(inputs, name).items())) for name in ("samples", "losses", "configs", "timings")
    }
    assert inputs.build("again.html") == html
    assert inputs.build("backwards.html", **backwards) == html


def test_a_small_budget_shows_fewer_samples_and_says_so(shared):
    inputs, html = shared
    tiny = inputs.build("tiny.html", page_bytes=1)
    assert "The first 1 sample of 2 of every variant are shown" in Page(tiny).words
    assert len(re.findall("data-sheet=", tiny)) == 2 * (1 + 3)
    assert len(tiny) < len(html)
    budget = 1_000_000
    assert len(inputs.build("budget.html", page_bytes=budget)) <= budget


def test_a_page_without_trainings_or_timing_works(shared):
    inputs, _ = shared
    page = Page(
        inputs.build("bare.html", samples={}, losses={}, configs={}, timings={}, timing=None, claims=[], versions={})
    )
    assert [one["aria-label"] for one in page.of("canvas")] == ["desert, the real clip", "sea, the real clip"]
    assert "There are no samples" in page.words
    assert "No claim was put to the test." in page.words
    assert not page.of("img")
    half = Page(inputs.build("half.html", timing=None, losses={}))
    assert "The variants were not timed against each other." in half.words
    assert len(half.of("img")) == 2 + 1


def test_a_timing_file_without_the_variants_is_none(shared):
    page = Page(shared[0].build("other.html", timing={**TIMING, "variants": {"other": TIMING["variants"][FULL]}}))
    assert "The variants were not timed against each other." in page.words


@pytest.mark.parametrize(
    "change",
    [
        {"scales": [{"size": [13, 16]}]},
        {"scales": None},
        {"size": [1]},
        {"variants": {FULL: {**TIMING["variants"][FULL], "seconds": [[1.0], [1.0, 2.0]]}}},
        {"variants": {FULL: {**TIMING["variants"][FULL], "seconds": []}}},
        {"variants": {FULL: {**TIMING["variants"][FULL], "seconds": [[-1.0, 2.0]]}}},
        {"variants": {FULL: {**TIMING["variants"][FULL], "seconds": [[float("nan"), 2.0]]}}},
        {"variants": {FULL: {"iterations": [1, 2]}}},
        {"variants": None},
    ],
)
def test_a_damaged_timing_file_is_one_line(change):
    with pytest.raises(InputError, match=r"^the timing file of the ablations is not one; .* again$"):
        read_timing({**TIMING, **change})


def test_a_damaged_sample_is_named_and_no_page_is_left(tmp_path):
    inputs = Inputs(tmp_path, clips=["desert"])
    path = inputs.samples["desert", FULL, 0][0]
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match=re.escape(str(path))):
        inputs.build()
    assert not (tmp_path / "ablations.html").exists()


# its parts


def rows(values):
    """Comparisons in SGFID from {method: (difference, low, high)}."""
    columns = ("difference", "low", "high")
    found = [{"method": name, "reference": FULL, "metric": "sgfid", **dict(zip(columns, one, strict=True))}
             for name, one in values.items()]  # fmt: skip
    return pd.DataFrame(found, columns=["method", "reference", "metric", *columns])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"a": (2.0, 1, 3), "b": (-2.0, -3, -1), "c": (0.1, -1, 1)}, "SGFID is higher for a (by 2.00); lower for b "
         "(by 2.00); not told apart from it for c. No claim"),
        ({"a": (0.1, -1, 1), "b": (0.0, 0, 0)}, "On 2 clips, SGFID cannot tell a and b from singan-gif. No claim"),
        ({"a": (0.1, np.nan, np.nan)}, "SGFID cannot tell a from singan-gif. No claim"),
        ({"a": (np.nan, np.nan, np.nan)}, "3 ablations of singan-gif on 2 clips. No claim"),
        ({}, "3 ablations of singan-gif on 2 clips. No claim"),
    ],
)  # fmt: skip
def test_the_headline_claims_no_difference_whose_interval_holds_0(values, says):
    assert says in headline(rows(values), [], FULL, ["a", "b", "c"], 2)


def test_ratios_of_time_are_taken_within_rounds():
    own = {**TIMING["variants"][FULL], "iterations": [1, 1]}
    seconds = {FULL: [[1.0, 1.0], [10.0, 10.0]], "slow": [[2.0, 2.0], [30.0, 30.0]]}
    variants = {name: {**own, "seconds": rounds} for name, rounds in seconds.items()}
    table = tables.seconds_table(read_timing({**TIMING, "variants": variants}), [FULL, "slow"], FULL)
    assert table.groups[0].rows[0][-2:] == ["\u2013", "\u2013"]
    assert table.groups[0].rows[1][-2:] == ["2.50", "2.00 to 3.00"]  # not 32 / 11


def test_parameters_add_up():
    table = tables.parameters_table(read_timing(TIMING), VARIANTS)
    for group in table.groups:
        for row in group.rows:
            numbers = [int(value.replace(",", "")) for value in row[1:]]
            assert sum(numbers[:-1]) == numbers[-1]


def test_what_differs_between_clips_only_is_no_change_of_an_ablation():
    differing = [
        ("method", ["f", "a"]),
        ("size", ["1 (x); 2 (y)"] * 2),
        ("config.l", ["1", "0"]),
        ("sha256", ["p", "q"]),
    ]
    found = Settings(["f", "a"], differing, [])
    assert tables.changes(found, "f") == [("a", ["l is 0, not 1"])]
    assert tables.by_clip(found) == [("size", "1 (x); 2 (y)")]
    assert [row[0] for row in tables.settings_table(found).groups[0].rows] == ["method", "config.l", "sha256"]
    assert tables.changes(found, "other") == []


@pytest.mark.parametrize(
    ("direction", "words"),
    [
        ("lower", ("worse", "better")),
        ("higher", ("better", "worse")),
        ("one", ("worse", "better")),
        ("none", ("more", "less")),
    ],
)
def test_words_of_differences_follow_the_direction(direction, words):
    row = {"difference": 1.0, "low": 0.5, "high": 2.0}
    above = tables._difference(pd.Series(row), direction)
    below = tables._difference(pd.Series({"difference": -1.0, "low": -2.0, "high": -0.5}), direction)
    unclear = tables._difference(pd.Series({**row, "low": -0.5}), direction)
    assert (above.word, below.word, unclear.word) == (*words, "unclear")
    assert (above.value, below.value) == ("+1.00", "-1.00")


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 5), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**16))
def test_colour_shares_are_histograms(count, height, width, seed):
    clip = frames(count, height, width, seed)
    shares = plots.colour_shares(clip)
    expected = [np.histogram(clip[..., c], bins=np.arange(0, 257, 8))[0] / clip[..., c].size for c in range(3)]
    np.testing.assert_allclose(shares, expected)


def test_thinned_curves_keep_their_mean_and_part_the_scales(tmp_path):
    path = tmp_path / "losses.jsonl"
    log = [{"scale": s, "iteration": i + 1, "video": float(i + s)} for s in (0, 1) for i in range(900)]
    path.write_text("\n".join(map(json.dumps, log)))
    x, y = plots._thinned(read_losses(path), "video", 1)
    assert np.isnan(y).sum() == 2
    assert len(x) == 90 + 2
    np.testing.assert_allclose(np.nanmean(y[:46]), 449.5)
    assert ((x[:46] >= 0) & (x[:46] <= 1)).all()
    assert ((x[46:] >= 1) & (x[46:] <= 2)).all()


def test_loss_figures_are_small_and_leave_out_what_is_not_there(tmp_path):
    path = tmp_path / "losses.jsonl"
    log = [{"scale": s, "iteration": i + 1, "video": i * 0.1, "reconstruction": 1 / (i + 1)}
           for s in range(4) for i in range(500)]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, log)))
    whole = read_losses(path)
    part = whole.drop(columns="video").assign(reconstruction=np.nan)
    logs = {name: [whole] for name in "abcde"} | {"f": [part]}
    drawn = svg(plots.variant_losses(logs, ["video", "reconstruction"], list("abcdef")))
    assert len(drawn) < 150_000
    figure = plots.variant_losses(logs, ["video", "reconstruction"], list("abcdef"))
    assert [len(ax.lines) for ax in figure.axes] == [5 + 3, 5 + 3]  # curves, and lines between four scales


def test_no_two_variants_look_alike():
    looks = [plots._line(index, 90, 1) for index in range(8)]
    assert len({one["color"] for one in looks}) == 8
    assert len({(one["ls"], one["marker"]) for one in looks}) == 8
    assert len({plots._bar(index)["hatch"] for index in range(8)}) == 8


def test_embedding_keeps_places_of_samples_that_are_not_there(tmp_path):
    paths = [tmp_path / f"{index}.npz" for index in range(4)]
    for index, path in enumerate(paths):
        save_clip(path, make_clip(frames(seed=index)))
    found = embed([], [[paths[0], None, paths[1]], [None, paths[2], paths[3]]], 10_000_000)
    assert (found.most, found.form, set(found.sheets)) == (3, FORMS[0], set(paths))


def test_cells_of_another_protocol_are_one_line(shared):
    with pytest.raises(InputError, match=r"^protocol 'other'"):
        shared[0].build("other-protocol.html", protocol="other", comparisons=rows({}))
