"""Rule `encoder`: the weights of an encoder as one file of the DAG, so that no scoring job needs the network."""

import sys
from pathlib import Path

from datasets.cli import OneLineParser, run
from evaluation.encoders.location import obtain_stem


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("encoder")
    parser.add_argument("out", type=Path)
    options = parser.parse_args(arguments)
    located = obtain_stem(options.encoder, options.out)
    print(f"{located.encoder}: {located.kind} ({located.where})")


if __name__ == "__main__":
    sys.exit(run(main))
