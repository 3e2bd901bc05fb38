"""`lianzhao projects`: the board, lists in and out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import fastexcel
import polars as pl

from tests.service.projects.conftest import fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.service.commands.conftest import Ended


def test_a_project_is_added_moved_and_shown(run: Callable[..., Ended], tmp_path: Path) -> None:
    assert "no project yet" in run("projects").out
    fill(tmp_path / "home")
    added = run("projects", "add", "--enterprise", "e1", "--zone", "甲县", "--industry", "光电LED")
    assert added.code == 0, added.err
    id_ = added.out.split()[0]
    moved = run("projects", "move", id_, "签约", "--amount", "5000万", "--note", "已签")
    assert "第一光电股份有限公司 · 甲县经济技术开发区 · 光电LED · 0.5 亿元 · 签约" in moved.out
    assert "跨库推进 签约 已签" in run("projects", "show", id_).out
    board = run("projects")
    assert board.out.startswith("线索库 0 → 洽谈库 0 → 签约库 1 → 建设库 0 → 投产 0")
    assert "第一光电股份有限公司" in board.out
    pools = json.loads(run("projects", "--json").out)["pools"]
    assert [pool["projects"] for pool in pools] == [0, 0, 1, 0, 0]
    assert run("projects", "move", id_, "流失").code == 1
    assert run("projects", "show", "nothing").said.startswith("no project has the id 'nothing'")


def test_lists_come_in_and_go_out(run: Callable[..., Ended], tmp_path: Path) -> None:
    fill(tmp_path / "home")
    rows = ["项目编号,企业名称,县区,产业,项目阶段,签约日期,总投资（万元）,责任单位,联系电话"]
    rows += [
        f"R{n},储备企业{n}有限公司,甲县,光电LED,储备,2026-01-05,{n * 100},招商局,1380000"
        for n in range(1, 201)
    ]
    source = tmp_path / "reserve.csv"
    source.write_text("\n".join(rows), encoding="gb18030")
    first = run("projects", "import", source)
    assert "read 200, added 200, moved 0, changed 0, unchanged 0, rejected 0" in first.out
    assert "联系电话" in first.err
    assert "added 0, moved 0, changed 0, unchanged 200" in run("projects", "import", source).out
    rows[1] = rows[1].replace("储备,2026-01-05", "签约,2026-02-01")
    rows[2] = rows[2].replace("储备", "maybe")
    rows[3] = rows[3].replace("招商局", "发改局")
    source.write_text("\n".join(rows), encoding="utf-8")
    third = run("projects", "import", source)
    assert "added 0, moved 1, changed 1, unchanged 197, rejected 1" in third.out
    assert "row 3, 项目阶段: got 'maybe'" in third.err
    out = tmp_path / "out.csv"
    assert run("projects", "export", out).out == f"200 projects in {out}\n"
    exported = pl.read_csv(out, infer_schema=False)
    assert exported.filter(pl.col("项目编号") == "R1")["阶段"].to_list() == ["签约"]
    assert exported.filter(pl.col("项目编号") == "R1")["投资额"].to_list() == ["0.01"]
    again = run("projects", "import", out)
    assert "unchanged 200" in again.out, again.err
    assert run("projects", "export", tmp_path / "out.xlsx").code == 0
    assert "unchanged 200" in run("projects", "import", tmp_path / "out.xlsx").out
    dry = run("projects", "import", source, "--dry-run")
    assert "dry run" in dry.out


def test_the_twenty_projects_of_the_article_come_in(
    run: Callable[..., Ended], shared_data: Path
) -> None:
    for table in ("zones", "needs"):
        assert run("import", table, shared_data / "changzhi" / f"{table}.csv").code == 0
    source = shared_data / "changzhi" / "article_projects.csv"
    done = run("projects", "import", source, "--date", "2025-10-01")
    assert "read 20, added 20, moved 0, changed 0, unchanged 0, rejected 0" in done.out
    assert "unchanged 20" in run("projects", "import", source, "--date", "2025-10-01").out
    head = run("projects").out.splitlines()[0]
    assert head == "线索库 4 → 洽谈库 0 → 签约库 12 → 建设库 2 → 投产 1 → 已落地 1"


def test_rules_are_listed_printed_and_replaced(run: Callable[..., Ended], tmp_path: Path) -> None:
    assert (
        "reasons  谢绝、终止原因（随软件提供，待本单位核对）: 13 行" in run("projects", "rules").out
    )
    text = run("projects", "rules", "thresholds").out
    assert text.startswith("amount,level,gloss")
    file = tmp_path / "t.csv"
    file.write_text(text + "100,state,报国家主管部门\n")
    assert run("projects", "rules", "thresholds", "--import", file).out == "thresholds: 4 rows\n"
    assert "100,state" in run("projects", "rules", "thresholds").out
    assert run("projects", "rules", "nothing").code == 1


def test_figures_are_printed_and_written(run: Callable[..., Ended], tmp_path: Path) -> None:
    fill(tmp_path / "home")
    run("projects", "add", "--project", "x", "--zone", "za", "--stage", "signed", "--amount", "2")
    told = run("projects", "figures").out
    assert "新签约：1 个，2 亿元" in told
    assert "不是同一批项目" in told
    out = tmp_path / "figures.xlsx"
    assert run("projects", "figures", "--by", "source", "--out", out).code == 0
    book = fastexcel.read_excel(out)
    assert book.sheet_names == ["汇总", "漏斗", "在库时长"]
    totals = book.load_sheet("汇总", header_row=None).to_polars().rows()
    assert ("新签约", "1", "2", "0", None) in totals
    assert run("projects", "figures", "--out", tmp_path / "x.csv").code == 1
    assert run("projects", "figures", "--since", "2026-13").code == 1


def test_tasks_are_listed_added_and_closed(run: Callable[..., Ended], tmp_path: Path) -> None:
    fill(tmp_path / "home")
    id_ = run("projects", "add", "--project", "x", "--zone", "za").out.split()[0]
    added = run("projects", "task", id_, "供地", "--kind", "land", "--due", "2026-01-05")
    assert "土地供应 · 供地 · 办理中 · 时限 2026-01-05（逾期）" in added.out
    out = tmp_path / "due.ics"
    due = run("projects", "due", "--out", out).out
    assert due.startswith("逾期：1 项")
    assert out.read_text().startswith("BEGIN:VCALENDAR")
    closed = run("projects", "task", id_, "--close", added.out.split()[0])
    assert "已办结" in closed.out
    assert run("projects", "due").out.startswith("逾期：0 项")
    assert run("projects", "task", id_, "x", "--due", "soon").code == 1


def test_gates_and_offers_are_printed(run: Callable[..., Ended], tmp_path: Path) -> None:
    fill(tmp_path / "home")
    told = run("projects", "gates", "--enterprise", "e3", "--zone", "za").out
    assert "两高：不通过  3110 属两高行业" in told
    assert "开发区禁入：待核实" in told
    assert run("projects", "gates").code == 1
    offer = tmp_path / "offer.txt"
    offer.write_text("承诺税收返还")
    assert (
        "「税收返还」税收优惠：《公平竞争审查条例》第十条"
        in run("projects", "check-offer", offer).out
    )
    assert run("projects", "check-offer", tmp_path / "nothing").code == 1


def test_a_board_is_of_a_zone_by_its_name_and_of_what_a_gate_says(
    run: Callable[..., Ended], tmp_path: Path
) -> None:
    fill(tmp_path / "home")
    for id_ in ("e1", "e3"):
        run("projects", "add", "--enterprise", id_, "--zone", "甲县", "--industry", "光电LED")
    board = run("projects", "--zone", "甲县", "--gate", "两高:不通过,standing")
    assert "第三炼铁股份有限公司" in board.out
    assert "两高不通过" in board.out
    assert "第一光电" not in board.out
    assert run("projects", "--gate", "credit:fail").out == "no project fits\n"
    out = tmp_path / "out.csv"
    assert run("projects", "export", out, "--gate", "energy:unknown").out.startswith("1 projects")
    assert run("projects", "--gate", "virtue").said.startswith("gate: got 'virtue'")
    assert "甲县经济技术开发区, 乙县经济技术开发区" in run("projects", "--zone", "经济").said
