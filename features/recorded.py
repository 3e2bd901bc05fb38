"""What a workspace asks of whoever keeps the events that are recorded one by one."""

import datetime
from contextlib import AbstractContextManager
from typing import Protocol

import polars as pl


class EventLog(Protocol):
    """Events that were recorded one by one, and events taken back; kept by whoever serves."""

    @property
    def seen(self) -> str:
        """The version as it was last noticed: no look at anything, for every request."""

    def version(self) -> str:
        """Return what changes with the log; "" while there is nothing in it."""

    def recorded(self) -> pl.DataFrame:
        """Return the recorded events in the columns of the table, those taken back included."""

    def retracted(self) -> pl.Series:
        """Return the event_ids that were taken back, recorded or imported ones."""

    def changed_at(self) -> datetime.datetime | None:
        """Return when it last changed, in UTC; None while there is nothing in it."""

    def removing(self, column: str, id_: str) -> AbstractContextManager[int]:
        """Take out the events of that id when the context ends well, and tell how many."""
