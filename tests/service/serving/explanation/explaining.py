"""Evidence and reasons of single enterprises of the small pool."""

from dataclasses import replace

import numpy as np

from features.need import NeedQuery
from features.words.kinds import Kinds
from service.serving.explanation.evidence import Evidence, find_evidence
from service.serving.explanation.precedents import chosen_for
from service.serving.explanation.reasons import reasons
from tests.pool import tables

QUERIES = {row["need_id"]: NeedQuery.from_row(row) for row in tables()["needs"].to_dicts()}


BARE = Evidence("晨星有限公司")


def row_of(bound, id_):
    """Return the row of an enterprise in the pool."""
    return bound.pool.ids.tolist().index(id_)


def evidence(bound, id_, need):
    """Return the evidence for an enterprise and a need."""
    features = bound.ranker.space.need(need)
    row = tables()["enterprises"].filter(enterprise_id=id_).to_dicts()[0]
    made = {product["name"]: product["share"] for product in row["products"] or ()}
    kinds = Kinds(bound.ranker.space.thesaurus)
    rows, chosen = np.array([row_of(bound, id_)]), chosen_for(bound, features)
    return find_evidence(bound, kinds, features, rows, chosen, [made])[0]


def explained(bound, given, language="zh", sign=1):
    """Return the reasons for evidence, with a contribution of every factor."""
    parts = sign * np.arange(1.0, len(bound.ranker.blend.factors) + 1)
    return reasons(bound, parts, given, language)


def sentence(bound, factor, language="zh", **given):
    """Return the reason of a factor for evidence with the given fields."""
    found = explained(bound, replace(BARE, **given), language)
    return next(reason for reason in found if reason["factor"] == factor)
