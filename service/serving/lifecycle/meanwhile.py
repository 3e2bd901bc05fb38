"""The engine that answers while the changed profiles of a large pool are being read.

Reading a million profiles takes minutes, during which the service must keep answering. Until then
leads are ranked on the previous profiles, without enterprises that are now struck off or removed;
zones, needs and events are current. The pool version of such an engine is derived from both
versions of the tables, so that its answers are never mistaken for those of either.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from features.enterprises.profile import struck_off
from models.releases.registry import ModelRegistry
from models.storage import prepared
from service.serving.lifecycle.loading import engine_of

if TYPE_CHECKING:
    from features.storage.snapshot import Snapshot
    from features.workspace import Workspace
    from service.serving.engine import Engine


def meanwhile(former: Engine | None, workspace: Workspace) -> Engine | None:
    """Return the engine that answers until the profiles are read, None where none is needed.

    None if they have been read already, if reading takes only seconds, or if the active version is
    not that of `former`.

    Parameters
    ----------
    former : Engine or None
        The engine that has answered so far.
    workspace : Workspace

    Raises
    ------
    DamagedError
        When a table was altered.
    """
    if former is None or not former.prepared.retriever.in_two_stages:
        return None
    version = ModelRegistry(workspace).active()
    if version != former.model_version:
        return None
    return workspace.reading(lambda snapshot: _meanwhile(former, version, snapshot))


def _meanwhile(former: Engine, version: str, snapshot: Snapshot) -> Engine | None:
    as_they_are = prepared.versions(snapshot)
    if former.made_of == (version, *as_they_are) or prepared.is_there(version, snapshot):
        return None
    made_of = ("meanwhile", version, *as_they_are)
    ready = former.prepared
    if former.made_of != made_of:
        enterprises = snapshot.read("enterprises")
        there = enterprises.filter(~struck_off(enterprises))["enterprise_id"]
        gone = ~ready.profiles.columns["enterprise_id"].is_in(there.implode()).to_numpy()
        residents = replace(ready.residents, closed=ready.residents.closed | gone)
        ready = replace(ready, residents=residents)
    both = f"{former.pool_version} {snapshot.pool_version}"
    return engine_of(
        snapshot,
        ready,
        model_version=version,
        made_of=made_of,
        pool_version=hashlib.sha256(both.encode()).hexdigest()[:16],
        pool_date=former.pool_date,
        words=former.words,
    )
