rule ablation_timing:
    output:
        "{root}/ablations/timing.json",
    log:
        "{root}/logs/ablations/timing.log",
    benchmark:
        "{root}/benchmarks/ablations/timing.tsv"
    conda:
        ENVIRONMENT
    threads: lambda w: PLAN.protocol(w.root).threads
    resources:
        mem_mb=8000,
        runtime=60,
        gpu=lambda w: PLAN.protocol(w.root).gpu,
    params:
        size=lambda w: PLAN.largest_clip(w.root),
        configs=lambda w: PLAN.variant_configs(w.root),
        steps=3,
        code=PLAN.code("ablation_timing"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.ablation_timing {output:q} --size {params.size} --configs {params.configs:q}"
        " --threads {threads} --gpu {resources.gpu} --steps {params.steps} --code {params.code:q} > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"


# The paper speaks of 256 x 256; no training is needed to say what an iteration takes.
use rule ablation_timing as ablation_timing_256 with:
    output:
        "{root}/ablations/timing_256.json",
    log:
        "{root}/logs/ablations/timing_256.log",
    benchmark:
        "{root}/benchmarks/ablations/timing_256.tsv"
    resources:
        mem_mb=24000,  # whole 3D convolutions at 256 x 256: 15 GB were seen
        runtime=240,
        gpu=lambda w: PLAN.protocol(w.root).gpu,
    params:
        size=(8, 256, 256),
        configs=PLAN.paper_configs(),
        steps=1,  # an iteration of the finest scale takes a core a minute
        code=PLAN.code("ablation_timing"),


rule ablation_table:
    input:
        metrics=lambda w: PLAN.ablation_files(w.root)["metrics"],
        floors=lambda w: PLAN.floor_files(w.root),
        runs=lambda w: PLAN.ablation_files(w.root)["runs"],
        timing="{root}/ablations/timing.json",
        timing_256=lambda w: (
            f"{w.root}/ablations/timing_256.json" if PLAN.judges_time(w.root) else []
        ),
    output:
        cells="{root}/ablations/cells.csv",
        csv=report(
            "{root}/ablations/table.csv",
            caption="../report/ablation_table.rst",
            category="Ablations",
            labels=report_labels("Table"),
        ),
        md="{root}/ablations/table.md",
        tex="{root}/ablations/table.tex",
        claims=report(
            "{root}/ablations/claims.md",
            caption="../report/claims.rst",
            category="Ablations",
            labels=report_labels("Claims"),
        ),
        claims_json="{root}/ablations/claims.json",
    log:
        "{root}/logs/ablations/table.log",
    conda:
        ENVIRONMENT
    params:
        layout=lambda w: PLAN.ablations(w.root),
        code=PLAN.code("ablation_table"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.ablation_table {output.csv:q} --layout {params.layout:q}"
        " --timing {input.timing:q} {input.timing_256:q} > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"


rule ablation_report:
    input:
        clips=lambda w: PLAN.clip_files(w.root),
        cells="{root}/ablations/cells.csv",
        claims="{root}/ablations/claims.json",
        timing="{root}/ablations/timing.json",
        runs=lambda w: PLAN.ablation_files(w.root)["runs"],
        samples=lambda w: PLAN.ablation_files(w.root)["samples"],
    output:
        report(
            "{root}/ablations/report.html",
            caption="../report/ablations.rst",
            category="Ablations",
            labels=report_labels("Report"),
        ),
    log:
        "{root}/logs/ablations/report.log",
    conda:
        ENVIRONMENT
    params:
        layout=lambda w: PLAN.ablations(w.root),
        notes=lambda w: PLAN.notes(w.root),
        code=PLAN.code("ablation_report"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.ablation_report {output:q} --layout {params.layout:q} --cells {input.cells:q}"
        " --claims {input.claims:q} --timing {input.timing:q} --notes {params.notes:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
