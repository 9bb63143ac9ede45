"""From votes to results and words: the golden set, known raters, and everything that is written."""

import json
import math
import re

import numpy as np
import pandas as pd
import pytest

from datasets import cli
from datasets.errors import InputError
from evaluation.__main__ import main
from evaluation.study.analysis import MEASURES, analyse, analyse_imported
from evaluation.study.importing import import_files, write_imported
from evaluation.study.paragraphs import headline, methods_paragraphs, reading, warnings
from evaluation.study.power import COLUMNS, Size, at_rate, logit_error, power, power_table, simulated_power
from evaluation.study.rate_table import RATE_COLUMNS, read_rates
from evaluation.study.raters import Raters, draw, simulate
from evaluation.study.rates import tabulate
from evaluation.study.reporting import write_report
from evaluation.study.votes import COLUMNS as VOTE_COLUMNS
from evaluation.study.votes import read_votes

EVIL = "external:<script>alert(1)</script>"
SPREADS = {"worker_spread": 0.3, "clip_spread": 0.2, "item_spread": 0.3}


def frame(key, said):
    """Counted votes {item: (real votes, fake votes)}; the people of a sheet are numbered."""
    rows = []
    for sheet, items in key.sheets.items():
        for item in items:
            real, fake = said.get(item, (0, 0))
            for who, answer in enumerate(["real"] * real + ["fake"] * fake):
                rows.append(
                    [
                        key.study,
                        f"{sheet[:10]}{who:02x}",
                        "page",
                        sheet,
                        item,
                        1.0,
                        answer,
                        1.0,
                        5000.0,
                        900.0,
                        0.0,
                        0.0,
                        "",
                    ]
                )
    return pd.DataFrame(rows, columns=list(VOTE_COLUMNS))


def golden(key, judged=44):
    """Votes of three people on every fake of which so many have a majority for real, some all three."""
    fakes = [item for items in key.sheets.values() for item in items if key.items[item].kind == "fake"]
    order = np.random.default_rng(0).permutation(len(fakes))
    counts = [(2 + place % 2, 1 - place % 2) if place < judged else (place % 2, 3 - place % 2) for place in order]
    return frame(key, dict(zip(fakes, counts, strict=True)))


def of_raters(key, raters, seed=0, workers=30, folder=None):
    """The votes of simulated raters, through files and import where there is a folder."""
    answers = [answer for export in simulate(key, raters, workers, seed) for answer in export["answers"]]
    rows = [
        [a["study"], f"{int(a['participant'][-4:]):012x}", "page", a["sheet"], a["item"], 1.0, a["answer"], 1.0, 5000.0,
         900.0, 0.0, 0.0, "catch-trial" if key.items[a["item"]].kind == "catch" else ""]
        for a in answers
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(VOTE_COLUMNS))


def test_the_golden_set_is_44_of_90_with_the_papers_interval(make_key):
    key = make_key("paper")
    analysis = analyse(key, golden(key))
    result = analysis.methods["singan-gif"]
    assert (result.majority.judged, result.majority.rate.n, result.majority.ties) == (44, 90, 0)
    low, high = result.majority.rate.low, result.majority.rate.high
    assert (f"{100 * low:.1f}", f"{100 * high:.1f}") == ("38.8", "59.0")
    assert result.votes.independent.n == 270
    assert result.votes.independent.value == pytest.approx((22 * 5 + 23) / 270)
    assert analysis.paper["singan-gif"].value == 0 and result.detection is None and analysis.reals is None
    assert analysis.counts["workers"] == 30 and analysis.counts["fakes_without_votes"] == 0
    assert "44 of 90 clips by singan-gif were judged real (48.9" in " ".join(methods_paragraphs(analysis))
    assert sum(own.majority.judged for own in analysis.by_clip.values()) == 44
    assert all(own.majority.rate.n == 10 for own in analysis.by_clip.values())


def test_ties_are_no_majority_and_are_counted_and_missing_votes_are_said(make_key):
    key = make_key("paper", clips=("desert", "river"), samples=2)
    (first, second), (third, _) = key.sheets.values()
    analysis = analyse(key, frame(key, {first: (1, 1), second: (2, 1), third: (0, 3)}))
    majority = analysis.methods["singan-gif"].majority
    assert (majority.judged, majority.rate.n, majority.ties) == (1, 3, 1)
    assert analysis.counts["fakes_without_votes"] == 1 and analysis.counts["fakes_with_fewer_votes"] == 1
    text = " ".join(methods_paragraphs(analysis))
    assert "1 tie counted as not real" in text and "Of 4 fakes 1 have no vote, and 1 fewer than 3" in text
    assert "Not judged" in dict(warnings(analysis))


def test_a_majority_of_three_is_not_linear_in_the_votes(make_key):
    key = make_key("paper", samples=200)
    said = np.random.default_rng(0).binomial(3, 0.3, 1800)
    fakes = [item for items in key.sheets.values() for item in items]
    result = analyse(key, frame(key, {f: (int(k), 3 - int(k)) for f, k in zip(fakes, said, strict=True)}))
    one = result.methods["singan-gif"]
    assert one.votes.clustered.value == pytest.approx(0.3, abs=0.02)
    assert one.majority.rate.value == pytest.approx(0.216, abs=0.02)


def test_known_raters_are_recovered_through_files_and_import(make_key, key_folder, tmp_path):
    """Of 12 studies, the true values lie in at least 10 of the intervals of each kind."""
    key = make_key()
    place = key_folder(key)
    raters = Raters(dprime=0.8, bias=0.15, lapse=0.03, **SPREADS)
    dprime, criterion = raters.crowd()
    held = dict.fromkeys(("dprime", "criterion", "fake", "real"), 0)
    for seed in range(12):
        exports = tmp_path / f"{seed}.json"
        exports.write_text(json.dumps(simulate(key, raters, 30, seed)))
        write_imported(import_files(place, [exports]), tmp_path / str(seed))
        # Lapses fail catch trials too; with the rule, some people are left out, the others keep their rates.
        analysis = analyse_imported(place, tmp_path / str(seed))
        result = analysis.methods["singan-gif"]
        truths = {"dprime": dprime, "criterion": criterion, "fake": raters.rates()[0], "real": raters.rates()[1]}
        found = {
            "dprime": result.detection.dprime, "criterion": result.detection.criterion,
            "fake": result.votes.clustered, "real": analysis.reals.clustered,
        }  # fmt: skip
        for name, one in found.items():
            held[name] += one.low <= truths[name] <= one.high
            assert one.low < one.value < one.high
    assert min(held.values()) >= 10, held


def test_methods_are_told_apart_and_those_that_are_alike_are_not(make_key):
    key = make_key(methods=("good", "bad", "like-good"), samples=10)
    votes = of_raters(key, Raters(**SPREADS), workers=90)
    bad = votes["item"].map(lambda item: key.items[item].method == "bad")
    flipped = bad & (votes["answer"] == "real") & (np.random.default_rng(0).random(len(votes)) < 0.6)
    analysis = analyse(key, votes.assign(answer=np.where(flipped, "fake", votes["answer"])))
    worse, alike = analysis.differences["bad", "good"], analysis.differences["like-good", "good"]
    assert worse.high < 0 and alike.low < 0 < alike.high
    assert worse.value == pytest.approx(
        analysis.methods["bad"].votes.clustered.value - analysis.methods["good"].votes.clustered.value
    )
    # Votes on the same real clips stand against each method's.
    assert all(result.detection.dprime.n == 270 + 810 for result in analysis.methods.values())
    assert analysis.reals.clustered.n == 810 and len(analysis.reals_by_clip) == 9


def test_only_votes_that_count_are_used(make_key):
    key = make_key("paper")
    votes = golden(key)
    more = votes.copy()
    more["worker"], more["answer"], more["excluded"] = "f" * 12, "real", "fast-answer"
    both = pd.concat([votes, more.drop_duplicates(["worker", "sheet", "item"])], ignore_index=True)
    alone, together = analyse(key, votes), analyse(key, both)
    assert together.methods == alone.methods
    assert together.counts["excluded"] == {"fast-answer": 90} and together.counts["workers_left_out"] == 1
    assert "90 by fast-answer (Answers within less than 200 ms)" in " ".join(methods_paragraphs(together))
    with pytest.raises(InputError, match="no vote on a fake counts"):
        analyse(key, votes.assign(excluded="fast-answer"))


def test_votes_of_another_study_or_unknown_items_are_refused(make_key):
    key = make_key("paper")
    with pytest.raises(InputError, match="of study ffffffffffffffff"):
        analyse(key, golden(key).assign(study="f" * 16))
    with pytest.raises(InputError, match="no item 000000000000"):
        analyse(key, golden(key).assign(item="0" * 12))


def test_what_the_words_say_is_what_the_numbers_are(make_key):
    key = make_key()
    near = analyse(key, of_raters(key, Raters()))
    assert near.methods["singan-gif"].equivalence.shown
    assert "is shown to lie within 10 points of 50" in headline(near)
    far = analyse(key, of_raters(key, Raters(dprime=2)))
    assert not far.methods["singan-gif"].equivalence.shown and "is not shown to lie" in headline(far)
    text = " ".join(methods_paragraphs(far))
    assert "the real clips are 9 stimuli" in text and "under other conditions" in text
    assert "44 of 90 (48.9\N{NO-BREAK SPACE}%, Wilson 38.8 to 59.0\N{NO-BREAK SPACE}%)" in text
    assert "8 frames of 48 x 85 pixels" in text and "9 published" in text
    assert "9 real clips are as many stimuli" in dict(reading(far))["d' and criterion"]
    assert not warnings(far)
    several = make_key(methods=("one", "two"), clips=("desert", "river"), samples=2)
    said = headline(analyse(several, of_raters(several, Raters(), workers=12)))
    assert said.startswith("Most people took") and "for none of them" in said
    fakes_only = analyse(make_key("paper"), golden(make_key("paper")))
    assert [topic for topic, _ in warnings(fakes_only)] == ["No real clips"]


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """The report of a small study of two methods, one with an evil name, that has one clip nobody called real."""
    from tests.evaluation.study.keys import make_study_key

    folder = tmp_path_factory.mktemp("study")
    key = make_study_key(methods=("singan-gif", EVIL), clips=("desert", "river"), samples=3)
    votes = of_raters(key, Raters(dprime=0.5), workers=18)
    nobody = votes["item"].map(lambda item: key.items[item].clip == "river" and key.items[item].method == EVIL)
    votes.loc[nobody, "answer"] = "fake"
    analysis = analyse(key, votes)
    write_report(analysis, folder)
    return folder, analysis


def test_all_files_are_written_and_read_back(reported):
    folder, analysis = reported
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    figures = {f"figures/study_{name}{end}" for name in ("overall", "by_clip") for end in (".svg", ".png", ".csv")}
    assert names == {"analysis.json", "rates.csv", "methods.md", "study.html", *figures}
    rates = read_rates(folder / "rates.csv")
    assert tuple(rates.columns) == RATE_COLUMNS and set(rates["measure"]) == set(MEASURES)
    own = rates[(rates["method"] == EVIL) & (rates["clip"] == "")].set_index("measure")
    result = analysis.methods[EVIL]
    assert own.loc["judged_real_vote", "value"] == result.votes.clustered.value
    assert own.loc["dprime", "low"] == result.detection.dprime.low
    assert own.loc["equivalence_p", "value"] == result.equivalence.p and math.isnan(own.loc["equivalence_p", "low"])
    reals = rates[(rates["method"] == "real") & (rates["clip"] != "")]
    assert sorted(reals["clip"]) == ["desert", "river"] and (reals["measure"] == "judged_real_vote").all()
    value = json.loads((folder / "analysis.json").read_text())
    assert value["paper"]["judged"] == 44 and value["design"]["margin"] == 0.1
    # All votes of a clip alike: its alpha is not defined, in any file.
    assert value["methods"][EVIL]["clips"]["river"]["agreement"]["value"] is None
    assert "NaN" not in (folder / "analysis.json").read_text()


def test_the_same_votes_give_the_same_bytes(reported, tmp_path):
    folder, analysis = reported
    write_report(analysis, tmp_path)
    for name in ("analysis.json", "rates.csv", "methods.md", "study.html", "figures/study_by_clip.svg"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_names_are_text_on_the_page_and_nothing_is_loaded(reported):
    html = (reported[0] / "study.html").read_text(encoding="utf-8")
    assert "<script" not in html and "&lt;script&gt;alert(1)" in html
    assert "default-src &#39;none&#39;" in html
    assert set(re.findall(r'(?:src|href)="([a-z]+:|#)', html)) == {"data:", "#"} and "url(" not in html
    for words in (
        "Who was taken for real?",
        "Can people tell?",
        "What was left out",
        "failed-catch",
        "Methods paragraph",
    ):
        assert words in html


def test_damaged_rates_and_votes_are_refused(reported, tmp_path):
    good = (reported[0] / "rates.csv").read_text()
    for text in (good.replace("judged_real_vote,", "judged_real_vote,x", 1), "a,b\n1,2\n"):
        (tmp_path / "rates.csv").write_text(text)
        with pytest.raises(InputError, match=r"rates\.csv"):
            read_rates(tmp_path / "rates.csv")
    row = ["s", "0" * 12, "page", "x", "y", "1", "real", "1", "1", "1", "0", "0", ""]
    for change in ({6: "maybe"}, {1: "Anna"}, {9: "soon"}):
        changed = [change.get(place, value) for place, value in enumerate(row)]
        (tmp_path / "votes.csv").write_text("\n".join([",".join(VOTE_COLUMNS), ",".join(changed)]) + "\n")
        with pytest.raises(InputError, match=r"votes\.csv"):
            read_votes(tmp_path)
    (tmp_path / "votes.csv").write_text("\n".join([",".join(VOTE_COLUMNS), ",".join(row), ",".join(row)]) + "\n")
    with pytest.raises(InputError, match="twice"):
        read_votes(tmp_path)


def test_the_commands_lead_from_raters_to_a_report(tmp_path, make_key, key_folder, capsys):
    place = key_folder(make_key(clips=("desert", "river"), samples=2))
    assert cli.run(main, ["study", "simulate", str(place), "--workers", "6", "--out", str(tmp_path / "a")]) == 0
    files = sorted(map(str, (tmp_path / "a").iterdir()))
    assert cli.run(main, ["study", "import", str(place), *files, "--out", str(tmp_path / "v")]) == 0
    assert cli.run(main, ["study", "analyse", str(place), str(tmp_path / "v"), "--out", str(tmp_path / "r")]) == 0
    assert " of 4 clips by singan-gif (" in capsys.readouterr().out
    for name in ("study.html", "methods.md"):
        assert "come from simulated raters" in (tmp_path / "r" / name).read_text(encoding="utf-8")
    assert cli.run(main, ["study", "analyse", str(place), str(tmp_path), "--out", str(tmp_path / "r")]) == 2


RATERS = Raters(worker_spread=0.3, clip_spread=0.2, item_spread=0.3, lapse=0.02)


@pytest.mark.parametrize("rate", [0.5, 0.3])
@pytest.mark.parametrize("size", [Size(9, 10, 3), Size(4, 3, 6), Size(12, 1, 2)])
def test_the_variance_of_the_closed_form_is_that_of_simulated_studies(size, rate):
    workers, clips, items = size.layout()
    rng = np.random.default_rng(0)
    said = draw(at_rate(RATERS, rate), np.zeros(len(clips), bool), workers, clips, items, rng, 6000)
    assert said.mean() == pytest.approx(rate, abs=0.01)
    error = logit_error(size, RATERS, rate)[0] * rate * (1 - rate)
    assert said.mean(1).std() == pytest.approx(error, rel=0.04)
    assert tabulate(said[0], workers, clips).count.sum() == size.clips * size.samples * size.votes


@pytest.mark.parametrize("size", [Size(9, 10, 3), Size(9, 10, 10), Size(18, 10, 3)])
def test_power_by_formula_is_near_that_of_simulated_studies(size):
    formula, simulated = power(size, RATERS, 0.1, 0.15), simulated_power(size, RATERS, 0.1, 0.15, studies=600)
    assert formula.equivalence == pytest.approx(simulated.equivalence, abs=0.08)
    assert formula.difference == pytest.approx(simulated.difference, abs=0.05)
    assert formula.half_width == pytest.approx(simulated.half_width, rel=0.1)


def test_power_grows_with_every_size_and_falls_with_every_spread():
    few, many = power(Size(9, 10, 3), RATERS, 0.1, 0.15), power(Size(18, 10, 3), RATERS, 0.1, 0.15)
    assert many.equivalence > few.equivalence and many.difference > few.difference
    assert power(Size(9, 10, 9), RATERS, 0.1, 0.15).equivalence > few.equivalence
    rough = Raters(worker_spread=0.3, clip_spread=0.5, item_spread=0.3, lapse=0.02)
    assert power(Size(9, 10, 3), rough, 0.1, 0.15).equivalence < few.equivalence
    # A rate at the edge of the margin is shown to be within it in at most 5 % of studies.
    assert power(Size(18, 20, 10), at_rate(RATERS, 0.6), 0.1, 0.15).equivalence <= 0.051


def test_the_table_of_powers_is_printed_and_written(tmp_path, capsys):
    table = power_table([9, 5], [10], [3], RATERS, 0.1, 0.15, studies=0)
    assert tuple(table.columns) == COLUMNS and table["total_votes"].tolist() == [270, 150]
    line = ["study", "power", "--clips", "9", "--votes", "3", "--simulate", "50", "--out", str(tmp_path / "p.csv")]
    assert cli.run(main, line) == 0
    assert "270" in capsys.readouterr().out and pd.read_csv(tmp_path / "p.csv")["workers"].tolist() == [30]
    for bad in (["--clips", "1"], ["--margin", "0.5"], ["--lapse", "2"], ["--rate", "0.001", "--lapse", "0.5"],
                ["--clips", "1000", "--samples", "1000"]):  # fmt: skip
        assert cli.run(main, ["study", "power", *bad]) == 2
        assert capsys.readouterr().err.count("\n") == 1
