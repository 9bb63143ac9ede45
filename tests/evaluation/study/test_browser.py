"""The page of a study in a browser: its clock, its cap on plays, its keyboard, and what it exports."""

import csv
import io
import json
import os
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from evaluation.study.platforms.mturk import html_question

LOOSE = bool(os.environ.get("CI"))
"""Machines of continuous integration draw late."""
SHORT = 0.3
COLUMNS = [
    "study", "sheet", "participant", "item", "position", "phase", "answer", "plays", "exposure_ms", "total_exposure_ms",
    "reaction_ms", "dropped_frames", "blurred", "answered_at", "page_version",
]  # fmt: skip
# When the clip was uncovered and covered, seen from outside of the page's own code, at the frames of the screen.
WATCH = """() => { window.seen = []; let was = false;
  const look = (now) => { const is = getComputedStyle(document.querySelector(".cover")).visibility === "hidden";
    if (is !== was) window.seen.push(now); was = is; requestAnimationFrame(look); };
  requestAnimationFrame(look); }"""
STORED = (
    "() => Object.entries(localStorage).filter(([key]) => key.includes('/item/')).map(([, text]) => JSON.parse(text))"
)


@pytest.fixture(scope="module")
def quick(make_study):
    """A study with plays of 0.3 s: two sheets of one practice clip, two fakes, two reals and a catch trial."""
    clips = ("zebracliff", "quartzriver")
    return make_study(clips=clips, methods=("xylogen",), practice=1, catch_trials=1, exposure_seconds=SHORT)


@pytest.fixture(scope="module")
def served(quick):
    """The same, from a web server."""
    handler = partial(_Silent, directory=quick.bundle)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/index.html"
    server.shutdown()


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Rater:
    """A person before the page."""

    def __init__(self, context, url):
        self.page = context.new_page()
        self.said, self.asked = [], []
        self.page.on("console", lambda message: message.type == "error" and self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(url)

    def part(self, name):
        return self.page.locator(f"#{name}")

    def begin(self, sheet=None):
        if sheet is not None:
            self.part("sheet").fill(str(sheet))
        self.part("agree").check()
        self.page.get_by_role("button", name="Begin").click()
        return self

    def ready(self):
        self.page.wait_for_selector("#play:enabled")
        return self

    def play(self):
        """Play to the end."""
        self.ready()
        before = self.page.evaluate(f"({STORED})().reduce((sum, one) => sum + one.exposures.length, 0)")
        self.part("play").click()
        self.page.wait_for_function(
            f"(before) => ({STORED})().reduce((n, one) => n + one.exposures.length, 0) > before", arg=before
        )
        return self

    def answer(self, what):
        self.part(what).click()
        if self.part("feedback").is_visible():
            self.part("go-on").click()
        if self.part("between").is_visible():
            self.part("start-main").click()
        return self

    def exports(self):
        """The answers as the page hands them out, JSON and rows of the CSV."""
        found = []
        for name in ("save-json", "save-csv"):
            with self.page.expect_download() as download:
                self.part(name).click()
            found.append(download.value.path().read_text(encoding="utf-8"))
        return json.loads(found[0]), list(csv.DictReader(io.StringIO(found[1])))


@contextmanager
def rater(browser, url, width=1000, **options):
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    try:
        yield Rater(context, url)
    finally:
        context.close()


def local(study, query=""):
    return (study.bundle / "index.html").as_uri() + query


def test_a_play_shows_the_clip_for_five_seconds(browser, make_study):
    study = make_study("paper", clips=("umbersea",), methods=("xylogen",))
    assert study.key.design.exposure_seconds == 5
    with rater(browser, local(study)) as person:
        person.begin().page.evaluate(WATCH)
        person.play().play()
        shown, covered, again, end = person.page.evaluate("window.seen")
        slack = 250 if LOOSE else 60
        (record,) = person.page.evaluate(STORED)
        for seen, said in ((covered - shown, record["exposures"][0]), (end - again, record["exposures"][1])):
            assert seen == pytest.approx(5000, abs=slack)
            assert said == pytest.approx(5000, abs=slack)
        assert record["dropped"] <= (20 if LOOSE else 4)  # of 40 frames
        assert record["blurred"] == 0
        assert person.page.evaluate("document.querySelector('video').paused")


def test_two_plays_are_all_across_a_reload_and_a_second_tab(browser, quick):
    with rater(browser, local(quick, "?sheet=1")) as person:
        person.begin().play()
        assert person.part("play-text").inner_text() == "Play again (1 left)"
        person.page.reload()
        person.ready()
        assert person.part("play-text").inner_text() == "Play again (1 left)"
        other = Rater(person.page.context, local(quick, "?sheet=1")).ready()
        person.page.bring_to_front()
        person.play()
        assert person.part("play").is_disabled()
        other.page.wait_for_selector("#play:disabled")
        assert other.part("play-text").inner_text() == "No plays left"
        third = Rater(person.page.context, local(quick, "?sheet=1"))
        third.page.wait_for_selector("#real:enabled")  # it was played, so it may be answered
        third.page.keyboard.press("p")
        third.page.wait_for_timeout(300)
        assert [one["plays"] for one in third.page.evaluate(STORED)] == [2]
        assert not third.page.locator(".stage.shown").count()


def test_a_reload_during_a_play_uses_it_up(browser, quick):
    with rater(browser, local(quick, "?sheet=1")) as person:
        person.begin().ready()
        person.part("play").click()
        person.page.wait_for_selector(".stage.shown")
        person.page.reload()
        person.ready()
        (record,) = person.page.evaluate(STORED)
        assert record["plays"] == 1
        assert len(record["exposures"]) == 1 and record["blurred"] == 1
        assert record["exposures"][0] < 1000 * SHORT + 60


def test_a_sheet_is_judged_by_the_keyboard_alone_and_exported(browser, quick):
    sheet, items = list(quick.key.sheets.items())[1]
    wanted = ["fake", "real", "fake", "real", "fake", "real"]
    with rater(browser, local(quick, "?participant=@me"), accept_downloads=True) as person:
        keys = person.page.keyboard

        def tab_to(name):
            for _ in range(12):
                if person.page.evaluate("document.activeElement.id || document.activeElement.textContent") == name:
                    return
                keys.press("Tab")
            raise AssertionError(f"{name} is not reached by Tab")

        tab_to("sheet")
        keys.type("2")
        tab_to("agree")
        keys.press("Space")
        tab_to("Begin")
        keys.press("Enter")
        for place, what in enumerate(wanted):
            person.ready()
            if place % 2:
                keys.press("p")
            else:
                tab_to("play")
                keys.press("Enter")
            person.page.wait_for_selector("#real:enabled")
            if place % 2:
                keys.press(what[0])
            else:
                tab_to(what)
                keys.press("Space")
            if place == 0:
                truth = quick.key.items[quick.key.practice[0]].truth
                assert person.part("verdict").inner_text().endswith(f"this clip was {truth}.")
                keys.press("Enter")
                tab_to("start-main")
                keys.press("Enter")
        person.page.wait_for_selector("#end:visible")
        with person.page.expect_download() as download:
            tab_to("save-json")
            keys.press("Enter")
        assert download.value.suggested_filename == f"answers-{quick.key.study}-{sheet}-@me.json"
        export, rows = person.exports()
    assert {key: export[key] for key in ("format", "study", "sheet", "participant", "withdrawn")} == {
        "format": 1, "study": quick.key.study, "sheet": sheet, "participant": "@me", "withdrawn": False,
    }  # fmt: skip
    assert [list(row) for row in rows] == [COLUMNS] * 6
    assert [row["item"] for row in rows] == [*quick.key.practice, *items]
    assert [row["phase"] for row in rows] == ["practice"] + ["main"] * 5
    assert [row["position"] for row in rows] == ["1", "1", "2", "3", "4", "5"]
    assert [row["answer"] for row in rows] == wanted
    assert {row["participant"] for row in rows} == {"'@me"}  # no formula
    for row, answer in zip(rows, export["answers"], strict=True):
        assert list(answer) == COLUMNS
        assert {**row, "participant": "@me"} == {key: str(value) for key, value in answer.items()}
        assert answer["plays"] == 1 and answer["blurred"] == 0 and answer["page_version"] == "1"
        assert 1000 * SHORT - 60 < answer["exposure_ms"] == answer["total_exposure_ms"] < 1000 * SHORT + 250
        assert answer["reaction_ms"] >= 0 and answer["answered_at"].endswith("Z")
    assert export["consent_at"] < rows[0]["answered_at"]


def test_a_sheet_is_resumed_where_it_was_left(browser, quick):
    with rater(browser, local(quick)) as person:
        person.begin(1).play().answer("real").play().answer("fake")
        assert person.part("place").inner_text() == "Clip 2 of 5"
        person.page.reload()
        person.ready()
        assert person.part("place").inner_text() == "Clip 2 of 5"
        assert person.part("progress").get_attribute("value") == "1"


def test_one_person_judges_one_sheet(browser, quick):
    with rater(browser, local(quick, "?sheet=1")) as person:
        person.begin().ready()
        other = Rater(person.page.context, local(quick, "?sheet=2"))
        other.begin()
        assert "as many sheets as one person may" in other.part("stop-said").inner_text()
    with rater(browser, local(quick, "?sheet=7")) as person:
        assert "no sheet '7'" in person.part("stop-said").inner_text()
    with rater(browser, local(quick)) as person:
        person.begin("9")
        assert "numbers 1 to 2" in person.part("begin-said").inner_text()


def test_there_is_no_answer_before_a_play_and_none_during_it(browser, quick):
    with rater(browser, local(quick, "?sheet=1")) as person:
        person.begin().ready()
        assert person.part("real").is_disabled() and person.part("fake").is_disabled()
        person.page.keyboard.press("r")
        assert person.page.evaluate(STORED) == []
        person.part("play").click()
        person.page.wait_for_selector(".stage.shown")
        assert person.part("real").is_disabled()
        person.page.wait_for_selector("#real:enabled")


def test_letter_keys_can_be_switched_off(browser, quick):
    with rater(browser, local(quick, "?sheet=1")) as person:
        person.begin().play()
        person.part("letters").uncheck()
        person.page.keyboard.press("r")
        assert "answer" not in person.page.evaluate(STORED)[0]
        person.part("letters").check()
        person.page.keyboard.press("r")
        assert person.page.evaluate(STORED)[0]["answer"] == "real"


def test_a_clip_that_cannot_be_had_costs_no_play(browser, served):
    with rater(browser, served + "?sheet=1") as person:
        blocked = "**/media/*.mp4"
        person.page.route(blocked, lambda route: route.abort())
        person.begin().page.wait_for_selector("#retry:visible")
        assert "could not be loaded" in person.part("said").inner_text()
        assert person.part("play").is_disabled() and person.part("skip").is_hidden()
        for _ in range(2):
            person.part("retry").click()
            person.page.wait_for_selector("#retry:visible")
        assert person.part("skip").is_visible()
        assert person.page.evaluate(STORED) == []
        person.page.unroute(blocked)
        person.part("retry").click()
        person.play()
        assert [one["plays"] for one in person.page.evaluate(STORED)] == [1]


def test_a_slow_clip_is_waited_for_and_can_be_asked_for_again(browser, served):
    with rater(browser, served + "?sheet=1") as person:
        held = []
        person.page.clock.install()
        person.page.route("**/media/*.mp4", lambda route: held.append(route))
        person.begin().page.wait_for_timeout(200)
        assert person.part("play").is_disabled() and person.part("retry").is_hidden()
        person.page.clock.fast_forward(9000)
        person.page.wait_for_selector("#retry:visible")
        assert "slow" in person.part("said").inner_text()
        for route in held:
            route.continue_()
        person.ready()
        assert person.part("retry").is_hidden()
        assert person.page.evaluate(STORED) == []


def test_a_play_that_shows_nothing_does_not_count(browser, quick):
    with rater(browser, local(quick, "?sheet=1")) as person:
        person.begin().ready()
        person.page.evaluate("() => { HTMLMediaElement.prototype.play = () => Promise.reject(new Error('broken')); }")
        person.part("play").click()
        person.page.wait_for_selector("#retry:visible")
        assert "No play was used up" in person.part("said").inner_text()
        assert [one["plays"] for one in person.page.evaluate(STORED)] == [0]


def test_a_hidden_page_ends_the_play_and_is_logged(browser, make_study):
    study = make_study("paper", clips=("umbersea",), methods=("xylogen",))
    with rater(browser, local(study)) as person:
        person.begin().ready()
        person.part("play").click()
        person.page.wait_for_selector(".stage.shown")
        person.page.evaluate("""() => { Object.defineProperty(document, "hidden", { value: true, configurable: true });
          document.dispatchEvent(new Event("visibilitychange")); }""")
        person.page.wait_for_selector("#real:enabled")
        (record,) = person.page.evaluate(STORED)
        assert record["blurred"] == 1 and record["plays"] == 1 and record["exposures"][0] < 4500
        assert "cut short" in person.part("said").inner_text()


def test_withdrawing_deletes_what_was_kept(browser, quick):
    with rater(browser, local(quick, "?sheet=1")) as person:
        person.begin().play().answer("real").ready()
        person.page.evaluate("localStorage.setItem('of-another-page', '1')")
        person.part("play").click()
        person.page.wait_for_selector(".stage.shown")
        person.part("withdraw").click()
        person.page.get_by_role("button", name="Go on").click()
        assert person.page.evaluate("localStorage.length") > 1
        person.part("withdraw").click()
        person.page.get_by_role("button", name="Withdraw and delete").click()
        person.part("gone").wait_for(state="visible")  # a dialog tells of its end a moment later
        person.page.wait_for_timeout(1000 * SHORT + 300)  # the play that was on has ended
        assert person.page.evaluate("Object.keys(localStorage)") == ["of-another-page"]


def test_without_storage_the_page_says_so_and_works(browser, quick):
    context = browser.new_context(accept_downloads=True)
    context.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    person = Rater(context, local(quick, "?sheet=1"))
    assert person.part("memory").is_visible()
    person.begin()
    for _ in range(6):
        person.ready().part("play").click()
        person.page.wait_for_selector("#real:enabled")
        person.answer("fake")
    export, rows = person.exports()
    assert len(rows) == 6 and {answer["page_version"] for answer in export["answers"]} == {"1+memory"}
    assert not person.said
    context.close()


def test_a_sheet_of_paper_plays_its_clips_under_the_same_cap(browser, quick):
    sheet = next(iter(quick.key.sheets))
    with rater(browser, (quick.bundle / "sheets" / f"{sheet}.html").as_uri()) as person:
        assert person.page.locator("li").count() == 5
        person.page.get_by_text("Play clip 2").click()
        person.play().play()
        assert person.part("question").is_hidden() and person.part("play").is_disabled()
        assert person.part("place").inner_text() == "Clip 2 of 5"
        person.part("next-shown").click()
        person.ready()
        assert person.part("place").inner_text() == "Clip 3 of 5"
        assert not person.said


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_the_window_and_asks_for_its_own_files_only(browser, quick, width):
    with rater(browser, local(quick, "?sheet=1"), width, reduced_motion="reduce") as person:
        wide = "document.documentElement.scrollWidth"
        assert person.page.evaluate(wide) <= width
        person.begin().ready()
        assert person.page.evaluate("document.querySelector('video').paused")  # nothing plays until asked
        assert person.page.evaluate(wide) <= width
        person.play()
        for _ in range(5):
            person.answer("real").play()
        person.answer("real")
        assert person.part("end").is_visible() and person.page.evaluate(wide) <= width
        folder = quick.bundle.as_uri()
        assert person.asked and all(url.startswith((folder, "data:", "blob:")) for url in person.asked)
        assert not person.said


def test_words_for_those_who_do_not_see_the_page(browser, quick):
    with rater(browser, local(quick, "?sheet=1")) as person:
        person.begin().play()
        names = person.page.evaluate(
            """[...document.querySelectorAll("button, input, video, progress")].filter((one) => one.checkVisibility())
              .map((one) => one.ariaLabel || one.labels?.[0]?.textContent || one.textContent.trim())"""
        )
        assert all(names) and len(names) >= 6
        assert person.page.get_by_role("status").count() == 1
        assert person.page.evaluate("document.activeElement.id") == "play"  # where the focus was before the play
        person.play()
        assert person.page.evaluate("document.activeElement.id") == "ask"
        assert person.page.evaluate("document.documentElement.lang") == "en"


def test_inside_mturk_the_answers_come_into_its_form(browser, quick):
    sheet, items = next(iter(quick.key.sheets.items()))
    question = html_question("https://raters.example/s/index.html", sheet).split("<![CDATA[")[1].split("]]>")[0]
    with rater(browser, "about:blank") as person:
        person.page.route(
            "https://mturk.example/**", lambda route: route.fulfill(body=question, content_type="text/html")
        )
        person.page.route(
            "https://raters.example/**",
            lambda route: route.fulfill(path=quick.bundle / route.request.url.split("/s/")[1].split("?")[0]),
        )
        person.page.route(
            "https://workersandbox.mturk.com/**", lambda route: route.fulfill(body="ok", content_type="text/html")
        )
        person.page.goto("https://mturk.example/?assignmentId=ASSIGNMENT_ID_NOT_AVAILABLE")
        assert "preview" in person.page.locator("#study-said").inner_text()
        assert person.page.locator("iframe").count() == 0
        person.page.goto("https://mturk.example/?assignmentId=A1&turkSubmitTo=https://evil.example")
        assert person.page.locator("iframe").count() == 0
        person.page.goto(
            "https://mturk.example/?assignmentId=A1&workerId=W1&turkSubmitTo=https://workersandbox.mturk.com"
        )
        inner = person.page.frame_locator("#study-frame")
        inner.locator("#agree").check()
        inner.get_by_role("button", name="Begin").click()
        for place in range(6):
            inner.locator("#play:enabled").click()
            inner.locator("#fake:enabled").click()
            if place == 0:
                inner.locator("#go-on").click()
                inner.locator("#start-main").click()
        posted = []
        person.page.on("request", lambda request: request.method == "POST" and posted.append(request))
        # By the keyboard: a click right after the frame has changed may still go to the frame.
        person.page.locator("#submitButton:enabled").press("Enter")
        for _ in range(100):
            if posted:
                break
            person.page.wait_for_timeout(50)
    (posted,) = posted
    assert posted.url == "https://workersandbox.mturk.com/mturk/externalSubmit" and posted.method == "POST"
    fields = {name: values[0] for name, values in parse_qs(posted.post_data).items()}
    assert {name: fields[name] for name in items} == dict.fromkeys(items, "fake")
    assert fields["assignmentId"] == "A1" and fields["sheet"] == sheet
    export = json.loads(fields["export"])
    assert export["participant"] == "W1" and len(export["answers"]) == 6
