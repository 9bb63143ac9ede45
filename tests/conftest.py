"""What tests of all folders share: one thread for everything, and runs of the workflow offline that are compared."""

import csv
import os

import pytest

# With more threads the small nets of the tests wait for each other far longer than they compute.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")


@pytest.fixture(scope="session")
def offline():
    """`offline(folder)` is an environment for Snakemake in `folder`, with neither stage nor cache nor network."""

    def variables(folder):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SGIF_")}
        # A proxy that nobody listens at makes every machine one without a network.
        environment |= {"SGIF_CACHE": str(folder / "cache"), "TORCH_HOME": str(folder / "torch")}
        return environment | {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "no_proxy": ""}

    return variables


@pytest.fixture(scope="session")
def compare_results():
    """`compare_results(root, other)` asserts that what `root` has is in `other` with the same bytes.

    Weights, samples, statistics, metrics; cells and Table 1, but for time and memory, line by line: `other` may have
    more methods.
    """
    patterns = ("runs/*/*/*/scale_*", "runs/*/*/*/finished.json", "samples/**/*.npz", "stats/*", "metrics/**/*.json")

    def rows(path):
        with path.open(newline="") as file:
            return [
                {k: v for k, v in row.items() if k not in ("train_minutes", "peak_memory_mb")}
                for row in csv.DictReader(file)
            ]

    def compare(root, other):
        for pattern in patterns:
            paths = list(root.glob(pattern))
            assert paths, f"{root}/{pattern}: nothing to compare"
            for path in paths:
                assert path.read_bytes() == (other / path.relative_to(root)).read_bytes(), path
        for name in ("tables/cells.csv", "table1.csv"):
            own, others = rows(root / name), rows(other / name)
            assert own and [row for row in own if row not in others] == [], name

    return compare
