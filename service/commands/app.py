"""The command `lianzhao`: its options, subcommands, and handling of failures."""

from __future__ import annotations

import errno
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from features.errors import LianzhaoError, UsageError
from service.commands import (
    allocation,
    demo,
    duplicates,
    evaluation,
    gates,
    keys,
    leads,
    ledger,
    listing,
    models,
    projects,
    recommend,
    serving,
    store,
    tables,
    words,
)
from service.commands.context import Context
from service.outcomes import FAILURE, exit_code

app = typer.Typer(
    name="lianzhao",
    help="链招：产业链招商线索推荐。Ranked leads for the needs of development zones.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def settings(
    context: typer.Context,
    home: Annotated[
        str | None,
        typer.Option(help="Workspace folder (also LIANZHAO_HOME; ./var by default)."),
    ] = None,
) -> None:
    """链招：产业链招商线索推荐。Ranked leads for the needs of development zones."""
    if home is not None and not home.strip():  # an empty path would be the current folder
        raise UsageError("--home must be a folder, got nothing", field="home", got=home)
    context.obj = Context(None if home is None else Path(home))


app.command("demo")(demo.demo)
app.command("import")(tables.import_)
app.command("export")(tables.export)
app.command("list")(listing.list_)
app.command("remove")(tables.remove)
app.command("duplicates")(duplicates.duplicates)
app.command("train")(models.train)
app.command("evaluate")(evaluation.evaluate)
app.command("recommend")(recommend.recommend)
app.command("leads")(leads.leads)
app.add_typer(store.store, name="store", help="Releases in a store that several hosts share.")
app.command("words")(words.words)
app.command("allocate")(allocation.allocate)
app.add_typer(models.versions, name="models", help="Versions of the model.")
projects.projects.command("task")(ledger.task)
projects.projects.command("due")(ledger.due)
projects.projects.command("gates")(gates.gates)
projects.projects.command("check-offer")(gates.offer)
app.add_typer(projects.projects, name="projects", help="Projects in their pools, as a board.")
app.add_typer(keys.keys, name="keys", help="API keys.")
app.command("serve")(serving.serve)


def main() -> None:
    """Run a command; exit with 0, with 1 for a failure shown in one line, or 2 for wrong usage."""
    try:
        app()
    except LianzhaoError as error:
        _end(error.message, exit_code(error))
    except BrokenPipeError:
        # The reader of stdout has closed it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILURE)
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        stated = "the disk is full" if full else error.strerror or str(error)
        _end(f"{stated}: {error.filename}" if error.filename else stated, FAILURE)
    except Exception as error:
        logging.getLogger(__name__).debug("unexpected failure", exc_info=True)
        _end(f"unexpected failure, please report it: {type(error).__name__}: {error}", FAILURE)


def _end(message: str, code: int) -> None:
    typer.echo(f"lianzhao: {' '.join(message.split())}", err=True)
    sys.exit(code)
