"""What jobs need to find our packages and their interpreter, and what they inherit from the Snakemake process."""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path


def prepare(home: Path, environment: MutableMapping[str, str] = os.environ) -> None:
    """Set the variables that jobs, and processes beside them, inherit.

    Arguments:
        home: folder of the Snakefile, where our packages are found, wherever the workflow is run from or included.
        environment: where the variables are set.
    """
    paths = [str(home), environment.get("PYTHONPATH")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    # Under conda Snakemake takes PYTHONPATH out of what a job inherits, so that packages of the machine stay out of the
    # environment; rules then put our folder, and nothing else, in its place.
    environment["SGIF_HOME"] = str(home)
    # Rules call `python3`: under conda that of their environment, elsewhere the one that runs Snakemake.
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    # Jobs run side by side, and small matrix work is slower with more threads; a training sets its own number.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        environment.setdefault(variable, "1")
