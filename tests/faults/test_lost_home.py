"""A workspace removed under a running service is reported, not taken for an empty one."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from features.errors import GoneError
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from service.api.app import create_app
from service.database.connection import Database, DatabaseError
from service.settings import Settings
from tests.pool import NEED_IDS

if TYPE_CHECKING:
    from pathlib import Path

PAGE = f"/v1/recommendations?need_id={quote(NEED_IDS[0], safe='')}"
READS = ("/v1/events", "/v1/projects", "/v1/figures", "/v1/audit", "/v1/models", "/v1/needs", PAGE)


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
def test_nothing_is_answered_from_a_workspace_that_is_gone(home: Path, left: str) -> None:
    away = home.with_name("away")
    settings = Settings.load(home=home, encoder="tests.pool:HashedEncoder")
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
        lead = client.get(PAGE).json()["leads"][0]["enterprise"]["enterprise_id"]
        event = {"enterprise_id": lead, "need_id": NEED_IDS[0], "stage": "lead"}
        event["date"] = "2026-01-01"
        assert client.post("/v1/events", json=event).status_code == 201
        listed = client.get("/v1/events").json()
        home.rename(away)
        if left != "nothing":
            home.mkdir()
        time.sleep(0.01)  # the pool is looked at once a millisecond
        for path in READS:
            answer = client.get(path)
            assert answer.status_code == 503, path
            assert "gone" in answer.json()["detail"], path
        answer = client.post("/v1/events", json={**event, "stage": "contacted"})
        assert answer.status_code == 503
        assert not home.exists() or not list(home.iterdir())
        shutil.rmtree(home, ignore_errors=True)
        away.rename(home)
        time.sleep(0.01)
        assert client.get("/v1/events").json() == listed
        assert client.get(PAGE).status_code == 200


def test_a_new_workspace_is_empty_and_not_gone(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "new")
    assert workspace.read("needs").is_empty()
    workspace.check()
    assert ModelRegistry(workspace).active() is None


def test_a_workspace_is_missed_from_when_it_had_tables(workspace: Workspace) -> None:
    workspace.check()
    shutil.rmtree(workspace.home)
    for look in (workspace.check, workspace.snapshot, ModelRegistry(workspace).list):
        with pytest.raises(GoneError, match="gone"):
            look()


def test_a_database_that_was_put_back_is_read_anew(tmp_path: Path) -> None:
    def write(number: int) -> None:
        database.write(lambda c: c.execute(sa.text(f"UPDATE state SET version = '{number}'")))

    def read() -> object:
        return database.read(lambda c: c.execute(sa.text("SELECT version FROM state")).scalar(), 0)

    database = Database(tmp_path)
    database.write(lambda c: c.execute(sa.text("INSERT INTO state VALUES ('events', '1')")))
    database.close()
    for path in tmp_path.glob("lianzhao.sqlite*"):
        shutil.copy(path, tmp_path / f"kept-{path.name}")
    write(2)
    assert read() == "2"
    for path in tmp_path.glob("lianzhao.sqlite*"):
        path.unlink()
    with pytest.raises(DatabaseError, match="gone"):
        read()
    with pytest.raises(DatabaseError, match="gone"):
        write(3)
    for path in tmp_path.glob("kept-*"):
        path.rename(tmp_path / path.name.removeprefix("kept-"))
    assert read() == "1"
    database.close()
