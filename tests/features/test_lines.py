import numpy as np
import pytest

from features.lines import Lines

TEXTS = ["锂电池", "", "LED封装", "b"]


def test_texts_come_back_one_by_one_and_in_slices():
    lines = Lines.of(TEXTS)
    assert list(lines) == TEXTS
    assert (lines[1:3], lines[-1], lines[np.int32(2)]) == (["", "LED封装"], "b", "LED封装")
    assert len(Lines.of([])) == 0


def test_a_text_beyond_the_end_is_no_text():
    with pytest.raises(IndexError):
        Lines.of(TEXTS)[4]


def test_arrays_are_the_bytes_and_their_ends():
    lines = Lines.of(TEXTS)
    found = lines.arrays()
    assert found["data"].tobytes().decode() == "锂电池LED封装b"
    assert found["ends"].tolist() == [9, 9, 18, 19]
    assert list(Lines(**found)) == TEXTS
