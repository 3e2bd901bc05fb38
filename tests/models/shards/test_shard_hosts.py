"""Hosts of shards: unavailable ones and their return, and refused files."""

import json
import shutil
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from features.errors import DamagedError, UnavailableError
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from models.retrieval.spans import ShardUnavailableError
from models.shards import open_shards, served_shards
from models.shards.open_shards import ShardTask, answer, is_read, opened
from models.shards.served_shards import ShardGroup
from models.shards.shard_hosts import HostLostError, HostReply, ShardHost
from models.shards.shards import Shard
from models.storage import artifact, prepared
from models.storage.artifact import MANIFEST, UnfitModelError
from service.serving.by_shards import files_of
from service.serving.lifecycle.loading import load_engine
from tests.pool import HashedEncoder

ENCODER = "tests.pool:HashedEncoder"
SECONDS = 60


class HereHost(ShardHost):
    """Answers in this process, unless it is set to fail."""

    def __init__(self):
        self.trouble = None
        self.asked = []

    def submit(self, work, task):
        self.asked.append(work)
        if self.trouble == "gone":
            raise HostLostError("it is gone")
        return Here(self, work, task)

    def close(self):
        self.trouble = "closed"


class Here(HostReply):
    def __init__(self, host, work, task):
        self._host, self._work, self._task = host, work, task

    def result(self, seconds):
        if self._host.trouble == "lost":
            raise HostLostError("it was ended")
        if self._host.trouble == "slow":
            raise TimeoutError
        if isinstance(self._host.trouble, Exception):
            raise self._host.trouble
        return self._work(self._task)

    def cancel(self):
        pass


@pytest.fixture(scope="module")
def served(trained_home, tmp_path_factory):
    """Return an engine, and what says where its shards are; nobody changes its files."""
    home = shutil.copytree(trained_home, tmp_path_factory.mktemp("served") / "home")
    shutil.rmtree(home / "prepared", ignore_errors=True)
    workspace = Workspace(home)
    engine = load_engine(workspace, HashedEncoder())
    model = ModelRegistry(workspace).folder_of(engine.model_version)
    return engine, files_of(workspace, model, engine.made_of, ENCODER)


@pytest.fixture
def hosts():
    return [HereHost() for _ in range(3)]


@pytest.fixture
def group(hosts, monkeypatch):
    """Return a group of these hosts, which are checked only by the test."""
    monkeypatch.setattr(served_shards, "CHECK_SECONDS", 3600)
    group = ShardGroup([[host] for host in hosts], 5)
    yield group
    group.close()


def ranked(engine, retriever):
    need = engine.features(next(iter(engine._needs.values())))
    return retriever.ranked_partly(need, np.arange(len(engine.bound.pool)), 0, 10)


def until_available(shards):
    ends = time.monotonic() + SECONDS
    while shards.unavailable:
        assert time.monotonic() < ends
        shards.check()
        time.sleep(0.01)


def test_hosts_give_the_list_of_one_process(served, group):
    engine, files = served
    shards = group.serve(engine.retriever, files)
    (found, parts), missing = ranked(engine, shards)
    (expected, theirs), _ = ranked(engine, engine.retriever)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(parts, theirs, atol=1e-6)
    assert not missing
    assert not shards.unavailable


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("gone", "it is gone"),
        ("lost", "it was ended"),
        ("slow", "it did not answer within 5 seconds"),
        (DamagedError("a file is cut short"), "a file is cut short"),
    ],
)
def test_an_unavailable_shard_is_named_and_gets_no_request_until_it_is_available_again(
    served, group, hosts, trouble, reason
):
    engine, files = served
    shards = group.serve(engine.retriever, files)
    hosts[1].trouble = trouble
    _, missing = ranked(engine, shards)
    assert missing == (shards.spans[1],)
    assert shards.number(missing[0]) == 2
    assert shards.unavailable == [(2, reason)]
    hosts[1].asked.clear()
    _, missing = ranked(engine, shards)
    assert (missing, hosts[1].asked) == ((shards.spans[1],), [])
    with pytest.raises(ShardUnavailableError, match=f"shard 2 of 3 is unavailable: {reason}"):
        shards.ranked(engine.features(next(iter(engine._needs.values()))), np.arange(9), 0, 3)
    shards.check()
    assert shards.unavailable == [(2, reason)]
    hosts[1].trouble = None
    until_available(shards)
    assert hosts[1].asked[-1] is is_read  # it has read its rows before it gets requests
    assert ranked(engine, shards)[1] == ()


def test_a_lost_idle_host_is_noticed(served, group, hosts):
    engine, files = served
    shards = group.serve(engine.retriever, files)
    hosts[2].trouble = "lost"
    shards.check()
    assert shards.unavailable == [(3, "it was ended")]


def test_a_busy_host_is_not_checked(served, group, hosts):
    engine, files = served
    shards = group.serve(engine.retriever, files)
    ranked(engine, shards)
    asked = [len(host.asked) for host in hosts]
    shards.check()
    assert [len(host.asked) for host in hosts] == asked


def test_hosts_that_do_not_answer_at_first_are_unavailable_and_no_error(served, group, hosts):
    engine, files = served
    hosts[0].trouble, hosts[2].trouble = "lost", "gone"
    shards = group.serve(engine.retriever, files)
    assert shards.unavailable == [(1, "it was ended"), (3, "it is gone")]
    _, missing = ranked(engine, shards)
    assert [shards.number(span) for span in missing] == [1, 3]
    hosts[1].trouble = "lost"
    with pytest.raises(ShardUnavailableError):
        ranked(engine, shards)


@pytest.mark.parametrize("error", [DamagedError, UnfitModelError])
def test_a_version_with_a_shard_that_is_refused_is_not_served(served, group, hosts, error):
    engine, files = served
    hosts[1].trouble = error("a file of it")
    with pytest.raises(error, match=r"^shard 2 of 3 is refused: a file of it$"):
        group.serve(engine.retriever, files)


def test_hosts_are_checked_in_the_background(served, hosts, monkeypatch):
    monkeypatch.setattr(served_shards, "CHECK_SECONDS", 0.01)
    engine, files = served
    group = ShardGroup([[host] for host in hosts], 5)
    shards = group.serve(engine.retriever, files)
    hosts[0].trouble = "lost"
    assert ranked(engine, shards)[1] == (shards.spans[0],)
    hosts[0].trouble = None
    ends = time.monotonic() + SECONDS
    while shards.unavailable:
        assert time.monotonic() < ends
        time.sleep(0.01)
    group.close()
    assert {host.trouble for host in hosts} == {"closed"}


@pytest.fixture
def two_replicas(served, monkeypatch):
    """Return the shards of a pool, and two hosts for each, which are checked only by the test."""
    monkeypatch.setattr(served_shards, "CHECK_SECONDS", 3600)
    engine, files = served
    hosts = [[HereHost(), HereHost()] for _ in range(3)]
    group = ShardGroup(hosts, 5)
    yield group.serve(engine.retriever, files), hosts
    group.close()


@pytest.mark.parametrize("trouble", ["gone", "lost", "slow", DamagedError("a file is cut short")])
def test_a_list_is_whole_while_a_replica_of_each_shard_is_left(served, two_replicas, trouble):
    engine, _ = served
    shards, hosts = two_replicas
    expected = ranked(engine, engine.retriever)[0][0]
    hosts[1][0].trouble = trouble
    for _ in range(3):
        (found, _), missing = ranked(engine, shards)
        np.testing.assert_array_equal(found, expected)
        assert missing == ()
    assert shards.unavailable == []
    ((shard, replica, _),) = shards.unavailable_replicas
    assert (shard, replica) == (2, 1)
    hosts[1][0].asked.clear()
    ranked(engine, shards)
    assert hosts[1][0].asked == [], "it gets no request until it has read its shard again"
    hosts[1][1].trouble = "lost"
    assert ranked(engine, shards)[1] == (shards.spans[1],)
    ((number, reason),) = shards.unavailable
    assert number == 2
    assert reason.endswith("; replica 2: it was ended")
    hosts[1][0].trouble = None
    until_available(shards)
    assert ranked(engine, shards)[1] == ()
    assert [one[:2] for one in shards.unavailable_replicas] == [(2, 2)]


def test_requests_are_spread_over_replicas(served, two_replicas):
    engine, _ = served
    shards, hosts = two_replicas
    for _ in range(4):
        ranked(engine, shards)
    for replicas in hosts:
        asked = [host.asked.count(answer) for host in replicas]
        assert min(asked) >= 2, asked


def test_files_that_only_one_replica_refuses_do_not_keep_a_version_out(served):
    engine, files = served
    hosts = [[HereHost(), HereHost()] for _ in range(2)]
    hosts[0][1].trouble = DamagedError("a file is cut short")
    shards = ShardGroup(hosts, 5).serve(engine.retriever, files)
    assert shards.unavailable_replicas == [(1, 2, "a file is cut short")]
    assert ranked(engine, shards)[1] == ()


def alter(path):
    """Change the last byte of a file, and return what it was before."""
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    return whole


@pytest.fixture
def files(home):
    """Return where the only shard of a workspace of its own is."""
    shutil.rmtree(home / "prepared", ignore_errors=True)
    workspace = Workspace(home)
    engine = load_engine(workspace, HashedEncoder())
    model = ModelRegistry(workspace).folder_of(engine.model_version)
    (span,) = served_shards.spans(len(engine.bound.pool), 1)
    yield files_of(workspace, model, engine.made_of, ENCODER)(span)
    open_shards._opened.cache_clear()


def test_a_shard_that_is_missing_is_refused(files):
    shutil.rmtree(files.prepared)
    with pytest.raises(DamagedError, match=rf"{files.prepared}.* is damaged \(missing"):
        opened(files)


def test_a_shard_that_is_cut_short_is_refused(files):
    path = Path(files.prepared, "views.topics.npy")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DamagedError, match=f"{path} is damaged"):
        opened(files)


def test_a_shard_with_an_altered_byte_is_refused(files):
    path = Path(files.prepared, "views.topics.npy")
    alter(path)
    with pytest.raises(DamagedError, match=f"{path} is damaged"):
        opened(files)


def test_an_open_shard_whose_files_change_is_checked_again_by_the_next_request(files):
    shard, path = opened(files), Path(files.prepared, "views.topics.npy")
    assert opened(files) is shard
    whole = alter(path)
    for _ in range(2):
        with pytest.raises(DamagedError, match=f"{path} is damaged"):
            opened(files)
    path.with_name(".new").write_bytes(whole)
    path.with_name(".new").replace(path)
    again = opened(files)
    assert again is not shard
    assert opened(files) is again


def test_an_open_shard_outlives_its_files(files):
    shard = opened(files)
    shutil.rmtree(files.prepared)  # as when the tables have changed
    assert opened(files) is shard


def test_a_shard_whose_manifest_was_altered_is_refused(files):
    path = Path(files.prepared, MANIFEST)
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"made_by": 1}))
    with pytest.raises(DamagedError, match="was altered: its seal does not fit"):
        opened(files)


def test_a_shard_of_another_version_is_refused(files):
    manifest = Path(files.prepared, MANIFEST)
    changed = json.loads(manifest.read_text()) | {"made_by": 1}
    manifest.write_text(json.dumps(changed | {"seal": artifact._seal(changed)}))
    with pytest.raises(UnfitModelError, match="is of another version than the one asked for"):
        opened(files)


def test_a_shard_prepared_for_other_chains_is_refused(files):
    workspace = Workspace(Path(files.home))
    chains = workspace.read("chains")
    workspace.commit({"chains": chains.head(len(chains) - 1)})
    with pytest.raises(UnfitModelError, match="another version of the table chains"):
        opened(files)


def test_requests_do_not_wait_for_a_shard_that_is_being_read(files, monkeypatch):
    begun, go = threading.Event(), threading.Event()

    def slow(self):
        begun.set()
        go.wait(SECONDS)

    monkeypatch.setattr(Shard, "touch", slow)
    assert not is_read(files)
    assert begun.wait(SECONDS)
    assert answer(ShardTask(files, Shard.size, None)) == files.span.stop
    assert not is_read(files)
    go.set()
    ends = time.monotonic() + SECONDS
    while not is_read(files):
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_a_version_that_is_only_in_memory_cannot_be_cut_into_shards(home):
    workspace = Workspace(home)
    made_of = ("none", *prepared.versions(workspace))
    with pytest.raises(UnavailableError, match=r"cannot be cut into shards: .* is not there"):
        files_of(workspace, home / "models" / "none", made_of, None)


def test_questions_of_several_threads_are_answered_at_once(served, group):
    engine, files = served
    shards = group.serve(engine.retriever, files)
    expected, found = ranked(engine, engine.retriever)[0][0], []
    threads = [
        threading.Thread(target=lambda: found.append(ranked(engine, shards)[0][0]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    for rows in found:
        np.testing.assert_array_equal(rows, expected)
