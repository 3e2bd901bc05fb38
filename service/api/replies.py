"""The shapes of what goes out, for the OpenAPI document alone.

Answers are ready bytes and are not checked against these on their way; tests do that.
"""

from pydantic import BaseModel, Field

from service.api.words import Factor, Fit, Flag, Precision, Role, Seat, Stage


class Outgoing(BaseModel):
    """What goes out; a later version may add fields."""


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
    code: str = Field(description="Stable name of the kind of error.")
    errors: list[Fault]
    request_id: str = Field(description="As in X-Request-ID; the log has more under it.")


class ZoneName(Outgoing):
    """A zone in short."""

    zone_id: str
    name: str | None


class Need(Outgoing):
    """What a zone looks for."""

    need_id: str | None = Field(description="null for one that was given in a body.")
    zone: ZoneName | None
    industry: str
    role: Role | None
    basis: str | None = Field(description="What it is based on, such as article.")
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
    """A node of the chain map in short."""

    node_id: str
    name: str


class Deals(Outgoing):
    """What an enterprise's deals have to do with the need, for callers who may see all zones."""

    deals: int
    industry: int
    zone: int
    area: int
    last: int


class Reason(Outgoing):
    """What one factor adds to the raw score."""

    factor: Factor
    contribution: float
    text: str
    evidence: list[str]
    deals: Deals | None = None


class StageName(Outgoing):
    """How far an enterprise has come with a zone."""

    stage: Stage
    name: str
    date: str
    need_id: str | None


class Gate(Outgoing):
    """What a gate says."""

    gate: str
    name: str
    state: str = Field(description="pass, fail or unknown; unknown is no pass.")
    state_name: str
    text: str
    source: str
    date: str | None = Field(description="Of what the source says; null where it has none.")


class SignalTold(Outgoing):
    """What an enterprise has done that says it may be about to invest; imported, never made up."""

    date: str
    kind: str
    name: str = Field(description="The kind in words.")
    text: str | None
    source: str | None
    strength: float = Field(ge=0, le=1, description="What it still says; it fades with time.")


class Lead(Outgoing):
    """An enterprise proposed for a need."""

    rank: int = Field(ge=1)
    enterprise: EnterpriseSummary
    score: float = Field(ge=0, le=1, description="Monotone in raw_score; not a probability.")
    raw_score: float = Field(description="The sum of all contributions.")
    fit: Fit = Field(description="Whether the enterprise answers the need at all.")
    confidence: float = Field(
        ge=0, le=1, description="How much was known of the profile, and of the zone beside it."
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
        default=None, description="Whether it is seated in the zone's county or city already."
    )
    signals: list[SignalTold] = Field(
        description="What it has done of late, what says most first: why now."
    )
    gates: list[Gate] = Field(
        default_factory=list, description="What stands before a promise, seen from the need's zone."
    )
    reasons: list[Reason] = Field(description="Every factor that is not zero, largest first.")


class UnderstoodConcept(Outgoing):
    """A concept that a need was taken for."""

    name: str
    sure: float = Field(ge=0, le=1, description="1 where the need names it.")
    from_: str = Field(alias="from", description="thesaurus, chain map or language model.")


class UnderstoodWord(Outgoing):
    """A word that is looked for in profiles."""

    word: str
    weight: float
    from_: str | None = Field(
        default=None, alias="from", description="language model, where that gave it."
    )


class UnderstoodNeed(Outgoing):
    """What a need was taken for; its words, edited, can be sent back as `need.words`."""

    parts: list[str]
    concepts: list[UnderstoodConcept]
    words: list[UnderstoodWord]
    ignored: list[str]
    note: str | None = Field(
        description="Says why the thesaurus stands alone, where a language model is set."
    )


class FacetValue(Outgoing):
    """A value, and how many of the whole list have it."""

    value: str
    name: str
    count: int = Field(ge=1)


class FacetCounts(Outgoing):
    """The values of each facet that was asked for, most frequent first."""

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


class _Page(Outgoing):
    need: Need
    list_id: str = Field(
        description="Sent back, it asks for a next page of this very list; an event can name it."
    )
    understood: UnderstoodNeed
    model_version: str
    pool_version: str
    pool_date: str | None
    total: int = Field(ge=0)
    limit: int = Field(ge=1)
    offset: int = Field(ge=0)
    unknown: dict[str, int] = Field(
        description="How many each filter left out only because the value is unknown."
    )
    unknown_values: dict[str, list[str]] = Field(
        description="Values of filters that no enterprise of the pool has, such as a mistyped city."
    )
    left_out: dict[str, int] = Field(
        description="How many were left out as `signed` with the zone, `local` to its city or "
        "judged `unfit` for this need."
    )
    fit_note: str | None = Field(description="Says when nothing in the list fits well.")
    facets: FacetCounts | None
    probability_note: str | None = Field(description="The same for all leads; null without any.")


class LeadPage(_Page):
    """A page of leads."""

    leads: list[Lead]


class PickedEnterprise(Outgoing):
    """Those fields of an enterprise that `fields` names."""

    enterprise_id: str | None = None
    name: str | None = None
    short_name: str | None = None
    province: str | None = None
    city: str | None = None
    tags: list[str] | None = None
    flags: list[Flag] | None = None


class PickedLead(Outgoing):
    """Those fields of a lead that `fields` names."""

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
    """A page of leads with those fields that `fields` names."""

    leads: list[PickedLead]


class RecordedEvent(Outgoing):
    """An event as it was recorded or imported."""

    event_id: str
    enterprise_id: str
    stage: Stage
    date: str
    need_id: str | None
    zone_id: str | None
    amount: float | None = Field(description="亿元.")
    note: str | None
    source: str | None
    list_id: str | None = Field(description="The list of leads that it came of.")
    rank: int | None = Field(ge=1, description="The rank of the enterprise in that list.")
    model_version: str | None = Field(description="The model that made that list.")
    retracted: bool = Field(description="Taken back: it counts no more.")
    retracted_at: str | None


class EventPage(Outgoing):
    """A page of events, newest first."""

    total: int = Field(ge=0)
    limit: int = Field(ge=1)
    offset: int = Field(ge=0)
    events: list[RecordedEvent]


class EnterprisePage(Outgoing):
    """A page of the enterprises found."""

    unknown: dict[str, int] = Field(
        description="How many each filter left out only because the value is unknown."
    )
    unknown_values: dict[str, list[str]] = Field(
        description="Values of filters that nobody in the pool has."
    )
    facets: FacetCounts | None

    total: int = Field(ge=0)
    limit: int = Field(ge=1)
    offset: int = Field(ge=0)
    enterprises: list[EnterpriseSummary]


class Product(Outgoing):
    """What an enterprise makes."""

    name: str
    share: float | None = Field(ge=0, le=1, description="Part of its revenue.")


class Profile(Outgoing):
    """All that is known of an enterprise; what is unknown is null."""

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
    founded_precision: Precision | None = Field(description="How far that is known.")
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
    source_date: str | None = Field(description="ISO date of what the source says.")
    origins: list[str] | None = Field(description="Fields from another source: field date source.")
    flags: list[Flag]
    struck_off: bool = Field(description="Then it is never listed.")
    confidence: float = Field(ge=0, le=1, description="How much of the profile is known.")


class SuitedNeed(Outgoing):
    """A need, and where an enterprise stands in its list."""

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
