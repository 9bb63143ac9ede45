import base64
import hashlib
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from datasets.clip import make_clip, save_clip
from datasets.errors import InputError
from evaluation.cells import read_cells, write_cells
from evaluation.facts import ClipFacts
from evaluation.report import sprites
from evaluation.report.headline import headline
from evaluation.report.page import build_page
from evaluation.report.settings import compare_settings
from evaluation.report.sprites import FORMS, Form, embed, make_sheet, samples_that_fit
from evaluation.tables import table1, write_table1

ROOT = Path(__file__).resolve().parents[2]
ORDER = ["singan-gif", "singan-frames", "copy"]
LOSSLESS = FORMS[0]


def cut(sheet):
    """The frames uint8 [T, H, W, 3] of a sprite sheet, found as player.js finds them."""
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(sheet.uri.partition(",")[2]))).convert("RGB"))
    found = []
    for index in range(sheet.frames):
        left = index % sheet.columns * sheet.cell_width + sheet.inset
        top = index // sheet.columns * sheet.cell_height + sheet.inset
        found.append(image[top : top + sheet.height, left : left + sheet.width])
    return np.stack(found)


def frames(count=4, height=26, width=31, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


class Inputs:
    """Everything that a page is made from, in a folder."""

    def __init__(self, folder, clips=("desert",), samples=2, source=None, encoder="inception-fid"):
        self.folder, self.clips, self.samples = folder, {}, {}
        self.losses, self.configs, self.timings, metrics = {}, {}, {}, []
        for place, name in enumerate(clips):
            clip = make_clip(
                frames(seed=place), [80, 200, 80, 0], **(source or {"kind": "published", "credit": "A. Author"})
            )
            self.clips[name] = folder / "clips" / f"{place}.npz"
            save_clip(self.clips[name], clip)
            for method in ORDER:
                run = (name, method, 0)
                base = folder / method / str(place)
                self.samples[run] = [base / f"{index}.npz" for index in range(samples)]
                for index, path in enumerate(self.samples[run]):
                    save_clip(path, make_clip(frames(seed=100 + index), 80, kind="generated"))
                if method != "copy":
                    self.timings[run] = base / "timings.json"
                    self.timings[run].write_text('{"seconds": 90.0, "peak_memory_mb": 321.0}')
                    self.losses[run], self.configs[run] = base / "losses.jsonl", base / "config.json"
                    log = [{"scale": 0, "iteration": i, "reconstruction": 1.0 / i} for i in (1, 2, 3)]
                    self.losses[run].write_text("\n".join(map(json.dumps, log)))
                    config = {"losses": {"video": 5.0 if method == "singan-gif" else 0.0, "penalty": 0.1}}
                    self.configs[run].write_text(json.dumps(config))
                metrics.append(base / "metrics.json")
                metrics[-1].write_text(json.dumps(self.record(name, clip, method, encoder)))
        write_cells(metrics, folder / "cells.csv")
        table = table1(read_cells(folder / "cells.csv"), protocol="quick", published={"singan-gif": 0.37}, order=ORDER)
        write_table1(table, folder / "table1.csv")

    def record(self, name, clip, method, encoder):
        value = {"singan-gif": 10.0, "singan-frames": 20.0, "copy": 0.0}[method]
        count = len(self.samples[name, method, 0])
        return {
            **{"clip": name, "clip_sha256": clip.sha256, "clip_source": dict(clip.source), "method": method, "seed": 0},
            **{"kind": "control" if method == "copy" else "method", "protocol": "quick", "encoder": encoder},
            **{"layer": "pre-pool2", "frames": 4, "height": 26, "width": 31, "config_sha256": None},
            **{"locations_real": 1500, "locations_fake": 1500},
            "samples": [{"sample": index, "sgfid": value + (index if value else 0)} for index in range(count)],
            "set": {"diversity": 0.25},
        }

    def build(self, name="index.html", **changes):
        arguments = {
            **{"title": "Results", "protocol": "quick", "clips": self.clips, "samples": self.samples},
            **{"table_csv": self.folder / "table1.csv", "cells_csv": self.folder / "cells.csv"},
            **{"losses": self.losses, "configs": self.configs, "timings": self.timings},
            **{"notes": ["A note."], "versions": {"commit": "abc123"}},
            **changes,
        }
        build_page(self.folder / name, **arguments)
        return (self.folder / name).read_text(encoding="utf-8")


class Page(HTMLParser):
    """Tags with their attributes, text outside style and script, and what style and script hold."""

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
    def tiles(self):
        """What the player draws on; a comparer has a canvas of its own, which its script names."""
        return [canvas for canvas in self.of("canvas") if "data-sheet" in canvas]

    @property
    def words(self):
        return " ".join(self.text.split())


@pytest.fixture
def inputs(tmp_path):
    return Inputs(tmp_path)


# the page


def test_the_page_tells_the_whole_story(inputs):
    page = Page(inputs.build())
    words = page.words
    assert "On desert, singan-gif has the lower SGFID: 0.512 times that of singan-frames" in words
    assert words.index("0.512 times") < words.index("Table 1 SGFID")
    for part in (
        *("A note.", "A. Author", "commit abc123", "losses.video", "1 setting is the same", "trained in 1.5 min"),
        *("peak memory 321 MB", "diversity 0.250", "31\u00d726 px", "0 to 200 ms a frame", "SGFID 11.0", "A pale dot"),
        "smallest clip gave 1,500 feature locations a side",
    ):
        assert part in words, part
    assert "banner" not in [one.get("class") for one in page.of("aside")]


def test_the_real_clip_stands_beside_the_samples_of_every_method(inputs):
    page = Page(inputs.build())
    labels = [one["aria-label"] for one in page.tiles]
    assert labels == [
        "desert, the real clip",
        *(f"desert, {method}, sample {index}" for method in ("singan-gif", "singan-frames") for index in (0, 1)),
        "desert, copy, sample 0",
    ]
    (section,) = [one for one in page.of("section") if "data-delays" in one]
    assert section["data-delays"] == "80 200 80 100"  # a delay of 0 plays as browsers play it


def test_what_the_player_draws_are_the_frames_of_the_files(inputs):
    page = Page(inputs.build())
    canvas = next(one for one in page.tiles if one["aria-label"] == "desert, singan-frames, sample 1")
    names = ("frames", "columns", "inset", "cell-width", "cell-height")
    grid = {name.replace("-", "_"): int(canvas[f"data-{name}"]) for name in names}
    sheet = SimpleNamespace(uri=canvas["data-sheet"], width=int(canvas["width"]), height=int(canvas["height"]), **grid)
    shown = cut(sheet)
    assert "without loss" in page.words
    np.testing.assert_array_equal(shown, frames(seed=101))


def test_the_page_loads_nothing_and_allows_only_its_own_script_and_style(inputs):
    html = inputs.build()
    page = Page(html)
    for name in ("src", "href", "data-sheet"):
        for _, attributes in page.tags:
            assert attributes.get(name, "#").startswith(("data:", "#")), attributes.get(name)[:80]
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket", html)
    policy = next(one["content"] for one in page.of("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        digests = [base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in page.code[tag]]
        assert len(digests) == 2 and f"{rule} " + " ".join(f"'sha256-{one}'" for one in digests) + ";" in policy
    assert not [one for _, one in page.tags for name in one if name == "style" or name.startswith("on")]


def test_names_from_outside_are_text(tmp_path):
    clip, note = "<script>alert(1)</script>", "<img src=x onerror=alert(2)>"
    source = {"kind": "file", "credit": "<b onclick='alert(3)'>"}
    html = Inputs(tmp_path, clips=[clip, 'a" onload="alert(4)'], source=source).build(title="<i>T", notes=[note])
    page = Page(html)
    assert len(page.of("script")) == 2
    assert not [one for tag, one in page.tags if tag in ("b", "i") or one.get("src") == "x"]
    assert not [name for _, one in page.tags for name in one if name.startswith("on")]
    for text in (clip, note, source["credit"], 'a" onload="alert(4)'):
        assert text in page.text


def test_every_pair_of_samples_of_a_clip_can_be_laid_over_each_other(inputs):
    page = Page(inputs.build())
    keys = [canvas["data-key"] for canvas in page.tiles if "data-key" in canvas]
    clips = len(inputs.clips)
    assert keys.count("real") == clips and keys.count("0 0") == clips and keys.count("1 1") == clips
    menus = [attributes["data-act"] for attributes in page.of("select") if "data-act" in attributes]
    assert menus.count("left") == menus.count("right") == clips
    offered = {attributes["value"] for attributes in page.of("option")}
    assert {"real", *(str(place) for place in range(len(ORDER)))} <= offered


def test_other_pages_are_linked_where_they_are(inputs):
    page = Page(inputs.build(links=[("Leaderboard", "leaderboard.html"), ("<b>", "a b.html")]))
    places = [attributes.get("href") for attributes in page.of("a")]
    assert "leaderboard.html" in places and "a b.html" in places
    assert "<b>" in page.text
    assert not [one for one in Page(inputs.build()).of("nav") if one.get("class") == "pages"]


def test_everything_can_be_used_without_eyes_or_mouse(inputs):
    page = Page(inputs.build())
    assert page.of("html")[0]["lang"] == "en"
    assert all(one["aria-label"] and one["role"] == "img" for one in page.tiles)
    assert all(one["alt"] for one in page.of("img"))
    assert len(page.of("img")) == 3  # SGFID by clip, and the losses of two trainings
    anchors = {one["id"] for _, one in page.tags if "id" in one}
    assert {one["href"].lstrip("#") for one in page.of("a")} <= anchors
    assert "prefers-reduced-motion" in "".join(page.code["script"])
    assert len(page.of("h1")) == 1


def test_equal_inputs_give_equal_bytes(inputs):
    assert inputs.build("a.html") == inputs.build("b.html")


def test_stand_ins_are_a_banner(tmp_path):
    source = {"kind": "synthetic", "fallback": True}
    page = Page(Inputs(tmp_path, source=source, encoder="random-inception").build())
    assert [one["class"] for one in page.of("aside")] == ["banner"]
    assert "On a synthetic stand-in for desert" in page.words
    assert "not comparable with anything else" in page.words
    assert "the clip, synthetic" in page.words
    assert "the real clip" not in [one["aria-label"] for one in page.tiles]


def test_a_small_budget_shows_fewer_samples_and_says_so(tmp_path):
    inputs = Inputs(tmp_path, samples=6)
    whole = inputs.build("whole.html")
    budget = len(whole) + 290_000 - 60_000  # the page keeps 300,000 bytes for its markup
    small = Page(inputs.build("small.html", page_bytes=budget))
    assert "All samples of every method are shown" in Page(whole).words
    assert len(small.tiles) <= len(Page(whole).tiles)
    assert "without loss" not in small.words
    tiny = Page(inputs.build("tiny.html", page_bytes=1))
    assert "The first 1 sample of 6 of every method are shown" in tiny.words
    assert len(tiny.tiles) == 1 + 3


def test_several_seeds_take_turns(inputs):
    second = {(clip, method, 1): paths for (clip, method, _), paths in inputs.samples.items() if method != "copy"}
    page = Page(inputs.build(samples=inputs.samples | second))
    labels = [one["aria-label"] for one in page.tiles if "singan-gif" in one["aria-label"]]
    assert labels == [f"desert, singan-gif, sample {index}, seed {seed}" for index in (0, 1) for seed in (0, 1)]


def test_a_page_without_trainings_works(inputs):
    page = Page(inputs.build(losses={}, configs={}, samples={}, versions={}))
    assert [one["aria-label"] for one in page.tiles] == ["desert, the real clip"]
    assert "There are no samples of methods" in page.words


def test_a_damaged_sample_is_named_and_no_page_is_left(inputs):
    path = inputs.samples["desert", "singan-gif", 0][0]
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match=re.escape(str(path))):
        inputs.build()
    assert not (inputs.folder / "index.html").exists()


# its parts


@settings(deadline=None)
@given(st.integers(0, 50), st.lists(st.integers(1, 50), max_size=12), st.integers(0, 300))
def test_as_many_samples_as_fit_and_not_one_more(fixed, rounds, budget):
    count = samples_that_fit(fixed, rounds, budget)
    assert count == 0 or fixed + sum(rounds[:count]) <= budget
    assert count == len(rounds) or fixed + sum(rounds[: count + 1]) > budget


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 20), st.integers(1, 40), st.integers(1, 40))
def test_frames_lie_in_their_cells(count, height, width):
    sheet = make_sheet(frames(count, height, width), LOSSLESS)
    np.testing.assert_array_equal(cut(sheet), frames(count, height, width))


@pytest.mark.parametrize(("height", "width"), [(28, 32), (29, 33), (30, 34), (31, 35)])
def test_lossy_frames_do_not_leak_into_each_other(height, width):
    colours = [(200, 60, 60), (60, 60, 200), (60, 200, 60), (200, 200, 200)]
    still = np.stack([np.full((height, width, 3), colour, np.uint8) for colour in colours])
    together = cut(make_sheet(still, Form(85, 1.0))).astype(int)
    for frame, shown in zip(still, together, strict=True):
        alone = cut(make_sheet(frame[None], Form(85, 1.0)))[0].astype(int)
        assert np.abs(shown - alone).max() <= 8


def test_smaller_forms_are_smaller():
    sizes = [len(make_sheet(frames(8, 60, 80), form).uri) for form in FORMS]
    assert sizes == sorted(sizes, reverse=True)
    assert make_sheet(frames(8, 60, 80), Form(85, 0.5)).width == 40


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 60), st.integers(1, 400), st.integers(1, 400))
def test_a_sheet_is_no_larger_than_an_image_may_be(count, height, width):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sprites, "_LARGEST_SIDE", 300)
        sheet = make_sheet(np.zeros((count, height, width, 3), np.uint8), Form(80, 1.0))
    with Image.open(io.BytesIO(base64.b64decode(sheet.uri.partition(",")[2]))) as image:
        assert max(image.size) <= 300
    assert sheet.frames == count


def test_embedding_stays_within_its_budget(tmp_path):
    paths = []
    for index in range(8):
        paths.append(tmp_path / f"{index}.npz")
        save_clip(paths[-1], make_clip(frames(6, 40, 60, seed=index)))
    always, groups = paths[:1], [paths[1:5], paths[5:8]]
    for budget in (40_000, 100_000, 200_000, 2_000_000):
        found = embed(always, groups, budget)
        assert sum(len(sheet.uri) for sheet in found.sheets.values()) <= budget or found.form == FORMS[-1]
        assert found.most >= 1
        assert set(found.sheets) == {*always, *(path for group in groups for path in group[: found.most])}
    assert found.most == 4
    assert found.form == LOSSLESS


def make_cells(tmp_path, values):
    """Cells from {(clip, method): values of its samples}."""
    paths = []
    for index, ((clip, method), scores) in enumerate(values.items()):
        control = method in ("copy", "noise")
        paths.append(tmp_path / f"{index}.json")
        one = {
            **{"clip": clip, "clip_sha256": clip, "clip_source": {"kind": "published"}, "method": method, "seed": 0},
            **{"kind": "control" if control else "method", "protocol": "quick", "encoder": "inception-fid"},
            **{"layer": "pre-pool2", "frames": 4, "height": 26, "width": 31, "config_sha256": None, "set": {}},
            **{"locations_real": 1500, "locations_fake": 1500},
            "samples": [{"sample": i, "sgfid": score} for i, score in enumerate(scores)],
        }
        paths[-1].write_text(json.dumps(one))
    write_cells(paths, tmp_path / "cells.csv")
    return read_cells(tmp_path / "cells.csv")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            {("a", "singan-gif"): [1.0, 1.2, 1.1], ("a", "singan-frames"): [2.0, 2.2, 2.1]},
            r"On a, singan-gif has the lower SGFID: 0\.524 times that of singan-frames \(1\.10 against 2\.10\), "
            r"measured with inception-fid \(pre-pool2\)\. The 95 % interval of the ratio is .* "
            r"\(over samples of this one clip\)\.",
        ),
        (
            {("a", "singan-gif"): [1.0, 3.0, 2.0], ("a", "singan-frames"): [1.9, 2.9, 1.0]},
            r"singan-frames has the lower SGFID: 0\.967 times that of singan-gif .* "
            r"includes 1, so the two cannot be told",
        ),
        ({("a", "x"): [1.0], ("a", "y"): [2.0], ("a", "singan-frames"): [4.0]}, r"x has the lowest SGFID of 3 methods: "
         r"0\.250 times that of singan-frames .* nothing can be said about how sure"),
        ({("a", "x"): [1.0], ("b", "x"): [3.0], ("a", "copy"): [0.0]}, r"On a and b, x has a mean SGFID of 2\.00"),
        ({("a", "copy"): [0.0]}, r"Only controls were scored, on a,"),
        ({("a", "x"): [0.0], ("a", "y"): [0.0]}, r"x has the lower SGFID: 0 against 0 for y"),
        ({("a", "x"): [1.0], ("b", "y"): [1.0]}, r"On a, x has a mean SGFID of 1\.00"),
    ],
)  # fmt: skip
def test_the_headline_says_who_is_lower_and_how_sure_that_is(tmp_path, values, says):
    assert re.search(says, headline(make_cells(tmp_path, values), {}, protocol="quick"))


def test_the_headline_counts_many_clips_and_their_stand_ins(tmp_path):
    values = {(clip, method): [1.0, 2.0] for clip in "abcdef" for method in ("x", "y")}
    facts = {"a": ClipFacts("synthetic", True, 4, 26, 31)}
    text = headline(make_cells(tmp_path, values), facts, protocol="quick")
    assert text.startswith("On 6 clips, 1 of them synthetic stand-ins, x has the lower SGFID")


def test_settings_are_compared_key_by_key(tmp_path):
    configs = {}
    for clip, method, config in (
        ("a", "one", {"r": 1.25, "loss": {"kind": "l1", "same": [1, 2]}}),
        ("b", "one", {"r": 1.5, "loss": {"kind": "l1", "same": [1, 2]}}),
        ("a", "two", {"r": 1.25, "loss": {"kind": "mse", "same": [1, 2]}, "extra": None}),
    ):
        configs[clip, method, 0] = tmp_path / f"{clip}-{method}.json"
        configs[clip, method, 0].write_text(json.dumps(config))
    found = compare_settings(configs, ["two", "one", "copy"])
    assert found.methods == ["two", "one"]
    assert dict(found.shared) == {"loss.same": "[1, 2]"}
    assert dict(found.differing) == {
        "r": ["1.25", "1.25 (a); 1.5 (b)"],
        "loss.kind": ["mse", "l1"],
        "extra": ["null", "not set"],
    }


def test_making_tables_and_pages_needs_no_torch():
    modules = ["cells", "clip_table", "facts", "figures", "intervals", "latex", "losses", "markdown", "records"]
    modules += ["remarks", "report", "tables", "wording"]
    code = f"import sys, {', '.join(f'evaluation.{name}' for name in modules)}; print('torch' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    )
    assert run.stdout.strip() == "False"
