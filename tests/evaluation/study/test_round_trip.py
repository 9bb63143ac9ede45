"""What the page exports in a browser is what the import reads: a sheet judged, saved, imported and analysed."""

import json

import pytest

from evaluation.study.analysis import analyse_imported
from evaluation.study.importing import import_files, write_imported
from evaluation.study.spreadsheet import csv_of


def judge(page, study, number, said):
    """Judge a sheet: of an item not named in `said`, say fake."""
    page.goto(f"{(study.bundle / 'index.html').as_uri()}?participant=%3Dme{number}")
    page.locator("#sheet").fill(str(number))
    page.locator("#agree").check()
    page.get_by_role("button", name="Begin").click()
    sheet = list(study.key.sheets)[number - 1]
    for item in (*study.key.practice, *study.key.sheets[sheet]):
        page.wait_for_selector("#play:enabled")
        page.locator("#play").click()
        answer = page.locator(f"#{said.get(item, 'fake')}:enabled")
        answer.wait_for()
        answer.click()
        for name in ("go-on", "start-main"):
            if page.locator(f"#{name}").is_visible():
                page.locator(f"#{name}").click()
    page.wait_for_selector("#end:visible")


@pytest.fixture(scope="module")
def judged(browser, make_study, tmp_path_factory):
    """A study whose two sheets were judged in a browser, all real clips as real, and the files that were saved."""
    rules = {"min_exposure_share": 0.5, "min_reaction_ms": 0}  # of a machine that draws late
    study = make_study(
        clips=("zebracliff", "quartzriver"), methods=("xylogen",), votes=1, practice=1, catch_trials=1,
        exposure_seconds=0.3, **rules,
    )  # fmt: skip
    said = {item: what.truth for item, what in study.key.items.items()}
    folder = tmp_path_factory.mktemp("saved")
    for number in (1, 2):
        context = browser.new_context(accept_downloads=True)
        page = context.new_page()
        judge(page, study, number, said)
        for kind in ("json", "csv"):
            with page.expect_download() as download:
                page.locator(f"#save-{kind}").click()
            download.value.save_as(folder / f"{number}.{kind}")
        context.close()
    return study, folder


def test_json_and_csv_of_the_page_become_the_same_votes(judged):
    study, folder = judged
    imported = [
        import_files(study.key_folder, [folder / f"{number}.{kind}" for number in (1, 2)]) for kind in ("json", "csv")
    ]
    for one in imported:
        assert one.counts() == {
            "answers": 12, "counted": 8, "excluded": {"catch-trial": 2}, "no_votes": {"practice": 2},
            "rejected_assignments": 0,
        }  # fmt: skip
        assert len({vote.worker for vote in one.votes}) == 2
        for vote in one.votes:
            assert vote.answer == study.key.items[vote.item].truth and vote.plays == 1 and vote.blurred == 0
            assert 150 <= vote.exposure_ms < 1500 and vote.reaction_ms is not None and vote.position >= 1
    assert imported[0].votes == imported[1].votes
    both = import_files(study.key_folder, sorted(folder.iterdir()))
    assert len(both.votes) == 10 and sum(one.answers for one in both.left_out) == 14


def test_they_are_analysed(judged, tmp_path):
    study, folder = judged
    write_imported(import_files(study.key_folder, [folder / "1.json", folder / "2.csv"]), tmp_path)
    analysis = analyse_imported(study.key_folder, tmp_path)
    assert analysis.methods["xylogen"].majority.judged == 0 and analysis.reals.clustered.value == 1
    told = analysis.methods["xylogen"].detection
    assert (
        told.dprime.value > 2 and told.gap.value == told.gap.high == 1 and told.gap.low >= -1
    )  # two people, two clips


def test_the_export_inside_mturks_form_becomes_the_same_votes_of_the_platforms_worker(judged, tmp_path):
    study, folder = judged
    text = (folder / "1.json").read_text(encoding="utf-8")
    export = json.loads(text)
    answers = {f"Answer.{row['item']}": row["answer"] for row in export["answers"] if row["phase"] == "main"}
    row = {"WorkerId": "A1", "AssignmentId": "B1", "Answer.sheet": export["sheet"], "Answer.export": text, **answers}
    (tmp_path / "batch.csv").write_text(csv_of(list(row), [list(row.values())]))
    inside = import_files(study.key_folder, [tmp_path / "batch.csv"])
    alone = import_files(study.key_folder, [folder / "1.json"])
    assert inside.counts() == alone.counts()
    assert [(vote.item, vote.answer, vote.exposure_ms) for vote in inside.votes] == [
        (vote.item, vote.answer, vote.exposure_ms) for vote in alone.votes
    ]
    assert {vote.source for vote in inside.votes} == {"mturk"}
    assert not {vote.worker for vote in inside.votes} & {vote.worker for vote in alone.votes}
