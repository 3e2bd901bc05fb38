import numpy as np
import pytest

from features.ordered import found_in, place_of

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
