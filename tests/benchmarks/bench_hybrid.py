"""LightFM's part of a recommendation: our product and partial sort against LightFM's own.

LightFM's `predict` for one need and all enterprises, followed by a full sort, has the same
embeddings and the same feature matrices as ours, so that the order must be the same: on the listed
companies with what was learnt, and on a million enterprises with embeddings drawn at random.
"""

import time
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
from lightfm import LightFM
from scipy import sparse

from features.encoder import UniversalSentenceEncoder
from features.workspace import Workspace
from models.factors.hybrid import LightFMHybrid, _lightfm_matrix
from models.scoring.ranker import order
from models.settings import HybridSettings
from service.serving.lifecycle.loading import load_engine
from tests.benchmarks.listed import Listed
from tests.benchmarks.report import progress, report

LEADS = 20
MILLION, COMPONENTS, FEATURES = 1_000_000, 64, 11
"""The large pool: enterprises, components, and features of each enterprise."""
_DISTINCT, _NEEDS = 20_000, 12
_ROUNDS = 3
_ROUNDING = 1e-4
"""Scores as near as this may change places: both sides sum in single precision."""


def run(listed: Listed) -> None:
    learnt(listed)
    drawn()


def learnt(listed: Listed) -> None:
    """Compare on the listed companies, with the embeddings of their model."""
    workspace = Workspace(listed.workspace)
    engine = load_engine(workspace, UniversalSentenceEncoder())
    pool, hybrid = engine.bound.pool, engine.bound.ranker.hybrid
    needs = [engine.features(need) for need in engine._needs.values()]
    prepared = hybrid.prepare(pool)
    rows, numbers = np.arange(len(pool)), np.arange(len(pool), dtype=np.int32)
    users, items = (_lightfm_matrix(m) for m in (hybrid._users(needs), hybrid._items(pool, rows)))
    model = own_model(hybrid, users, items)

    progress(f"LightFM: {len(needs)} needs, {_ROUNDS} rounds")
    compare(
        "lightfm.order.ratio",
        [partial(hybrid.score, need, prepared) for need in needs] * _ROUNDS,
        [
            partial(model.predict, user, numbers, items, users, num_threads=1)
            for user in range(len(needs))
        ]
        * _ROUNDS,
        ">= 5",
        enterprises=len(pool),
    )


def drawn() -> None:
    """Compare on a large pool, every enterprise with as many features of random embeddings."""
    random = np.random.default_rng(0)
    hybrid = LightFMHybrid(HybridSettings(components=COMPONENTS))
    embeddings = random.standard_normal((_DISTINCT, COMPONENTS + 1)).astype(np.float32)
    hybrid.item_embeddings_ = embeddings
    hybrid.user_embeddings_ = embeddings[:_NEEDS]
    columns = random.integers(_DISTINCT, size=MILLION * FEATURES).astype(np.int32)
    starts = np.arange(0, len(columns) + 1, FEATURES, dtype=np.int32)
    shares = np.full(len(columns), 1 / FEATURES, dtype=np.float32)
    items = sparse.csr_matrix((shares, columns, starts), shape=(MILLION, _DISTINCT))
    users = sparse.identity(_NEEDS, format="csr", dtype=np.float32)
    model, numbers = own_model(hybrid, users, items), np.arange(MILLION, dtype=np.int32)
    prepared = np.column_stack([items @ embeddings, np.ones(MILLION, dtype=np.float32)])
    directions = [
        np.array([*vector, 1, bias], dtype=np.float32) for *vector, bias in embeddings[:_NEEDS]
    ]
    progress(f"LightFM: {_NEEDS} needs, {MILLION} enterprises")
    compare(
        "lightfm.million.ratio",
        [partial(np.vecdot, prepared, direction) for direction in directions],
        [
            partial(model.predict, user, numbers, items, users, num_threads=1)
            for user in range(_NEEDS)
        ],
        ">= 10",
        enterprises=MILLION,
        components=COMPONENTS,
        features=FEATURES,
    )


def compare(
    name: str,
    score: list[Callable[[], np.ndarray]],
    predict: list[Callable[[], np.ndarray]],
    target: str,
    **told: object,
) -> None:
    """Report how many times as fast our scores and first leads are as LightFM's and a full sort."""
    ours: list[float] = []
    theirs: list[float] = []
    for own, other in zip(score, predict, strict=True):
        begin = time.perf_counter()
        scores = own()
        first = order(scores, np.arange(len(scores)), LEADS)
        middle = time.perf_counter()
        predicted = other()
        ranked = np.argsort(-predicted, kind="stable")
        ours.append(1000 * (middle - begin))
        theirs.append(1000 * (time.perf_counter() - middle))
        check_order(first, ranked, predicted)
    ratio = median(their / our for our, their in zip(ours, theirs, strict=True))
    report(
        name,
        ratio,
        "times as fast",
        ratio_to=f"LightFM.predict and a full sort: {median(theirs):.3f} ms",
        target=target,
        milliseconds=round(median(ours), 4),
        pairs=len(ours),
        **told,
    )


def own_model(hybrid: LightFMHybrid, users: sparse.csr_matrix, items: sparse.csr_matrix) -> LightFM:
    """Return LightFM itself with the embeddings that ours was given."""
    model = LightFM(no_components=hybrid.settings.components, loss="warp")
    model._initialize(hybrid.settings.components, items.shape[1], users.shape[1])
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
