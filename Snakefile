# The DAG of every protocol: snakemake --cores N results[/PROTOCOL]/table1.csv
# The path alone selects the protocol; rules are in workflow/rules, what they run in workflow/scripts.

from snakemake.utils import min_version

min_version("9.3")


# First, so that it is the default target here, and not where this workflow is a module of another one.
rule all:
    input:
        "results/table1.csv",
        "results/index.html",
        "results/samples.png",


include: "workflow/rules/common.smk"
include: "workflow/rules/clips.smk"
include: "workflow/rules/encoders.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/samples.smk"
include: "workflow/rules/external.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/controls.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/study_analysis.smk"
include: "workflow/rules/leaderboard.smk"
include: "workflow/rules/ablations.smk"
include: "workflow/rules/applications.smk"
include: "workflow/rules/page.smk"
include: "workflow/rules/contact_sheet.smk"
include: "workflow/rules/study.smk"


report: "workflow/report/workflow.rst"


localrules:
    all,
    clip,
    encoder,
    cells,
    table1,
    ablation_table,
    ablation_report,
    application_input,
    applications_table,
    applications_page,
    control_matrix,
    leaderboard,
    study_report,
    page,
    contact_sheet,
    study,


onstart:
    announce(workflow.dag)
