"""Pages of an engine on the small pool, and what changes them."""

from datetime import date

import polars as pl

from service.serving.filters import Filters
from tests.pool import (
    NEED_IDS,
    frame,
    tables,
)

NEED, EVERYBODY = NEED_IDS[0], 10_000
TOTAL = tables()["enterprises"].height - 2  # one is struck off, one stands for its twin too
INCLUDED = ("signed", "local")
ALL = Filters(include=INCLUDED)
"""Nobody is left out."""


def page(engine, need=NEED, filters=None, limit=EVERYBODY, offset=0, language="zh"):
    query = engine.need(need) if isinstance(need, str) else need
    return engine.recommend(query, filters or ALL, limit, offset, language)


def ids(found):
    return [lead["enterprise"]["enterprise_id"] for lead in found["leads"]]


def scores(found):
    return {lead["enterprise"]["enterprise_id"]: lead["raw_score"] for lead in found["leads"]}


def with_event(workspace, stage="established", enterprise_id="E000", zone_id="far"):
    told = {"event_id": "new", "enterprise_id": enterprise_id, "zone_id": zone_id, "stage": stage}
    event = frame("events", [told | {"date": date(2025, 3, 1)}])
    workspace.commit({"events": pl.concat([workspace.read("events"), event])})


def told(lead, factor):
    return next((each for each in lead["reasons"] if each["factor"] == factor), None)


def lead_of(found, enterprise_id):
    leads = found["leads"]
    return next(lead for lead in leads if lead["enterprise"]["enterprise_id"] == enterprise_id)


def with_signal(workspace, day, **more):
    row = {"signal_id": "s", "enterprise_id": "E004", "date": day, "kind": "expansion", **more}
    workspace.commit({"signals": frame("signals", [row])})
