from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl
import pytest
from starlette.testclient import TestClient

from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from service.api.app import create_app
from service.database.connection import Database
from service.database.key_store import KeyStore
from service.settings import Settings
from tests.pool import HashedEncoder, tables
from training.publishing import train

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "javascript:alert(1)",
    "{{7*7}}</textarea><svg onload=alert(1)>",
)


@contextmanager
def opened(home: Path, **more: object) -> Iterator[TestClient]:
    """Open a browser without script at the console of a workspace."""
    app = create_app(Settings.load(home=home, encoder="tests.pool:HashedEncoder", **more))
    client = TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False)
    with client:
        yield client


@pytest.fixture
def console(home: Path) -> Iterator[TestClient]:
    """Return a client of a service without keys."""
    with opened(home) as client:
        yield client


@pytest.fixture(scope="module")
def reading(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Return a client without keys for tests that change nothing: they share the service."""
    home = shutil.copytree(trained_home, tmp_path_factory.mktemp("reading") / "home")
    with opened(home) as client:
        yield client


@pytest.fixture(scope="module")
def hostile(hostile_home: Path) -> Iterator[TestClient]:
    """Return a client of a service whose every text tries something."""
    with opened(hostile_home) as client:
        yield client


@pytest.fixture
def keys(home: Path) -> Iterator[KeyStore]:
    database = Database(home, None)
    database.migrate()
    yield KeyStore(database)
    database.close()


@pytest.fixture(scope="session")
def hostile_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace whose every text tries something."""
    workspace = Workspace(tmp_path_factory.mktemp("hostile"))
    found = tables()
    places = ["province", "city", "district"]
    columns = ["name", "short_name", *places, "business_scope", "status", "credit"]
    products = [
        [{**product, "name": product["name"] + HOSTILE[at % len(HOSTILE)]} for product in own or []]
        for at, own in enumerate(found["enterprises"]["products"].to_list())
    ]
    found["enterprises"] = _spoilt(found["enterprises"], columns).with_columns(
        tags=pl.lit([HOSTILE[0], HOSTILE[3]]),
        status=pl.lit(f"存续{HOSTILE[0]}"),
        products=pl.Series(products, dtype=found["enterprises"].schema["products"]),
    )
    found["zones"] = _spoilt(found["zones"], ["name", "level"])
    found["needs"] = _spoilt(found["needs"], ["chain", "sector", "basis"])
    found["events"] = _spoilt(found["events"], ["note", "source"])
    found["chains"] = found["chains"].with_columns(
        pl.concat_str(pl.col(name), pl.lit(HOSTILE[0])) for name in ("chain", "node", "node_en")
    )
    workspace.commit(found)
    train(workspace, ModelRegistry(workspace), HashedEncoder())
    return workspace.home


def _spoilt(frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    texts = pl.Series([HOSTILE[at % len(HOSTILE)] for at in range(frame.height)])
    return frame.with_columns(
        pl.concat_str(pl.col(name).fill_null(""), texts).alias(name) for name in columns
    )
