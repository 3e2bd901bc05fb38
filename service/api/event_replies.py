"""Response schemas of events, for the OpenAPI document only."""

from pydantic import Field

from service.api.replies import Outgoing
from service.api.words import Stage


class RecordedEvent(Outgoing):
    """A recorded or imported event."""

    event_id: str
    enterprise_id: str
    stage: Stage
    date: str
    need_id: str | None
    zone_id: str | None
    amount: float | None = Field(description="亿元.")
    note: str | None
    source: str | None
    list_id: str | None = Field(description="The list of leads that it came from.")
    rank: int | None = Field(ge=1, description="The rank of the enterprise in that list.")
    model_version: str | None = Field(description="The model of that list.")
    retracted: bool = Field(description="Whether it was retracted, and no longer counts.")
    retracted_at: str | None


class EventPage(Outgoing):
    """A page of events, newest first."""

    total: int = Field(ge=0)
    limit: int = Field(ge=1)
    offset: int = Field(ge=0)
    events: list[RecordedEvent]
