from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.pool import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.service.commands.conftest import Ended

pytestmark = pytest.mark.usefixtures("home")


def test_partners_are_listed_with_their_paths(run: Callable[..., Ended]) -> None:
    ended = run("leads", "--mode", "leader", "--enterprise", "E000", "--side", "customers")
    assert ended.code == 0
    assert "客户）" in ended.out
    assert "图谱中「封装」供应「" in ended.out
    page = run("leads", "--mode", "leader", "--enterprise", "E000", "-k", 2, "--json")
    assert len(json.loads(page.out)["leads"]) == 2


def test_an_enterprise_is_found_by_a_part_of_its_name(run: Callable[..., Ended]) -> None:
    assert run("leads", "--mode", "leader", "--enterprise", "深圳甲方").code == 0
    several = run("leads", "--mode", "leader", "--enterprise", "深圳")
    assert several.code == 1
    assert "深圳甲方" in several.said
    assert run("leads", "--mode", "similar", "--enterprise", "没有这家").code == 1
    assert run("leads", "--mode", "similar", "--enterprise", UNKNOWN).code == 1


def test_gaps_say_what_is_looked_for(run: Callable[..., Ended]) -> None:
    ended = run("leads", "--mode", "gap", "--zone", "襄垣", "--chain", "光电LED", "-k", 3)
    assert ended.code == 0
    assert ended.out.startswith("所寻环节：")
    assert "无从判断" in ended.out


@pytest.mark.parametrize(
    "given", [("gap",), ("gap", "--zone", "z1"), ("leader",), ("similar",), ("chance",)], ids=str
)
def test_what_a_mode_cannot_do_without_is_asked_for(
    run: Callable[..., Ended], given: tuple[str, ...]
) -> None:
    assert run("leads", "--mode", *given).code == 2


def test_english(run: Callable[..., Ended], home: Path) -> None:
    ended = run("leads", "--mode", "leader", "--enterprise", "E000", "--english")
    assert "supplies" in ended.out
    assert "供应" not in ended.out
