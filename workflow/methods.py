"""The registry of methods: the trained ones of `sgif`, the controls of `evaluation`, and what the paper says of them;
`external:NAME` for samples that other methods made, `ablation:NAME` for the user's own changes of the full model.

It is joined here because neither package may import the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from datasets.names import pick
from evaluation.controls import CONTROLS
from evaluation.external import check_name
from sgif.methods import METHODS as TRAINED


@dataclass(frozen=True)
class MethodEntry:
    """A row of the tables.

    Attributes:
        name, title: as in commands, as in tables.
        kind: "method" (ours, or the paper's), "peer" (of others, whether we make their samples or are given them) or
            "control".
        published_sgfid: the paper's value, if it has one.
        runs: whether its samples come from a run folder of `sgif`.
    """

    name: str
    title: str
    kind: str
    published_sgfid: float | None = None
    runs: bool = False


EXTERNAL = "external:"
"""What names of external methods begin with."""
ABLATION = "ablation:"
"""What names of the user's own ablations begin with."""
FULL = "singan-gif"
"""What ablations are compared with."""
PLUS = "sgif-plus"
"""What applications are shown with, where a protocol has it."""
ABLATIONS = tuple(m.name for m in TRAINED.values() if m.ablates == FULL)
"""The registry's own."""

_PUBLISHED = {"singan-gif": 0.37, "singan-frames": 0.89}  # paper, Table 1

METHODS: Mapping[str, MethodEntry] = MappingProxyType(
    {
        **{m.name: MethodEntry(m.name, m.title, m.kind, _PUBLISHED.get(m.name), runs=True) for m in TRAINED.values()},
        **{name: MethodEntry(name, name, "control") for name in CONTROLS},
    }
)


def find_method(name: str) -> MethodEntry:
    """The entry of this name; any `external:NAME` and `ablation:NAME` has one.

    Raises:
        InputError: there is none; the nearest is named.
    """
    if name.startswith(EXTERNAL):
        return MethodEntry(name, check_name(name.removeprefix(EXTERNAL)), "peer")
    if name.startswith(ABLATION):
        return MethodEntry(name, check_name(name.removeprefix(ABLATION), "ablation"), "method", runs=True)
    return pick(METHODS, name, "method")


def learns(name: str) -> bool:
    """Whether a run folder of this method holds a log of losses: patch-nn learns nothing."""
    return find_method(name).runs and not (name in TRAINED and TRAINED[name].overrides.get("nearest.layout"))
