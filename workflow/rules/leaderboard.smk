rule leaderboard:
    input:
        cells="{root}/tables/cells.csv",
        metrics=lambda w: PLAN.metric_files(w.root),
        runs=lambda w: PLAN.finished_runs(w.root),
    output:
        csv="{root}/leaderboard.csv",
        md="{root}/leaderboard.md",
        html="{root}/leaderboard.html",
    log:
        "{root}/logs/leaderboard.log",
    conda:
        ENVIRONMENT
    params:
        layout=lambda w: PLAN.layout(w.root),
        code=PLAN.code("leaderboard"),
    shell:
        "python3 -m workflow.scripts.leaderboard {output.csv:q} --cells {input.cells:q} --layout {params.layout:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
