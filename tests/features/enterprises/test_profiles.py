import tracemalloc
from datetime import date

import numpy as np
import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.enterprises.profiles import TEXTS, Profiles, arrays, dictionary_for, joined
from features.enterprises.traits import traits
from tests.pool import frame

ROWS = [
    {
        "enterprise_id": "a1",
        "name": "山西\n焦煤股份有限公司",
        "short_name": "焦煤",
        "products": [{"name": "焦炭", "share": 0.7}, {"name": "甲醇", "share": None}],
        "founded": date(1999, 2, 3),
        "registered_capital": 1234.5678901,
        "tags": ["链主"],
    },
    {"enterprise_id": "b2", "name": "LED（集团）", "tags": []},
    {"enterprise_id": "c3", "name": "乙", "short_name": "LED照明", "employees": 12},
]


@pytest.fixture(scope="module")
def table():
    return frame("enterprises", ROWS)


@pytest.fixture(scope="module")
def profiles(table):
    return Profiles.of(table)


def test_a_row_is_the_profile_with_dates_as_text_and_nothing_for_unknown(table, profiles):
    for at, row in enumerate(table.iter_rows(named=True)):
        founded = row["founded"]
        assert profiles.row(at) == row | {"founded": founded and founded.isoformat()}


def test_an_enterprise_is_found_by_its_id(profiles):
    assert [profiles.find(id_) for id_ in ("a1", "b2", "c3")] == [0, 1, 2]
    assert [profiles.find(id_) for id_ in ("", "a2", "c3x", "z", "b2\0", "b" * 9)] == [None] * 6


def test_a_text_of_any_length_is_looked_for_without_a_copy_of_all_ids():
    rows = [{"enterprise_id": f"e{at:04}", "name": "n"} for at in range(2_000)]
    many, text = Profiles.of(frame("enterprises", rows)), "e" * 10_000
    tracemalloc.start()
    assert (many.find(text), many.search(text).tolist()) == (None, [])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("LED", [1, 2]),
        ("焦煤", [0]),
        ("c3", [2]),
        ("c", []),
        ("led", []),
        ("%", []),
        ("", [0, 1, 2]),
    ],
)
def test_search_looks_for_a_part_of_a_name_or_a_whole_id(profiles, text, rows):
    assert profiles.search(text).tolist() == rows


def test_names_are_searched_for_a_part(profiles):
    assert [profiles.named(text).tolist() for text in ("LED", "煤", "照明")] == [[1], [0], []]


def test_filters_find_their_columns(table, profiles):
    assert profiles.columns.equals(traits(table))


def test_without_any_enterprise_nothing_is_found():
    empty = Profiles.restore(arrays(frame("enterprises", ROWS).clear()))
    assert (len(empty), empty.find("a1"), empty.search("").tolist()) == (0, None, [])


def test_those_who_say_the_very_same_are_found(table, profiles):
    changed = table.with_columns(
        tags=pl.when(pl.col("enterprise_id") == "b2").then(["链主"]).otherwise("tags")
    )
    others = Profiles.of(
        pl.concat([frame("enterprises", [{"enterprise_id": "a0", "name": "n"}]), changed])
    )
    assert profiles.equal(others).tolist() == [-1, 0, -1, 2]
    assert others.equal(profiles).tolist() == [1, -1, 3]
    assert Profiles.of(table.clear()).equal(profiles).tolist() == [-1, -1, -1]


@given(
    st.lists(
        st.sampled_from(
            ['"', ",", "\\", ":null", '"city"', ',"city":null', "长治", "{", "}", "\n"]
        ),
        max_size=6,
    ).map("".join)
)
def test_a_line_says_what_is_known_whatever_is_written(text):
    product = {"name": text or "LED", "share": None}
    row = {"enterprise_id": "E1", "name": text, "products": [product], "tags": [text], "city": None}
    table = frame("enterprises", [row, {"enterprise_id": "E2", "name": "二", "city": text}])
    profiles = Profiles.of(table)
    assert [profiles.row(at) for at in range(2)] == table.rows(named=True)
    assert list(profiles.row(0)) == table.columns
    assert orjson.loads(profiles._lines.raw(1)) == {
        "enterprise_id": "E2",
        "name": "二",
        "city": text,
    }


def test_the_arrays_of_parts_are_those_of_the_table():
    rows = [
        {"enterprise_id": f"{at:03}" * (at % 3 + 1), "name": "名" * (at % 5)} for at in range(50)
    ]
    table = frame("enterprises", rows).sort("enterprise_id")
    whole = arrays(table)
    dictionary = dictionary_for(table)
    parts = [arrays(table.slice(at, 7), dictionary) for at in range(0, 50, 7)]
    found = joined(parts)
    found |= {name: np.concatenate([part[name] for part in parts]) for name in TEXTS}
    assert found.keys() == whole.keys()
    columns = [pl.read_ipc(own.pop("columns").tobytes()) for own in (found, whole)]
    assert columns[0].equals(columns[1])
    for name, array in whole.items():
        assert found[name].dtype == array.dtype
        assert found[name].tolist() == array.tolist(), name
