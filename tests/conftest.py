"""One thread for all: with more, the small nets of the tests wait for each other far longer than they compute."""

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
