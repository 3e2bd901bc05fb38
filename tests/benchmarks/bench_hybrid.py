"""LightFM's part of a recommendation: our product and partial sort against LightFM's own.

LightFM's `predict` for one need and all enterprises, followed by a full sort, has the same
embeddings and the same feature matrices as ours, so that the order must be the same.
"""

import time
from statistics import median

import numpy as np
from lightfm import LightFM
from scipy import sparse

from features.encoder import UniversalSentenceEncoder
from features.workspace import Workspace
from models.hybrid import LightFMHybrid, _lightfm_matrix
from models.ranker import order
from service.engine import Engine
from tests.benchmarks.listed import Listed
from tests.benchmarks.report import progress, report

LEADS = 20
_ROUNDS = 3
_ROUNDING = 1e-4
"""Scores as near as this may change places: both sides sum in single precision."""


def run(listed: Listed) -> None:
    workspace = Workspace(listed.workspace)
    engine = Engine.load(workspace, UniversalSentenceEncoder())
    pool, hybrid = engine.bound.pool, engine.bound.ranker.hybrid
    needs = [engine._understand(need) for need in engine._needs.values()]
    prepared = hybrid.prepare(pool)
    rows, numbers = np.arange(len(pool)), np.arange(len(pool), dtype=np.int32)
    users, items = (_lightfm_matrix(m) for m in (hybrid._users(needs), hybrid._items(pool, rows)))
    model = own_model(hybrid, users, items)

    ours: list[float] = []
    theirs: list[float] = []
    progress(f"LightFM: {len(needs)} needs, {_ROUNDS} rounds")
    for _ in range(_ROUNDS):
        for user, need in enumerate(needs):
            begin = time.perf_counter()
            scores = hybrid.score(need, prepared)
            first = order(scores.astype(np.float64), rows, LEADS)
            middle = time.perf_counter()
            predicted = model.predict(
                user, numbers, item_features=items, user_features=users, num_threads=1
            )
            ranked = np.argsort(-predicted, kind="stable")
            ours.append(1000 * (middle - begin))
            theirs.append(1000 * (time.perf_counter() - middle))
            check_order(first, ranked, predicted)
    ratio = median(their / our for our, their in zip(ours, theirs, strict=True))
    report(
        "lightfm.order.ratio",
        ratio,
        "times as fast",
        ratio_to=f"LightFM.predict and a full sort: {median(theirs):.3f} ms",
        target=">= 5",
        milliseconds=round(median(ours), 4),
        pairs=len(ours),
    )


def own_model(hybrid: LightFMHybrid, users: sparse.csr_matrix, items: sparse.csr_matrix) -> LightFM:
    """Return LightFM itself with the embeddings that ours was given."""
    model = LightFM(no_components=hybrid.components, loss="warp")
    model._initialize(hybrid.components, items.shape[1], users.shape[1])
    for side, found in (("user", hybrid.user_embeddings_), ("item", hybrid.item_embeddings_)):
        setattr(model, f"{side}_embeddings", np.ascontiguousarray(found[:, :-1], np.float32))
        setattr(model, f"{side}_biases", np.ascontiguousarray(found[:, -1], np.float32))
    return model


def check_order(first: np.ndarray, ranked: np.ndarray, predicted: np.ndarray) -> None:
    """Assert the same first leads, but for neighbours that rounding alone sets apart."""
    if np.array_equal(first, ranked[: len(first)]):
        return
    gaps = np.abs(predicted[first] - predicted[ranked[: len(first)]])
    assert gaps.max() <= _ROUNDING * np.abs(predicted).max(), (first, ranked[: len(first)], gaps)
