"""The tables of a workspace, as training and evaluation read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from features.tables.schema import SCHEMAS

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class TrainingData:
    """The tables of a workspace."""

    enterprises: pl.DataFrame
    zones: pl.DataFrame
    needs: pl.DataFrame
    judgements: pl.DataFrame
    events: pl.DataFrame
    chains: pl.DataFrame
    input_output: pl.DataFrame = field(default_factory=SCHEMAS["input_output"].create_empty)
    words: pl.DataFrame = field(default_factory=SCHEMAS["words"].create_empty)
