"""What is made again after a change: edits of a copy of the code, planned on a copy of finished results."""

import re
import shutil

import pytest

from benchmarks.planning import copy_code

pytestmark = pytest.mark.slow
TARGETS = ("results/smoke/table1.csv", "results/smoke/index.html", "results/smoke/samples.png")
TABLES = {("cells", ""), ("table1", ""), ("leaderboard", ""), ("page", ""), ("contact_sheet", "")}


@pytest.fixture(scope="module")
def finished(smoke, tmp_path_factory):
    """Finished results with their times, and the code beside them."""
    folder = tmp_path_factory.mktemp("again")
    shutil.copytree(smoke[0].parents[1], folder, dirs_exist_ok=True)
    copy_code(folder / "code")
    return folder


@pytest.fixture
def planned(finished, snakemake):
    """`planned(edits={file: text to add}, *arguments)`: the jobs to come as (rule, method/seed or clip)."""
    before = {}

    def call(*arguments, edits=()):
        for name, text in dict(edits).items():
            path = finished / "code" / name
            before[path] = path.read_text()
            path.write_text(text(before[path]) if callable(text) else before[path] + text)
        done = snakemake(finished, "--snakefile", finished / "code" / "Snakefile", "-n", *TARGETS, *arguments)
        assert done.returncode == 0, done.stderr
        return jobs(done.stdout + done.stderr)

    yield call
    for path, text in before.items():
        path.write_text(text)


def jobs(output):
    """(rule, what of the wildcards tells its jobs apart) of each job of a dry run."""
    found = set()
    for rule, rest in re.findall(r"^(?:local)?rule (\w+):\n((?: {4}.*\n)*)", output, re.MULTILINE):
        line = re.search(r"^ {4}wildcards: (.*)$", rest, re.MULTILINE)
        values = dict(pair.split("=", 1) for pair in line[1].split(", ")) if line else {}
        keys = ("clip", "method", "seed") if "method" in values else ("clip",)
        found.add((rule, " ".join(values[key] for key in keys if key in values)))
    assert found or "Nothing to be done" in output, output
    return found


def cells(clip, method, seed):
    return {(rule, f"{clip} {method} {seed}") for rule in ("train", "samples_smoke", "metrics")}


TRAINED = cells("waterfall", "singan-gif", 0) | cells("waterfall", "singan-frames", 0)
LINE = "\n# another line\n"


def test_the_same_code_at_another_place_makes_nothing_again(planned):
    assert planned() == set()


def test_measured_times_are_kept_and_make_nothing_again(planned, finished):
    folder = finished / "results" / "smoke" / "benchmarks"
    assert {path.name for path in folder.iterdir()} == {"train", "samples", "stats", "metrics"}
    assert all(path.read_text().startswith("s\t") for path in folder.rglob("*.tsv"))
    shutil.rmtree(folder)
    assert planned() == set()


def test_a_loss_makes_trainings_again_and_what_follows(planned):
    assert planned(edits={"sgif/losses.py": LINE}) == TRAINED | TABLES


def test_the_sampler_makes_samples_again_and_no_training(planned):
    again = planned(edits={"sgif/sampler.py": LINE})
    assert TABLES | {job for job in TRAINED if job[0] != "train"} <= again
    assert {rule for rule, _ in again} == {"samples_smoke", "metrics"} | {rule for rule, _ in TABLES}


def test_a_table_makes_tables_again(planned):
    assert planned(edits={"evaluation/tables.py": LINE}) == {("table1", ""), ("leaderboard", ""), ("page", "")}


def test_a_template_makes_the_page_again(planned):
    assert planned(edits={"evaluation/report/templates/results.html": "\n"}) == {("leaderboard", ""), ("page", "")}


def test_words_make_nothing_again(planned, finished):
    texts = [path for path in (finished / "code").rglob("*") if path.suffix in (".md", ".rst")]
    assert len(texts) > 10
    edits = {path.relative_to(finished / "code").as_posix(): "\nAnother line.\n" for path in texts}
    assert planned(edits=edits | {"sgif/progress.py": LINE, "datasets/cli.py": LINE}) == set()


def test_a_seed_makes_its_cells(planned):
    more = cells("waterfall", "singan-gif", 1) | cells("waterfall", "singan-frames", 1)
    assert planned("--config", "seeds=0,1") == more | TABLES


def test_a_clip_makes_its_cells(planned):
    again = planned("--config", "clips=waterfall,desert")
    assert again > TABLES and all("desert" in what for _, what in again - TABLES)
    assert {rule for rule, _ in again - TABLES} == {"clip", "reference", "train", "samples_smoke", "floor", "metrics"}


def test_a_config_key_of_trainings_leaves_controls_alone(planned):
    assert planned("--config", 'training={"losses.colour": 1}') == TRAINED | TABLES


def test_an_entry_of_the_catalogue_concerns_its_clip_alone(planned):
    def frames(id, more):
        return lambda text: re.sub(rf'(id = "{id}"(?:\n.+)*?\nframes = )\d+', rf"\g<1>{more}", text)

    assert planned(edits={"datasets/catalogue.toml": frames("desert", 17)}) == set()
    again = planned(edits={"datasets/catalogue.toml": frames("waterfall", 17)})
    assert ("clip", "waterfall") in again and again > TRAINED
