"""The report of a study in a browser."""

import pytest

from evaluation.study.analysis import analyse
from evaluation.study.raters import Raters
from evaluation.study.reporting import write_report
from tests.evaluation.study.keys import make_study_key
from tests.evaluation.study.test_analysis import of_raters


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report of two methods as a URL."""
    folder = tmp_path_factory.mktemp("report")
    key = make_study_key(methods=("singan-gif", "external:a-method-with-a-long-name"), samples=4)
    write_report(analyse(key, of_raters(key, Raters(0.5), workers=24)), folder)
    return (folder / "study.html").as_uri()


@pytest.mark.parametrize("width", [390, 900, 1440])
def test_the_page_is_no_wider_than_the_window_and_asks_for_nothing(browser, report, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report)
    page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown = "(all) => all.every((one) => one.complete && one.naturalWidth > 0)"
    page.wait_for_function(f"({shown})([...document.images])")
    assert page.locator("img").count() == 2
    assert not said and [url for url in asked if not url.startswith("data:")] == [report]
    cells = page.locator("#tests + .scroll td").all_inner_texts()
    assert "not shown" in cells or "shown" in cells
    page.close()
