import numpy as np
import pytest

from features.structures.ordered import drawn_by_content, found_in, place_of, without

IDS = np.array(["a1", "b2", "c3"])


@pytest.mark.parametrize(
    ("wanted", "places", "which"),
    [
        (["c3", "x", "a1", "c3"], [2, 0, 2], [0, 2, 3]),
        (["a1-and-more", "", "zz"], [], []),
        ([], [], []),
    ],
)
def test_entries_are_found_where_they_are(wanted, places, which):
    found = found_in(IDS, np.array(wanted, dtype=np.str_))
    assert [each.tolist() for each in found] == [places, which]


def test_numbers_are_found_and_nothing_in_nothing():
    found = found_in(np.array([2, 5, 7]), np.array([7, 3, 2]))
    assert [each.tolist() for each in found] == [[2, 0], [0, 2]]
    assert [each.tolist() for each in found_in(IDS[:0], IDS)] == [[], []]


@pytest.mark.parametrize(
    ("text", "place"), [("a1", 0), ("c3", 2), ("", None), ("a1\0", None), ("b" * 9, None)]
)
def test_a_text_is_found_as_it_is_written(text, place):
    assert place_of(IDS, text) == place
    assert place_of(IDS[:0], text) is None


def test_what_is_drawn_by_content_follows_it_wherever_it_stands():
    rows = [f"row {at}".encode() for at in range(200)]
    turned = np.random.default_rng(0).permutation(200)
    drawn, other = drawn_by_content(rows, 1), drawn_by_content([rows[at] for at in turned], 1)
    assert turned[other].tolist() == drawn.tolist()
    assert sorted(drawn.tolist()) == list(range(200))
    assert drawn_by_content(rows, 2).tolist() != drawn.tolist()
    assert not len(drawn_by_content([], 0))


def test_rows_that_say_the_same_are_drawn_each_for_itself():
    rows = [b"same"] * 1000 + [f"row {at}".encode() for at in range(1000)]
    assert 400 < (drawn_by_content(rows, 0)[:1000] < 1000).sum() < 600


def test_some_entries_are_left_out_wherever_they_are():
    ordered = np.array([1, 4, 5, 9])
    assert without(ordered, np.array([9, 2, 1, 12])).tolist() == [4, 5]
    assert without(ordered, np.array([], dtype=np.intp)) is ordered
    assert without(ordered[:0], np.array([1])).tolist() == []
