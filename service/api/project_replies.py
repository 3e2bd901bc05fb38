"""Response schemas of projects, for the OpenAPI document only."""

from typing import Literal

from pydantic import Field

from service.api.replies import Gate, Outgoing, ZoneName
from service.api.words import Pool, Stage


class ProjectEnterprise(Outgoing):
    """The enterprise of a project."""

    enterprise_id: str | None = Field(description="null while it is not in the pool.")
    name: str | None


class Project(Outgoing):
    """The current state of a project."""

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
    since: str = Field(description="Date on which it reached this stage.")
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
    """A pool and its totals."""

    pool: Pool
    name: str
    projects: int
    amount: float | None = Field(description="亿元, over projects with a known amount.")
    amount_unknown: int
    late: int


class ProjectPage(Outgoing):
    """A page of projects, the most recently moved first."""

    total: int
    limit: int
    offset: int
    pools: list[PoolSums]
    projects: list[Project]


class PoolWithProjects(PoolSums):
    """A pool with its most recently moved projects."""

    list: list[Project]


class Board(Outgoing):
    """All pools, on a day."""

    date: str
    pools: list[PoolWithProjects]


class Sums(Outgoing):
    """Number and known amounts of projects."""

    projects: int
    amount: float | None = Field(description="亿元, over projects with a known amount.")
    amount_unknown: int


class Rates(Outgoing):
    """Projects newly signed in the period, with those started and in production at its end."""

    signed: Sums
    started: Sums
    start_rate: float | None = Field(description="started ÷ signed; null if none was signed.")
    produced: Sums
    production_rate: float | None


class Point(Outgoing):
    """A point of a curve."""

    days: int
    share: float = Field(description="The share that stays longer than these days.")


class Stay(Outgoing):
    """Time of projects in a pool (Kaplan–Meier; those still in it are censored)."""

    stays: int
    left: int
    still_in: int
    quartiles: list[int | None] = Field(description="Days until 25, 50 and 75 % have left.")
    curve: list[Point]


class Group(Rates, Sums):
    """A group of projects, with the numbers that reached each pool."""

    key: str | None = Field(description="null for unknown.")
    name: str
    reached: dict[str, int]
    ended: int


class Figures(Rates):
    """Figures of a period, as of its last day."""

    since: str | None
    until: str
    by: str
    entered: dict[str, Sums] = Field(description="Projects that entered each pool; not a cohort.")
    stays: dict[str, Stay]
    groups: list[Group]
    notes: dict[str, str]


class TalkState(Outgoing):
    """The state of talks of a city's zones with an enterprise."""

    state: str = Field(description="free, held (for those of the city), ours or elsewhere.")
    zone_id: str | None
    until: str | None


class Allotted(Outgoing):
    """A lead of an allocated list."""

    need_id: str
    rank: int
    enterprise_id: str
    score: float
    plain_rank: int = Field(description="Its rank in the list of that need alone.")
    zone_id: str | None


class AllottedList(Outgoing):
    """The allocated list of one need, compared with its plain one."""

    need_id: str
    places: int
    mean_score: float | None
    plain_mean_score: float | None


class AllocationSummary(Outgoing):
    """Figures of the allocation, compared with the plain lists."""

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
    plain_beyond: int = Field(
        description="Enterprises in the plain lists of more zones than allowed."
    )
    plain_most_zones: int
    most_zones: int
    lists: list[AllottedList]


class AllocationPage(Outgoing):
    """The allocation of lists, with its figures."""

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
    task_id: str | None = Field(description="null for the deadline of the current step.")
    what: str
    kind: str
    kind_name: str
    unit: str | None
    due: str
    days_late: int


class UnitCounts(Outgoing):
    """The workload of a unit."""

    unit: str | None
    late: int
    due: int


class Agenda(Outgoing):
    """Overdue and due tasks."""

    date: str
    until: str
    late: list[AgendaItem]
    due: list[AgendaItem]
    units: list[UnitCounts]


class Decided(Outgoing):
    """The decision of a meeting on a project."""

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
    """A word in an offer that matches a rule."""

    word: str
    at: int
    rule: str
    gloss: str


class Offer(Outgoing):
    """Findings in an offer, and questions that remain."""

    clear: bool = Field(description="No word was found; this is not a clearance.")
    findings: list[Finding]
    source: str = Field(description="Source of the words: the office's own or those shipped.")
    checklist: list[str]
