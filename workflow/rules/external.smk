# How many samples there are is found out when they are read, so the folder is the output.
rule external:
    input:
        clip="{root}/clips/{clip}.npz",
        files=lambda w: PLAN.external(w.root, w.external, w.clip),
    output:
        directory("{root}/samples/{clip}/{external}/0"),
    log:
        "{root}/logs/samples/{clip}/{external}/0.log",
    benchmark:
        "{root}/benchmarks/samples/{clip}/{external}/0.tsv"
    conda:
        ENVIRONMENT
    params:
        folder=lambda w: PLAN.external_folder(w.root, w.external),
        resize=lambda w: "--resize" if PLAN.protocol(w.root).external_resize else "",
        code=PLAN.code("external"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.external {input.clip:q} {params.folder:q} --out {output:q} {params.resize}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
