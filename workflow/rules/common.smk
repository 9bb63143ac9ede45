import os
import shlex
import sys
from pathlib import Path

from snakemake.settings.types import DeploymentMethod

# Jobs find our packages by the folder of the Snakefile, wherever the workflow is run from or included.
HOME = Path(workflow.current_basedir.get_path_or_uri(secret_free=False)).resolve().parents[1]
sys.path.insert(0, str(HOME))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HOME), os.environ.get("PYTHONPATH")]))
# Jobs run side by side; a training sets its own number of threads. With more, small matrix work is slower, not faster.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from datasets.errors import InputError
from workflow.plan import Plan

# Under conda the job's own environment has the interpreter; elsewhere it is the one that runs Snakemake.
CONDA = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
PYTHON = "python" if CONDA else shlex.quote(sys.executable)
ENVIRONMENT = str(HOME / "environment.yml")


def refuse(error):
    """End with the one line that says what is wrong, in place of Snakemake's traceback."""
    print(f"error: {error}", file=sys.stderr, flush=True)
    raise SystemExit(2)


try:
    PLAN = Plan(HOME, config, os.environ)
except InputError as error:
    refuse(error)


wildcard_constraints:
    root=PLAN.root_pattern,
    clip=PLAN.clip_pattern,
    method=PLAN.method_pattern,
    encoder=PLAN.encoder_pattern,
    seed=r"\d+",
    i=r"\d+",


def announce(dag):
    """Before the first job: what will be done, and whether everything from outside can be had."""
    jobs = [(job.rule.name, dict(job.wildcards)) for job in dag.needrun_jobs()]
    try:
        lines = PLAN.announce(jobs)
    except InputError as error:
        refuse(error)
    for line in lines:
        print(line, file=sys.stderr, flush=True)
