def trained_run(wildcards):
    """The training behind the samples of a method; controls have none."""
    if PLAN.is_trained(wildcards.method):
        return f"{wildcards.root}/runs/{wildcards.clip}/{wildcards.method}/{wildcards.seed}/finished.json"
    return []


for entry in PLAN.sample_counts:

    rule:
        name:
            f"samples_{entry.name}"
        input:
            clip="{root}/clips/{clip}.npz",
            run=trained_run,
        output:
            expand(
                "{{root}}/samples/{{clip}}/{{method}}/{{seed}}/{i}.npz",
                i=range(entry.samples),
            ),
        log:
            "{root}/logs/samples/{clip}/{method}/{seed}.log",
        benchmark:
            "{root}/benchmarks/samples/{clip}/{method}/{seed}.tsv"
        wildcard_constraints:
            root=entry.root,
        conda:
            ENVIRONMENT
        params:
            num=entry.samples,
            out=lambda w: f"{w.root}/samples/{w.clip}/{w.method}/{w.seed}",
            code=PLAN.code("samples"),
        shell:
            "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.samples {input.clip:q} {wildcards.method} --seed {wildcards.seed}"
            " --num {params.num} --out {params.out:q} --run {input.run:q}"
            " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
