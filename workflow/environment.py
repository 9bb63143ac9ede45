"""What every job inherits from the process that runs Snakemake."""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path


def prepare(home: Path, environment: MutableMapping[str, str] = os.environ) -> None:
    """Set the variables that rules rely on.

    Arguments:
        home: folder of the Snakefile. Jobs find our packages by it, wherever the workflow is run from or included.
        environment: where the variables are set.
    """
    paths = [str(home), environment.get("PYTHONPATH")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    # Rules call `python3`: under conda that of their environment, elsewhere the one that runs Snakemake.
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    # Jobs run side by side, and small matrix work is slower with more threads; a training sets its own number.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        environment.setdefault(variable, "1")
