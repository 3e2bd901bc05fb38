from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from features.tables.schema import SCHEMAS
from features.workspace import Workspace
from service.database.connection import Database
from service.database.event_log import EventLog
from service.projects.projects import Projects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TODAY = date(2026, 6, 30)
_ROWS = {
    "zones": [
        {"zone_id": "za", "name": "甲县经济技术开发区", "county": "甲县", "city": "长治市"},
        {"zone_id": "zb", "name": "乙县经济技术开发区", "county": "乙县", "city": "长治市"},
    ],
    "needs": [
        {"need_id": "za/光电LED", "zone_id": "za", "industry": "光电LED"},
        {"need_id": "zb/光电LED", "zone_id": "zb", "industry": "光电LED"},
    ],
    "enterprises": [
        {"enterprise_id": "e1", "name": "第一光电股份有限公司", "short_name": "第一光电"},
        {"enterprise_id": "e2", "name": "第二光电股份有限公司", "status": "注销"},
        {
            "enterprise_id": "e3",
            "name": "第三炼铁股份有限公司",
            "industry_code": "3110",
            "status": "存续",
            "credit": "良好",
        },
        {"enterprise_id": "e4", "name": "第四食品有限公司", "industry_code": "1431"},
    ],
}


def fill(home: Path) -> Workspace:
    """Make a workspace of two zones, their needs and three enterprises."""
    workspace = Workspace(home)
    tables = {}
    for name, rows in _ROWS.items():
        schema = SCHEMAS[name].create_empty().schema
        full = [{column: row.get(column) for column in schema} for row in rows]
        tables[name] = pl.DataFrame(full, schema=schema)
    workspace.commit(tables)
    return workspace


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Projects]:
    """Make the projects of a workspace, on SQLite or at a URL."""

    def made(url: str | None = None, home: Path | None = None) -> Projects:
        home = home or tmp_path / "home"
        fill(home)
        database = Database(home, url)
        return Projects(Workspace(home, EventLog(database)), database, lambda: TODAY)

    return made


@pytest.fixture
def projects(make: Callable[..., Projects]) -> Projects:
    return make()
