"""What a workspace holds, as training and evaluation read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from features.tables.schema import SCHEMAS

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class TrainingData:
    """What a workspace holds, as training reads it."""

    enterprises: pl.DataFrame
    zones: pl.DataFrame
    needs: pl.DataFrame
    judgements: pl.DataFrame
    events: pl.DataFrame
    chains: pl.DataFrame
    input_output: pl.DataFrame = field(default_factory=SCHEMAS["input_output"].create_empty)
    words: pl.DataFrame = field(default_factory=SCHEMAS["words"].create_empty)
