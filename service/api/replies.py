"""Response schemas, for the OpenAPI document only.

Responses are encoded bytes and not validated against these schemas at run time; tests do that.
"""

from pydantic import BaseModel, Field

from service.api.words import Factor, Fit, Flag, Precision, Role, Seat, Stage


class Outgoing(BaseModel):
    """Base class of response schemas; later versions may add fields."""


class Fault(Outgoing):
    """A wrong field."""

    field: str | None
    got: bool | int | float | str | None
    expected: str | None


class ProblemBody(Outgoing):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    code: str = Field(description="Stable code of the kind of error.")
    errors: list[Fault]
    request_id: str = Field(description="As in X-Request-ID; the log has details under it.")


class ZoneName(Outgoing):
    """A zone in brief."""

    zone_id: str
    name: str | None


class Need(Outgoing):
    """A need of a zone."""

    need_id: str | None = Field(description="null for one that was given in a body.")
    zone: ZoneName | None
    industry: str
    role: Role | None
    basis: str | None = Field(description="Its basis, such as article.")
    chain: str | None
    sector: str | None
    nodes: list[str] = Field(description="Ids of nodes of the chain map.")
    keywords: list[str]
    industry_codes: list[str]
    region: str | None


class EnterpriseSummary(Outgoing):
    """The enterprise of a lead."""

    enterprise_id: str
    name: str
    short_name: str | None
    province: str | None
    city: str | None
    tags: list[str]
    flags: list[Flag]


class NodeName(Outgoing):
    """A node of the chain map in brief."""

    node_id: str
    name: str


class DealCounts(Outgoing):
    """An enterprise's deals by their relation to the need, for callers who may see all zones."""

    deals: int
    industry: int
    zone: int
    area: int
    last: int


class Reason(Outgoing):
    """A factor's contribution to the raw score."""

    factor: Factor
    contribution: float
    text: str
    evidence: list[str]
    deals: DealCounts | None = None


class StageName(Outgoing):
    """The stage of an enterprise in a zone."""

    stage: Stage
    name: str
    date: str
    need_id: str | None


class Gate(Outgoing):
    """The verdict of a gate."""

    gate: str
    name: str
    state: str = Field(description="pass, fail or unknown; unknown does not pass.")
    state_name: str
    text: str
    source: str
    date: str | None = Field(description="Date of the source; null if it has none.")


class SignalTold(Outgoing):
    """Activity that indicates a possible investment; imported from the table of signals."""

    date: str
    kind: str
    name: str = Field(description="The kind in words.")
    text: str | None
    source: str | None
    strength: float = Field(ge=0, le=1, description="Current strength; it decays with time.")


class Lead(Outgoing):
    """An enterprise proposed for a need."""

    rank: int = Field(ge=1)
    enterprise: EnterpriseSummary
    score: float = Field(ge=0, le=1, description="Monotone in raw_score; not a probability.")
    raw_score: float = Field(description="The sum of all contributions.")
    fit: Fit = Field(description="Whether the enterprise answers the need at all.")
    confidence: float = Field(
        ge=0, le=1, description="How complete the profile is, and the relation to the zone."
    )
    probability: float | None = Field(
        ge=0, le=1, description="Calibrated chance of signing; null until then."
    )
    probability_note: str
    node: NodeName | None
    stage: StageName | None = Field(
        default=None, description="The last event of this enterprise in the zone, if any."
    )
    seat: Seat | None = Field(
        default=None, description="Whether it is already seated in the zone's county or city."
    )
    signals: list[SignalTold] = Field(description="Recent signals, the strongest first.")
    gates: list[Gate] = Field(
        default_factory=list, description="Verdicts of the gates for the need's zone."
    )
    reasons: list[Reason] = Field(description="Every factor that is not zero, largest first.")


class UnderstoodConcept(Outgoing):
    """A concept that the need was understood as."""

    name: str
    sure: float = Field(ge=0, le=1, description="1 if the need names it.")
    from_: str = Field(alias="from", description="thesaurus, chain map or language model.")


class UnderstoodWord(Outgoing):
    """A word that is searched for in profiles."""

    word: str
    weight: float
    from_: str | None = Field(
        default=None, alias="from", description="language model, if it came from there."
    )


class UnderstoodNeed(Outgoing):
    """How a need was understood; its words can be edited and sent back as `need.words`."""

    parts: list[str]
    concepts: list[UnderstoodConcept]
    words: list[UnderstoodWord]
    ignored: list[str]
    note: str | None = Field(
        description="Why only the thesaurus was used, although a language model is configured."
    )


class FacetValue(Outgoing):
    """A value, and its number in the whole list."""

    value: str
    name: str
    count: int = Field(ge=1)


class FacetCounts(Outgoing):
    """The values of each requested facet, most frequent first."""

    province: list[FacetValue] | None = None
    city: list[FacetValue] | None = None
    region: list[FacetValue] | None = None
    tag: list[FacetValue] | None = None
    node: list[FacetValue] | None = None
    stage: list[FacetValue] | None = None
    seat: list[FacetValue] | None = None
    flag: list[FacetValue] | None = None
    standing: list[FacetValue] | None = None
    industry_code: list[FacetValue] | None = Field(default=None, description="By division.")
    listed: list[FacetValue] | None = None


class MissingShard(Outgoing):
    """A shard of the pool that a list is made without."""

    shard: int = Field(ge=1)
    enterprises: int = Field(ge=1)
    candidates: int = Field(ge=0, description="Of the list's `total`.")


class Partial(Outgoing):
    """Which part of the pool a list is made without."""

    shards: int = Field(ge=1, description="Shards of the pool.")
    missing: list[MissingShard]
    share: float = Field(ge=0, le=1, description="Share of the candidates that are not ranked.")
    note: str


ITS_LIST = "Identifies this list, for further pages and in events."


class _Page(Outgoing):
    need: Need
    list_id: str = Field(description=ITS_LIST)
    understood: UnderstoodNeed
    model_version: str
    pool_version: str
    pool_date: str | None
    total: int = Field(ge=0)
    limit: int = Field(ge=1)
    offset: int = Field(ge=0)
    unknown: dict[str, int] = Field(
        description="Numbers left out by each filter only because the value is unknown."
    )
    unknown_values: dict[str, list[str]] = Field(
        description="Values of filters that no enterprise of the pool has, such as a mistyped city."
    )
    left_out: dict[str, int] = Field(
        description="How many were left out as `signed` with the zone, `local` to its city or "
        "judged `unfit` for this need."
    )
    fit_note: str | None = Field(description="A note if nothing in the list fits well.")
    partial: Partial | None = Field(
        default=None,
        description="Which candidates are not ranked, while a shard of the pool is unavailable; "
        "null for a complete list.",
    )
    facets: FacetCounts | None
    probability_note: str | None = Field(description="The same for all leads; null without any.")


class LeadPage(_Page):
    """A page of leads."""

    leads: list[Lead]


class PickedEnterprise(Outgoing):
    """The fields of an enterprise selected by `fields`."""

    enterprise_id: str | None = None
    name: str | None = None
    short_name: str | None = None
    province: str | None = None
    city: str | None = None
    tags: list[str] | None = None
    flags: list[Flag] | None = None


class PickedLead(Outgoing):
    """The fields of a lead selected by `fields`."""

    rank: int | None = None
    enterprise: PickedEnterprise | None = None
    score: float | None = None
    raw_score: float | None = None
    fit: Fit | None = None
    confidence: float | None = None
    probability: float | None = None
    probability_note: str | None = None
    node: NodeName | None = None
    stage: StageName | None = None
    seat: Seat | None = None
    signals: list[SignalTold] | None = None
    gates: list[Gate] | None = None
    reasons: list[Reason] | None = None


class PickedLeadPage(_Page):
    """A page of leads with the fields selected by `fields`."""

    leads: list[PickedLead]


class EnterprisePage(Outgoing):
    """A page of enterprises."""

    unknown: dict[str, int] = Field(
        description="Numbers left out by each filter only because the value is unknown."
    )
    unknown_values: dict[str, list[str]] = Field(
        description="Values of filters that no enterprise of the pool has."
    )
    facets: FacetCounts | None

    total: int = Field(ge=0)
    limit: int = Field(ge=1)
    offset: int = Field(ge=0)
    enterprises: list[EnterpriseSummary]


class Product(Outgoing):
    """A product of an enterprise."""

    name: str
    share: float | None = Field(ge=0, le=1, description="Share of its revenue.")


class Profile(Outgoing):
    """The profile of an enterprise; unknown fields are null."""

    enterprise_id: str
    name: str
    short_name: str | None
    province: str | None
    city: str | None
    district: str | None
    industry_code: str | None
    products: list[Product] | None
    business_scope: str | None
    founded: str | None = Field(description="ISO date.")
    founded_precision: Precision | None = Field(description="Precision of that date.")
    registered_capital: float | None = Field(description="万元.")
    employees: int | None
    revenue: float | None = Field(description="万元.")
    tags: list[str] | None
    status: str | None
    credit: str | None
    nodes: list[str] | None
    former_names: list[str] | None
    size: str | None
    source: str | None
    source_date: str | None = Field(description="ISO date of the source.")
    origins: list[str] | None = Field(description="Fields from another source: field date source.")
    flags: list[Flag]
    struck_off: bool = Field(description="If true, it is never listed.")
    confidence: float = Field(ge=0, le=1, description="How complete the profile is, 0 to 1.")


class SuitedNeed(Outgoing):
    """A need, with the enterprise's rank in its list."""

    need: Need
    rank: int = Field(ge=1)
    score: float = Field(ge=0, le=1)
    raw_score: float
    node: NodeName | None
    stage: StageName | None
    reasons: list[Reason]


class SuitedNeeds(Outgoing):
    """The needs that an enterprise suits best, best first."""

    enterprise: EnterpriseSummary
    model_version: str
    pool_version: str
    total: int = Field(ge=0)
    limit: int = Field(ge=1)
    needs: list[SuitedNeed]
