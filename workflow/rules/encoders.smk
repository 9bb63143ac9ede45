rule encoder:
    output:
        "{root}/encoders/{encoder}.safetensors",
    log:
        "{root}/logs/encoders/{encoder}.log",
    params:
        code=PLAN.code("encoders"),
    conda:
        ENVIRONMENT
    shell:
        "{PYTHON} -m workflow.scripts.encoders {wildcards.encoder} {output:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
