"""The page on files, headers and values agrees with the catalogue and the code."""

import re
from pathlib import Path

import pytest

from features.tables.enterprise_columns import ENTERPRISES
from features.values.standing import standing

PAGE = (Path(__file__).parents[2] / "features" / "README.md").read_text(encoding="utf-8")


def row(name):
    (found,) = re.findall(rf"^\| (?:\*\*)?{re.escape(name)}(?:\*\*)? \| (.*) \|$", PAGE, re.M)
    return found


@pytest.mark.parametrize(
    "column", [c for c in ENTERPRISES.columns if not c.derived], ids=lambda c: c.name
)
def test_every_header_of_enterprises_is_on_the_page(column):
    assert row(column.name).split(", ") == column.headers.split()


@pytest.mark.parametrize("name", ["active", "inactive", "unknown"])
def test_the_words_of_a_status_mean_what_the_page_says(name):
    words = re.sub(r" \(also (.*?)\)", r", \1", row(name).replace(", and whatever else", ""))
    told = [standing(word) or "unknown" for word in re.split(r"[,;] ", words)]
    assert set(told) == {name}
