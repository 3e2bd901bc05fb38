"""Request schemas of projects, their moves, tasks and figures."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from features.tables.project_list import POOLS, SOURCES, TASK_KINDS, TASK_STATES
from features.vocabulary import ENDINGS, STAGES
from service.api.filter_schemas import Incoming, Text, Texts
from service.api.schemas import STAGE, Day, Limit, PageQuery
from service.projects.verdicts import NAMES, STATES

Amount = Annotated[float, Field(allow_inf_nan=False)] | Text
Name = Annotated[str, Field(min_length=1, max_length=500)]
Free = Annotated[str, Field(max_length=2000)]
Version = Annotated[
    int | None, Field(ge=1, le=2**31 - 1, description="The expected current version.")
]
_STAGE = "In English or in Chinese, such as 洽谈."
_DAY = "Such as 2026-03-01, 2026/3/1 or 2026年3月1日."


class _Described(Incoming):
    code: Text | None = Field(default=None, description="The office's own reference number.")
    project: Name | None = Field(default=None, description="The content of the project.")
    enterprise_id: Text | None = Field(default=None, description="An enterprise of the pool.")
    enterprise: Name | None = Field(
        default=None, description="The name of an enterprise that is not in the pool."
    )
    zone_id: Text | None = None
    place: Text | None = Field(default=None, description="The city, if no zone is known.")
    need_id: Text | None = Field(default=None, description="Gives the zone and the industry.")
    industry: Text | None = None
    amount: Amount | None = Field(default=None, description="亿元, or with a unit, such as 5000万.")
    confirm_amount: bool = Field(default=False, description="Confirms an unusual amount.")
    unit: Text | None = Field(default=None, description="The responsible unit (责任单位).")
    handler: Text | None = Field(default=None, description="The role in charge, not a name.")
    due: Text | None = Field(default=None, description="The deadline of the current step.")
    source: Text | None = Field(default=None, description=f"{', '.join(SOURCES)}, or a text.")
    list_id: Text | None = Field(default=None, description="The list of leads that it came from.")
    production_site: Text | None = None
    research_site: Text | None = None
    note: Free | None = None


class ProjectBody(_Described):
    """A new project, with its first move."""

    stage: STAGE = Field(default="lead", description=_STAGE)
    date: Text | None = Field(default=None, description=f"{_DAY} Today by default.")
    reason: Text | None = Field(default=None, description="The reason, for a stage that ends it.")


class ProjectChange(_Described):
    """Changes of a project; null clears a field."""

    version: Version = None


class MoveBody(Incoming):
    """A move of a project to a stage."""

    stage: STAGE = Field(description=_STAGE)
    date: Text | None = Field(default=None, description=f"{_DAY} Today by default.")
    reason: Text | None = Field(default=None, description="Why it ends, from the list of reasons.")
    note: Free | None = None
    amount: Amount | None = None
    confirm_amount: bool = False
    unit: Text | None = None
    handler: Text | None = None
    due: Text | None = Field(default=None, description="The deadline of the new step.")
    version: Version = None


class ProjectFilter(Incoming):
    """Filters of projects."""

    zone_id: Text | None = None
    stage: Text | None = Field(default=None, description=", ".join([*STAGES, *ENDINGS]))
    pool: Text | None = Field(default=None, description=", ".join(POOLS))
    unit: Text | None = None
    source: Text | None = None
    need_id: Text | None = None
    enterprise_id: Text | None = None
    industry: Text | None = None
    late: bool | None = Field(default=None, description="Whether it is overdue.")
    gate: Texts = Field(
        default_factory=list,
        description=f"Gates ({', '.join(NAMES)}) that must pass, or one with a state "
        f"({', '.join(STATES)}), such as energy:fail; several states of one gate are alternatives.",
    )
    q: str = Field(default="", max_length=200, description="A part of a name.")


class ProjectQuery(PageQuery, ProjectFilter):
    """Parameters of GET /v1/projects."""


class BoardQuery(ProjectFilter):
    """Parameters of GET /v1/board."""

    limit: Limit = 10


class TaskBody(Incoming):
    """A task or blocker of a project."""

    kind: Text = Field(default="other", description=f"One of {', '.join(TASK_KINDS)}.")
    title: Name
    blocks: bool = Field(default=False, description="Whether it blocks the project.")
    unit: Text | None = None
    start: Annotated[date | None, Day] = None
    due: Annotated[date | None, Day] = None


class TaskChange(Incoming):
    """Changes of a task."""

    title: Name | None = None
    unit: Text | None = None
    due: Annotated[date | None, Day] = None
    state: Text | None = Field(default=None, description=f"One of {', '.join(TASK_STATES)}.")
    version: Version = None


class AgendaQuery(Incoming):
    """Filters of the agenda."""

    zone_id: Text | None = None
    unit: Text | None = None
    days: int = Field(default=7, ge=0, le=366, description="Days to look ahead.")


class Decision(Incoming):
    """A meeting's decision on a project, with who carries it out by when."""

    project_id: Text
    decision: Free | None = None
    task: TaskBody | None = None


class MeetingBody(Incoming):
    """A meeting on several projects (联合会诊)."""

    date: Annotated[date, Day]
    title: Name
    unit: Text | None = None
    decisions: Annotated[list[Decision], Field(min_length=1, max_length=200)]


class FiguresQuery(Incoming):
    """Filters, period and grouping of figures."""

    zone_id: Text | None = None
    unit: Text | None = None
    source: Text | None = None
    since: Annotated[date | None, Day] = Field(default=None, description="The first day.")
    until: Annotated[date | None, Day] = Field(default=None, description="The last day; today.")
    by: Literal["zone", "unit", "source", "chain", "month"] = "zone"


class AllocationQuery(Incoming):
    """Parameters of GET /v1/allocation."""

    city: Text = Field(description="With or without its suffix: 长治 is 长治市.")
    k: Limit = 20
    max_zones: int = Field(
        default=2, ge=1, le=1000, description="Maximum number of zones per enterprise."
    )
    industry: Text | None = Field(default=None, description="Only needs of this industry.")


class TalkQuery(Incoming):
    """The city."""

    city: Text


class TalkBody(TalkQuery):
    """The zone of a city that gets the talks with an enterprise; null releases them."""

    zone_id: Text | None


class GateQuery(Incoming):
    """The enterprise and the zone."""

    enterprise_id: Text
    zone_id: Text | None = None


class OfferBody(Incoming):
    """The text of an offer to an enterprise."""

    text: Annotated[str, Field(min_length=1, max_length=50_000)]
