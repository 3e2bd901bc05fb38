"""The shapes of leads by mode, for the OpenAPI document alone."""

from typing import Literal

from pydantic import Field, RootModel

from service.api.replies import EnterpriseSummary, Gate, LeadPage, NodeName, Outgoing, SignalTold
from service.api.words import Seat


class NodeGap(Outgoing):
    """A node of a chain as a zone has it."""

    node_id: str
    name: str
    state: Literal["missing", "weak", "strong", "unknown"]
    present: float | None = Field(description="How strongly it is present, 0 to 1.")


class ModePage(LeadPage):
    """A page of leads by need, by missing node or by similar enterprise."""

    mode: Literal["need", "gap", "similar"]
    gaps: list[NodeGap] = Field(default=[], description="mode=gap: every node of the chain.")
    looked_for: list[str] = Field(default=[], description="mode=gap: the node_ids looked for.")
    note: str | None = Field(
        default=None, description="mode=gap: where none is known to be missing."
    )


class PartnerPath(Outgoing):
    """How a partner is connected with an enterprise."""

    side: Literal["suppliers", "customers"]
    kind: Literal["chain", "input-output", "thesaurus"]
    text: str
    steps: list[str] = Field(description="From the partner's product to the enterprise.")
    strength: float = Field(ge=0, le=1)


class Partner(Outgoing):
    """A likely supplier or customer: that the two have met, nothing here says."""

    rank: int = Field(ge=1)
    enterprise: EnterpriseSummary
    side: Literal["suppliers", "customers"] = Field(description="Where it is the stronger.")
    strength: float = Field(ge=0, le=1, description="All its paths on that side together.")
    paths: list[PartnerPath]
    signals: list[SignalTold]
    seat: Seat | None
    gates: list[Gate]


class PartnerPage(Outgoing):
    """A page of the likely suppliers and customers of an enterprise."""

    mode: Literal["leader"]
    enterprise: EnterpriseSummary
    products: list[str]
    nodes: list[NodeName]
    note: str | None = Field(description="Says when nothing is known to find partners by.")
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
