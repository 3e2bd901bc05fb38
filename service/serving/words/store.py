"""Store of a language model's words, by model and text, in one SQLite file."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)

NAME = "words.sqlite"
MOST = 50_000
"""Maximum number of texts; the oldest are dropped."""
_WAIT_SECONDS = 2.0


class WordStore:
    """Keeps words on disk, as long as the disk can be written.

    It never raises: an entry that cannot be read counts as unknown, one that cannot be written is
    requested again.

    Parameters
    ----------
    path : Path
    most : int
    """

    def __init__(self, path: Path, most: int = MOST) -> None:
        self.path = path
        self.most = most

    def get(self, model: str, text: str) -> tuple[str, ...] | None:
        """Return the words of a model for a text, None if there are none stored."""
        if not self.path.exists():
            return None
        statement = "SELECT words FROM words WHERE model = ? AND text = ?"
        found = self._do(lambda words: words.execute(statement, (model, text)).fetchone())
        return tuple(json.loads(found[0])) if found else None

    def put(self, model: str, text: str, words: tuple[str, ...]) -> tuple[str, ...]:
        """Store words and return the valid ones: those that another process stored first win."""
        shown = json.dumps(words, ensure_ascii=False)

        def keep(connection: sqlite3.Connection) -> Any:
            connection.execute(
                "INSERT OR IGNORE INTO words (model, text, words) VALUES (?, ?, ?)",
                (model, text, shown),
            )
            connection.execute(
                "DELETE FROM words WHERE number <= (SELECT max(number) FROM words) - ?",
                (self.most,),
            )

        self._do(keep)
        return self.get(model, text) or words

    def forget(self, model: str) -> None:
        """Delete the words of a model."""
        if self.path.exists():
            self._do(lambda words: words.execute("DELETE FROM words WHERE model = ?", (model,)))

    def _do(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with (
                closing(sqlite3.connect(self.path, timeout=_WAIT_SECONDS)) as connection,
                connection,
            ):
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS words (number INTEGER PRIMARY KEY AUTOINCREMENT, "
                    "model TEXT, text TEXT, words TEXT, UNIQUE (model, text))"
                )
                return work(connection)
        except (sqlite3.Error, OSError) as error:
            log.warning("words cannot be stored in %s: %s", self.path, error)
            return None
