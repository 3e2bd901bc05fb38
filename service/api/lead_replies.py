"""Response schemas of leads by mode, for the OpenAPI document only."""

from typing import Literal

from pydantic import Field, RootModel

from service.api.replies import (
    ITS_LIST,
    EnterpriseSummary,
    Gate,
    LeadPage,
    NodeName,
    Outgoing,
    SignalTold,
)
from service.api.words import Seat


class NodeGap(Outgoing):
    """The state of a node of a chain in a zone."""

    node_id: str
    name: str
    state: Literal["missing", "weak", "strong", "unknown"]
    present: float | None = Field(description="Strength of its presence, 0 to 1.")


class ModePage(LeadPage):
    """A page of leads by need, by missing node or by similar enterprise."""

    mode: Literal["need", "gap", "similar"]
    gaps: list[NodeGap] = Field(default=[], description="mode=gap: every node of the chain.")
    looked_for: list[str] = Field(default=[], description="mode=gap: the wanted node_ids.")
    note: str | None = Field(
        default=None, description="mode=gap: a note if no node is known to be missing."
    )


class PartnerPath(Outgoing):
    """A path between a partner and an enterprise."""

    side: Literal["suppliers", "customers"]
    kind: Literal["chain", "input-output", "thesaurus"]
    text: str
    steps: list[str] = Field(description="From the partner's product to the enterprise, in words.")
    strength: float = Field(ge=0, le=1)


class Partner(Outgoing):
    """A likely supplier or customer; nothing implies an actual relation."""

    rank: int = Field(ge=1)
    enterprise: EnterpriseSummary
    side: Literal["suppliers", "customers"] = Field(description="The side on which it is stronger.")
    strength: float = Field(ge=0, le=1, description="Over all its paths on that side.")
    paths: list[PartnerPath]
    signals: list[SignalTold]
    seat: Seat | None
    gates: list[Gate]


class PartnerPage(Outgoing):
    """A page of the likely suppliers and customers of an enterprise."""

    mode: Literal["leader"]
    list_id: str = Field(description=ITS_LIST)
    enterprise: EnterpriseSummary
    products: list[str]
    nodes: list[NodeName]
    note: str | None = Field(description="A note if too little is known to find partners.")
    model_version: str
    pool_version: str
    pool_date: str | None
    total: int = Field(ge=0)
    limit: int = Field(ge=1)
    offset: int = Field(ge=0)
    unknown: dict[str, int]
    unknown_values: dict[str, list[str]]
    left_out: dict[str, int]
    leads: list[Partner]


class LeadsByMode(RootModel[ModePage | PartnerPage]):
    """A page of leads by one of the modes."""
