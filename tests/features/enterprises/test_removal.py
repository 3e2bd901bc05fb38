from datetime import date

import polars as pl
import pytest

from features.errors import NotFoundError
from tests.features.frames import enterprises, files, frame, zones


def test_what_the_project_ships_is_there_again_once_an_imported_map_is_taken_out(workspace):
    shipped = workspace.read("chains")
    table = frame("input_output", input_code=["1"], output_code=["2"], coefficient=[0.5])
    workspace.commit({"chains": shipped.head(3), "input_output": table, "zones": zones("a")})
    assert workspace.remove("table", "chains") == {"chains": 3}
    assert workspace.read("chains").equals(shipped)
    assert workspace.remove("table", "input_output") == {"input_output": 1}
    assert workspace.read("input_output").is_empty()
    assert workspace.version("input_output") == "empty"
    assert files(workspace) == ["current.json", f"zones-{workspace.version('zones')}.parquet"]


@pytest.mark.parametrize("table", ["chains", "zones", "nonsense"])
def test_a_table_that_was_not_imported_or_is_the_user_s_own_stays(workspace, table):
    workspace.commit({"zones": zones("a")})
    with pytest.raises(NotFoundError, match=f"no table '{table}' was imported"):
        workspace.remove("table", table)
    assert workspace.read("zones").height == 1


@pytest.fixture
def linked(workspace):
    """Two enterprises and two needs, each pair judged and with an event."""
    pairs = [(need, enterprise) for need in "mn" for enterprise in "ab"]
    needs, ids = ([pair[i] for pair in pairs] for i in (0, 1))
    events = {
        "event_id": ["1", "2", "3", "4"],
        "stage": ["lead"] * 4,
        "date": [date(2024, 1, 1)] * 4,
    }
    workspace.commit(
        {
            "enterprises": enterprises("a", "b"),
            "needs": frame("needs", need_id=["m", "n"], industry=["x", "y"]),
            "judgements": frame("judgements", need_id=needs, enterprise_id=ids, grade=[1] * 4),
            "events": frame("events", need_id=needs, enterprise_id=ids, **events),
        }
    )
    return workspace


def test_an_enterprise_goes_with_its_judgements_and_events(linked):
    assert linked.remove("enterprise", "a") == {"enterprises": 1, "judgements": 2, "events": 2}
    assert linked.read("enterprises")["enterprise_id"].to_list() == ["b"]
    assert linked.read("judgements")["enterprise_id"].to_list() == ["b", "b"]
    assert linked.read("events")["event_id"].to_list() == ["2", "4"]
    assert linked.read("needs").height == 2


def test_a_need_goes_with_its_judgements_and_events(linked):
    assert linked.remove("need", "m") == {"needs": 1, "judgements": 2, "events": 2}
    assert linked.read("events")["need_id"].to_list() == ["n", "n"]
    assert linked.read("enterprises").height == 2


def test_an_event_goes_alone(linked):
    assert linked.remove("event", "3") == {"events": 1}
    assert linked.read("events")["event_id"].to_list() == ["1", "2", "4"]
    assert linked.read("judgements").height == 4


@pytest.mark.parametrize("kind", ["enterprise", "need", "event"])
def test_what_is_not_there_cannot_be_removed(linked, kind):
    before = linked.pool_version
    with pytest.raises(NotFoundError, match=f"no {kind} has the id 'zz'"):
        linked.remove(kind, "zz")
    assert linked.pool_version == before


def test_an_event_without_a_need_stays_when_a_need_goes(linked):
    events = linked.read("events").with_columns(need_id=pl.lit(None, dtype=pl.String))
    linked.commit({"events": events})
    assert linked.remove("need", "m") == {"needs": 1, "judgements": 2}
