import sys
from pathlib import Path

# Our packages lie beside the Snakefile, also where the workflow is included as a module.
HOME = (
    Path(workflow.current_basedir.get_path_or_uri(secret_free=False))
    .resolve()
    .parents[1]
)
sys.path.insert(0, str(HOME))

from datasets.errors import InputError
from workflow.announcement import announce as announce_jobs, trainings_of
from workflow.environment import prepare
from workflow.forecast import tell as forecast_trainings
from workflow.plan import Plan

prepare(HOME)
ENVIRONMENT = str(HOME / "environment.yml")


def refuse(error):
    """End with the one line that says what is wrong, in place of Snakemake's traceback."""
    print(f"error: {error}", file=sys.stderr, flush=True)
    raise SystemExit(2)


try:
    PLAN = Plan(HOME, config)
except InputError as error:
    refuse(error)


wildcard_constraints:
    root=PLAN.root_pattern,
    clip=PLAN.clip_pattern,
    method=PLAN.method_pattern,
    external=PLAN.external_pattern,
    encoder=PLAN.encoder_pattern,
    application=PLAN.application_pattern,
    seed=r"\d+",
    i=r"\d+",


def report_labels(what):
    """Labels of an item of Snakemake's own report: what it is, and of which protocol."""

    def of(wildcards):
        return {"what": what, "protocol": PLAN.protocol(wildcards.root).name}

    return of


def announce(dag):
    """Before the first job: what will be done, and whether everything from outside can be had."""
    jobs = [(job.rule.name, dict(job.wildcards)) for job in dag.needrun_jobs()]
    try:
        lines = announce_jobs(PLAN, jobs)
    except InputError as error:
        refuse(error)
    # None where a cluster runs the jobs: what a training takes on this machine says nothing of that one.
    cores = workflow.resource_settings.cores
    if cores:
        lines += forecast_trainings(trainings_of(PLAN, jobs), cores)
    for line in lines:
        print(line, file=sys.stderr, flush=True)
