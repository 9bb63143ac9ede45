rule page:
    input:
        table="{root}/table1.csv",
        cells="{root}/tables/cells.csv",
        clips=lambda w: PLAN.clip_files(w.root),
        samples=lambda w: PLAN.all_samples(w.root),
        runs=lambda w: PLAN.finished_runs(w.root),
        leaderboard="{root}/leaderboard.html",
    output:
        report(
            "{root}/index.html",
            caption="../report/page.rst",
            category="Pages",
            labels=report_labels("Clips and samples"),
        ),
    log:
        "{root}/logs/page.log",
    conda:
        ENVIRONMENT
    params:
        layout=lambda w: PLAN.layout(w.root),
        notes=lambda w: PLAN.notes(w.root),
        links=lambda w: PLAN.other_pages(w.root),
        code=PLAN.code("page"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.page {output:q} --layout {params.layout:q} --notes {params.notes:q}"
        " --links {params.links:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
