"""Publishing releases to a store, and taking them over on a replica."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from features.errors import ConflictError, DamagedError, UnavailableError
from models.releases import releases
from models.releases.registry import ModelRegistry
from models.releases.releases import State
from models.releases.store import Store
from models.storage import checked_files
from models.storage.checked_files import checksum
from tests.pool import enterprise_rows
from tests.service.serving.lifecycle.replicas import Replica, changed, push
from tests.versions import OTHER, save_other

if TYPE_CHECKING:
    from pathlib import Path

    from features.workspace import Workspace


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"file://{tmp_path}/store")


@pytest.fixture
def replica(tmp_path: Path) -> Replica:
    return Replica(tmp_path / "replica")


def test_a_new_replica_answers_like_the_publisher_and_computes_nothing(
    workspace: Workspace, store: Store, replica: Replica
) -> None:
    assert push(workspace, store) == 1
    assert replica.pull(store) == 1
    publisher = Replica(workspace.home)
    assert replica.leads().equals(publisher.leads())
    profiles = {row["name"] for row in enterprise_rows()}
    assert not profiles & set(replica.encoder.asked), "profiles were prepared by the publisher"
    assert replica.pull(store) == 1, "there is nothing new"
    assert State.of(replica.workspace.home) == State(1)


def test_of_what_was_published_before_only_the_difference_is_stored_and_fetched(
    workspace: Workspace, store: Store, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(workspace, store)
    replica.pull(store)
    changed(workspace)
    fetched: list[str] = []
    get = Store.get
    monkeypatch.setattr(
        Store, "get", lambda self, file, path: (fetched.append(file.path), get(self, file, path))
    )
    assert push(workspace, store, 1) == 2
    assert replica.pull(store) == 2
    assert not [path for path in fetched if path.startswith("models/")]
    assert any(path.startswith("tables/enterprises") for path in fetched)
    assert replica.leads().equals(Replica(workspace.home).leads())
    version = replica.registry.active()
    kept = [*(replica.workspace.home / "prepared" / str(version)).glob("[!.]*")]
    assert len(kept) == 1, "what was prepared for the tables before is removed"


def test_a_table_in_parts_is_published_whole_and_then_the_part_that_changed(
    workspace: Workspace, store: Store, replica: Replica
) -> None:
    workspace.part_rows = 20
    table = workspace.read("enterprises").sort("enterprise_id")
    workspace.commit({"enterprises": table.with_columns(district=pl.lit("城区"))})
    push(workspace, store)
    replica.pull(store)
    assert replica.workspace.read("enterprises").equals(workspace.read("enterprises"))
    one = pl.when(pl.col("enterprise_id") == table["enterprise_id"][0]).then(pl.lit("郊区"))
    changed = table.with_columns(district=one.otherwise(pl.lit("城区")))
    workspace.commit({"enterprises": changed})
    push(workspace, store, 1)
    before, after = (
        {file.path for file in store.release(number).files if "/enterprises-" in file.path}
        for number in (1, 2)
    )
    assert len(before) == len(after) == 5
    assert len(after - before) == 2, "the list and a part"
    replica.pull(store)
    assert replica.workspace.read("enterprises").equals(changed)
    left = {path.name for path in (replica.workspace.home / "tables").glob("enterprises-*")}
    assert left == {path.rpartition("/")[2] for path in after}


@pytest.mark.parametrize("part_rows", [20, 500_000])
def test_a_table_of_which_a_file_was_altered_is_not_published(
    workspace: Workspace, store: Store, part_rows: int
) -> None:
    workspace.part_rows = part_rows
    workspace.commit({"enterprises": workspace.read("enterprises").sort("enterprise_id")})
    push(workspace, store)
    file = sorted(workspace.home.glob("tables/enterprises-*.parquet"))[0]
    file.write_bytes(file.read_bytes()[:-9] + b"?" + file.read_bytes()[-8:])
    version = ModelRegistry(workspace).active()
    assert version is not None
    with pytest.raises(DamagedError, match=rf"{file.name} is not what was imported"):
        releases.push(workspace, version, store, 1)


def test_an_altered_file_is_refused_and_the_release_before_stays(
    workspace: Workspace, store: Store, replica: Replica, tmp_path: Path
) -> None:
    push(workspace, store)
    replica.pull(store)
    before = replica.leads()
    changed(workspace)
    push(workspace, store, 1)
    (file,) = [each for each in store.release(2).files if each.path.startswith("tables/enterp")]
    path = tmp_path / "store" / "objects" / file.sha256[:2] / file.sha256
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    with pytest.raises(DamagedError, match=rf"altered \({file.path}\)"):
        replica.pull(store)
    assert replica.leads().equals(before)
    path.write_bytes(whole)
    assert replica.pull(store) == 2


def test_a_pull_that_was_stopped_goes_on_where_it_was(
    workspace: Workspace, store: Store, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(workspace, store)
    files = len({file.sha256 for file in store.release(1).files})
    fetched: list[str] = []
    get = Store.get

    def stopped(at: int, self: Store, file: Any, path: Path) -> None:
        if len(fetched) >= at >= 0:
            raise UnavailableError("the store does not answer")
        fetched.append(file.sha256)
        get(self, file, path)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "get", lambda *given: stopped(5, *given))
        with pytest.raises(UnavailableError):
            replica.pull(store)
        assert replica.registry.active() is None
    monkeypatch.setattr(Store, "get", lambda *given: stopped(-1, *given))
    replica.pull(store)
    assert len(fetched) == len(set(fetched)) == files


@pytest.mark.parametrize("folder", ["models", "prepared"])
@pytest.mark.parametrize("harm", ["altered", "truncated", "missing"])
def test_files_damaged_after_they_were_fetched_are_fetched_again(
    workspace: Workspace, store: Store, replica: Replica, folder: str, harm: str
) -> None:
    push(workspace, store)
    replica.pull(store)
    before = replica.leads()
    path = sorted(replica.workspace.home.glob(f"{folder}/**/*.npy"))[-1]
    whole = path.read_bytes()
    if harm == "altered":
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif harm == "truncated":
        path.write_bytes(whole[:-1])
    else:
        path.unlink()
    assert replica.pull(store) == 1
    assert path.read_bytes() == whole
    assert replica.leads().equals(before)
    profiles = {row["name"] for row in enterprise_rows()}
    assert not profiles & set(replica.encoder.asked), "nothing was computed here"


def test_a_file_is_read_once_when_it_is_taken_over(
    workspace: Workspace, store: Store, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(workspace, store)
    read: list[Path] = []
    monkeypatch.setattr(
        checked_files, "checksum", lambda path: (read.append(path), checksum(path))[1]
    )
    replica.pull(store)
    replica.leads()
    assert read == [], "their checksums were computed while they were fetched"


def test_a_replica_takes_over_a_version_whose_publisher_has_another_time(
    workspace: Workspace, store: Store, replica: Replica
) -> None:
    registry = ModelRegistry(workspace)
    first = registry.active()
    assert first is not None
    save_other(registry)
    assert first < OTHER, "by its name it is the older one, as if the clock had been set back"
    registry.activate(OTHER)
    push(workspace, store)
    replica.pull(store)
    registry.activate(first)
    push(workspace, store, 1)
    assert replica.pull(store) == 2
    assert replica.registry.active() == first
    assert replica.leads().equals(Replica(workspace.home).leads())


def test_the_second_of_two_publishers_is_refused_and_comes_after(
    workspace: Workspace, store: Store
) -> None:
    push(workspace, store)
    with pytest.raises(ConflictError, match="push again"):
        push(workspace, store, 0)
    assert push(workspace, store, 1) == 2


def test_a_version_that_is_not_prepared_or_damaged_is_not_published(
    workspace: Workspace, store: Store
) -> None:
    version = ModelRegistry(workspace).active()
    assert version is not None
    shutil.rmtree(workspace.home / "prepared", ignore_errors=True)  # by another test
    with pytest.raises(UnavailableError, match="is not prepared"):
        releases.push(workspace, version, store, 0)
    push(workspace, store)
    (file,) = workspace.home.glob(f"prepared/{version}/*/views.topics.npy")
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with pytest.raises(DamagedError, match=r"views.topics.npy"):
        releases.push(workspace, version, store, 1)


def test_a_path_out_of_the_workspace_is_refused(
    workspace: Workspace, store: Store, replica: Replica
) -> None:
    push(workspace, store)
    release = store.release(1)
    for path in ("../../etc/passwd", "/etc/passwd", "cache.key", "tables/current.json"):
        file = release.files[0]._replace(path=path)
        number = store.numbers()[-1] + 1
        store.add(number, release._replace(files=(*release.files, file)))
        with pytest.raises(DamagedError, match="not a file of a release"):
            replica.pull(store)
