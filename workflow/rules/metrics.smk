rule reference:
    input:
        clip="{root}/clips/{clip}.npz",
        encoder=lambda w: f"{w.root}/encoders/{PLAN.encoder(w.root)}.safetensors",
    output:
        "{root}/stats/{clip}.npz",
    log:
        "{root}/logs/stats/{clip}.log",
    benchmark:
        "{root}/benchmarks/stats/{clip}.tsv"
    conda:
        ENVIRONMENT
    params:
        encoder=lambda w: PLAN.encoder(w.root),
        layer=lambda w: PLAN.protocol(w.root).layer,
        code=PLAN.code("reference"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.reference {input.clip:q} {output:q} --encoder {params.encoder}"
        " --weights {input.encoder:q} --layer {params.layer} > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"


rule metrics:
    input:
        clip="{root}/clips/{clip}.npz",
        reference="{root}/stats/{clip}.npz",
        encoder=lambda w: f"{w.root}/encoders/{PLAN.encoder(w.root)}.safetensors",
        samples=lambda w: PLAN.samples(w.root, w.clip, w.method, w.seed),
    output:
        "{root}/metrics/{clip}/{method}/{seed}.json",
    log:
        "{root}/logs/metrics/{clip}/{method}/{seed}.log",
    benchmark:
        "{root}/benchmarks/metrics/{clip}/{method}/{seed}.tsv"
    conda:
        ENVIRONMENT
    resources:
        # 32 frames of 256 x 256 take 2.8 GiB, 8 of 168 x 298 a third of that.
        mem_mb=4000,
        runtime=240,
    params:
        protocol=lambda w: PLAN.protocol(w.root).name,
        encoder=lambda w: PLAN.encoder(w.root),
        metrics=lambda w: PLAN.protocol(w.root).metrics,
        code=PLAN.code("metrics"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.metrics {output:q} --clip {input.clip:q} --reference {input.reference:q}"
        " --encoder {params.encoder} --weights {input.encoder:q} --method {wildcards.method} --seed {wildcards.seed}"
        " --protocol {params.protocol} --metrics {params.metrics} --samples {input.samples:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"


# What a value can be without any generation: the clip's second half against its first.
use rule metrics as floor with:
    input:
        clip="{root}/clips/{clip}.npz",
        reference="{root}/stats/{clip}.npz",
        encoder=lambda w: f"{w.root}/encoders/{PLAN.encoder(w.root)}.safetensors",
        samples=[],
    output:
        "{root}/metrics/{clip}/{method}/{seed}.json",
    log:
        "{root}/logs/metrics/{clip}/{method}/{seed}.log",
    wildcard_constraints:
        method="half-against-half",
        seed="0",
