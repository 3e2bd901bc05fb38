"""The demo: the pilot's zones and needs, listed companies, a first model and leads."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Annotated

import typer

from features.imports.importing import import_table
from service.commands.context import Context, progress
from service.commands.recommend import tell
from service.projects.lists import import_list
from service.serving.filters import Filters
from service.serving.lifecycle.loading import load_engine
from training import publishing

TABLES = ("zones", "needs", "enterprises", "events")
SHOWN = ("cz-gaoxin/电子信息", "cz-xiangyuan/现代煤化工")
_LEADS = 10
NOTE = (
    "演示数据：开发区需求取自公开报道，标注 illustrative 的为示例；企业为公开上市公司，"
    "排名只说明产业匹配，不代表投资意向。\n"
    "Demo data: needs marked illustrative are examples; ranks say how well an enterprise fits an "
    "industry, not whether it will invest."
)


def load(own: Context) -> dict[str, int]:
    """Load the demo data, and return the number of rows of each table.

    The reported projects are imported as projects, whose moves are events.
    """
    read = {}
    for table in TABLES:
        with as_file(files("service") / "demo" / f"{table}.csv") as path:
            if table == "events":
                read["projects"] = import_list(own.projects, path).read
            else:
                read[table] = import_table(own.workspace, table, path).read
    return read


def demo(
    context: typer.Context,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve afterwards, or stop after printing.")
    ] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on.")] = 8000,
) -> None:
    """Load the demo data, train, print the first ranked leads, and serve."""
    own: Context = context.obj
    typer.echo(NOTE)
    for table, rows in load(own).items():
        typer.echo(f"{table}: {rows} rows")
    with progress() as shown:
        done = publishing.train(own.workspace, own.registry, own.encoder, progress=shown)
    typer.echo(f"model {done['version']}: {done['why_not'] or 'active'}")
    engine = load_engine(own.workspace, own.encoder, words=own.words)
    own.ask_words(engine.need(need_id).industry for need_id in SHOWN)
    for need_id in SHOWN:
        typer.echo()
        tell(engine.recommend(engine.need(need_id), Filters(), _LEADS, 0, "zh"), "zh")
    if serve:
        typer.echo()
        from service import server  # slow to import, and only needed here

        server.serve(own.settings, port=port)
