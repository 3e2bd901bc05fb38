"""The ledger of projects: `projects task`, `projects due`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from features.tables.project_list import TASK_KINDS
from service.access.keys import NOBODY
from service.commands.context import Context, echo_json
from service.commands.projects import AsJson, Due, Unit, Zone, parse_day, resolve_zone
from service.database.connection import utc_now
from service.projects.agenda import agenda
from service.projects.icalendar import calendar
from service.projects.tasks import add_task, change_task, tasks_of
from service.serving.export import write_bytes


def task(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="The project, by its id.")],
    title: Annotated[str | None, typer.Argument(help="What is to be done; none to list.")] = None,
    kind: Annotated[str, typer.Option(help=f"One of {', '.join(TASK_KINDS)}.")] = "other",
    unit: Annotated[str | None, typer.Option(help="The responsible unit.")] = None,
    due: Due = None,
    blocks: Annotated[bool, typer.Option("--blocks", help="The project waits for it.")] = False,
    close: Annotated[str | None, typer.Option(help="Close this task, by its id.")] = None,
) -> None:
    """List the tasks of a project, add one, or close one."""
    own: Context = context.obj
    if close is not None:
        change_task(own.projects, id_, close, {"state": "done"})
    elif title is not None:
        body = {"title": title, "kind": kind, "unit": unit, "due": parse_day(due, "due")}
        add_task(own.projects, id_, {**body, "blocks": blocks})
    for found in tasks_of(own.projects, id_, NOBODY):
        facts = [found["kind_name"], found["title"], found["unit"], found["state_name"]]
        late = "（逾期）" if found["late"] else ""
        facts.append(f"时限 {found['due']}{late}" if found["due"] else None)
        typer.echo(f"{found['task_id']}  {' · '.join(fact for fact in facts if fact)}")


def due(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=0, max=366, help="How many days ahead.")] = 7,
    zone: Zone = None,
    unit: Unit = None,
    out: Annotated[Path | None, typer.Option(help="Write a calendar file (.ics).")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is late and what is due, with the responsible unit."""
    own: Context = context.obj
    zone_id = resolve_zone(own, zone)
    found = agenda(own.projects, NOBODY, zone_id=zone_id, unit=unit, days=days)
    if out is not None:
        write_bytes(calendar(found, utc_now()).encode(), out)
    if as_json:
        echo_json(found)
        return
    for name, items in (("逾期", found["late"]), (f"{days} 天内到期", found["due"])):
        typer.echo(f"{name}：{len(items)} 项")
        for item in items:
            facts = [item["due"], item["enterprise"], item["project"], item["zone"]]
            facts += [item["kind_name"], item["what"], item["unit"] or "（未定责任单位）"]
            typer.echo(f"  {item['project_id']}  {' · '.join(fact for fact in facts if fact)}")
    if out is not None:
        typer.echo(f"calendar in {out}")
