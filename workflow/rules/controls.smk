rule control_values:
    input:
        clip="{root}/clips/{clip}.npz",
        reference="{root}/stats/{clip}.npz",
        floor="{root}/metrics/{clip}/half-against-half/0.json",
        encoder=lambda w: f"{w.root}/encoders/{PLAN.encoder(w.root)}.safetensors",
    output:
        "{root}/controls/{clip}.csv",
    log:
        "{root}/logs/controls/{clip}.log",
    benchmark:
        "{root}/benchmarks/controls/{clip}.tsv"
    conda:
        ENVIRONMENT
    resources:
        # 32 frames of 256 x 256 take 2.8 GiB, 8 of 168 x 298 a third of that.
        mem_mb=4000,
        runtime=240,
    params:
        encoder=lambda w: PLAN.encoder(w.root),
        metrics=lambda w: PLAN.protocol(w.root).metrics,
        code=PLAN.code("controls"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.controls {output:q} --clip {input.clip:q} --reference {input.reference:q}"
        " --floor {input.floor:q} --encoder {params.encoder} --weights {input.encoder:q} --metrics {params.metrics}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"


rule control_matrix:
    input:
        lambda w: PLAN.control_files(w.root),
    output:
        md="{root}/controls.md",
        csv=report(
            "{root}/controls.csv",
            caption="../report/controls.rst",
            category="Tables",
            labels=report_labels("Controls"),
        ),
    log:
        "{root}/logs/controls.log",
    conda:
        ENVIRONMENT
    params:
        code=PLAN.code("control_matrix"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.control_matrix {output.md:q} {input:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
