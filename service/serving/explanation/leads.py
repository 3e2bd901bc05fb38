"""An enterprise as a lead, as a document: score, fit, reasons and profile."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from features.enterprises.profile import confidence, known_of_zone
from features.words.kinds import kinds_of
from models.scoring.fit import SHIPPED, fit_evidence, score_of
from service.cache.local import LocalCache
from service.serving.directory import brief
from service.serving.explanation.chances import chance
from service.serving.explanation.evidence import find_evidence, node_of
from service.serving.explanation.neighbours import stage_text
from service.serving.explanation.precedents import chosen_for
from service.serving.explanation.reasons import reasons
from service.serving.explanation.signals import signals_shown
from service.threads import check_wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from features.enterprises.signals import Signals
    from features.industry.chains import Node
    from features.need import NeedQuery
    from features.presence import Presence
    from features.space.arrays import NeedFeatures
    from models.storage.prepared import Prepared
    from service.serving.explanation.evidence import Evidence
    from service.serving.explanation.precedents import Chosen
    from service.serving.gates import Gates
    from service.serving.interfaces import Document, Language

_CHOSEN_BYTES = 4 * 2**20
_ENTRY_BYTES = 500
_AT_ONCE = 20
"""Number of enterprises whose items are read at once."""
_DESCRIBED = ("name", "short_name", "province", "city")


class LeadWriter:
    """Describes and explains enterprises as leads; safe to call from several threads.

    Parameters
    ----------
    prepared : Prepared
    presence : Presence
        The enterprises and the events of each zone.
    signals : Signals
        Recent signals of enterprises.
    gates : Gates
    """

    def __init__(
        self, prepared: Prepared, presence: Presence, signals: Signals, gates: Gates
    ) -> None:
        self.bound = prepared.bound
        self.profiles = prepared.profiles
        self.presence = presence
        self.signals = signals
        self.gates = gates
        self.kinds = kinds_of(prepared.bound.ranker.space.thesaurus)
        self.chosen: LocalCache[Chosen] = LocalCache(_CHOSEN_BYTES)
        self._lock = threading.Lock()

    def lead(
        self,
        need: NeedQuery,
        features: NeedFeatures,
        parts: NDArray[np.float64],
        row: int,
        rank: int,
        language: Language,
        *,
        deals: bool = True,
    ) -> Document:
        """Return one row of the pool as a lead; see `leads`."""
        rows = np.array([row])
        return self.leads(need, features, parts[:, None], rows, rank, language, deals=deals)[0]

    def leads(
        self,
        need: NeedQuery,
        features: NeedFeatures,
        parts: NDArray[np.float64],
        rows: NDArray[np.intp],
        first: int,
        language: Language,
        *,
        deals: bool = True,
    ) -> list[Document]:
        """Return rows of the pool as leads, without their fit.

        Parameters
        ----------
        need, features
        parts : ndarray of shape (factors + 1, n)
            The contributions to their raw scores.
        rows : ndarray of int, shape (n,)
        first : int
            The rank of the first row.
        language : {"zh", "en"}
        deals : bool
            Whether the caller may see counts of deals, which cover all zones.
        """
        return [
            self._lead(
                need,
                features,
                part,
                row,
                first + place,
                evidence if deals else replace(evidence, deals={}),
                language,
            )
            for place, (row, part, evidence) in enumerate(
                zip(rows.tolist(), parts.T, self.evidence(features, rows), strict=True)
            )
        ]

    def _lead(
        self,
        need: NeedQuery,
        features: NeedFeatures,
        parts: NDArray[np.float64],
        row: int,
        rank: int,
        evidence: Evidence,
        language: Language,
    ) -> Document:
        profile, raw = self.profiles.row(row), float(parts.sum())
        node = evidence.node if evidence.fits else None
        ranker = self.bound.ranker
        warm = len(ranker.heads.chosen(features.need_id)) > 0
        of_zone = known_of_zone(features, self.bound.pool, row) if need.zone_id else 1.0
        return {
            "rank": rank,
            "enterprise": brief(profile),
            "score": float(score_of(np.array(raw))),
            "raw_score": raw,
            "confidence": confidence(profile, of_zone),
            **chance(ranker.calibration, raw, warm=warm, language=language),
            "node": {"node_id": node.node_id, "name": _name(node, language)} if node else None,
            "stage": self._stage(need, profile["enterprise_id"], language),
            "seat": self.presence.seats(need.zone_id).get(row),
            "signals": signals_shown(evidence.signals, language),
            "gates": self.gates.of(profile, need.zone_id),
            "reasons": reasons(self.bound, parts, evidence, language),
        }

    def fits(self, features: NeedFeatures, rows: NDArray[np.intp]) -> list[str]:
        """Return whether each of these enterprises answers the need: strong, partial or weak."""
        evidence = fit_evidence(features, self.bound.pool, rows)
        return SHIPPED.levels(SHIPPED.probabilities(evidence))

    def evidence(self, need: NeedFeatures, rows: NDArray[np.intp]) -> Iterator[Evidence]:
        """Yield the evidence for rows of the pool."""
        with self._lock:
            chosen = self.chosen.get(need.need_id)
            if chosen is None:
                chosen = chosen_for(self.bound, need)
                self.chosen.put(need.need_id, chosen, chosen.nbytes + _ENTRY_BYTES)
        for start in range(0, len(rows), _AT_ONCE):
            check_wanted()
            own = rows[start : start + _AT_ONCE]
            found = find_evidence(self.bound, self.kinds, need, own, chosen, self._made(own))
            for row, evidence in zip(own.tolist(), found, strict=True):
                signals = tuple(self.signals.of(str(self.bound.pool.ids[row])))
                yield replace(evidence, signals=signals)

    def _made(self, rows: NDArray[np.intp]) -> list[dict[str, float | None]]:
        stated = [self.profiles.row(row)["products"] or () for row in rows.tolist()]
        return [{one["name"]: one["share"] for one in products} for products in stated]

    def columns(
        self, features: NeedFeatures, rows: NDArray[np.intp], language: Language
    ) -> dict[str, Any]:
        """Return name, place, node and fit of each row, as columns of a table."""
        profiles = [self.profiles.row(int(row)) for row in rows]
        pool, chain_map = self.bound.pool, self.bound.ranker.space.chain_map
        nodes = [node_of(pool, chain_map, features, int(row)) for row in rows]
        return {
            **{name: [profile[name] for profile in profiles] for name in _DESCRIBED},
            "node": [node and _name(node, language) for node in nodes],
            "fit": self.fits(features, rows) if len(rows) else [],
        }

    def clear(self) -> None:
        """Clear the cache."""
        with self._lock:
            self.chosen.clear()

    def _stage(self, need: NeedQuery, enterprise_id: str, language: Language) -> Document | None:
        """Return the stage of the last event of zone and enterprise; None if there is none."""
        last = self.presence.last_event(need, enterprise_id)
        return last and {
            "stage": last.stage,
            "name": stage_text(last.stage, chinese=language == "zh"),
            "date": last.date.isoformat(),
            "need_id": last.need_id,
        }


def _name(node: Node, language: Language) -> str:
    return node.name if language == "zh" else node.name_en or node.name
