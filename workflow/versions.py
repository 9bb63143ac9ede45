"""What made a result: commit, Python, packages."""

import platform
import subprocess
from importlib.metadata import version

from workflow.code import HOME

_PACKAGES = ("torch", "numpy", "scipy", "snakemake")


def versions() -> dict[str, str]:
    """What a page was made with: commit, Python, packages."""
    return {"commit": commit(), "python": platform.python_version(), **{p: version(p) for p in _PACKAGES}}


def commit() -> str:
    """The commit of this checkout, with a mark if files differ from it; 'unknown' outside of one."""
    try:
        return subprocess.run(
            ["git", "-C", str(HOME), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
