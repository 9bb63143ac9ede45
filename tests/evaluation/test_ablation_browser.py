"""The report of ablations in a browser. Frame t of every clip has red 40 t, so that a pixel says which frame it is."""

import json

import numpy as np
import pytest

from datasets.clip import make_clip, save_clip
from evaluation.cells import read_cells, write_cells
from evaluation.comparisons import compare
from evaluation.report.ablation_page import build_ablation_report

VARIANTS = ["singan-gif", "no-color-loss", "no-image-critic"]
STEP = 40
DELAYS = {"desert": [80, 120, 80, 80, 100], "sea": [100] * 6}
# Green of the real clip and of each variant, blue of a sample; the left half of the clip itself is 30 greener.
GREEN = {"real": 50, "singan-gif": 100, "no-color-loss": 150, "no-image-critic": 200}

# Which frame each canvas of a section shows, read in one go, so that the clock cannot go on in between.
FRAMES = """(index) => [...document.querySelectorAll("[data-delays]")[index].querySelectorAll("canvas")].map((canvas) =>
  Math.round(canvas.getContext("2d").getImageData(canvas.width - 1, 0, 1, 1).data[0] / 40))"""
# The colour of a comparer's canvas at each of some columns.
COLOURS = """(columns) => { const canvas = document.querySelector(".comparer canvas");
  return columns.map((x) => [...canvas.getContext("2d").getImageData(x, 5, 1, 1).data]); }"""


def coded(count, green, blue=0, height=24, width=40):
    """A clip [count, height, width, 3] that says its frame in red, and whose it is in green and blue."""
    clip = np.empty((count, height, width, 3), np.uint8)
    clip[..., 0] = STEP * np.arange(count)[:, None, None]
    clip[..., 1], clip[..., 2] = green, blue
    return clip


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report of two clips, three variants and two samples, but that one has only one, as a URL."""
    folder = tmp_path_factory.mktemp("browser")
    clips, samples, metrics = {}, {}, []
    for name, delays in DELAYS.items():
        pixels = coded(len(delays), GREEN["real"])
        pixels[:, :, :20, 1] += 30
        clip = make_clip(pixels, delays, kind="published")
        clips[name] = folder / f"{name}.npz"
        save_clip(clips[name], clip)
        for place, variant in enumerate(VARIANTS):
            count = 1 if place == 2 else 2
            samples[name, variant, 0] = [folder / name / variant / f"{index}.npz" for index in range(count)]
            for index, path in enumerate(samples[name, variant, 0]):
                save_clip(path, make_clip(coded(len(delays), GREEN[variant], 90 * index), delays, kind="generated"))
            record = {
                **{"clip": name, "clip_sha256": clip.sha256, "clip_source": dict(clip.source), "method": variant},
                **{"kind": "method", "protocol": "quick", "encoder": "inception-fid", "layer": "pre-pool2", "seed": 0},
                **{"frames": len(delays), "height": 24, "width": 40, "config_sha256": None, "set": {}},
                **{"locations_real": 1500, "locations_fake": 1500},
                "samples": [{"sample": index, "sgfid": 10.0 + place} for index in range(count)],
            }
            metrics.append(folder / name / variant / "metrics.json")
            metrics[-1].write_text(json.dumps(record))
    write_cells(metrics, folder / "cells.csv")
    cells = read_cells(folder / "cells.csv")
    out = folder / "ablations.html"
    build_ablation_report(
        out,
        **{"title": "Ablations", "protocol": "quick", "variants": VARIANTS, "cells": cells, "claims": []},
        comparisons=compare(cells, protocol="quick", reference=VARIANTS[0], order=VARIANTS, bootstrap=20),
        **{"clips": clips, "samples": samples, "losses": {}, "configs": {}, "timings": {}, "timing": None},
        versions={"commit": "abc123"},
    )
    assert "without loss" in out.read_text(encoding="utf-8")
    return out.as_uri()


class View:
    """The report in a window; the errors of its console and what it asked for are kept."""

    def __init__(self, browser, url, width=1440, motion="no-preference"):
        self.context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion=motion)
        self.page = self.context.new_page()
        self.said, self.asked = [], []
        self.page.on("console", lambda message: message.type == "error" and self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def frames(self, section=0):
        return self.page.evaluate(FRAMES, section)

    def colours(self, *columns):
        return self.page.evaluate(COLOURS, list(columns))

    def part(self, name):
        """A control of the first comparer."""
        return self.page.locator(".comparer").first.locator(f'[data-act="{name}"]')

    def ready(self, section=0):
        """Waits until a section is in view, all its sheets are decoded, and what was drawn before has caught up."""
        self.page.locator("[data-delays]").nth(section).scroll_into_view_if_needed()
        self.page.wait_for_function(
            f"""(index) => new Set(({FRAMES})(index)).size === 1 &&
              [...document.querySelectorAll("[data-delays]")[index].querySelectorAll("canvas")].every(
                (canvas) => canvas.getContext("2d").getImageData(canvas.width - 1, 0, 1, 1).data[3] === 255)""",
            arg=section,
        )
        return self


@pytest.fixture
def still(browser, report):
    """The report, at rest."""
    with View(browser, report, motion="reduce") as view:
        yield view.ready()


@pytest.mark.parametrize("section", [0, 1])
def test_every_canvas_plays_in_step_to_one_frame(browser, report, section):
    with View(browser, report) as view:
        view.ready(section)
        seen = []
        for _ in range(15):
            frames = view.frames(section)
            assert len(frames) == 1 + 5 + 1  # the clip, the samples and the comparer
            assert len(set(frames)) == 1
            seen.append(frames[0])
            view.page.wait_for_timeout(50)
        assert len(set(seen)) >= 3
        assert not view.said


def test_sections_play_by_one_clock(still):
    still.page.evaluate("""() => { window.frames_of = {}; document.querySelectorAll("[data-delays]").forEach((one) =>
      one.addEventListener("frame", (event) => { window.frames_of[one.dataset.name] = event.detail; })); }""")
    for seen in ({"desert": 1}, {"desert": 2, "sea": 2}, {"desert": 3, "sea": 2}, {"desert": 4, "sea": 3}):
        still.page.locator('.player [data-act="forward"]').click()  # to 80, 200, 280 and 360 ms
        assert still.page.evaluate("window.frames_of") == seen


def test_the_arrow_keys_step_all_canvases(still):
    still.page.locator('[data-act="forward"]').focus()
    assert set(still.frames()) == {0}
    for key, frame in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowLeft", 0), ("ArrowLeft", 4)):
        still.page.keyboard.press(key)
        assert set(still.frames()) == {frame}
    assert "frame 5 of 5" in still.page.locator('[data-act="where"]').inner_text()


def test_the_wipe_is_moved_by_the_keyboard(still):
    left, right = GREEN["real"], GREEN["singan-gif"]
    assert [colour[1] for colour in still.colours(0, 19, 20, 39)] == [left + 30, left + 30, right, right]
    still.part("wipe").focus()
    still.page.keyboard.press("Home")
    assert [colour[1] for colour in still.colours(0, 39)] == [right, right]
    still.page.keyboard.press("End")
    assert [colour[1] for colour in still.colours(0, 39)] == [left + 30, left]
    for _ in range(10):
        still.page.keyboard.press("ArrowLeft")
    assert [colour[1] for colour in still.colours(35, 36)] == [left, right]  # at 90 % of 40 columns
    assert set(still.frames()[:-1]) == {0}  # the keys moved the wipe, not the clip
    assert still.part("wipe").get_attribute("aria-valuetext") == "90 % the clip itself, then singan-gif"


def test_the_wipe_follows_the_mouse(still):
    canvas = still.page.locator(".comparer canvas").first
    canvas.evaluate("(one) => one.scrollIntoView({ block: 'center' })")
    box = canvas.bounding_box()
    still.page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 9)
    still.page.mouse.down()
    still.page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 9, steps=3)
    still.page.mouse.up()
    assert still.part("wipe").input_value() == "75"
    assert [colour[1] for colour in still.colours(29, 30)] == [GREEN["real"], GREEN["singan-gif"]]


def test_the_difference_of_a_clip_with_itself_is_black(still):
    still.part("right").select_option("real")
    still.part("view").select_option("10")
    still.page.wait_for_function("""() => document.querySelector('.comparer [data-act="said"]').textContent""")
    assert still.colours(*range(40)) == [[0, 0, 0, 255]] * 40
    assert still.part("said").inner_text() == "mean difference 0.0 of 255"


def test_the_difference_is_that_of_the_pixels_amplified(still):
    still.part("view").select_option("4")
    wanted = [4 * abs(GREEN["singan-gif"] - GREEN["real"] - extra) for extra in (30, 0)]
    assert still.colours(0, 39) == [[0, wanted[0], 0, 255], [0, wanted[1], 0, 255]]
    assert still.part("said").inner_text() == f"mean difference {(20 + 50) / 2 / 3:.1f} of 255"
    still.part("view").select_option("10")
    assert still.colours(0, 39) == [[0, 200, 0, 255], [0, 255, 0, 255]]
    assert still.part("wipe").is_disabled()


def test_another_sample_is_compared_and_a_missing_one_is_said(still):
    still.part("left").select_option("1")
    still.part("take").select_option("1")
    still.page.wait_for_function(f"() => ({COLOURS})([0])[0][2] === 90")
    assert [colour[1:3] for colour in still.colours(0, 39)] == [[GREEN["no-color-loss"], 90], [GREEN["singan-gif"], 90]]
    still.part("right").select_option("2")
    still.page.wait_for_function(f"() => ({COLOURS})([39])[0][3] === 0")
    assert still.part("said").inner_text() == "no such sample of no-image-critic"
    still.part("view").select_option("1")
    assert still.part("said").inner_text() == "no such sample of no-image-critic"
    assert not still.said


def test_zoom_shows_pixels_and_scrolls_by_its_own_keys(still):
    still.part("zoom").select_option("4")
    stage = still.page.locator(".stage").first
    sizes = stage.evaluate("(stage) => [stage.scrollWidth / stage.clientWidth, stage.scrollLeft]")
    assert sizes[0] == pytest.approx(4, abs=0.1)
    assert still.page.locator(".comparer canvas").first.evaluate("(one) => getComputedStyle(one).imageRendering") == (
        "pixelated"
    )
    stage.focus()
    still.page.keyboard.press("ArrowRight")
    still.page.wait_for_function(f"() => document.querySelector('.stage').scrollLeft > {sizes[1]}")
    assert set(still.frames()) == {0}
    still.part("zoom").select_option("1")
    assert stage.get_attribute("tabindex") is None


def test_nothing_moves_by_itself_where_less_motion_is_asked_for(still):
    still.page.wait_for_timeout(500)
    assert set(still.frames()) == {0}
    button = still.page.locator('.player [data-act="play"]')
    assert button.inner_text() == "Play"
    button.focus()
    still.page.keyboard.press("Enter")
    still.page.wait_for_function(f"() => ({FRAMES})(0)[0] > 0")
    assert button.inner_text() == "Pause"


@pytest.mark.parametrize("width", [390, 900, 1440])
def test_the_page_is_no_wider_than_the_window_and_asks_for_nothing(browser, report, width):
    with View(browser, report, width, motion="reduce") as view:
        view.ready(1).ready(0)
        assert view.page.evaluate("document.documentElement.scrollWidth") <= width
        view.page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
        for zoom in ("1", "4"):
            view.part("zoom").select_option(zoom)
            assert view.page.evaluate("document.documentElement.scrollWidth") <= width
        assert [url for url in view.asked if not url.startswith(("data:", "file:"))] == []
        assert len([url for url in view.asked if url.startswith("file:")]) == 1
        assert not view.said


def test_all_that_acts_is_reached_by_the_keyboard(still):
    still.page.locator("h1").evaluate("(one) => { one.tabIndex = -1; one.focus(); }")
    reached = set()
    for _ in range(60):
        still.page.keyboard.press("Tab")
        reached.add(still.page.evaluate("document.activeElement.dataset?.act ?? ''"))
    assert {"back", "play", "forward", "speed", "left", "right", "take", "view", "zoom", "wipe"} <= reached
