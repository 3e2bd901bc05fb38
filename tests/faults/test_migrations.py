"""A database of every version before is brought up to date with all that is in it."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from service.database.connection import Database
from service.database.event_log import EventLog
from service.database.schema import METADATA
from tests.faults.test_database import ENTRY, event

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.servers import Postgres

BEFORE = ("0001", "0002", "0003", "0004")


def put_back(database: Database, revision: str) -> None:
    """Make of a database what it was at a version before."""
    config = Config()
    config.set_main_option("script_location", str(files("service.database") / "migrations"))
    engine = sa.create_engine(database.url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    engine.dispose()


def indexes(database: Database) -> set[str | None]:
    engine = sa.create_engine(database.url)
    found = {index["name"] for index in sa.inspect(engine).get_indexes("answers")}
    engine.dispose()
    return found


def bring_up_to_date(home: Path, url: str | None, before: str) -> None:
    database = Database(home, url)
    log = EventLog(database)
    log.record(event("a"), ENTRY, idempotency_key="k", asked="x")
    log.retract("a", "n", None, ENTRY)
    log.retract("imported", None, "z", ENTRY)
    database.close()
    put_back(database, before)
    assert ("ix_answers_answered_at" in indexes(database)) is (before > "0001")

    log = EventLog(database)
    # Of an event that was imported, the database did not know at first what it was about.
    zone_id = "z" if before >= "0003" else None
    taken = log.retractions().sort("event_id").select("event_id", "need_id", "zone_id")
    assert taken.rows() == [("a", "n", None), ("imported", None, zone_id)]
    again = log.record(event("b"), ENTRY, idempotency_key="k", asked="x")
    assert (again.event["event_id"], again.first) == ("a", False)
    assert log.recorded()["event_id"].to_list() == ["a"]
    assert log.lists_of(["a"]) == {}
    of_list = {"list_id": "m~p~1", "rank": 3, "model_version": "m"}
    log.record({**event("c"), **of_list}, ENTRY)
    assert log.lists_of(["a", "c"]) == {"c": of_list}
    assert "ix_answers_answered_at" in indexes(database)
    assert database._engine is not None
    with database._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    database.close()


@pytest.mark.parametrize("before", BEFORE)
def test_sqlite(tmp_path: Path, before: str) -> None:
    bring_up_to_date(tmp_path, None, before)


@pytest.mark.parametrize("before", BEFORE)
def test_postgresql(tmp_path: Path, postgres: Postgres, before: str) -> None:
    bring_up_to_date(tmp_path, postgres.fresh(), before)
