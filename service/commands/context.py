"""The context of commands: settings, workspace, registry, encoder, output."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson
import typer
from rich.console import Console
from rich.progress import Progress

from features.encoder import encoder_named
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from models.storage import loading
from service import logs
from service.database.connection import Database
from service.database.event_log import EventLog
from service.projects.projects import Projects
from service.serving.words.model import NoWords, WordModel, word_model
from service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from features.encoder import SentenceEncoder
    from service.serving.words.model import WordSource


class Context:
    """Created once per command; its parts are created on first use.

    Parameters
    ----------
    home : Path or None
        The option `--home`, which takes precedence over the setting.
    """

    def __init__(self, home: Path | None) -> None:
        self._home = home

    @cached_property
    def settings(self) -> Settings:
        """The validated settings."""
        settings = Settings.load(**({} if self._home is None else {"home": self._home}))
        logs.configure("warning" if settings.log_level == "info" else settings.log_level)
        return settings

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace; it need not exist yet."""
        log = EventLog(self.database)
        return Workspace(self.settings.home, log, part_rows=self.settings.part_rows)

    @cached_property
    def database(self) -> Database:
        """The database of events and keys; it need not exist yet."""
        return Database(self.settings.home, self.settings.database())

    @cached_property
    def projects(self) -> Projects:
        """The projects of the workspace."""
        talk_days = self.settings.talk_days
        return Projects(self.workspace, self.database, talk_days=talk_days)

    @cached_property
    def registry(self) -> ModelRegistry:
        """The versions of the workspace's model."""
        return ModelRegistry(
            self.workspace,
            lambda folder: loading.load(folder, self.workspace, self.encoder),
            self._prepare,
        )

    def _prepare(self, version: str) -> None:
        """Prepare a version, see `service.serving.lifecycle.preparing`."""
        from service.serving.lifecycle import (
            preparing,  # slow to import, and only activation needs it
        )

        preparing.prepare(self.settings, version)

    @cached_property
    def words(self) -> WordSource:
        """The language model for words of needs, if configured."""
        return word_model(self.settings) or NoWords()

    def ask_words(self, texts: Iterable[str]) -> None:
        """Request the words of needs from the language model, if one is configured.

        Failures are reported in one line.
        """
        if not isinstance(self.words, WordModel):
            return
        with progress() as tell:
            done = self.words.warm(texts, lambda done, of: tell("ask the language model", done, of))
        if done["without"]:
            typer.echo(
                f"warning: no words of the language model for {done['without']} needs, "
                "the thesaurus alone is used for them",
                err=True,
            )

    @cached_property
    def encoder(self) -> SentenceEncoder:
        """The sentence encoder."""
        return encoder_named(self.settings.encoder)


def echo_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
    typer.echo(text.decode())


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a callback for (step, done, of): bars on a terminal, plain lines elsewhere.

    Both go to stderr, so that stdout has only the result.
    """
    if not sys.stderr.isatty():
        last: list[str] = []

        def line(step: str, done: int, of: int) -> None:
            if [step] != last or done == of:
                last[:] = [step]
                typer.echo(f"{step}: {done}/{of}", err=True)

        yield line
        return
    with Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def bar(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step)
            bars.update(tasks[step], completed=done, total=of)

        yield bar
