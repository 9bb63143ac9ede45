rule contact_sheet:
    input:
        clips=lambda w: PLAN.clip_files(w.root),
        metrics=lambda w: PLAN.metric_files(w.root),
        samples=lambda w: PLAN.all_samples(w.root),
    output:
        report(
            "{root}/samples.png",
            caption="../report/samples.rst",
            category="Samples",
            labels=report_labels("First samples"),
        ),
    log:
        "{root}/logs/contact_sheet.log",
    conda:
        ENVIRONMENT
    params:
        layout=lambda w: PLAN.layout(w.root),
        code=PLAN.code("contact_sheet"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.contact_sheet {output:q} --layout {params.layout:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
