rule cells:
    input:
        metrics=lambda w: PLAN.metric_files(w.root),
        floors=lambda w: PLAN.floor_files(w.root),
    output:
        report(
            "{root}/tables/cells.csv",
            caption="../report/cells.rst",
            category="Tables",
            labels=report_labels("All values"),
        ),
    log:
        "{root}/logs/tables/cells.log",
    conda:
        ENVIRONMENT
    params:
        layout=lambda w: PLAN.layout(w.root),
        code=PLAN.code("cells"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.cells {output:q} --layout {params.layout:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"


rule table1:
    input:
        cells="{root}/tables/cells.csv",
        metrics=lambda w: PLAN.metric_files(w.root),
        runs=lambda w: PLAN.finished_runs(w.root),
    output:
        csv=report(
            "{root}/table1.csv",
            caption="../report/table1.rst",
            category="Tables",
            labels=report_labels("Table 1"),
        ),
        md="{root}/table1.md",
        tex="{root}/table1.tex",
    log:
        "{root}/logs/tables/table1.log",
    conda:
        ENVIRONMENT
    params:
        layout=lambda w: PLAN.layout(w.root),
        code=PLAN.code("table1"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.table1 {output.csv:q} --cells {input.cells:q} --layout {params.layout:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
