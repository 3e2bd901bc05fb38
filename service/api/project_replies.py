"""The shapes of what goes out about projects, for the OpenAPI document alone."""

from typing import Literal

from pydantic import Field

from service.api.replies import Gate, Outgoing, ZoneName
from service.api.words import Pool, Stage


class ProjectEnterprise(Outgoing):
    """Whose project it is."""

    enterprise_id: str | None = Field(description="null while the pool does not know it.")
    name: str | None


class Project(Outgoing):
    """A project as it is now."""

    project_id: str
    code: str | None
    project: str | None
    enterprise: ProjectEnterprise
    zone: ZoneName | None
    place: str | None
    need_id: str | None
    industry: str | None
    stage: Stage
    stage_name: str
    pool: Pool | None
    pool_name: str | None
    since: str = Field(description="When it reached this stage.")
    moved: str = Field(description="The date of its last move.")
    days: int = Field(description="Days at this stage.")
    due: str | None
    late: bool
    flags: list[str] = Field(description="enterprise-unknown, struck-off.")
    gates: dict[str, Literal["pass", "fail", "unknown"]] = Field(
        description="Credit, standing, energy and exclusions; with words at …/gates."
    )
    amount: float | None = Field(description="亿元.")
    unit: str | None
    handler: str | None
    source: str | None
    list_id: str | None
    production_site: str | None
    research_site: str | None
    note: str | None
    version: int


class Move(Outgoing):
    """A move of a project to a stage."""

    move_id: str
    stage: Stage
    stage_name: str
    kind: str = Field(description="entry, forward, jump, back, again, rest, resume or loss.")
    kind_name: str
    date: str
    reason: str | None
    reason_name: str | None
    amount: float | None
    note: str | None


class ProjectWithMoves(Project):
    """A project with its moves, oldest first."""

    moves: list[Move]


class PoolSums(Outgoing):
    """A pool, and what is in it."""

    pool: Pool
    name: str
    projects: int
    amount: float | None = Field(description="亿元, of those whose amount is known.")
    amount_unknown: int
    late: int


class ProjectPage(Outgoing):
    """A page of projects, the last moved first."""

    total: int
    limit: int
    offset: int
    pools: list[PoolSums]
    projects: list[Project]


class PoolWithProjects(PoolSums):
    """A pool with its last moved projects."""

    list: list[Project]


class Board(Outgoing):
    """Every pool, on a day."""

    date: str
    pools: list[PoolWithProjects]


class Sums(Outgoing):
    """Projects, and what is known of their amounts."""

    projects: int
    amount: float | None = Field(description="亿元, of those whose amount is known.")
    amount_unknown: int


class Rates(Outgoing):
    """Of the projects newly signed in the period, those started and in production at its end."""

    signed: Sums
    started: Sums
    start_rate: float | None = Field(description="started ÷ signed; null where none was signed.")
    produced: Sums
    production_rate: float | None


class Point(Outgoing):
    """A point of a curve."""

    days: int
    share: float = Field(description="The share that stays longer than so many days.")


class Stay(Outgoing):
    """How long projects stay in a pool (Kaplan–Meier; those still in it are censored)."""

    stays: int
    left: int
    still_in: int
    quartiles: list[int | None] = Field(description="Days until 25, 50 and 75 % have left.")
    curve: list[Point]


class Group(Rates, Sums):
    """A group of projects, and how many of them got how far."""

    key: str | None = Field(description="null for those of which it is unknown.")
    name: str
    reached: dict[str, int]
    ended: int


class Figures(Rates):
    """Figures of a period, as they stood on its last day."""

    since: str | None
    until: str
    by: str
    entered: dict[str, Sums] = Field(description="Who came into each pool: not one cohort.")
    stays: dict[str, Stay]
    groups: list[Group]
    notes: dict[str, str]


class TalkState(Outgoing):
    """How the talks of a city's zones with an enterprise stand."""

    state: str = Field(description="free, held (for those of the city), ours or elsewhere.")
    zone_id: str | None
    until: str | None


class Allotted(Outgoing):
    """A place of a list that was shared out."""

    need_id: str
    rank: int
    enterprise_id: str
    score: float
    plain_rank: int = Field(description="Its rank in the list of that need alone.")
    zone_id: str | None


class AllottedList(Outgoing):
    """The list of one need, beside its plain one."""

    need_id: str
    places: int
    mean_score: float | None
    plain_mean_score: float | None


class AllocationSummary(Outgoing):
    """What sharing out comes to, beside the plain lists."""

    city: str
    k: int
    max_zones: int
    needs: int
    left_out: list[str]
    places: int
    enterprises: int
    mean_score: float | None
    plain_mean_score: float | None
    mean_loss: float | None
    plain_enterprises: int
    plain_beyond: int = Field(description="Enterprises in more zones' plain lists than allowed.")
    plain_most_zones: int
    most_zones: int
    lists: list[AllottedList]


class AllocationPage(Outgoing):
    """Lists that were shared out, and what it took."""

    summary: AllocationSummary
    leads: list[Allotted]


class Task(Outgoing):
    """A task of a project."""

    task_id: str
    project_id: str
    kind: str
    kind_name: str
    title: str
    blocks: bool
    unit: str | None
    start: str | None
    due: str | None
    late: bool
    state: str
    state_name: str
    closed_on: str | None
    meeting_id: str | None
    version: int


class Tasks(Outgoing):
    """The tasks of a project."""

    tasks: list[Task]


class AgendaItem(Outgoing):
    """A task, or a step of a project, that is due."""

    project_id: str
    enterprise: str | None
    project: str | None
    zone_id: str | None
    zone: str | None
    task_id: str | None = Field(description="null for the deadline of the present step.")
    what: str
    kind: str
    kind_name: str
    unit: str | None
    due: str
    days_late: int


class UnitCounts(Outgoing):
    """How much a unit has to do."""

    unit: str | None
    late: int
    due: int


class Agenda(Outgoing):
    """What is late, and what is due."""

    date: str
    until: str
    late: list[AgendaItem]
    due: list[AgendaItem]
    units: list[UnitCounts]


class Decided(Outgoing):
    """What a meeting decided on a project."""

    project_id: str
    decision: str | None
    tasks: list[Task]


class Meeting(Outgoing):
    """A meeting on several projects."""

    meeting_id: str
    date: str
    title: str
    unit: str | None
    decisions: list[Decided]


class MeetingPage(Outgoing):
    """A page of meetings, the latest first."""

    total: int
    limit: int
    offset: int
    meetings: list[Meeting]


class Gates(Outgoing):
    """All gates."""

    gates: list[Gate]


class Finding(Outgoing):
    """A word of an offer that touches a rule."""

    word: str
    at: int
    rule: str
    gloss: str


class Offer(Outgoing):
    """What was found in an offer, and what is left to be answered."""

    clear: bool = Field(description="No word was found, which is no clearance.")
    findings: list[Finding]
    source: str = Field(description="Whose words these are: the office's, or those shipped.")
    checklist: list[str]
