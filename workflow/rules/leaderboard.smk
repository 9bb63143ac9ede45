rule leaderboard:
    input:
        cells="{root}/tables/cells.csv",
        metrics=lambda w: PLAN.metric_files(w.root),
        runs=lambda w: PLAN.finished_runs(w.root),
        study=lambda w: PLAN.study_rates(w.root),
    output:
        csv=report(
            "{root}/leaderboard.csv",
            caption="../report/leaderboard.rst",
            category="Tables",
            labels=report_labels("Leaderboard"),
        ),
        md="{root}/leaderboard.md",
        html=report(
            "{root}/leaderboard.html",
            caption="../report/leaderboard_page.rst",
            category="Pages",
            labels=report_labels("Leaderboard"),
        ),
    log:
        "{root}/logs/leaderboard.log",
    conda:
        ENVIRONMENT
    params:
        layout=lambda w: PLAN.layout(w.root),
        study=lambda w, input: f"--study {input.study}" if input.study else "",
        code=PLAN.code("leaderboard"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.leaderboard {output.csv:q} --cells {input.cells:q} --layout {params.layout:q} {params.study}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
