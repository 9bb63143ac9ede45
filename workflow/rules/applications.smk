# Applications that need no training of their own are made by one of the protocol's.
rule application_input:
    input:
        "{root}/clips/{clip}.npz",
    output:
        "{root}/applications/{clip}/{application}/clip.npz",
    log:
        "{root}/logs/applications/{clip}/{application}/input.log",
    conda:
        ENVIRONMENT
    params:
        minimum=lambda w: PLAN.application_training(
            w.root, w.application
        ).pyramid.coarsest_side,
        code=PLAN.code("application_input"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.application_input {input:q} {wildcards.application} {output:q}"
        " --minimum {params.minimum} > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"


# As with `train`, the run folder is not declared.
rule train_task:
    input:
        "{root}/applications/{clip}/{application}/clip.npz",
    output:
        "{root}/applications/{clip}/{application}/run/finished.json",
    log:
        "{root}/logs/applications/{clip}/{application}/train.log",
    benchmark:
        "{root}/benchmarks/applications/{clip}/{application}/train.tsv"
    conda:
        ENVIRONMENT
    threads: lambda w: PLAN.protocol(w.root).threads
    resources:
        mem_mb=lambda w, attempt: PLAN.application_request(
            w.root, w.application, w.clip, attempt
        ).mem_mb,
        runtime=lambda w, attempt: PLAN.application_request(
            w.root, w.application, w.clip, attempt
        ).runtime,
        gpu=lambda w: PLAN.protocol(w.root).gpu,
    params:
        method=lambda w: PLAN.application_method(w.root, w.application),
        preset=lambda w: PLAN.protocol(w.root).preset,
        seed=lambda w: PLAN.protocol(w.root).seeds[0],
        config=lambda w: PLAN.application_config(w.root, w.application),
        code=PLAN.code("training"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.training {input:q} {output:q} --method {params.method}"
        " --preset {params.preset} --seed {params.seed} --config {params.config:q} --threads {threads}"
        " --gpu {resources.gpu}"
        " 2>&1 | tee {log:q} >&2"


# The clips that are made have names of their own; the record that comes last stands for them.
rule apply:
    input:
        lambda w: PLAN.application_run(w.root, w.application, w.clip),
    output:
        "{root}/applications/{clip}/{application}/made/made.json",
    log:
        "{root}/logs/applications/{clip}/{application}/apply.log",
    benchmark:
        "{root}/benchmarks/applications/{clip}/{application}/apply.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        seed=0,
        code=PLAN.code("apply"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.apply {wildcards.application} {input:q} {output:q}"
        " --seed {params.seed} > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"


rule judge_application:
    input:
        clip="{root}/clips/{clip}.npz",
        made="{root}/applications/{clip}/{application}/made/made.json",
        encoder=lambda w: f"{w.root}/encoders/{PLAN.encoder(w.root)}.safetensors",
    output:
        json="{root}/applications/{clip}/{application}.json",
        png=report(
            "{root}/applications/{clip}/{application}.png",
            caption="../report/application.rst",
            category="Applications",
            labels=lambda w: {
                "what": w.application,
                "clip": w.clip,
                "protocol": PLAN.protocol(w.root).name,
            },
        ),
        tiles="{root}/applications/{clip}/{application}.tiles.json",
    log:
        "{root}/logs/applications/{clip}/{application}/judge.log",
    benchmark:
        "{root}/benchmarks/applications/{clip}/{application}/judge.tsv"
    conda:
        ENVIRONMENT
    resources:
        mem_mb=4000,
        runtime=240,
    params:
        encoder=lambda w: PLAN.encoder(w.root),
        layer=lambda w: PLAN.protocol(w.root).layer,
        code=PLAN.code("judge_application"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.judge_application {input.clip:q} {input.made:q} {output.json:q}"
        " --encoder {params.encoder} --layer {params.layer} --weights {input.encoder:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"


rule applications_table:
    input:
        lambda w: PLAN.application_files(w.root),
    output:
        csv=report(
            "{root}/applications/table.csv",
            caption="../report/applications.rst",
            category="Applications",
            labels=report_labels("Table"),
        ),
        md="{root}/applications/table.md",
    log:
        "{root}/logs/applications/table.log",
    conda:
        ENVIRONMENT
    params:
        protocol=lambda w: PLAN.protocol(w.root).name,
        code=PLAN.code("applications_table"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.applications_table {output.csv:q} --protocol {params.protocol}"
        " --measures {input:q} > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"


rule applications_page:
    input:
        measures=lambda w: PLAN.application_files(w.root),
        table="{root}/applications/table.csv",
    output:
        report(
            "{root}/applications.html",
            caption="../report/applications.rst",
            category="Applications",
            labels=report_labels("Page"),
        ),
    log:
        "{root}/logs/applications/page.log",
    conda:
        ENVIRONMENT
    params:
        protocol=lambda w: PLAN.protocol(w.root).name,
        notes=lambda w: PLAN.notes(w.root),
        code=PLAN.code("applications_page"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.applications_page {output:q} --protocol {params.protocol}"
        " --notes {params.notes:q} --measures {input.measures:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
