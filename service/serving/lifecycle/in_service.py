"""Which engine is in service and which one is spare: state alone, without threads or files."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.serving.engine import Engine
    from service.serving.lifecycle.marks import Mark, TablesMark


class InService:
    """The engine in service, and a spare one of another version.

    The spare is the engine of the version that is announced to become active, or else that of the
    version before: either can be put in service at once. At most two engines are held.

    Attributes
    ----------
    engine : Engine or None
        In service.
    mark : Mark or None
        The mark of the workspace that it answers for.
    spare : tuple of (Engine, TablesMark) or None
    failure : str or None
        Why `engine` is not the one of the active model.
    """

    def __init__(self) -> None:
        self.engine: Engine | None = None
        self.mark: Mark | None = None
        self.spare: tuple[Engine, TablesMark] | None = None
        self.failure: str | None = None

    def answers_for(self, mark: Mark) -> bool:
        """Whether the engine in service is the one of a workspace with this mark."""
        if self.engine is None or self.mark != mark:
            return False
        return not self.engine.retriever.is_outdated

    def serve(self, engine: Engine, mark: Mark, failure: str | None = None) -> None:
        """Put an engine in service; the previous one becomes the spare if its version differs.

        Unless the previous one was in service despite a failure.
        """
        before, seen, sound = self.engine, self.mark, self.failure is None
        if before and seen and sound and before.model_version != engine.model_version:
            self.spare = before, seen.tables
        self.engine, self.mark, self.failure = engine, mark, failure

    def stay(self, mark: Mark, failure: str) -> None:
        """Keep the engine in service for a workspace whose own engine cannot be loaded."""
        self.mark, self.failure = mark, failure

    def keep(self, engine: Engine, tables: TablesMark) -> None:
        """Keep an engine as the spare, unless one of the same version is in service."""
        if self.engine is None or self.engine.model_version != engine.model_version:
            self.spare = engine, tables

    def holds(self, version: str, tables: TablesMark) -> bool:
        """Whether an engine of this version is in service, or spare and bound to these tables."""
        if self.engine is not None and self.engine.model_version == version:
            return True
        return self.spare_for(tables, version) is not None

    def spare_for(self, tables: TablesMark, version: str | None = None) -> Engine | None:
        """Return the spare if it is bound to these tables, and of this version if one is given."""
        engine, bound_to = self.spare or (None, None)
        if engine is None or bound_to != tables:
            return None
        return engine if version in {None, engine.model_version} else None

    def former(self, version: str | None) -> Engine | None:
        """Return the engine that shares most with a version that is to be loaded.

        A spare of a third version is dropped first: at most two are in memory.
        """
        if self.engine is not None and self.engine.model_version == version:
            return self.engine
        if self.spare is not None and self.spare[0].model_version == version:
            return self.spare[0]
        self.spare = None
        return self.engine
