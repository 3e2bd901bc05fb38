"""The loop: a lead becomes a project, its moves are learnt from, and the ranking changes."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from service.database.connection import Database
from service.database.event_log import EventLog
from service.projects.projects import Projects
from service.serving.filters import Filters
from service.serving.lifecycle.loading import load_engine
from tests.pool import NEED_IDS, HashedEncoder
from training.publishing import train

if TYPE_CHECKING:
    from pathlib import Path

    from service.serving.interfaces import Document


def leads(workspace: Workspace, need_id: str) -> dict[str, Document]:
    engine = load_engine(workspace, HashedEncoder())
    everybody = Filters(include=("signed", "local"))
    page = engine.recommend(engine.need(need_id), everybody, 200, 0, "zh")
    return {lead["enterprise"]["enterprise_id"]: lead for lead in page["leads"]}


def test_what_becomes_of_leads_is_learnt(home: Path) -> None:
    database = Database(home)
    workspace = Workspace(home, EventLog(database))
    projects = Projects(workspace, database)
    need_id = NEED_IDS[0]
    before = leads(workspace, need_id)
    # An expert's judgement outranks a refusal, so that those it does not know are looked at.
    judged = set(workspace.read("judgements").filter(pl.col("need_id") == need_id)["enterprise_id"])
    ranked = [enterprise_id for enterprise_id in before if enterprise_id not in judged]
    won, lost = ranked[len(ranked) // 2], ranked[0]
    for enterprise_id, stage in ((won, "signed"), (lost, "declined")):
        body = {"enterprise_id": enterprise_id, "need_id": need_id, "date": "2025-01-10"}
        id_ = projects.begin(body)["project_id"]
        projects.move(id_, {"stage": "negotiation", "date": "2025-02-01"})
        projects.move(id_, {"stage": stage, "date": "2025-03-01", "reason": "other"})
    shown = leads(workspace, need_id)
    assert shown[won]["stage"]["stage"] == "signed"
    assert shown[lost]["stage"]["stage"] == "declined"
    assert shown[lost]["stage"]["date"] == "2025-03-01"
    train(workspace, ModelRegistry(workspace), HashedEncoder(), force=True)
    after = leads(workspace, need_id)

    def rank(found: dict[str, Document], enterprise_id: str) -> int:
        return list(found).index(enterprise_id)

    assert rank(after, won) < rank(before, won)
    assert rank(after, lost) > rank(before, lost)
    assert projects.clock() >= date(2025, 3, 1)
    database.close()
