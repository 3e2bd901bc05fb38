"""Labelled matrices of a version, for `lianzhao models matrices` and notebooks."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from features import calendar
from features.errors import InputError
from training.desk.matrices import all_matrices
from training.interactions import interactions

if TYPE_CHECKING:
    from features.workspace import Workspace
    from service.serving.engine import Engine
    from training.desk.matrices import Matrix


def read_matrices(engine: Engine, workspace: Workspace) -> dict[str, Matrix]:
    """Return the matrices of an engine's version: enterprises, needs, and labels of pairs."""
    needs = []
    for row in workspace.read("needs").iter_rows(named=True):
        with suppress(InputError):  # a need that shares no word with any profile has no features
            needs.append(engine.features(engine.need(row["need_id"])))
    known = interactions(
        workspace.read("judgements"),
        workspace.read("events"),
        [need.need_id or "" for need in needs],
        engine.bound.pool.ids,
        as_of=workspace.as_of or calendar.today(),
    )
    return all_matrices(engine.bound, needs, known)
