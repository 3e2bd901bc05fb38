"""The map and the glossary of CONTRIBUTING are right."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def table(header):
    """Return the cells of each row of the tables with this header."""
    _, *tables = PAGE.split(f"{header}\n")
    rows = [row for rest in tables for row in rest.partition("\n\n")[0].splitlines()[1:]]
    return [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in rows]


def test_every_file_of_the_map_is_there():
    rows = table("| you want to change | go to |")
    assert len(rows) > 80
    for _, where in rows:
        folder = ROOT
        for name in re.findall(r"`([^`]+(?:/|\.(?:py|csv|css|md)))`", where):
            found = ROOT / name if (ROOT / name).exists() else folder / name
            assert found.exists(), name
            folder = found if found.is_dir() else found.parent


@pytest.mark.parametrize("package", ["features", "models"])
def test_every_room_is_in_the_map(package):
    rooms = {path.parent.name for path in (ROOT / package).glob("*/*.*") if path.suffix != ".pyc"}
    listed = [room.strip("`/") for room, _ in table(f"| room of `{package}/` | holds |")]
    assert set(listed) == rooms


def test_no_row_of_the_map_is_repeated():
    what = [row[0] for row in table("| you want to change | go to |")]
    assert len(what) == len(set(what))


def test_each_term_of_the_glossary_has_one_meaning():
    rows = table("| term | Chinese | meaning |")
    terms = [term for row in rows for term in row[0].split(", ")]
    assert len(terms) > 40
    assert len(terms) == len(set(terms))
    assert all(len(row) == 3 and all(row) for row in rows)
