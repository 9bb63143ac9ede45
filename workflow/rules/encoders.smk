rule encoder:
    output:
        "{root}/encoders/{encoder}.safetensors",
    log:
        "{root}/logs/encoders/{encoder}.log",
    conda:
        ENVIRONMENT
    params:
        code=PLAN.code("encoders"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.encoders {wildcards.encoder} {output:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
