import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.storage.spreadsheet import inert


@pytest.mark.parametrize(
    "text", ["=1+1", "+86 10", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "-", "+A1\n5"]
)
def test_what_would_run_gets_an_apostrophe(text):
    assert inert(pl.DataFrame({"a": [text]}))["a"].to_list() == [f"'{text}"]


@pytest.mark.parametrize("text", ["-5", "+0.5", "甲=乙", "a-b", " =1", "'=1", "", None])
def test_other_texts_stay(text):
    frame = pl.DataFrame({"a": [text]}, schema={"a": pl.String})
    assert_frame_equal(inert(frame), frame)


def test_columns_stay_in_their_order_and_numbers_are_left_alone():
    frame = pl.DataFrame({"rank": [1, 2], "name": ["=1", "甲"], "score": [-0.5, None]})
    expected = frame.with_columns(name=pl.Series(["'=1", "甲"]))
    assert_frame_equal(inert(frame), expected)


def test_a_frame_without_any_text():
    frame = pl.DataFrame({"rank": [1]})
    assert_frame_equal(inert(frame), frame)
