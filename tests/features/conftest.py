from datetime import date

import pytest

from features.imports.importing import import_table
from features.workspace import Workspace

TODAY = date(2025, 11, 23)


@pytest.fixture
def workspace(tmp_path):
    """Return an empty workspace."""
    return Workspace(tmp_path / "var")


@pytest.fixture
def load(workspace, tmp_path):
    """Return a function that imports CSV text into a table."""

    def load(table, text, **options):
        path = tmp_path / f"{table}.csv"
        path.write_text(text, encoding="utf-8")
        return import_table(workspace, table, path, today=TODAY, **options)

    return load


@pytest.fixture
def known(load):
    """Import a zone, a need of it, a need without a zone, and two enterprises."""
    load("zones", "zone_id,name\nz,甲开发区\n")
    load("needs", "need_id,zone_id,industry\nz/食品,z,食品\nn,,光电\n")
    load("enterprises", "enterprise_id,name\na,甲\nb,乙\n")
