"""What is known of pairs of need and enterprise: judgements and events as one matrix of gains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

STAGE_GAINS = {
    "established": 1.0,
    "lead": 0.0,
    "contacted": 0.2,
    "negotiation": 0.4,
    "signed": 1.0,
    "construction": 1.0,
    "production": 1.0,
    "declined": 0.0,
    "lost": 0.0,
    "stalled": 0.0,
}
"""What a pair that came as far as a stage is learnt with; signed and later are relevant."""

GRADE_GAINS = {0: 0.0, 1: 1.0, 2: 1.0, 3: 1.0}
RELEVANT = 1.0


@dataclass(frozen=True)
class Interactions:
    """Gains of m needs and n enterprises.

    Attributes
    ----------
    gains : csr_array of shape (m, n), float32
        The largest gain that judgements and events of a pair give; no entry where it is 0.
    with_events : ndarray of bool, shape (n,)
        Which enterprises have an event of their own.
    """

    gains: sparse.csr_array
    with_events: NDArray[np.bool_]
    notes: tuple[str, ...] = ()

    @property
    def relevant(self) -> sparse.csr_array:
        """The pairs that count in metrics: a grade of 1 or more, a stage of signed or later."""
        return sparse.csr_array(self.gains >= RELEVANT)


def interactions(
    judgements: pl.DataFrame,
    events: pl.DataFrame,
    need_ids: Sequence[str],
    enterprise_ids: NDArray[np.str_],
) -> Interactions:
    """Gather judgements and events over the given needs and enterprises.

    An event that names a zone and no need says nothing about an industry and is left out; so is a
    pair of an enterprise or need that is not given.
    """
    said = pl.concat(
        [
            judgements.select(
                "need_id",
                "enterprise_id",
                pl.col("grade").replace_strict(GRADE_GAINS, return_dtype=pl.Float32).alias("gain"),
            ),
            events.select(
                "need_id",
                "enterprise_id",
                pl.col("stage").replace_strict(STAGE_GAINS, return_dtype=pl.Float32).alias("gain"),
            ),
        ]
    )
    needs = pl.DataFrame({"need_id": list(need_ids)}, schema={"need_id": pl.String})
    pool = pl.DataFrame(
        {"enterprise_id": enterprise_ids.astype(object).tolist()},
        schema={"enterprise_id": pl.String},
    )
    pairs = (
        said.filter(pl.col("gain") > 0)
        .group_by("need_id", "enterprise_id")
        .agg(pl.col("gain").max())
        .join(needs.with_row_index("row"), on="need_id")
        .join(pool.with_row_index("column"), on="enterprise_id")
        .sort("row", "column")
    )
    gains = sparse.csr_array(
        (pairs["gain"].to_numpy(), (pairs["row"].to_numpy(), pairs["column"].to_numpy())),
        shape=(needs.height, pool.height),
        dtype=np.float32,
    )
    seen = pool["enterprise_id"].is_in(events["enterprise_id"].unique().implode())
    return Interactions(gains, seen.to_numpy())
