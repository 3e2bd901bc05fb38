"""Imports run one way; only the command line reaches into all four packages."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"features", "models", "training", "service"}
ALLOWED = {
    "features": {"features"},
    "models": {"features", "models"},
    "training": {"features", "models", "training"},
    "service": {"features", "models", "service"},
    "service/commands": PACKAGES,
}
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imported(source: str) -> set[str]:
    """Return every module that a source imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found.update(a.value for a in node.args if isinstance(a, ast.Constant))
    return found


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_imports_run_one_way(path):
    own = path.relative_to(ROOT)
    where = "service/commands" if own.is_relative_to("service/commands") else own.parts[0]
    modules = imported(path.read_text(encoding="utf-8"))
    reached = {module.partition(".")[0] for module in modules} & PACKAGES
    assert reached <= ALLOWED[where]
    assert not any(module.startswith("tests") for module in modules)


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_only_the_command_line_imports_the_command_line(path):
    own = path.relative_to(ROOT)
    if not own.is_relative_to("service/commands"):
        modules = imported(path.read_text(encoding="utf-8"))
        assert not any(module.startswith("service.commands") for module in modules)


def test_imports_in_functions_and_under_type_checking_are_seen():
    source = (
        "import os\n"
        "if TYPE_CHECKING:\n    from models.head import NeedHeads\n"
        "def f():\n    from training import splits\n    importlib.import_module('service.server')\n"
    )
    assert imported(source) == {"os", "models.head.NeedHeads", "training.splits", "service.server"}


def test_there_is_something_to_look_at():
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == PACKAGES
