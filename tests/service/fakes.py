"""An engine, its holder and a registry that answer from a few rows and record the questions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from features.errors import ConflictError, LianzhaoError, NotFoundError
from features.need import NeedQuery
from service.serving.filters import Filters
from service.serving.words.model import NoWords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from service.serving.interfaces import Document, Language

NEED = NeedQuery("光电LED", zone_id="z", need_id="z/光电LED", role="leading", basis="article")
ZONE = {"zone_id": "z", "name": "高新区"}
TOLD = {
    "need_id": NEED.need_id,
    "zone": ZONE,
    "industry": NEED.industry,
    "role": NEED.role,
    "basis": NEED.basis,
    **dict.fromkeys(("chain", "sector", "region")),
    **{name: [] for name in ("nodes", "keywords", "industry_codes")},
}
CHAIN = {"chain_id": "led", "name": "光电LED", "name_en": "LED"}
NODE = {"node_id": "led/packaging", "name": "封装"}
ENTERPRISES = [
    {
        "enterprise_id": f"e{i}",
        "name": f"第{i}光电有限公司",
        **dict.fromkeys(("short_name", "province", "city")),
        "tags": [],
        "flags": [],
    }
    for i in range(1, 31)
]
_UNKNOWN = dict.fromkeys(
    (
        *("district", "industry_code", "products", "business_scope", "founded", "employees"),
        *("registered_capital", "revenue", "status", "credit", "nodes", "founded_precision"),
        *("former_names", "size", "source", "source_date", "origins"),
    )
)


def _facets(wanted: Sequence[str]) -> dict[str, list[Document]]:
    return {name: [{"value": "x", "name": "x", "count": 1}] for name in wanted}


@dataclass
class FakeEngine:
    model_version: str = "m1"
    pool_version: str = "p1"
    pool_date: str | None = "2026-01-01"
    asked: list[tuple[NeedQuery, Filters, int, int, str]] = field(default_factory=list)
    words: ClassVar[NoWords] = NoWords()

    def recommend(
        self,
        need: NeedQuery,
        filters: Filters,
        limit: int,
        offset: int,
        language: Language,
        *,
        deals: bool = True,
        facets: Sequence[str] = (),
    ) -> Document:
        self.asked.append((need, filters, limit, offset, language))
        leads = [
            {
                "rank": rank,
                "enterprise": enterprise,
                "score": 1 / rank,
                "raw_score": 2.0 / rank,
                "fit": "partial",
                "confidence": 0.5,
                "probability": None,
                "probability_note": "尚无足够结果" if language == "zh" else "too few outcomes",
                "node": NODE,
                "stage": None,
                "seat": None,
                "signals": [],
                "reasons": [
                    {
                        "factor": "item_words",
                        "contribution": 2.0 / rank,
                        "text": "主营相符" if language == "zh" else "products match",
                        "evidence": ["LED封装"],
                    }
                ],
            }
            for rank, enterprise in enumerate(ENTERPRISES, 1)
        ]
        return {
            "need": {
                **TOLD,
                "need_id": need.need_id,
                "zone": ZONE if need.zone_id else None,
                "industry": need.industry,
                "role": need.role,
                "basis": need.basis,
            },
            "understood": {
                "parts": [need.industry],
                "concepts": [],
                "words": [{"word": need.industry, "weight": 1.0}],
                "ignored": [],
                "note": None,
            },
            "model_version": self.model_version,
            "pool_version": self.pool_version,
            "pool_date": self.pool_date,
            "total": len(leads),
            "limit": limit,
            "offset": offset,
            "unknown": {},
            "unknown_values": {},
            "left_out": {},
            "fit_note": None,
            "partial": None,
            "facets": _facets(facets) if facets else None,
            "leads": leads[offset : offset + limit],
        }

    def facets(
        self,
        need: NeedQuery,
        filters: Filters,
        wanted: Sequence[str],
        language: Language,
        first: int | None = None,
    ) -> Document:
        return {"facets": _facets(wanted), "partial": None}

    def shards(self) -> Document | None:
        return None

    def rest(self) -> None:
        pass

    def need(self, need_id: str) -> NeedQuery:
        if need_id != NEED.need_id:
            raise NotFoundError(f"no need {need_id!r}", field="need_id", got=need_id)
        return NEED

    def need_of(self, zone_id: str, industry: str) -> NeedQuery:
        return self.need(f"{zone_id}/{industry}")

    def zones(self, q: str | None = None) -> list[Document]:
        return [ZONE]

    def zone(self, zone_id: str) -> Document:
        if zone_id != "z":
            raise NotFoundError(f"no zone {zone_id!r}", field="zone_id", got=zone_id)
        return {**ZONE, "needs": [TOLD]}

    def needs(self, zone: str | None = None) -> list[Document]:
        if zone not in (None, "z"):
            raise NotFoundError(f"no zone {zone!r}", field="zone_id", got=zone)
        return [TOLD]

    def chains(self) -> list[Document]:
        return [{**CHAIN, "nodes": 1}]

    def chain(self, chain_id: str) -> Document:
        node = {**NODE, "name_en": "Packaging", "position": "midstream"}
        node |= {"keywords": ["LED封装"], "industry_codes": ["3975"]}
        edges = [{"from": "led/chips", "to": NODE["node_id"]}]
        return {**CHAIN, "chain_id": chain_id, "nodes": [node], "edges": edges}

    def find_chain(self, chain: str | None, node_id: str | None) -> str:
        return CHAIN["chain_id"]

    def gaps(self, zone_id: str, chain_id: str) -> list[Document]:
        return [{**NODE, "state": "missing", "present": 0.0}]

    def partners(
        self,
        enterprise_id: str,
        side: str,
        filters: Filters,
        limit: int,
        offset: int,
        language: Language,
        *,
        zone_id: str | None = None,
    ) -> Document:
        path = {"kind": "chain", "text": "…", "steps": [NODE["name"]], "strength": 0.5}
        lead = {
            "rank": 1,
            "enterprise": ENTERPRISES[1],
            "side": "customers" if side == "both" else side,
            "strength": 0.5,
            "signals": [],
            "seat": None,
        }
        lead["paths"] = [{"side": lead["side"], **path}]
        return {
            "enterprise": {**ENTERPRISES[0], "enterprise_id": enterprise_id},
            "products": ["LED封装"],
            "nodes": [NODE],
            "note": None,
            "model_version": self.model_version,
            "pool_version": self.pool_version,
            "pool_date": self.pool_date,
            "total": 1,
            "limit": limit,
            "offset": offset,
            "unknown": {},
            "unknown_values": {},
            "left_out": {},
            "leads": [lead][offset : offset + limit],
        }

    def enterprises(
        self,
        q: str,
        limit: int,
        offset: int,
        *,
        filters: Filters = Filters(),  # noqa: B008
        zone_id: str | None = None,
        facets: Sequence[str] = (),
        language: Language = "zh",
    ) -> Document:
        found = [row for row in ENTERPRISES if q in row["name"]]
        return {
            "total": len(found),
            "limit": limit,
            "offset": offset,
            "unknown": {},
            "unknown_values": {},
            "facets": _facets(facets) if facets else None,
            "enterprises": found[offset : offset + limit],
        }

    def enterprise(self, enterprise_id: str) -> Document:
        if enterprise_id == "nobody":
            raise NotFoundError("no enterprise 'nobody'", field="enterprise_id", got="nobody")
        found = {**ENTERPRISES[0], **_UNKNOWN, "enterprise_id": enterprise_id}
        return {**found, "struck_off": False, "confidence": 0.5}

    def needs_for(
        self,
        enterprise_id: str,
        limit: int,
        language: Language,
        *,
        zones: frozenset[str] | None = None,
    ) -> Document:
        lead = self.recommend(NEED, Filters(), 1, 0, language)["leads"][0]
        names = ("rank", "score", "raw_score", "node", "stage", "reasons")
        return {
            "enterprise": {**ENTERPRISES[0], "enterprise_id": enterprise_id},
            "model_version": self.model_version,
            "pool_version": self.pool_version,
            "total": 1,
            "limit": limit,
            "needs": [{"need": TOLD, **{name: lead[name] for name in names}}][:limit],
        }


class FakeSource:
    """Holds what `there` is; raises `error` instead where one is set."""

    def __init__(self, there: FakeEngine | None = None, error: LianzhaoError | None = None) -> None:
        self.there = there or FakeEngine()
        self.error = error
        self.engine: FakeEngine | None = None
        self.loaded = 0

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def ready(self) -> FakeEngine | None:
        return self.engine if self.error is None and self.engine is self.there else None

    def pool_version(self) -> str:
        return self.there.pool_version

    def trouble(self) -> str | None:
        return None

    def current(self) -> FakeEngine:
        if self.error:
            raise self.error
        self.loaded += 1
        self.engine = self.there
        return self.there


class FakeRegistry:
    def __init__(self, source: FakeSource) -> None:
        self.source = source
        self.history = ["m0", "m1"]

    def list(self) -> list[Document]:
        shown = [self.show(version) for version in ("m0", "m1", "m2")]
        told = {"damaged": False, "problem": None, "forced": False, "refused": None}
        return [version | told for version in shown]

    def show(self, version: str) -> dict[str, Any]:
        if version not in {"m0", "m1", "m2"}:
            raise NotFoundError(f"no model version {version!r}", field="version", got=version)
        return {
            "version": version,
            "active": version == self.active(),
            "created_at": "2026-01-01T00:00:00+00:00",
            "seed": 0,
            "metrics": {},
            "data": {"enterprises": 30},
        }

    def activate(self, version: str) -> str:
        self.show(version)
        self.history.append(version)
        self.source.there = FakeEngine(model_version=version)
        return version

    def rollback(self) -> str:
        if len(self.history) < 2:
            raise ConflictError("no version to roll back to")
        self.history.pop()
        self.source.there = FakeEngine(model_version=self.history[-1])
        return self.history[-1]

    def active(self) -> str | None:
        return self.history[-1]
