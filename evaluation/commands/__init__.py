"""The subcommands of `python -m evaluation`, one module each.

Role: reading arguments and printing; the work is done by functions of the other modules.
Layer: the top of `evaluation`. A module here has `add_parser(subparsers)`, which sets `run` to its function of the
parsed arguments. Heavy imports stay inside that function, so that `--help` is fast.
"""
