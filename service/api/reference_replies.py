"""Response schemas of zones, needs and chains, for the OpenAPI document."""

from pydantic import Field

from service.api.replies import Need, NodeName, Outgoing, ZoneName
from service.api.words import Position


class Zone(ZoneName):
    """A development zone; unknown fields are null, or absent if only its id is known."""

    county: str | None = None
    city: str | None = None
    province: str | None = None
    level: str | None = None
    lon: float | None = Field(default=None, description="Degrees east.")
    lat: float | None = Field(default=None, description="Degrees north.")


class Zones(Outgoing):
    """All zones."""

    zones: list[Zone]


class ZoneWithNeeds(Zone):
    """A zone with its needs."""

    needs: list[Need]


class Needs(Outgoing):
    """All needs."""

    needs: list[Need]


class _ChainName(Outgoing):
    chain_id: str
    name: str
    name_en: str


class ChainSummary(_ChainName):
    """A chain in a list."""

    nodes: int = Field(description="Number of nodes.")


class Chains(Outgoing):
    """All chains."""

    chains: list[ChainSummary]


class Node(NodeName):
    """A node of the chain map."""

    name_en: str
    position: Position
    keywords: list[str]
    industry_codes: list[str]


class Edge(Outgoing):
    """One node supplies another, which may be of another chain."""

    supplier: str = Field(alias="from", description="node_id")
    customer: str = Field(alias="to", description="node_id")


class Chain(_ChainName):
    """A chain with its nodes, upstream to downstream, and its edges."""

    nodes: list[Node]
    edges: list[Edge]
