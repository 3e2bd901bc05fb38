"""Imports run one way; only the command line reaches into all four packages."""

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
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


def module_of(path):
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def circle(sources):
    """Return modules that import one another in a circle, None where there are none.

    `sources` are the texts of modules by name; imports for types alone count like any other.
    """
    reached = {
        name: {
            other if other in sources else other.rpartition(".")[0] for other in imported(source)
        }
        & sources.keys() - {name}
        for name, source in sources.items()
    }
    try:
        TopologicalSorter(reached).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def test_no_modules_import_one_another_in_a_circle():
    sources = {module_of(path): path.read_text(encoding="utf-8") for path in FILES}
    assert circle(sources) is None


def test_a_circle_of_types_is_seen():
    sources = {
        "features.a": "if TYPE_CHECKING:\n    from features.b import B\n",
        "features.b": "def f():\n    from features import c\n",
        "features.c": "from features.a import A\n",
    }
    assert set(circle(sources)) == {"features.a", "features.b", "features.c"}
    assert circle(sources | {"features.c": "import os\n"}) is None


def room_of(module):
    """Return the room of a module, or the module itself where it stands in none."""
    return ".".join(module.split(".")[:2])


def circle_of_rooms(sources):
    """Return rooms that import one another in a circle, None where there are none."""
    joined = {}
    for name, source in sources.items():
        modules = {
            module if module in sources else module.rpartition(".")[0]
            for module in imported(source)
        }
        lines = [f"import {room_of(module)}" for module in modules & sources.keys()]
        joined[room_of(name)] = "\n".join([joined.get(room_of(name), ""), *lines])
    return circle(joined)


@pytest.mark.parametrize("package", ["features", "models"])
def test_rooms_import_one_another_one_way_only(package):
    sources = {
        module_of(path): path.read_text(encoding="utf-8")
        for path in FILES
        if path.is_relative_to(ROOT / package)
    }
    assert circle_of_rooms(sources) is None


def test_a_circle_of_rooms_is_seen():
    sources = {
        "features.a.x": "from features.b import y\n",
        "features.a.z": "",
        "features.b.y": "from features.c import C\n",
        "features.c": "from features.a.z import Z\n",
    }
    assert circle(sources) is None
    assert set(circle_of_rooms(sources)) == {"features.a", "features.b", "features.c"}
    assert circle_of_rooms(sources | {"features.c": "from features import d\n"}) is None


@pytest.mark.parametrize("package", ["features", "models"])
def test_a_room_has_several_modules_and_not_too_many(package):
    folders = [path.parent for path in (ROOT / package).glob("*/__init__.py")]
    sizes = {folder.name: len(list(folder.glob("*.py"))) - 1 for folder in folders}
    assert len(sizes) > 5
    assert all(3 < size < 16 for size in sizes.values()), sizes


def test_imports_in_functions_and_under_type_checking_are_seen():
    source = (
        "import os\n"
        "if TYPE_CHECKING:\n    from models.factors.head import NeedHeads\n"
        "def f():\n    from training import splits\n    importlib.import_module('service.server')\n"
    )
    assert imported(source) == {
        "os",
        "models.factors.head.NeedHeads",
        "training.splits",
        "service.server",
    }


def test_an_engine_is_imported_without_what_runs_workers():
    command = "import sys, service.serving.engine; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    workers = {"models.executors", "models.ray_cluster", "models.shards"}
    assert "service.serving.engine" in done.stdout.split()
    assert not workers & set(done.stdout.split())


def test_there_is_something_to_look_at():
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == PACKAGES


def test_no_two_files_of_tests_have_one_name():
    # pytest would take one for the other.
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(set(names)) == sorted(names)
