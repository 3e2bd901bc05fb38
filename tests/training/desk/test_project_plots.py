"""Plots of figures of projects, and the made-up projects that show how they read."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from features.workspace import Workspace
from service.access.keys import NOBODY
from service.database.connection import Database
from service.projects.figures import figures
from service.projects.lists import import_list
from service.projects.projects import Projects
from training.desk import project_plots
from training.desk.example_projects import STAGES, example_lists
from training.desk.theme import Note

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("altair")
TODAY = date(2026, 6, 30)
PLOTS = (
    project_plots.reached_bars,
    project_plots.rate_bars,
    project_plots.stay_curves,
    project_plots.amount_bars,
)


@pytest.fixture
def projects(tmp_path: Path) -> Projects:
    return Projects(Workspace(tmp_path), Database(tmp_path), lambda: TODAY)


@pytest.fixture
def told(projects: Projects, tmp_path: Path) -> dict[str, Any]:
    for rows in example_lists([], TODAY, count=60):
        rows.write_csv(tmp_path / "list.csv")
        report = import_list(projects, tmp_path / "list.csv")
        assert not report.problems
    return figures(projects, NOBODY, by="source")


def test_made_up_projects_go_on_step_by_step() -> None:
    lists = example_lists(["a", "b"], TODAY)
    assert [rows["stage"].unique().to_list() for rows in lists] == [[stage] for stage in STAGES]
    sizes = [rows.height for rows in lists]
    assert sizes == sorted(sizes, reverse=True)
    assert max(rows["date"].max() for rows in lists) <= TODAY.isoformat()
    assert example_lists(["a", "b"], TODAY)[0].equals(lists[0])


@pytest.mark.parametrize("plot", PLOTS)
def test_figures_are_drawn_with_what_is_unknown(plot: Any, told: dict[str, Any]) -> None:
    drawn = plot(told).to_dict()
    assert drawn["title"]["text"]
    assert "unknown" not in str(drawn["title"])


def test_a_plot_has_the_numbers_of_the_figures(told: dict[str, Any]) -> None:
    rows = project_plots.reached_bars(told).data
    assert rows["projects"].sum() == sum(sum(g["reached"].values()) for g in told["groups"])
    amounts = project_plots.amount_bars(told).data
    unknown = amounts.filter(amounts["state"] == "投资额不详")["projects"].sum()
    assert unknown == sum(sums["amount_unknown"] for sums in told["entered"].values()) > 0
    curve = project_plots.stay_curves(told).data
    assert curve["share"].max() == 1.0


@pytest.mark.parametrize("plot", PLOTS)
def test_an_empty_plot_is_replaced_by_a_note(plot: Any, projects: Projects) -> None:
    assert isinstance(plot(figures(projects, NOBODY)), Note)


def test_the_tables_name_the_pools(told: dict[str, Any], projects: Projects) -> None:
    sheet = project_plots.group_sheet(told, "来源")
    assert "签约库" in sheet.header
    assert len(sheet.rows) == len(told["groups"])
    assert len(project_plots.board_sheet(projects.board({}, NOBODY)).rows) == 5
