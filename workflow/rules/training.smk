# The run folder is not declared: what a killed job leaves there is what the next one resumes from.
rule train:
    input:
        "{root}/clips/{clip}.npz",
    output:
        "{root}/runs/{clip}/{method}/{seed}/finished.json",
    log:
        "{root}/logs/train/{clip}/{method}/{seed}.log",
    benchmark:
        "{root}/benchmarks/train/{clip}/{method}/{seed}.tsv"
    conda:
        ENVIRONMENT
    threads: lambda w: PLAN.protocol(w.root).threads
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        preset=lambda w: PLAN.protocol(w.root).preset,
        config=lambda w: PLAN.training_config(w.root, w.method),
        code=PLAN.code("training"),
    shell:
        "python3 -m workflow.scripts.training {input:q} {output:q} --method {wildcards.method}"
        " --preset {params.preset} --seed {wildcards.seed} --config {params.config:q} --threads {threads}"
        " 2>&1 | tee {log:q} >&2"
