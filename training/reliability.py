"""Calibration on closed outcomes, with raw scores of rankers fitted without the outcome.

Each closed pair is scored twice: as of a cold need, with the whole need held out, and as of a warm
need, with a fifth of the outcomes held out. In both cases the blend's weights are learnt on other
needs. The calibration is an isotonic regression of the outcomes on these scores (Zadrozny and
Elkan, "Transforming classifier scores into accurate multiclass probability estimates", KDD 2002);
it is evaluated on outcomes that it was not fitted on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from models.scoring.calibration import MIN_CLOSED, MIN_LOST, MIN_WON, Calibration, Curve, enough
from models.scoring.fit import constant
from models.scoring.scale import standardised
from training.metrics import DRAW_SEED, DRAWS
from training.splits import FOLDS, MIN_NEEDS, parts
from training.trials import entries_in_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from models.scoring.blend import Blend
    from training.trials import Trial, Trials

BINS = 10


@dataclass(frozen=True)
class Scored:
    """k outcomes with raw scores of rankers fitted without them.

    Attributes
    ----------
    raw : ndarray of shape (k,)
    won : ndarray of bool, shape (k,)
    needs : ndarray of int, shape (k,)
        Rows of the needs.
    warm : ndarray of bool, shape (k,)
        Whether the need still had its own head.
    """

    raw: NDArray[np.float64]
    won: NDArray[np.bool_]
    needs: NDArray[np.intp]
    warm: NDArray[np.bool_]

    @property
    def enough(self) -> bool:
        """Whether a curve can be fitted on them."""
        return enough(len(self.won), int(self.won.sum()))

    def chosen(self, rows: NDArray[Any]) -> Scored:
        """Return some of them, by mask or row numbers."""
        return Scored(self.raw[rows], self.won[rows], self.needs[rows], self.warm[rows])


def calibrate(
    trials: Trials, blend_without: Callable[[NDArray[np.intp]], Blend]
) -> tuple[Calibration, dict[str, Any]]:
    """Fit the curves, if there are enough outcomes.

    Parameters
    ----------
    trials : Trials
    blend_without : callable
        Returns the blend whose weights were learnt without some needs, given by their rows.

    Returns
    -------
    Calibration
    dict
        For the manifest: counts, thresholds, and `figures` of `cold` and `warm` from `judge_curve`;
        None below the threshold.
    """
    closed = _in_order(sparse.coo_array(trials.labels.known.closed), trials.ranks)
    counts = closed.nnz, int((closed.data > 0).sum())
    shown = {
        "closed": counts[0],
        "won": counts[1],
        "it_takes": {"closed": MIN_CLOSED, "won": MIN_WON, "lost": MIN_LOST},
        "figures": None,
    }
    if not enough(*counts):
        return Calibration(*counts), shown
    cold, late = _scores(trials, closed, blend_without)
    # With too few outcomes of needs that keep a head, all are used, with or without a head.
    warm = own if (own := late.chosen(late.warm)).enough else late
    shown["figures"] = {
        "cold": judge_curve(cold, trials.seed),
        "warm": judge_curve(warm, trials.seed),
    }
    return Calibration(*counts, fit_curve(cold), fit_curve(warm)), shown


def fit_curve(scored: Scored) -> Curve:
    """Return the isotonic regression of outcomes on raw scores.

    A won outcome is added at the lowest score and a lost one at the highest (Laplace's rule of
    succession at both ends), so that no probability is 0 or 1.
    """
    from sklearn.isotonic import IsotonicRegression  # slow to import, and only needed in training

    raw = np.concatenate([scored.raw, [scored.raw.min(), scored.raw.max()]])
    won = np.concatenate([scored.won.astype(np.float64), [1.0, 0.0]])
    fitted = IsotonicRegression(increasing=True, out_of_bounds="clip").fit(raw, won)
    return Curve(
        np.asarray(fitted.X_thresholds_, np.float64), np.asarray(fitted.y_thresholds_, np.float64)
    )


def judge_curve(scored: Scored, seed: int) -> dict[str, Any]:
    """Judge a curve by cross-validation in fifths.

    Returns
    -------
    dict
        `outcomes`, `won`; `ece`, the expected calibration error over `BINS` bins of equal size,
        with its 95 % bootstrap interval over needs (over outcomes, with fewer than `MIN_NEEDS`
        needs); `brier` and `brier_of_base_rate`, that of always predicting the base rate; and
        `bins`: mean probability, share won and number of outcomes of each.
    """
    chances = np.empty(len(scored.raw))
    for held in parts(len(chances), FOLDS, seed):
        rest = np.ones(len(chances), dtype=bool)
        rest[held] = False
        chances[held] = fit_curve(scored.chosen(rest)).at(scored.raw[held])
    won = scored.won.astype(np.float64)
    bins = np.empty(len(chances), dtype=np.intp)
    for at, rows in enumerate(np.array_split(np.lexsort((scored.raw, chances)), BINS)):
        bins[rows] = at
    return {
        "outcomes": len(won),
        "won": int(won.sum()),
        "ece": _calibration_error(chances - won, bins, scored.needs),
        "brier": float(np.mean((chances - won) ** 2)),
        "brier_of_base_rate": float(won.var()),
        "bins": [
            {
                "chance": float(chances[bins == at].mean()),
                "won": float(won[bins == at].mean()),
                "outcomes": int((bins == at).sum()),
            }
            for at in range(BINS)
        ],
    }


def _calibration_error(
    gaps: NDArray[np.float64], bins: NDArray[np.intp], needs: NDArray[np.intp]
) -> dict[str, float]:
    """Return the sum over bins of |sum of gaps| divided by the outcomes, and its interval."""
    _, groups = np.unique(needs, return_inverse=True)
    if groups.max() + 1 < MIN_NEEDS:
        groups = np.arange(len(gaps))
    size = int(groups.max()) + 1
    sums, counts = np.zeros((size, BINS)), np.bincount(groups, minlength=size)
    np.add.at(sums, (groups, bins), gaps)
    generator = np.random.default_rng(DRAW_SEED)
    drawn = generator.multinomial(size, np.full(size, 1 / size), size=DRAWS)
    errors = np.abs(drawn @ sums).sum(axis=1) / (drawn @ counts)
    low, high = np.percentile(errors, [2.5, 97.5])
    error = float(np.abs(sums.sum(axis=0)).sum() / len(gaps))
    return {"mean": error, "low": float(low), "high": float(high)}


def _in_order(pairs: sparse.coo_array, ranks: NDArray[np.intp]) -> sparse.coo_array:
    """Return pairs ordered by need and rank of the enterprise: folds must not depend on ids."""
    order = np.lexsort((ranks[pairs.col], pairs.row))
    rows, columns = pairs.row[order], pairs.col[order]
    return sparse.coo_array((pairs.data[order], (rows, columns)), shape=pairs.shape)


def _scores(
    trials: Trials, closed: sparse.coo_array, blend_without: Callable[[NDArray[np.intp]], Blend]
) -> tuple[Scored, Scored]:
    """Return the outcomes scored with their needs held out, and with themselves held out."""
    needs, won = closed.row, closed.data > 0
    known = np.unique(needs)
    groups = [known[part] for part in parts(len(known), min(FOLDS, len(known)), trials.seed)]
    blends = [blend_without(group) for group in groups]
    group_of = {row: at for at, group in enumerate(groups) for row in group.tolist()}
    folds = list(_folds(needs, won, trials.seed))
    hidden = [entries_in_rows(trials.labels.known.gains, group) for group in groups]
    hidden += [
        sparse.csr_array(
            (np.ones(len(fold), dtype=bool), (needs[fold], closed.col[fold])), shape=closed.shape
        )
        for fold in folds
    ]
    pairs = [np.flatnonzero(np.isin(needs, group)) for group in groups] + folds
    raw = np.empty((2, closed.nnz))
    warm = np.zeros((2, closed.nnz), dtype=bool)
    for at, trial in enumerate(trials.without(hidden)):
        side = int(at >= len(groups))
        for row in np.unique(needs[pairs[at]]).tolist():
            own = pairs[at][needs[pairs[at]] == row]
            found, warm[side, own] = _raw(trials, trial, blends[group_of[row]], row)
            raw[side, own] = found[closed.col[own]]
    one, other = (Scored(raw[side], won, needs.astype(np.intp), warm[side]) for side in (0, 1))
    return one, other


def _folds(
    needs: NDArray[np.intp], won: NDArray[np.bool_], seed: int
) -> Iterator[NDArray[np.intp]]:
    """Split outcomes into folds stratified by need and result."""
    order = np.random.default_rng(seed).permutation(len(needs))
    order = order[np.lexsort((won[order], needs[order]))]
    for fold in range(FOLDS):
        yield np.sort(order[fold::FOLDS])


def _raw(trials: Trials, trial: Trial, blend: Blend, row: int) -> tuple[NDArray[np.float64], bool]:
    """Return the raw scores of all enterprises for a need, and whether it has a head."""
    need, scorer = trials.needs[row], trial.scorer
    values = scorer.values(need)
    scale, chosen = scorer.scale(values, blend), scorer.chosen(need)
    raw = blend.contributions(standardised(values, scale), scale.content, 0.0, chosen).sum(axis=0)
    return raw + constant(need, trials.pool, raw), chosen > 0
