"""Enterprises shared out over the zones of the small pool's city."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from features.errors import InputError, NotFoundError
from features.workspace import Workspace
from service.projects.allocation import SCHEMA, allocate
from service.projects.references import References
from tests.pool import NEED_IDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from service.serving.engine import Engine
    from tests.service.commands.conftest import Ended


@pytest.fixture
def references(trained_home: Path) -> References:
    return References(Workspace(trained_home))


def test_lists_are_shared_out(engine: Engine, references: References) -> None:
    done = allocate(engine, references, "长治", k=3, max_zones=1)
    assert done.lists.schema == SCHEMA
    counts = done.lists.group_by("need_id").len()
    assert dict(counts.iter_rows()) == dict.fromkeys(NEED_IDS, 3)
    assert done.lists["enterprise_id"].is_unique().all()
    assert done.summary["most_zones"] == 1
    assert done.summary["mean_loss"] >= 0
    assert done.summary["places"] == 3 * len(NEED_IDS)
    ranks = done.lists.group_by("need_id", maintain_order=True).agg("rank", "score")
    assert all(rank == [1, 2, 3] for rank in ranks["rank"].to_list())
    assert all(scores == sorted(scores, reverse=True) for scores in ranks["score"].to_list())


def test_where_nothing_stands_in_the_way_it_is_the_plain_lists(
    engine: Engine, references: References
) -> None:
    needs = NEED_IDS[:1]
    industry = needs[0].partition("/")[2]
    done = allocate(engine, references, "长治市", k=4, industry=industry)
    assert done.summary["mean_loss"] == 0
    assert done.lists["plain_rank"].to_list() == [1, 2, 3, 4]
    assert done.lists["need_id"].unique().to_list() == needs


def test_whom_a_zone_is_in_talks_with_is_for_that_zone_alone(
    engine: Engine, references: References
) -> None:
    plain = allocate(engine, references, "长治", k=2).lists
    first = plain.filter(pl.col("zone_id") == "z0")["enterprise_id"][0]
    talks = allocate(engine, references, "长治", k=2, held={first: "z1"}).lists
    assert first not in talks.filter(pl.col("zone_id") == "z0")["enterprise_id"].to_list()
    settled = allocate(engine, references, "长治", k=2, settled=[first]).lists
    assert first not in settled["enterprise_id"].to_list()


def test_unknown_cities_and_industries_are_reported(engine: Engine, references: References) -> None:
    with pytest.raises(NotFoundError, match="no zone of '北京'"):
        allocate(engine, references, "北京")
    with pytest.raises(InputError, match="has a need for 'nothing'"):
        allocate(engine, references, "长治", industry="nothing")


def test_the_command_says_what_it_costs(
    run: Callable[..., Ended], home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "lists.csv"
    ended = run("allocate", "--city", "长治", "-k", "3", "--max-zones", "1", "--out", out)
    assert ended.code == 0, ended.err
    assert "after: none in more than 1" in ended.out
    assert "it costs" in ended.out
    rows = pl.read_csv(out)
    assert rows.columns[:4] == ["need_id", "rank", "enterprise_id", "score"]
    assert rows.height == 3 * len(NEED_IDS)
    assert rows["name"].null_count() == 0
    assert run("allocate", "--city", "长治", "-k", "0", "--out", out).code == 2
    assert run("allocate", "--city", "北京", "--out", out).code == 1
