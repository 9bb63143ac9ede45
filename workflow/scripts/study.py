"""Rule `study`: what raters get of a protocol's samples, and the key beside it."""

import json
import sys
from pathlib import Path

from datasets.cli import OneLineParser, run
from evaluation.study.bundle import build, say
from evaluation.study.design import Design, design_from_json
from evaluation.study.items import Fake, Material
from evaluation.study.platforms import ADDRESS, write_platforms
from workflow.layout import Layout
from workflow.versions import commit


def build_study(layout: Layout, design: Design, bundle: Path, key: Path) -> None:
    """Build the study of a protocol.

    Raises:
        InputError: a file is missing or damaged, or there are too few samples.
    """
    materials = [Material(clip, layout.clip(clip), _fakes(layout, design, clip)) for clip in design.clips]
    built = build(bundle, key, materials, design, made_from={"protocol": layout.protocol, "commit": commit()})
    write_platforms(bundle.parent / "platforms", built, ADDRESS)
    say(built, bundle, key)


def _fakes(layout: Layout, design: Design, clip: str) -> dict[str, list[Fake]]:
    return {
        method: [
            Fake(path, seed, int(path.stem))
            for seed in (layout.seeds if method in layout.trained else layout.seeds[:1])
            for path in layout.sample_files((clip, method, seed))
        ]
        for method in design.methods
    }


def main(arguments: list[str]) -> None:
    """Command line of the rule."""
    parser = OneLineParser(prog=f"python -m {__spec__.name}")
    parser.add_argument("page", type=Path)
    parser.add_argument("--key", type=Path, required=True, help="key.json in the key folder")
    parser.add_argument("--layout", type=Layout.from_json, required=True)
    parser.add_argument("--design", type=json.loads, required=True)
    options = parser.parse_args(arguments)
    design = design_from_json(options.design, "--design")
    build_study(options.layout, design, options.page.parent, options.key.parent)


if __name__ == "__main__":
    sys.exit(run(main))
