"""Parameters of leads by mode."""

from typing import Literal

from pydantic import Field

from service.api.filter_schemas import FilterBody, Text
from service.api.schemas import PageQuery


class ModeQuery(PageQuery, FilterBody):
    """Parameters of GET /v1/leads."""

    mode: Literal["need", "gap", "leader", "similar"] = Field(
        default="need",
        description="By need, missing node (补链), chain leader (以商招商) or similar enterprise.",
    )
    need_id: Text | None = Field(
        default=None, description="mode=need: the need, as an alternative to zone_id and industry."
    )
    zone_id: Text | None = Field(
        default=None,
        description="The zone; mode=leader and similar leave out its enterprises.",
    )
    industry: Text | None = Field(default=None, description="mode=need: the industry.")
    chain_id: Text | None = Field(
        default=None, description="mode=gap: the chain, by its id or its name."
    )
    node_id: Text | None = Field(default=None, description="mode=gap: a single node of it.")
    enterprise_id: Text | None = Field(
        default=None,
        description="mode=leader: the chain leader; mode=similar: the enterprise to compare with.",
    )
    side: Literal["both", "suppliers", "customers"] | None = Field(
        default=None, description="mode=leader: suppliers, customers, or both."
    )
    list_id: Text | None = Field(default=None, description="The list_id of the previous page.")
