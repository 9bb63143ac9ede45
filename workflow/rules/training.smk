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
        # By the cost model of `sgif plan`, and more at each attempt; a training that ran out of time resumes.
        mem_mb=lambda w, attempt: PLAN.training_request(
            w.root, w.clip, w.method, attempt
        ).mem_mb,
        runtime=lambda w, attempt: PLAN.training_request(
            w.root, w.clip, w.method, attempt
        ).runtime,
        gpu=lambda w: PLAN.protocol(w.root).gpu,
    params:
        preset=lambda w: PLAN.protocol(w.root).preset,
        config=lambda w: PLAN.training_config(w.root, w.method),
        code=PLAN.code("training"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.training {input:q} {output:q} --method {wildcards.method}"
        " --preset {params.preset} --seed {wildcards.seed} --config {params.config:q} --threads {threads}"
        " --gpu {resources.gpu}"
        " 2>&1 | tee {log:q} >&2"
