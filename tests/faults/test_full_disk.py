"""What can still be done when the disk takes nothing more."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from service.database.connection import FILE, Database, DatabaseFullError
from service.database.event_log import EventLog
from service.database.key_store import KeyStore
from service.serving.filters import Filters
from service.serving.lifecycle.loading import load_engine
from tests.pool import HashedEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from features.workspace import Workspace

if sys.platform != "linux":
    pytest.skip("limits of file sizes are made for Linux", allow_module_level=True)
import resource


@contextmanager
def full(most: int = 0) -> Iterator[None]:
    """Limit the size of files of this process: for SQLite the disk is then full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("most", [0, 4096, 20_000])
def test_a_key_that_is_refused_leaves_nothing_behind(tmp_path: Path, most: int) -> None:
    database = Database(tmp_path)
    with full(most), pytest.raises(DatabaseFullError, match="nothing was written"):
        KeyStore(database).add("analyst")
    assert {path.name for path in tmp_path.iterdir()} <= {".database.lock"}
    with full():
        assert KeyStore(database).list() == []
        assert EventLog(database).recorded().is_empty()
    KeyStore(database).add("analyst")
    assert len(KeyStore(database).list()) == 1
    database.close()


def test_what_a_killed_command_left_empty_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    database = Database(tmp_path)
    with full():
        assert KeyStore(database).list() == []
    KeyStore(database).add("analyst")
    assert len(KeyStore(database).list()) == 1
    database.close()


def test_keys_are_read_from_a_full_disk(tmp_path: Path) -> None:
    database = Database(tmp_path)
    KeyStore(database).add("analyst")
    database.close()
    with full():
        assert len(KeyStore(Database(tmp_path)).list()) == 1


def test_the_database_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        database = Database(tmp_path)
        KeyStore(database).add("analyst")
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob(f"{FILE}*")}
        database.close()
    finally:
        os.umask(before)
    assert found
    assert set(found.values()) == {0o600}
    assert FILE in found


def test_leads_come_from_memory_where_nothing_can_be_prepared(workspace: Workspace) -> None:
    encoder = HashedEncoder()
    before = load_engine(workspace, encoder)
    shutil.rmtree(workspace.home / "prepared")
    with full():
        found = load_engine(workspace, encoder)
    for need in before.needs():
        query = before.need(need["need_id"])
        pages = [own.recommend(query, Filters(), 20, 0, "zh") for own in (before, found)]
        ids = [[lead["enterprise"]["enterprise_id"] for lead in page["leads"]] for page in pages]
        assert ids[0] == ids[1]
