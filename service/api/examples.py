"""Examples for the OpenAPI document, from the demo's tables."""

from __future__ import annotations

from typing import Any

_LEADS = "/v1/recommendations"
_NEED_ID = "cz-gaoxin/电子信息"
_ZONE_ID = "cz-gaoxin"
_ENTERPRISE_ID = "000725"
_PARAMETERS = {
    "need_id": _NEED_ID,
    "zone_id": _ZONE_ID,
    "enterprise_id": _ENTERPRISE_ID,
    "chain_id": "led",
}
_BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/v1/recommendations"): {
        "need": {"industry": "LED封装", "zone_id": _ZONE_ID, "keywords": ["COB光源"]},
        "filters": {"province": ["广东省"], "min_capital": 1000},
        "limit": 20,
        "reasons": 3,
    },
    ("post", "/v1/recommendations.xlsx"): {"need_ids": [_NEED_ID], "limit": 20},
    ("post", "/v1/events"): {
        "need_id": _NEED_ID,
        "enterprise_id": _ENTERPRISE_ID,
        "stage": "negotiation",
        "date": "2026-03-01",
    },
    ("post", "/v1/offers/check"): {"text": "税收返还"},
}
LEADS: dict[str, Any] = {
    "need": {
        "need_id": _NEED_ID,
        "zone": {"zone_id": _ZONE_ID, "name": "长治高新技术产业开发区"},
        "industry": "电子信息",
        "role": "leading",
        "basis": "article",
        "chain": "电子信息",
        "sector": None,
        "nodes": [],
        "keywords": [],
        "industry_codes": [],
        "region": None,
    },
    "list_id": "20260301-1~5f0c~9a1be2c47d3e6f80",
    "understood": {
        "parts": ["电子信息"],
        "concepts": [{"name": "电子元器件", "sure": 0.9, "from": "thesaurus"}],
        "words": [{"word": "显示面板", "weight": 1.0, "from": None}],
        "ignored": [],
        "note": None,
    },
    "model_version": "20260301-1",
    "pool_version": "5f0c",
    "pool_date": "2026-03-01",
    "total": 445,
    "limit": 1,
    "offset": 0,
    "unknown": {"tag": 3},
    "unknown_values": {"city": ["火星"]},
    "left_out": {"signed": 2, "local": 1},
    "fit_note": None,
    "partial": None,
    "facets": {"province": [{"value": "广东省", "name": "广东省", "count": 97}]},
    "probability_note": "尚无足够的签约结果，目前不给出签约概率。",
    "leads": [
        {
            "rank": 1,
            "enterprise": {
                "enterprise_id": _ENTERPRISE_ID,
                "name": "京东方科技集团股份有限公司",
                "short_name": "京东方A",
                "province": "北京市",
                "city": "北京市",
                "tags": [],
                "flags": [],
            },
            "score": 0.93,
            "raw_score": 0.82,
            "fit": "strong",
            "confidence": 0.8,
            "probability": None,
            "probability_note": "尚无足够的签约结果，目前不给出签约概率。",
            "node": {"node_id": "led/display", "name": "显示屏"},
            "stage": None,
            "seat": None,
            "signals": [],
            "gates": [
                {
                    "gate": "energy",
                    "name": "两高",
                    "state": "pass",
                    "state_name": "通过",
                    "text": "3975 不在两高行业目录",
                    "source": "两高行业（随软件提供，待本单位核对）",
                    "date": "2026-01-01",
                }
            ],
            "reasons": [
                {
                    "factor": "item_words",
                    "contribution": 0.82,
                    "text": "主营产品「显示面板」正是需求所指",
                    "evidence": ["显示面板"],
                }
            ],
        }
    ],
}


def add(path: str, method: str, operation: dict[str, Any]) -> None:
    """Add the examples of a call to its document.

    Swagger UI fills in the example of a parameter: therefore only path parameters have one, and the
    parameter for a need.
    """
    for parameter in operation.get("parameters", ()):
        name = parameter.get("name")
        asked = parameter.get("in") == "path" or (name == "need_id" and path.startswith(_LEADS))
        if asked and name in _PARAMETERS:
            parameter["example"] = _PARAMETERS[name]
    if body := _BODIES.get((method, path)):
        operation["requestBody"]["content"]["application/json"]["example"] = body
    if path == _LEADS:
        operation["responses"]["200"]["content"]["application/json"]["example"] = LEADS
