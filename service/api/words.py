"""The closed vocabularies of the API, as enumerations of the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic_core import core_schema

from features.tables.project_list import POOLS
from features.vocabulary import (
    ENDINGS,
    FLAGS,
    POSITIONS,
    PRECISIONS,
    ROLES,
    SEATS,
    STAGES,
)
from models.scoring.blend import CONSTANT
from service.serving.explanation.sentences import FACTORS

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic import GetCoreSchemaHandler


class OneOf:
    """Marks a text as one of some words.

    Parameters
    ----------
    words
    """

    def __init__(self, words: Collection[str]) -> None:
        self.words = list(words)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Return the schema of a literal."""
        return core_schema.literal_schema(self.words)


Role = Annotated[str, OneOf(ROLES)]
Stage = Annotated[str, OneOf([*STAGES, *ENDINGS])]
Factor = Annotated[str, OneOf(list(dict.fromkeys([*FACTORS, CONSTANT])))]
Flag = Annotated[str, OneOf(FLAGS)]
Seat = Annotated[str, OneOf([seat for seat in SEATS if seat != "elsewhere"])]
Fit = Annotated[str, OneOf(("strong", "partial", "weak"))]
Position = Annotated[str, OneOf(POSITIONS)]
Precision = Annotated[str, OneOf(PRECISIONS)]
Pool = Annotated[str, OneOf(POOLS)]
