"""Every notebook, as it is kept and as it runs from top to bottom on the demo's data."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from service.settings import PREFIX
from training.desk.running import run

if TYPE_CHECKING:
    from typing import Any

nbformat = pytest.importorskip("nbformat")
ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SMALL: dict[str, dict[str, Any]] = {
    "02_train_and_compare": {"NEEDS": 12, "PROTOCOLS": ["warm"]},
    "03_why_this_lead": {"LEADS": 3, "LIST": 5},
    "04_publish_and_roll_back": {"NEEDS": 12},
    "05_feedback": {"ROUNDS": 1, "SEEDS": [0]},
}
"""Parameters that keep a run short."""
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])


@every_notebook
def test_it_runs_from_top_to_bottom(path, demo, monkeypatch):
    monkeypatch.setenv(f"{PREFIX}ENCODER", "tests.pool:HashedEncoder")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv(f"{PREFIX}HOME", str(demo))
    done = run(path, SMALL.get(path.stem, {}))
    shown = [out for cell in done.cells for out in cell.get("outputs", ())]
    assert any("image/svg+xml" in out.get("data", {}) for out in shown)
    said = [done.cells[0].source, *(str(out.get("data", {})) for out in shown)]
    assert any("为示意（illustrative）" in text or "全部为合成数据" in text for text in said)


@every_notebook
def test_it_imports_and_never_defines(path):
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert code[0].metadata.tags == ["parameters"]
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    for cell in code:
        assert not any(isinstance(node, defined) for node in ast.walk(ast.parse(cell.source)))


@every_notebook
def test_what_it_takes_from_the_project_is_there(path):
    """Without a run: names of modules that were changed since are found in a second."""
    cells = nbformat.read(path, as_version=4).cells
    source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    tree = ast.parse(source)
    taken: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = import_module(node.module)
            for name in node.names:
                if not hasattr(module, name.name):
                    import_module(f"{node.module}.{name.name}")
                taken[name.asname or name.name] = getattr(module, name.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = taken.get(node.value.id)
            if isinstance(owner, ModuleType):
                assert hasattr(owner, node.attr), f"{node.value.id}.{node.attr}"


@every_notebook
def test_it_says_in_both_languages_what_it_shows(path):
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith(f"# {path.stem[:2]} ")
    assert "\n\n*For " in first.source


def test_they_are_kept_without_outputs():
    pytest.importorskip("nbstripout")
    command = [sys.executable, "-m", "nbstripout", "--verify", *map(str, NOTEBOOKS)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_a_parameter_that_is_not_there_is_reported():
    with pytest.raises(ValueError, match="has no parameter SIZE"):
        run(NOTEBOOKS[0], {"SIZE": 1})
