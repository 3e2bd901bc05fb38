"""Projects in their pools: `projects`, a board without a subcommand."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.errors import InputError
from features.tables.project_list import POOLS, SOURCES
from features.words.lookup import alike
from service.access.keys import NOBODY
from service.commands.context import Context, echo_json
from service.outcomes import FAILURE
from service.projects.figures import GROUPS, figures
from service.projects.lists import import_list, listed
from service.projects.rules import RULE_TABLES
from service.projects.verdicts import FAIL, NAMES, STATES
from service.projects.workbook import figures_workbook
from service.serving.export import check_writable, write_bytes, write_table

if TYPE_CHECKING:
    from service.serving.interfaces import Document

projects = typer.Typer(invoke_without_command=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Zone = Annotated[str | None, typer.Option(help="Only of this zone, by id or name.")]
Unit = Annotated[str | None, typer.Option(help="Only of this responsible unit.")]
Day = Annotated[str | None, typer.Option("--date", help="The day of the move; today by default.")]
Due = Annotated[str | None, typer.Option(help="The deadline of the step, such as 2026-09-30.")]
Amount = Annotated[str | None, typer.Option(help="亿元, or with its unit, such as 5000万.")]
Note = Annotated[str | None, typer.Option(help="Anything to add.")]
Version = Annotated[int | None, typer.Option(help="Only if it is at this version still.")]
Gate = Annotated[
    list[str] | None,
    typer.Option(
        help=f"Only where a gate ({', '.join(NAMES)}) passes, or has another state, as energy:fail."
    ),
]
Confirmed = Annotated[bool, typer.Option("--confirm-amount", help="The amount is right so.")]


@projects.callback()
def board(
    context: typer.Context,
    zone: Zone = None,
    unit: Unit = None,
    gate: Gate = None,
    each: Annotated[int, typer.Option(min=0, help="So many projects of each pool.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Projects from first talk to production: without a subcommand, the board of the pools."""
    if context.invoked_subcommand is not None:
        return
    own: Context = context.obj
    found = own.projects.board(_filters(own, zone, unit, gate), NOBODY, each)
    if as_json:
        echo_json(found)
        return
    if not any(pool["projects"] for pool in found["pools"]):
        if zone or unit or gate:
            typer.echo("no project fits")
            return
        typer.echo("no project yet: `lianzhao projects add`, or `lianzhao projects import FILE`")
        return
    typer.echo(" → ".join(f"{pool['name']} {pool['projects']}" for pool in found["pools"]))
    for pool in found["pools"]:
        typer.echo(f"\n{_sums(pool)}")
        for project in pool["list"]:
            typer.echo(f"  {line(project)}")
        if (more := pool["projects"] - len(pool["list"])) > 0:
            typer.echo(f"  … 还有 {more} 个")


@projects.command()
def add(
    context: typer.Context,
    enterprise: Annotated[str | None, typer.Option(help="Its id, or its name.")] = None,
    project: Annotated[str | None, typer.Option(help="What is to be built or made.")] = None,
    need: Annotated[str | None, typer.Option(help="The need that it answers, by its id.")] = None,
    zone: Annotated[str | None, typer.Option(help="The zone, by id or name.")] = None,
    industry: Annotated[str | None, typer.Option(help="The industry.")] = None,
    stage: Annotated[str, typer.Option(help="The stage that it is at.")] = "lead",
    day: Day = None,
    amount: Amount = None,
    unit: Annotated[str | None, typer.Option(help="The responsible unit.")] = None,
    due: Due = None,
    source: Annotated[str | None, typer.Option(help=f"{', '.join(SOURCES)}, or a text.")] = None,
    note: Note = None,
    confirmed: Confirmed = False,
    as_json: AsJson = False,
) -> None:
    """Begin a project, such as one out of a lead: --enterprise ID --need ID."""
    own: Context = context.obj
    known = enterprise is not None and own.projects.references.enterprise(enterprise) is not None
    body = {
        "enterprise_id" if known else "enterprise": enterprise,
        "project": project,
        "need_id": need,
        "industry": industry,
        "stage": stage,
        "date": day,
        "amount": amount,
        "unit": unit,
        "due": due,
        "source": source,
        "note": note,
    }
    if zone is not None:
        body["zone_id"] = resolve_zone(own, zone)
    given: dict[str, Any] = {name: value for name, value in body.items() if value is not None}
    _tell(own.projects.begin({**given, "confirm_amount": confirmed}), as_json)


@projects.command()
def move(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="The project, by its id.")],
    stage: Annotated[str, typer.Argument(help="The stage, such as negotiation or 洽谈.")],
    day: Day = None,
    reason: Annotated[str | None, typer.Option(help="Why it ended, see `rules`.")] = None,
    amount: Amount = None,
    unit: Annotated[str | None, typer.Option(help="The responsible unit from now on.")] = None,
    due: Due = None,
    note: Note = None,
    version: Version = None,
    confirmed: Confirmed = False,
    as_json: AsJson = False,
) -> None:
    """Move a project to a stage: on, back, to rest (停滞), or to its end (谢绝, 流失)."""
    own: Context = context.obj
    body = {
        "stage": stage,
        "date": day,
        "reason": reason,
        "amount": amount,
        "unit": unit,
        "due": due,
        "note": note,
        "version": version,
    }
    given: dict[str, Any] = {name: value for name, value in body.items() if value is not None}
    _tell(own.projects.move(id_, {**given, "confirm_amount": confirmed}), as_json)


@projects.command()
def show(
    context: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="The project, by its id.")],
    as_json: AsJson = False,
) -> None:
    """Show a project with its moves."""
    own: Context = context.obj
    _tell(own.projects.show(id_, NOBODY), as_json)


@projects.command("import")
def import_(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A list of projects, CSV or Excel.")],
    day: Annotated[
        str | None, typer.Option("--date", help="The day of stages that have none; today.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="The source of rows that have none.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say what would happen.")] = False,
    confirmed: Confirmed = False,
    as_json: AsJson = False,
) -> None:
    """Take a list of projects over: new ones are begun, known ones changed and moved."""
    own: Context = context.obj
    report = import_list(
        own.projects,
        path,
        dated=parse_day(day),
        source=source,
        confirmed=confirmed,
        dry_run=dry_run,
    )
    if as_json:
        echo_json(asdict(report))
    else:
        for warning in report.warnings:
            typer.echo(f"warning: {warning}", err=True)
        for problem in report.problems:
            typer.echo(f"bad row: {problem}", err=True)
        typer.echo(
            f"projects: read {report.read}, added {report.added}, moved {report.moved}, "
            f"changed {report.changed}, unchanged {report.unchanged}, rejected {report.rejected}"
            + (" (dry run, nothing written)" if dry_run else "")
        )
    if report.read and report.read == report.rejected:
        raise typer.Exit(FAILURE)


@projects.command()
def export(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", help=".xlsx, .csv or .parquet.")],
    zone: Zone = None,
    unit: Unit = None,
    gate: Gate = None,
) -> None:
    """Write the list of projects, with headers that an import reads again."""
    own: Context = context.obj
    check_writable(path)
    frame = listed(own.projects, _filters(own, zone, unit, gate), NOBODY)
    write_table(frame, path)
    typer.echo(f"{frame.height} projects in {path}")


@projects.command("figures")
def figures_(
    context: typer.Context,
    since: Annotated[str | None, typer.Option(help="The first day of the period.")] = None,
    until: Annotated[str | None, typer.Option(help="Its last day; today by default.")] = None,
    by: Annotated[str, typer.Option(help=f"One of {', '.join(GROUPS)}.")] = "zone",
    zone: Zone = None,
    unit: Unit = None,
    source: Annotated[str | None, typer.Option(help="Only of this source.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a workbook (.xlsx).")] = None,
    as_json: AsJson = False,
) -> None:
    """Count projects and amounts: start rate, times in pools, funnels, and what is unknown."""
    own: Context = context.obj
    if out is not None and out.suffix.lower() != ".xlsx":
        raise InputError(f"cannot write {out}: its name must end in .xlsx", field="out")
    found = figures(
        own.projects,
        NOBODY,
        {**_filters(own, zone, unit), "source": source},
        since=parse_day(since, "since"),
        until=parse_day(until, "until"),
        by=by,
    )
    if out is not None:
        check_writable(out)
        write_bytes(figures_workbook(found), out)
    if as_json:
        echo_json(found)
    elif out is not None:
        typer.echo(f"figures in {out}")
    else:
        _tell_figures(found)


@projects.command()
def rules(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="A table of rules.")] = None,
    path: Annotated[
        Path | None, typer.Option("--import", help="Put this CSV in its place.")
    ] = None,
) -> None:
    """List the tables of rules; print one, to be edited; or put another in its place."""
    own: Context = context.obj
    if name is None:
        for kind in RULE_TABLES:
            rules = own.projects.rules
            typer.echo(f"{kind}  {rules.source(kind)}: {len(rules.rows(kind))} 行")
    elif path is None:
        typer.echo(own.projects.rules.text(name), nl=False)
    else:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path} cannot be read: {error}", field="import") from error
        typer.echo(f"{name}: {own.projects.rules.replace(name, text)} rows")


def resolve_zone(own: Context, zone: str | None) -> str | None:
    """Return the id of a zone given by its id, its name or a part of it that only one has.

    Raises
    ------
    InputError
        Naming the zones that may be meant.
    """
    references = own.projects.references
    if zone is None or references.zone(zone) is not None:
        return zone
    if (place := references.place(zone)) is not None:
        return place
    names = {id_: row["name"] or id_ for id_, row in references.zones().items()}
    found = alike(zone, {id_: [name] for id_, name in names.items()})
    if len(found) == 1:
        return found[0]
    expected = f"one of {', '.join(names[id_] for id_ in found or names) or 'no zones yet'}"
    raise InputError(
        f"zone: got {zone!r}, expected {expected}", field="zone", got=zone, expected=expected
    )


def _filters(
    own: Context, zone: str | None, unit: str | None, gates: list[str] | None = None
) -> dict[str, Any]:
    wanted = [gate for text in gates or () for gate in text.split(",")]
    return {"zone_id": resolve_zone(own, zone), "unit": unit, "gate": wanted}


def line(project: Document) -> str:
    """Return a project in one line, whole names, never cut."""
    zone, enterprise = project["zone"], project["enterprise"]["name"]
    facts = [
        enterprise or "（企业未定）",
        project["project"],
        (zone and (zone["name"] or zone["zone_id"])) or project["place"],
        project["industry"],
        f"{project['amount']:g} 亿元" if project["amount"] is not None else None,
        project["unit"],
        f"{project['stage_name']} {project['since']}",
        f"时限 {project['due']}{'（逾期）' if project['late'] else ''}" if project["due"] else None,
        "企业已注销或吊销" if "struck-off" in project["flags"] else None,
        *(
            f"{NAMES[gate]}{STATES[FAIL]}"
            for gate, state in project["gates"].items()
            if state == FAIL
        ),
    ]
    return f"{project['project_id']}  {' · '.join(fact for fact in facts if fact)}"


def _sums(pool: Document) -> str:
    facts = [f"{pool['name']}：{pool['projects']} 个"]
    if pool["amount"] is not None:
        facts.append(f"{pool['amount']:g} 亿元")
    if pool["amount_unknown"]:
        facts.append(f"{pool['amount_unknown']} 个投资额不详")
    if pool.get("late"):
        facts.append(f"{pool['late']} 个逾期")
    return "，".join(facts)


def _tell(project: Document, as_json: bool) -> None:
    if as_json:
        echo_json(project)
        return
    typer.echo(line(project))
    for moved in project.get("moves", ()):
        facts = [moved["date"], moved["kind_name"], moved["stage_name"]]
        facts += [moved["reason_name"], moved["note"]]
        typer.echo(f"  {' '.join(fact for fact in facts if fact)}")


def _tell_figures(found: Document) -> None:
    typer.echo(f"{found['since'] or '建库'} 至 {found['until']}")
    for name, sums, rate in (
        ("新签约", "signed", None),
        ("其中已开工", "started", "start_rate"),
        ("其中已投产", "produced", "production_rate"),
    ):
        share = f"，{found[rate]:.1%}" if rate and found[rate] is not None else ""
        typer.echo(f"{_sums({'name': name, **found[sums]})}{share}")
    typer.echo("\n期内进入各库（不是同一批项目）：")
    for pool, sums in found["entered"].items():
        typer.echo(f"  {_sums({'name': POOLS[pool].gloss, **sums})}")
    typer.echo("\n在库时长（天，四分之一、一半、四分之三转出；仍在库的按截尾）：")
    for pool, stay in found["stays"].items():
        days = "、".join("未到" if day is None else str(day) for day in stay["quartiles"])
        typer.echo(
            f"  {POOLS[pool].gloss}：{days}（{stay['stays']} 次在库，{stay['still_in']} 次未转出）"
        )
    typer.echo("")
    for group in found["groups"]:
        path = " → ".join(f"{POOLS[p].gloss} {count}" for p, count in group["reached"].items())
        rate = group["start_rate"]
        typer.echo(
            f"{_sums(group)}；到过 {path}" + (f"；开工率 {rate:.1%}" if rate is not None else "")
        )


def parse_day(text: str | None, field: str = "date") -> date | None:
    """Return a day given as text (InputError)."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        expected = "a date such as 2026-01-31"
        raise InputError(
            f"{field}: got {text!r}, expected {expected}", field=field, got=text, expected=expected
        ) from None
