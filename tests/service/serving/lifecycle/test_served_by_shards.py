"""A service that ranks by shards: its pages, complete and partial."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import fastexcel
import polars as pl
import pytest
from starlette.testclient import TestClient

from features.workspace import Workspace
from models.shards import served_shards
from models.shards.served_shards import ShardGroup
from models.shards.shard_processes import ShardProcesses
from service.api.app import create_app
from service.api.replies import LeadPage
from service.serving import by_shards
from service.settings import Settings
from tests import waiting
from tests.models.shards.test_shard_hosts import ENCODER, HereHost, until_available
from tests.pool import NEED_IDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LEADS = "/v1/recommendations"
ASKED = {"need_id": NEED_IDS[0], "limit": 10}
SECONDS = 60


@contextmanager
def served(home: Path, **settings: Any) -> Iterator[TestClient]:
    given = Settings.load(home=home, log_level="error", encoder=ENCODER, **settings)
    with TestClient(create_app(given), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> list[HereHost]:
    """Return the hosts of three shards, which are checked only by the test."""
    monkeypatch.setattr(served_shards, "CHECK_SECONDS", 3600)
    hosts = [HereHost() for _ in range(3)]
    group = ShardGroup([[host] for host in hosts], 5)
    monkeypatch.setattr(by_shards, "group_of", lambda *_: group)
    return hosts


@pytest.fixture
def client(home: Path, hosts: list[HereHost]) -> Iterator[TestClient]:
    with served(home) as client:
        yield client


def check(client: TestClient) -> None:
    until_available(client.app.state.parts.answers.source.engine.retriever)


def test_pages_are_those_of_one_process(home: Path) -> None:
    asked = [(LEADS, {"need_id": need_id, "limit": 200}) for need_id in NEED_IDS]
    asked += [("/v1/leads", {"mode": "gap", "zone_id": "z1", "chain_id": "led"})]
    with served(home) as client:
        expected = [client.get(path, params=query).json() for path, query in asked]
        first = expected[0]["leads"][3]["enterprise"]["enterprise_id"]
        suited = client.get(f"/v1/enterprises/{first}/needs").json()
        assert client.get("/health/ready").json()["shards"] is None
    for count in (2, 5):
        with served(home, shards=count, shard_timeout=SECONDS) as client:
            found = [client.get(path, params=query).json() for path, query in asked]
            assert found == expected
            assert client.get(f"/v1/enterprises/{first}/needs").json() == suited
            ready = client.get("/health/ready").json()
            shards = {"of": count, "replicas": 1, "unavailable": [], "unavailable_replicas": []}
            assert (ready["shards"], ready["degraded"]) == (shards, [])


def test_an_unavailable_shard_makes_pages_partial_and_they_are_never_cached(
    client: TestClient, hosts: list[HereHost]
) -> None:
    hosts[1].trouble = "lost"
    answers = [client.get(LEADS, params=ASKED) for _ in range(2)]
    assert [answer.headers["X-Cache"] for answer in answers] == ["miss", "miss"]
    page = answers[0].json()
    LeadPage.model_validate_json(answers[0].content, extra="forbid")
    (missing,) = page["partial"]["missing"]
    assert (page["partial"]["shards"], missing["shard"]) == (3, 2)
    assert page["partial"]["share"] == missing["candidates"] / page["total"] > 0.2
    assert "第 2 个暂不可用" in page["partial"]["note"]
    english = client.get(LEADS, params=ASKED, headers={"Accept-Language": "en"}).json()
    assert (
        "of the candidates are not ranked, and the list is incomplete" in english["partial"]["note"]
    )
    ready = client.get("/health/ready").json()
    assert (ready["status"], ready["degraded"]) == ("ready", ["shards"])
    assert ready["shards"]["unavailable"] == [{"shard": 2, "reason": "it was ended"}]
    assert "lianzhao_shards_unavailable 1.0" in client.get("/metrics").text
    hosts[1].trouble = None
    check(client)
    whole = client.get(LEADS, params=ASKED)
    assert (whole.headers["X-Cache"], whole.json()["partial"]) == ("miss", None)
    assert whole.json()["total"] == page["total"]
    assert client.get("/health/ready").json()["degraded"] == []
    hosts[1].trouble = "lost"  # what is whole is kept
    kept = client.get(LEADS, params=ASKED)
    assert (kept.headers["X-Cache"], kept.content) == ("hit", whole.content)


def test_pages_of_one_list_are_of_the_same_shards(
    client: TestClient, hosts: list[HereHost]
) -> None:
    def further(first: dict[str, Any]) -> tuple[int, str | None]:
        query = {**ASKED, "offset": 10, "list_id": first["list_id"]}
        answer = client.get(LEADS, params=query)
        return answer.status_code, answer.json().get("code")

    whole = client.get(LEADS, params=ASKED).json()
    hosts[2].trouble = "lost"
    assert further(whole) == (409, "list-gone")
    without = client.get(LEADS, params={**ASKED, "limit": 9}).json()
    query = {**ASKED, "limit": 9, "offset": 9, "list_id": without["list_id"]}
    second = client.get(LEADS, params=query)
    assert second.status_code == 200
    ids = [lead["enterprise"]["enterprise_id"] for lead in without["leads"]]
    assert not set(ids) & {lead["enterprise"]["enterprise_id"] for lead in second.json()["leads"]}
    hosts[2].trouble = None
    check(client)
    assert further(without) == (409, "list-gone")
    assert further(whole) == (200, None)
    assert further(without) == (409, "list-gone")  # the page is kept by now


def test_answers_that_need_every_shard_are_refused_without_one(
    client: TestClient, hosts: list[HereHost]
) -> None:
    enterprise = client.get(LEADS, params=ASKED).json()["leads"][0]["enterprise"]
    hosts[0].trouble = "slow"
    path = f"/v1/enterprises/{enterprise['enterprise_id']}/needs"
    for _ in range(2):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "shard-unavailable")
        assert "shard 1 of 3 is unavailable" in answer.json()["detail"]
        assert "Retry-After" in answer.headers
    hosts[0].trouble = None
    check(client)
    assert client.get(path).status_code == 200


def test_without_any_shard_there_is_no_list(client: TestClient, hosts: list[HereHost]) -> None:
    for host in hosts:
        host.trouble = "lost"
    answer = client.get(LEADS, params=ASKED)
    assert (answer.status_code, answer.json()["code"]) == (503, "shard-unavailable")


def test_the_console_and_workbooks_say_that_a_list_is_partial(
    client: TestClient, hosts: list[HereHost]
) -> None:
    hosts[1].trouble = "lost"
    for path in ("leads", "map", "trip", "print"):
        page = client.get(f"/console/{path}", params={"need_id": NEED_IDS[0]})
        assert page.status_code == 200
        assert page.text.count("第 2 个暂不可用") == 1, path
    book = client.get(f"{LEADS}.xlsx", params=ASKED)
    cover = fastexcel.read_excel(book.content).load_sheet(0, header_row=None).to_polars()
    assert "名单不完整" in "".join(cover.cast(pl.String).fill_null("").to_numpy().ravel())
    excel = client.get("/console/leads.xlsx", params={"need_id": NEED_IDS[0]})
    assert excel.status_code == 503
    assert "名单不完整" in excel.text
    hosts[1].trouble = None
    check(client)
    for path in ("leads", "map", "trip", "print"):
        page = client.get(f"/console/{path}", params={"need_id": NEED_IDS[0]})
        assert "暂不可用" not in page.text
    assert client.get("/console/leads.xlsx", params={"need_id": NEED_IDS[0]}).status_code == 200


def test_changed_tables_and_events_are_ranked_by_shards_at_once(home: Path) -> None:
    workspace = Workspace(home)
    with served(home, shards=2, shard_timeout=SECONDS) as client:
        before = client.get(LEADS, params={**ASKED, "limit": 200}).json()
        gone = before["leads"][0]["enterprise"]["enterprise_id"]
        enterprises = workspace.read("enterprises").filter(pl.col("enterprise_id") != gone)
        workspace.commit({"enterprises": enterprises})
        after = client.get(LEADS, params={**ASKED, "limit": 200}).json()
    with served(home) as client:
        assert client.get(LEADS, params={**ASKED, "limit": 200}).json() == after
    assert after["total"] == before["total"] - 1
    assert after["pool_version"] != before["pool_version"]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[ShardProcesses]:
    """Return the processes that a service starts, once it has."""
    made: list[ShardProcesses] = []

    def noted(*given: int) -> ShardProcesses:
        made.append(ShardProcesses(*given))
        return made[-1]

    monkeypatch.setattr(by_shards, "ShardProcesses", noted)
    return made


def until(client: TestClient, kind: str, there: bool) -> dict[str, Any]:
    """Wait until readiness lists unavailable shards or replicas, or lists none, and return it."""
    ends = time.monotonic() + SECONDS
    while bool((ready := client.get("/health/ready").json())["shards"][kind]) != there:
        assert time.monotonic() < ends, ready
        time.sleep(0.02)
    return ready


# A host is not checked before its last request would be late: with a long limit that takes long.
def test_processes_that_are_killed_are_replaced_while_others_answer(
    home: Path, made: list[ShardProcesses]
) -> None:
    with served(home, shards=2) as client:
        whole = client.get(LEADS, params=ASKED).json()
        os.kill(made[0].pids[1], signal.SIGKILL)
        ready = until(client, "unavailable", there=True)
        assert ready["shards"]["unavailable"][0]["shard"] == 2
        until(client, "unavailable", there=False)
        again = client.get(LEADS, params={**ASKED, "limit": 11}).json()
        assert again["leads"][:10] == whole["leads"]
        assert again["partial"] is None


def test_no_list_is_partial_while_a_replica_of_each_shard_is_left(
    home: Path, made: list[ShardProcesses]
) -> None:
    with served(home, shards=2, shard_replicas=2) as client:
        expected = client.get(LEADS, params={**ASKED, "limit": 200}).json()["leads"]
        for number in range(1, 40):
            if number == 5:
                os.kill(made[0].pids[2], signal.SIGKILL)
            page = client.get(LEADS, params={**ASKED, "limit": number}).json()
            assert page["partial"] is None
            assert page["leads"] == expected[:number]
        until(client, "unavailable_replicas", there=False)
        os.kill(made[0].pids[3], signal.SIGKILL)
        ready = until(client, "unavailable_replicas", there=True)
        assert (ready["shards"]["unavailable"], ready["degraded"]) == ([], [])
        assert (
            ready["shards"]["unavailable_replicas"][0].items() >= {"shard": 2, "replica": 2}.items()
        )
        metrics = client.get("/metrics").text
        assert "lianzhao_shards_unavailable 0.0" in metrics
        assert "lianzhao_shard_replicas_unavailable 1.0" in metrics


def named(ready: Any, path: Path) -> bool:
    """Whether readiness names a file as the reason why either shard is unavailable."""
    reasons = [one["reason"] for one in ready.json()["shards"]["unavailable"]]
    return len(reasons) == 2 and all(str(path) in reason for reason in reasons)


@pytest.mark.parametrize("harm", ["altered", "truncated"])
def test_a_file_that_is_damaged_in_service_gives_no_wrong_list(
    home: Path, made: list[ShardProcesses], harm: str
) -> None:
    with served(home, shards=2, shard_timeout=SECONDS) as client:
        whole = client.get(LEADS, params=ASKED).json()
        # A thread of this process may still read the file, and would end it.
        waiting.until(lambda: "touch" not in {own.name for own in threading.enumerate()})
        (path,) = home.glob("prepared/*/*/views.topics.npy")
        content = path.read_bytes()
        if harm == "altered":
            path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        else:
            os.truncate(path, 0)
        answer = client.get(LEADS, params={**ASKED, "limit": 11})
        assert (answer.status_code, answer.json()["code"]) == (503, "shard-unavailable")
        assert client.get(LEADS, params=ASKED).json() == whole, "pages made before are still sent"
        ends = time.monotonic() + SECONDS
        while not named(ready := client.get("/health/ready"), path):
            assert time.monotonic() < ends, ready.json()
            time.sleep(0.02)
        assert (ready.status_code, ready.json()["degraded"]) == (200, ["shards"])
        pids = made[0].pids
        path.with_name(".new").write_bytes(content)
        path.with_name(".new").replace(path)
        until(client, "unavailable", there=False)
        again = client.get(LEADS, params={**ASKED, "limit": 11}).json()
        assert (again["leads"][:10], again["partial"]) == (whole["leads"], None)
        assert made[0].pids == pids, "no process was lost"
