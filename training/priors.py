"""Prior weights of the factors, used with too few labels to learn them.

Measured on held-out industries (content, LightFM, heads) and outbound deals (history). Those of
`supply_link` and `gap` are assumptions, since no judgement here depends on zones: supply links are
the strongest factor in studies of co-location (Ellison, Glaeser and Kerr, "What causes industry
agglomeration?", AER 2010).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.factors.own_factors import own_factors
from models.scoring.blend import Blend

if TYPE_CHECKING:
    from numpy.typing import NDArray

CONTENT_PRIOR = {
    "item_words": 1.9,
    "item_kinds": 0.6,
    "text_words": 1.0,
    "topic_words": 0.5,
    "node_match": 0.5,
    "industry_code": 0.2,
    "supply_link": 0.3,
    "gap": 0.25,
    "proximity": 0.0,
    **{own.name: own.prior for own in own_factors()},
}
COLD_PRIOR = (1.0, 0.1, 1.5)
"""Content, LightFM and history, for a need without labels."""

WARM_PRIOR = (1.2, 1.0, 0.3, 2.0)
"""Content, the need's head, LightFM and history, for a need with labels."""


def prior(*, warm: bool, history: bool = True) -> NDArray[np.float64]:
    """Return the prior weights of the parts of a case; without `history` that of deals is 0."""
    found = np.array(WARM_PRIOR if warm else [*CONTENT_PRIOR.values(), *COLD_PRIOR[1:]])
    if not history:
        found[-1] = 0
    return found


def prior_blend() -> Blend:
    """Return the blend of the prior weights."""
    content, cold, warm = [*CONTENT_PRIOR.values()], COLD_PRIOR, WARM_PRIOR
    return Blend((*CONTENT_PRIOR,), np.array(content), np.array(cold), np.array(warm))
