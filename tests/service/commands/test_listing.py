import json

import pytest

from tests.pool import NEED_IDS


def test_zones_needs_and_chains_are_listed(run, home):
    assert "z1  襄垣开发区" in run("list", "zones").out
    assert NEED_IDS[0] in run("list", "needs").out
    assert "led  光电LED" in run("list", "chains").out


@pytest.mark.parametrize("what", ["zones", "needs", "chains"])
def test_lists_as_json(run, home, what):
    (rows,) = json.loads(run("list", what, "--json").out).values()
    assert all(f"{what[:-1]}_id" in row for row in rows)


def test_an_empty_workspace_says_what_to_do(run):
    assert run("list", "zones").out == "no zones yet: lianzhao import zones FILE\n"
    assert "led" in run("list", "chains").out


def test_a_need_is_found_by_a_part_of_its_names(run, home):
    ended = run("recommend", "--zone", "襄垣", "--industry", "显示屏", "-k", 1, "--json")
    assert json.loads(ended.out)["need"]["need_id"] == "z1/LED显示屏"
    ended = run("recommend", "--zone", "区", "--industry", "显示屏")
    assert ended.code == 1
    assert "means several zones" in ended.said
