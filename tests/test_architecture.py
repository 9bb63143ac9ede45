"""The direction of imports: datasets <- sgif, evaluation <- workflow."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[1]
MAY_IMPORT = {
    "datasets": {"datasets"},
    "sgif": {"datasets", "sgif"},
    "evaluation": {"datasets", "evaluation"},
    "workflow": {"datasets", "sgif", "evaluation", "workflow"},
}


def modules(package):
    return sorted((HOME / package).rglob("*.py"))


def imports(path):
    """Top-level packages that a module imports, wherever in it, with their lines."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.module.split(".")[0], node.lineno


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_one_way(package):
    files = modules(package)
    assert files
    for path in files:
        for name, line in imports(path):
            assert name not in MAY_IMPORT or name in MAY_IMPORT[package], f"{path}:{line}: imports {name}"


def test_the_check_of_imports_sees_a_wrong_one(tmp_path):
    (tmp_path / "bad.py").write_text("def f():\n    from sgif.config import Config\n    import workflow.plan\n")
    assert list(imports(tmp_path / "bad.py")) == [("sgif", 2), ("workflow", 3)]


@pytest.mark.parametrize(
    "module",
    [
        "datasets.sources", "sgif.config", "sgif.presets", "sgif.pyramid", "workflow.plan", "workflow.scripts.cells",
        "workflow.scripts.table1", "workflow.scripts.page", "workflow.scripts.clips", "workflow.scripts.metrics",
    ],
)  # fmt: skip
def test_what_needs_no_torch_does_not_import_it(module):
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=HOME, check=False).returncode == 0


def test_the_project_names_no_machine_of_its_makers():
    tracked = subprocess.run(["git", "ls-files"], cwd=HOME, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    if not any(tracked):
        pytest.skip("not a git checkout")
    pattern = re.compile(r"(?<![A-Za-z0-9_.])/(root|home/\w+)/")
    for name in tracked:
        path = HOME / name
        if path.suffix in {".py", ".md", ".yaml", ".yml", ".smk", ".toml", ".cff"} and path.is_file():
            assert not pattern.search(path.read_text(encoding="utf-8")), name
