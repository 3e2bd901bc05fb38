"""From a workspace to a version that serves: fit, judge, save, activate."""

from __future__ import annotations

import hashlib
import platform
from datetime import UTC, datetime
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

from features.encoder import EncodingStore
from features.tables.schema import schema_hash
from features.vocabulary import TABLES
from models import artifact
from training.evaluation import evaluate_fit
from training.fitting import TrainingData, fit

if TYPE_CHECKING:
    from features.encoder import SentenceEncoder
    from features.progress import Steps
    from features.workspace import Workspace
    from models.registry import ModelRegistry
    from training.fitting import Fitted

LIBRARIES = ("numpy", "scipy", "scikit-learn", "polars", "rectools-lightfm", "rjieba")


def train(
    workspace: Workspace,
    registry: ModelRegistry,
    encoder: SentenceEncoder,
    *,
    seed: int = 0,
    activate: bool = True,
    force: bool = False,
    progress: Steps = lambda *_: None,
) -> dict[str, Any]:
    """Fit on what the workspace holds, judge it, save it as a version and activate that.

    Parameters
    ----------
    workspace, registry, encoder
        Where the tables are, where versions go, what encodes texts.
    seed : int
        The same tables and seed give the same arrays.
    activate : bool
        False saves the version and leaves the active one as it is.
    force : bool
        Activate even a version that ranks held-out needs worse than character TF-IDF alone.
    progress : callable
        Told (step, done, of).

    Returns
    -------
    dict
        version, activated, why_not (or None), and the manifest's facts.
    """
    now = datetime.now(UTC)
    data = TrainingData(**{name: workspace.read(name) for name in TABLES})
    versions = {name: workspace.version(name) for name in TABLES}
    store = EncodingStore(workspace.home / "encodings.sqlite", encoder)
    fitted = fit(data, store, today=now.date(), seed=seed, progress=progress)
    metrics = evaluate_fit(fitted)
    facts = {
        "created_at": now.isoformat(timespec="seconds"),
        "seed": seed,
        "encoder": encoder.id,
        "data": _counts(data),
        "tables": versions,
        "schema": schema_hash(),
        "window": _window(data),
        "metrics": metrics,
        "weights": _weights(fitted),
        "libraries": {"python": platform.python_version()}
        | {name: installed(name) for name in LIBRARIES},
    }
    name = f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}-{_digest(versions, seed, now)}"
    artifact.save(registry.folder / name, fitted.ranker.arrays(), facts)
    reason = _worse(metrics)
    activated = activate and (force or reason is None)
    if activated:
        registry.activate(name)
    why_not = None if activated else reason if activate else "not asked for (--no-activate)"
    return {"version": name, "activated": activated, "why_not": why_not, **facts}


def _worse(metrics: dict[str, Any]) -> str | None:
    """Say why a version should not serve: surely worse than the baseline on held-out needs."""
    cold = metrics["cold"]
    gap = cold and cold["gain_over_character_tfidf"]["ndcg@10"]
    if gap and gap["high"] < 0:
        return (
            f"NDCG@10 on held-out needs is {-gap['mean']:.3f} below character TF-IDF "
            f"(95 % interval {gap['low']:.3f} to {gap['high']:.3f}); --force activates it anyway"
        )
    return None


def _counts(data: TrainingData) -> dict[str, int]:
    return {name: getattr(data, name).height for name in TABLES}


def _window(data: TrainingData) -> dict[str, str | None]:
    dates = data.events["date"]
    first, last = dates.min(), dates.max()
    return {"first_event": str(first) if first else None, "last_event": str(last) if last else None}


def _weights(fitted: Fitted) -> dict[str, dict[str, float]]:
    blend = fitted.ranker.blend
    pairs = {
        "content": (blend.names, blend.content),
        "cold": (("content", "feedback", "hybrid"), blend.cold),
        "warm": (("content", "need_head", "hybrid"), blend.warm),
    }
    return {
        kind: {name: round(float(w), 6) for name, w in zip(names, own, strict=True)}
        for kind, (names, own) in pairs.items()
    }


def _digest(versions: dict[str, str], seed: int, now: datetime) -> str:
    return hashlib.sha256(f"{versions}{seed}{now.isoformat()}".encode()).hexdigest()[:6]
