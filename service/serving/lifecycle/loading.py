"""Loads a model version: prepared for the enterprises of a snapshot, and as an engine."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import polars as pl
from threadpoolctl import threadpool_limits

from features.enterprises.signals import Signals
from features.errors import UnavailableError
from models.releases.registry import ModelRegistry
from models.storage import loading, prepared
from models.storage.artifact import NotWrittenError
from service.projects.rules import Rules
from service.serving.engine import NO_WORDS, Engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from features.encoder import SentenceEncoder
    from features.progress import Count
    from features.storage.snapshot import Snapshot
    from features.workspace import Workspace
    from models.storage.chunks import Workers
    from models.storage.prepared import Prepared
    from service.serving.words.model import WordSource

    WorkersOf = Callable[[Path], Workers]
    Served = Callable[[Prepared, Snapshot, Path, tuple[str, ...]], Prepared]

log = logging.getLogger(__name__)


class NoModelError(UnavailableError):
    """No model has been trained yet."""

    code = "no-model"


def load_engine(
    workspace: Workspace,
    encoder: SentenceEncoder,
    progress: Count | None = None,
    *,
    former: Engine | None = None,
    version: str | None = None,
    words: WordSource = NO_WORDS,
    workers: WorkersOf | None = None,
    served: Served | None = None,
) -> Engine:
    """Load a version, by default the active one, and bind it to the tables as they are now.

    Parameters
    ----------
    workspace : Workspace
    encoder : SentenceEncoder
    progress : callable, optional
        Called with (profiles read, profiles).
    former : Engine, optional
        Its prepared pool is reused where version and enterprises are unchanged: a new event or
        need then costs milliseconds, and no profile is read again.
    version : str, optional
    words : WordSource
    workers : callable, optional
        Takes the folder of the version; returns what computes the features where they are missing.
    served : callable, optional
        Takes what is prepared, a snapshot, the folder of the version and what it was made of;
        returns the same, ranked by shards.

    Raises
    ------
    NoModelError
        When no version is active yet.
    NotFoundError
        When there is no such version.
    LostModelError
        When the active one is gone.
    UnfitModelError
        When it was made with another sentence encoder, table schema or artifact format.
    DamagedError
        When a file of the model or of the tables was altered.
    """
    registry = ModelRegistry(workspace)
    name = registry.active() if version is None else version
    if name is None:
        raise NoModelError(
            "no model is active yet: run `lianzhao train` first",
            expected="an active model version",
        )

    def read(snapshot: Snapshot) -> Engine:
        made_of = (name, *prepared.versions(snapshot))
        if former is not None and former.made_of == made_of and not former.retriever.is_outdated:
            ready = former.prepared  # even if the version's folder is gone meanwhile
        else:
            folder = registry.folder_of(name) if version is None else registry.path(name)
            made = None if workers is None else workers(folder)
            ready = load_prepared(folder, snapshot, encoder, progress, made)
            if served is not None:
                ready = served(ready, snapshot, folder, made_of)
        return engine_of(snapshot, ready, model_version=name, made_of=made_of, words=words)

    return workspace.reading(read)


def engine_of(
    snapshot: Snapshot,
    ready: Prepared,
    *,
    model_version: str,
    made_of: tuple[str, ...],
    pool_version: str | None = None,
    pool_date: str | None = None,
    words: WordSource = NO_WORDS,
) -> Engine:
    """Return an engine on the zones, needs and events of a snapshot, and a prepared version.

    `pool_version` and `pool_date` are given where the version was prepared for other enterprises
    than those of the snapshot.
    """
    return Engine(
        ready,
        {name: snapshot.read(name) for name in ("zones", "needs", "events")},
        model_version=model_version,
        pool_version=pool_version or snapshot.pool_version,
        pool_date=pool_date or snapshot.pool_date,
        made_of=made_of,
        own_words=snapshot.read("words"),
        words=words,
        signals=Signals(snapshot.read("signals"), snapshot.today),
        rules=Rules(snapshot.home),
        unfit=_unfit(snapshot.read("judgements")),
        joined=snapshot.joins.into,
    )


def load_prepared(
    folder: Path,
    snapshot: Snapshot,
    encoder: SentenceEncoder,
    progress: Count | None = None,
    workers: Workers | None = None,
) -> Prepared:
    """Return a version prepared for a snapshot; only in memory if the disk is full.

    Parameters
    ----------
    folder : Path
        The folder of the version.
    snapshot : Snapshot
    encoder : SentenceEncoder
    progress : callable, optional
        Called with (profiles read, profiles).
    workers : Workers, optional
        Compute the features where they are missing, see `models.storage.prepared.prepare`.

    Raises
    ------
    UnfitModelError
        When the version was made with another sentence encoder, table schema or artifact format.
    DamagedError
        When a file of the model or of the tables was altered.
    """
    # Scoring consists of many small products, where starting threads costs more than it saves.
    threadpool_limits(1, user_api="blas")
    read = partial(loading.load, folder, snapshot, encoder)
    try:
        return prepared.prepare(folder.name, read, snapshot, progress, workers)
    except NotWrittenError as error:
        log.warning("the prepared version is kept only in memory: %s", error.message)
        return prepared.in_memory(read(), snapshot.read("enterprises"), progress)


def _unfit(judgements: pl.DataFrame) -> dict[str, list[str]]:
    """Return the enterprises that were judged not to answer a need, by the need's id."""
    highest = judgements.group_by("need_id", "enterprise_id").agg(pl.col("grade").max())
    refused = highest.filter(pl.col("grade") == 0).group_by("need_id").agg("enterprise_id")
    return dict(refused.rows())
