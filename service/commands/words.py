"""Requesting a language model's words in advance: `words`."""

from __future__ import annotations

from typing import Annotated

import typer

from features.errors import UsageError
from service.commands.context import Context, echo_json, progress
from service.serving.words.model import WordModel


def words(
    context: typer.Context,
    again: Annotated[bool, typer.Option(help="Also request known ones again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Request the words of every need of the workspace from the language model, and store them.

    Lists and batches then need no network.
    """
    own: Context = context.obj
    model = own.words
    if not isinstance(model, WordModel):
        raise UsageError(
            "no language model is set: give its address in LIANZHAO_WORDS_URL",
            field="LIANZHAO_WORDS_URL",
            expected="an OpenAI-compatible address, such as http://host:8000/v1",
        )
    if again:
        model.store.forget(model.model)
    texts = own.workspace.read("needs")["industry"]
    with progress() as tell:
        done = model.warm(texts, lambda done, of: tell("ask the language model", done, of))
    if as_json:
        echo_json(done)
    else:
        typer.echo(f"known {done['known']}, asked {done['asked']}, without words {done['without']}")
