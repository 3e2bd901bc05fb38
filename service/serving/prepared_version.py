"""A version, ready to rank the enterprises of a snapshot."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from models import loading, prepared
from models.artifact import NotWrittenError

if TYPE_CHECKING:
    from pathlib import Path

    from features.encoder import SentenceEncoder
    from features.progress import Count
    from features.snapshot import Snapshot
    from models.prepared import Prepared

log = logging.getLogger(__name__)


def load_prepared(
    folder: Path, snapshot: Snapshot, encoder: SentenceEncoder, progress: Count | None = None
) -> Prepared:
    """Return a version, prepared for a snapshot: in memory where the disk has no room for it.

    Parameters
    ----------
    folder : Path
        Of the version.
    snapshot : Snapshot
    encoder : SentenceEncoder
    progress : callable, optional
        Called with (profiles read, profiles).

    Raises
    ------
    UnfitModelError
        When the version was made with another sentence encoder, for other tables or in another way.
    DamagedError
        When a file of the model or of the tables was altered.
    """
    # Scoring is many small products, for which starting threads costs more than it saves.
    threadpool_limits(1, user_api="blas")
    read = partial(loading.load, folder, snapshot, encoder)
    try:
        return prepared.prepare(folder.name, read, snapshot, progress)
    except NotWrittenError as error:
        log.warning("leads are ranked from memory alone: %s", error.message)
        return prepared.in_memory(read(), snapshot.read("enterprises"), progress)
