# The secret lies beside the key, undeclared: Snakemake deletes the declared outputs of a job before it runs again, and
# with a new secret all ids would be others. So do the media, which appear with the page.
rule study:
    input:
        clips=lambda w: PLAN.clip_files(w.root),
        samples=lambda w: PLAN.study_samples(w.root),
    output:
        page="{root}/study/bundle/index.html",
        key="{root}/study/key/key.json",
    log:
        "{root}/logs/study.log",
    conda:
        ENVIRONMENT
    params:
        layout=lambda w: PLAN.layout(w.root),
        design=lambda w: PLAN.study(w.root),
        code=PLAN.code("study"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.study {output.page:q} --key {output.key:q} --layout {params.layout:q}"
        " --design {params.design:q} > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
