"""Bodies and parameters of projects, their moves, tasks and figures."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from features.project_list import POOLS, SOURCES, TASK_KINDS, TASK_STATES
from features.vocabulary import ENDINGS, STAGES
from service.api.filter_schemas import Incoming, Text
from service.api.schemas import STAGE, Day, Limit, PageQuery

Amount = Annotated[float, Field(allow_inf_nan=False)] | Text
Name = Annotated[str, Field(min_length=1, max_length=500)]
Free = Annotated[str, Field(max_length=2000)]
Version = Annotated[int | None, Field(ge=1, le=2**31 - 1, description="The version that was seen.")]
_STAGE = "In English or in Chinese, such as 洽谈."
_DAY = "Such as 2026-03-01, 2026/3/1 or 2026年3月1日."


class _Described(Incoming):
    code: Text | None = Field(default=None, description="The office's own number of the project.")
    project: Name | None = Field(default=None, description="What is to be built or made.")
    enterprise_id: Text | None = Field(default=None, description="An enterprise of the pool, or")
    enterprise: Name | None = Field(default=None, description="the name of one that it lacks.")
    zone_id: Text | None = None
    place: Text | None = Field(default=None, description="Where no zone is known.")
    need_id: Text | None = Field(default=None, description="Gives the zone and the industry.")
    industry: Text | None = None
    amount: Amount | None = Field(default=None, description="亿元, or with its unit, as 5000万.")
    confirm_amount: bool = Field(default=False, description="The amount is right as it is.")
    unit: Text | None = Field(default=None, description="The responsible unit (责任单位).")
    handler: Text | None = Field(default=None, description="The role of who handles it, no name.")
    due: Text | None = Field(default=None, description="The deadline of the present step.")
    source: Text | None = Field(default=None, description=f"{', '.join(SOURCES)}, or a text.")
    list_id: Text | None = Field(default=None, description="The list of leads that it is from.")
    production_site: Text | None = None
    research_site: Text | None = None
    note: Free | None = None


class ProjectBody(_Described):
    """A project that begins, with its first move."""

    stage: STAGE = Field(default="lead", description=_STAGE)
    date: Text | None = Field(default=None, description=f"{_DAY} Today by default.")
    reason: Text | None = Field(default=None, description="Of a stage that ends it.")


class ProjectChange(_Described):
    """What changes of a project; what is null becomes unknown."""

    version: Version = None


class MoveBody(Incoming):
    """A move of a project to a stage."""

    stage: STAGE = Field(description=_STAGE)
    date: Text | None = Field(default=None, description=f"{_DAY} Today by default.")
    reason: Text | None = Field(default=None, description="Why it ends; of the list of reasons.")
    note: Free | None = None
    amount: Amount | None = None
    confirm_amount: bool = False
    unit: Text | None = None
    handler: Text | None = None
    due: Text | None = Field(default=None, description="The deadline of the step that begins.")
    version: Version = None


class ProjectFilter(Incoming):
    """Which projects."""

    zone_id: Text | None = None
    stage: Text | None = Field(default=None, description=", ".join([*STAGES, *ENDINGS]))
    pool: Text | None = Field(default=None, description=", ".join(POOLS))
    unit: Text | None = None
    source: Text | None = None
    need_id: Text | None = None
    enterprise_id: Text | None = None
    industry: Text | None = None
    late: bool | None = Field(default=None, description="Whether the deadline has passed.")
    q: str = Field(default="", max_length=200, description="A part of a name.")


class ProjectQuery(PageQuery, ProjectFilter):
    """Parameters of GET /v1/projects."""


class BoardQuery(ProjectFilter):
    """Parameters of GET /v1/board."""

    limit: Limit = 10


class TaskBody(Incoming):
    """A task for a project, or what blocks it."""

    kind: Text = Field(default="other", description=f"One of {', '.join(TASK_KINDS)}.")
    title: Name
    blocks: bool = Field(default=False, description="Whether the project waits for it.")
    unit: Text | None = None
    start: Annotated[date | None, Day] = None
    due: Annotated[date | None, Day] = None


class TaskChange(Incoming):
    """What changes of a task."""

    title: Name | None = None
    unit: Text | None = None
    due: Annotated[date | None, Day] = None
    state: Text | None = Field(default=None, description=f"One of {', '.join(TASK_STATES)}.")
    version: Version = None


class AgendaQuery(Incoming):
    """Whose tasks and deadlines, and how far ahead."""

    zone_id: Text | None = None
    unit: Text | None = None
    days: int = Field(default=7, ge=0, le=366, description="How many days ahead.")


class Decision(Incoming):
    """What a meeting decided on a project, and who does it until when."""

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
    """Which projects, which period, and by what they are counted."""

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
        default=2, ge=1, le=1000, description="To how many zones an enterprise is sent at most."
    )
    industry: Text | None = Field(default=None, description="Only needs of this industry.")


class TalkQuery(Incoming):
    """Of which city."""

    city: Text


class TalkBody(TalkQuery):
    """To which zone of a city the talks with an enterprise are given; null sets them free."""

    zone_id: Text | None


class GateQuery(Incoming):
    """Of which enterprise, for which zone."""

    enterprise_id: Text
    zone_id: Text | None = None


class OfferBody(Incoming):
    """What is offered to an enterprise."""

    text: Annotated[str, Field(min_length=1, max_length=50_000)]
