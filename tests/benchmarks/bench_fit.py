"""The levels of fit on phrases that officials type: learnt again, and checked out of fold.

The coefficients are learnt by the code that made the shipped ones, on the grades of the phrases
over a pool with products and over one of names and registered scopes; nothing else is learnt on.
Every probability that is checked comes from a regression that saw no pair of its phrase.
"""

import shutil
from dataclasses import replace
from datetime import date

import numpy as np

from features.encoder import EncodingStore, encoder_named
from features.need import NeedQuery
from features.workspace import Workspace
from models.scoring.fit import EVIDENCE, SHIPPED
from service.commands.evaluation_data import Files
from tests.benchmarks.listed import ENCODINGS, Listed, shared
from tests.benchmarks.report import progress, report
from training.fit_levels import Pairs, gather, learn_levels, level_figures, out_of_fold
from training.fitting import fit
from training.publishing import read_tables

POOLS = ("listed", "scope")
TARGETS = {"strong": ">= 0.85", "weak": "<= 0.25"}
_DAY = date(2021, 10, 1)


def run(listed: Listed) -> None:
    """Report the learnt values next to the shipped ones, and the figures of each level."""
    home = listed.folder / "fit"
    home.mkdir()
    if listed.ready is not None and (listed.ready / ENCODINGS).is_file():
        shutil.copy(listed.ready / ENCODINGS, home)
    pairs = Pairs.beside([pairs_of(pool, Workspace(home)) for pool in POOLS])
    weights, intercept = learn_levels(pairs)
    learnt, shipped = (*weights, intercept), (*SHIPPED.weights, SHIPPED.intercept)
    for name, own, there in zip((*EVIDENCE, "intercept"), learnt, shipped, strict=True):
        report(f"fit.coefficient.{name}", own, "log odds", shipped=there)
    held_out = out_of_fold(pairs)
    for pool in (None, *POOLS):
        own = np.ones(len(pairs.grades), bool) if pool is None else pairs.pools == pool
        found = level_figures(Pairs(*(part[own] for part in pairs)), held_out[own], SHIPPED)
        for level, (count, share) in found.items():
            report(
                f"fit.{level}.{pool or 'both'}",
                share,
                "share graded 1 or more, out of fold",
                target=TARGETS.get(level),
                pairs=count,
            )


def pairs_of(pool: str, workspace: Workspace) -> Pairs:
    """Return the pairs of the phrases over a pool."""
    progress(f"fit: the phrases over {pool}")
    data, asked = Files(
        shared("phrases/needs.csv"),
        shared("phrases/judged.csv"),
        shared(f"{pool}/enterprises.csv"),
    ).over(read_tables(workspace)[0], workspace)
    untold = replace(data, needs=data.needs.clear(), judgements=data.judgements.clear())
    store = EncodingStore(workspace.home / ENCODINGS, encoder_named(None))
    fitted = fit(untold, store, today=_DAY)
    space = fitted.ranker.space
    rows = data.needs.filter(data.needs["need_id"].is_in(asked or [])).sort("need_id")
    needs = [space.need(NeedQuery.from_row(row)) for row in rows.iter_rows(named=True)]
    grades: dict[str, dict[str, int]] = {}
    for need_id, enterprise_id, grade in data.judgements.select(
        "need_id", "enterprise_id", "grade"
    ).iter_rows():
        grades.setdefault(need_id, {})[enterprise_id] = grade
    return gather(fitted.ranker.bind(fitted.pool), needs, grades, pool)
