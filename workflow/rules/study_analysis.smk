# What raters sent back, put into {root}/study/answers: page exports, MTurk results. The key is no input: it was made with
# the bundle that they saw, and must not be made anew because something else changed since.
rule study_report:
    input:
        answers=lambda w: PLAN.study_answers(w.root),
    output:
        votes="{root}/study/votes/votes.csv",
        left_out="{root}/study/votes/left_out.csv",
        counts="{root}/study/votes/import.json",
        analysis="{root}/study/report/analysis.json",
        rates="{root}/study/report/rates.csv",
        methods="{root}/study/report/methods.md",
        html=report(
            "{root}/study/report/study.html",
            caption="../report/study_report.rst",
            category="Pages",
            labels=report_labels("Real-or-fake study"),
        ),
    log:
        "{root}/logs/study/report.log",
    conda:
        ENVIRONMENT
    params:
        key="{root}/study/key",
        folder="{root}/study",
        code=PLAN.code("study_report"),
    shell:
        "PYTHONPATH=${{PYTHONPATH-$SGIF_HOME}} python3 -m workflow.scripts.study_report {params.folder:q} --key {params.key:q} --answers {input.answers:q}"
        " > {log:q} 2>&1 || {{ cat {log:q} >&2; exit 1; }}"
