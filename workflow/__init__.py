"""The DAG: protocols, the registry of methods, and one script a rule.

Role: join `datasets`, `sgif` and `evaluation` into files that Snakemake can make.
Layer: the top; imports all others, and none of them imports it. Parsing the workflow imports no torch.
"""
