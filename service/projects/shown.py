"""Projects and their moves as documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.tables.project_list import CLOSED, KNOWN_STAGES, MOVES, POOL_OF, POOLS
from service.projects.moves import kind_of
from service.projects.verdicts import verdicts

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    from service.projects.references import References
    from service.projects.rules import Rules
    from service.serving.interfaces import Document

_AS_STORED = (
    *("amount", "unit", "handler", "source", "list_id"),
    *("production_site", "research_site", "note", "version"),
)


def project_shown(
    row: Mapping[str, Any], references: References, rules: Rules, today: datetime.date
) -> Document:
    """Return a project; `late` and `days` are computed at `today`, not stored.

    `gates` has the states of those that do not depend on tasks; texts, and the gate of the amount,
    are at …/gates.
    """
    zone_id, stage = row["zone_id"], row["stage"]
    zone = references.zone(zone_id) if zone_id else None
    pool = POOL_OF.get(stage)
    known = references.enterprise(row["enterprise_id"]) if row["enterprise_id"] else None
    name = known["name"] if known else row["enterprise"]
    return {
        "project_id": row["project_id"],
        "code": row["code"],
        "project": row["project"],
        "enterprise": {"enterprise_id": row["enterprise_id"], "name": name},
        "zone": {"zone_id": zone_id, "name": zone["name"] if zone else None} if zone_id else None,
        "place": row["place"],
        "need_id": row["need_id"],
        "industry": row["industry"],
        "stage": stage,
        "stage_name": KNOWN_STAGES[stage].gloss,
        "pool": pool,
        "pool_name": POOLS[pool].gloss if pool else None,
        "since": row["since"].isoformat(),
        "moved": row["moved"].isoformat(),
        "days": (today - row["since"]).days,
        "due": row["due"].isoformat() if row["due"] else None,
        "late": late(row, today),
        "flags": flags_of(row, references),
        "gates": {
            gate: verdict.state for gate, verdict in verdicts(known, zone_id, rules, None).items()
        },
        **{name: row[name] for name in _AS_STORED},
    }


def late(row: Mapping[str, Any], today: datetime.date) -> bool:
    """Whether a project's current step is overdue."""
    return row["due"] is not None and row["due"] < today and row["stage"] not in CLOSED


def flags_of(row: Mapping[str, Any], references: References) -> list[str]:
    """Return the warning signs of a project: an enterprise that is struck off or unknown."""
    if row["enterprise_id"] is None:
        return ["enterprise-unknown"]
    if row["stage"] not in CLOSED and row["enterprise_id"] in references.struck_off():
        return ["struck-off"]
    return []


def moves_shown(run: Sequence[Mapping[str, Any]], rules: Rules) -> list[Document]:
    """Return moves, oldest first, each with its kind."""
    glosses = {row["reason"]: row["gloss"] for row in rules.rows("reasons")}
    shown, before = [], None
    for row in run:
        kind = kind_of(before, row["stage"])
        shown.append(
            {
                "move_id": row["event_id"],
                "stage": row["stage"],
                "stage_name": KNOWN_STAGES[row["stage"]].gloss,
                "kind": kind,
                "kind_name": MOVES[kind].gloss,
                "date": row["date"].isoformat(),
                "reason": row["reason"],
                "reason_name": glosses.get(row["reason"], row["reason"]),
                "amount": row["amount"],
                "note": row["note"],
            }
        )
        before = row["stage"]
    return shown
