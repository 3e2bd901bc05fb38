"""What answers while the changed profiles of a large pool are still being read.

To read a million profiles takes minutes, in which a service must not fall silent. Until then leads
are those of the profiles before, but nobody is listed who is struck off or no longer there, and
zones, needs and events are as they are now. Both versions of the tables stand in such an engine's
pool version: what it answers is never taken for an answer of either.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from features.profile import struck_off
from models import prepared
from models.registry import ModelRegistry
from service.serving.engine import Engine

if TYPE_CHECKING:
    from features.workspace import Workspace


def meanwhile(former: Engine | None, workspace: Workspace) -> Engine | None:
    """Return the engine that answers until the profiles are read, None where none is needed.

    It is not needed where they are read already, where it is a matter of seconds, or where another
    version is active than that of `former`.

    Parameters
    ----------
    former : Engine or None
        What has answered so far.
    workspace : Workspace

    Raises
    ------
    DamagedError
        When a table was altered.
    """
    if former is None or former.prepared.two_stage is None:
        return None
    version, as_they_are = ModelRegistry(workspace).active(), prepared.versions(workspace)
    if version != former.model_version or former.made_of == (version, *as_they_are):
        return None
    if prepared.is_there(version, workspace):
        return None
    pool_version = workspace.pool_version
    made_of = ("meanwhile", version, *as_they_are)
    ready = former.prepared
    if former.made_of != made_of:
        enterprises = workspace.read("enterprises")
        there = enterprises.filter(~struck_off(enterprises))["enterprise_id"]
        gone = ~ready.profiles.columns["enterprise_id"].is_in(there.implode()).to_numpy()
        residents = replace(ready.residents, closed=ready.residents.closed | gone)
        ready = replace(ready, residents=residents)
    both = f"{former.pool_version} {pool_version}"
    return Engine(
        ready,
        {name: workspace.read(name) for name in ("zones", "needs", "events")},
        model_version=version,
        pool_version=hashlib.sha256(both.encode()).hexdigest()[:16],
        pool_date=former.pool_date,
        made_of=made_of,
    )
