"""Response schemas of models, the audit log and health, for the OpenAPI document."""

from typing import Literal

from pydantic import Field

from service.api.replies import Outgoing


class Interval(Outgoing):
    """A mean over needs with its 95 % interval."""

    mean: float
    low: float
    high: float
    needs: int


class HeldOut(Outgoing):
    """Figures on held-out cases, of the blend and its baselines."""

    needs: int
    needs_left_out: int
    blend: dict[str, Interval] = Field(description="ndcg@10, precision@10, recall@50.")
    prior_weights: dict[str, Interval]
    character_tfidf: dict[str, Interval]
    gain_over_character_tfidf: dict[str, Interval]


class Metrics(Outgoing):
    """Figures of a version; null if too few needs could be held out."""

    note: str | None = None
    cold: HeldOut | None = Field(default=None, description="Held-out needs.")
    warm: HeldOut | None = Field(default=None, description="Held-out enterprises.")
    time: HeldOut | None = Field(default=None, description="Later deals.")


class ModelSummary(Outgoing):
    """A version in a list; fields missing in its manifest are null."""

    version: str
    active: bool
    damaged: bool
    problem: str | None = Field(description="Why it cannot be served.")
    created_at: str | None
    seed: int | None
    metrics: Metrics | None
    data: dict[str, int] | None = Field(description="Rows of each table it was trained on.")
    forced: bool | None
    refused: str | None = Field(description="Why training did not activate it.")


class Models(Outgoing):
    """All versions, newest first."""

    active: str | None
    models: list[ModelSummary]


class ModelManifest(Outgoing):
    """A version with its manifest, which has further fields."""

    version: str
    active: bool
    created_at: str
    seed: int
    metrics: Metrics
    data: dict[str, int]


class ActiveModel(Outgoing):
    """The version now in service."""

    active: str | None


class AuditEntry(Outgoing):
    """An entry of the audit log."""

    number: int
    at: str = Field(description="UTC.")
    key_id: str | None
    role: str
    method: str
    route: str
    target: str | None
    status: int
    request_id: str | None
    times: int = Field(
        description="Equal reads within a second are counted, equal refusals within a minute."
    )


class AuditPage(Outgoing):
    """A page of the audit log, newest first."""

    total: int = Field(ge=0)
    limit: int = Field(ge=1)
    offset: int = Field(ge=0)
    entries: list[AuditEntry]


class Alive(Outgoing):
    """Liveness: the process answers."""

    status: Literal["alive"]


class ShardReason(Outgoing):
    """An unavailable shard."""

    shard: int = Field(ge=1)
    reason: str


class ReplicaReason(ShardReason):
    """An unavailable replica of a shard."""

    replica: int = Field(ge=1)


class Shards(Outgoing):
    """The shards of the pool."""

    of: int = Field(ge=1)
    replicas: int = Field(ge=1, description="Of each shard.")
    unavailable: list[ShardReason] = Field(
        description="Shards without a replica; while there are any, lists are `partial`."
    )
    unavailable_replicas: list[ReplicaReason]


class Ready(Outgoing):
    """Readiness: model and tables are loaded."""

    status: Literal["ready"]
    model_version: str
    pool_version: str
    pool_date: str | None
    cache: Literal["up", "full", "read-only", "refusing", "down", "none"] = Field(
        description="Redis, if configured; if full, read-only or refusing, it accepts no writes."
    )
    database: Literal["up", "down"]
    trouble: str | None
    language_model: Literal["up", "down", "none"] = Field(
        description="The language model for words of needs, if configured."
    )
    store: Literal["up", "down", "none"] = Field(
        description="The store of releases, if the workspace follows one; while it is down, the "
        "release before stays in service."
    )
    shards: Shards | None = Field(
        default=None, description="The shards that the pool is ranked by; null without."
    )
    degraded: list[Literal["cache", "database", "model", "language_model", "store", "shards"]]
