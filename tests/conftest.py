"""One thread for all: with more, the small nets of the tests wait for each other far longer than they compute."""

import os

import pytest

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")


@pytest.fixture(scope="session")
def offline_environment():
    """`offline_environment(folder)`: variables of a machine with neither stage nor cache nor network."""

    def make(folder):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SGIF_")}
        environment |= {"SGIF_CACHE": str(folder / "cache"), "TORCH_HOME": str(folder / "torch")}
        # A proxy that nobody listens at makes every machine one without a network.
        return environment | {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "no_proxy": ""}

    return make
