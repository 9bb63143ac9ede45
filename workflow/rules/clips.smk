rule clip:
    output:
        clip="{root}/clips/{clip}.npz",
        record="{root}/clips/{clip}.json",
    log:
        "{root}/logs/clips/{clip}.log",
    conda:
        ENVIRONMENT
    params:
        protocol=lambda w: PLAN.protocol(w.root).name,
        source=lambda w: PLAN.source_key(w.root, w.clip),
        limits=lambda w: PLAN.clip_limits(w.root),
        own=lambda w: PLAN.own_clip(w.clip),
        entry=lambda w: PLAN.catalogue_entry(w.clip),
        code=PLAN.code("clips"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.clips {wildcards.clip} {output.clip:q} --source {params.source:q}"
        " --limits {params.limits:q} --own {params.own:q} > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
