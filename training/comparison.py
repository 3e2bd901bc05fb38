"""Two versions compared, need by need, and whether the newer one may serve.

A version is refused when over the needs that both were judged on its NDCG@10 is surely lower than
the active one's: the paired difference with its whole 95 % interval below 0, for held-out needs,
held-out enterprises or later deals. What each reached was measured when it was trained; a need is
left out when it was looked for among far more enterprises this time, which is harder and says
nothing about the version; so are all later deals when other ones were held out. Where too little
can be compared, character TF-IDF stands in for the active version.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.evaluation import KINDS, MEASURES
from training.metrics import interval
from training.splits import MIN_NEEDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    PerNeed = Mapping[str, Mapping[str, float]]

DECISIVE = "ndcg@10"
MORE_CANDIDATES = 1.25
"""A need is compared when it was looked for among at most so many times as many as before."""


def compare(one: Mapping[str, PerNeed], other: Mapping[str, PerNeed]) -> dict[str, Any]:
    """Compare two versions over the needs that both were judged on.

    Parameters
    ----------
    one, other : mapping
        What their manifests say under `judged`.

    Returns
    -------
    dict
        By `KINDS`: needs in common, and for each of `MEASURES` the means `one` and `other` and the
        paired `difference`, other minus one, with its interval; None without such a need.
    """
    return {kind: _paired(one.get(kind, {}), other.get(kind, {})) for kind in KINDS}


def _paired(one: PerNeed, other: PerNeed) -> dict[str, Any] | None:
    common = sorted(one.keys() & other.keys())
    if not common:
        return None
    found: dict[str, Any] = {"needs": len(common)}
    for name in MEASURES:
        before, after = ([version[need][name] for need in common] for version in (one, other))
        differences = [b - a for a, b in zip(before, after, strict=True)]
        found[name] = {
            "one": sum(before) / len(common),
            "other": sum(after) / len(common),
            "difference": interval(differences).to_dict(),
        }
    return found


@dataclass(frozen=True)
class Verdict:
    """Whether a new version may serve.

    Attributes
    ----------
    refused : str or None
        Why it should not; None where nothing speaks against it.
    version : str or None
        The active version that it was compared with.
    not_compared : str or None
        Why it could not be compared with the active version, and was with the baseline.
    differences : dict
        From `compare`: the active version is `one`, the new one `other`.
    """

    refused: str | None
    version: str | None
    not_compared: str | None
    differences: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return what the manifest says of it beside `refused`."""
        return {
            "version": self.version,
            "not_compared": self.not_compared,
            **self.differences,
        }


def alone(
    metrics: Mapping[str, Any], version: str | None = None, why: str | None = None
) -> Verdict:
    """Judge a version by the baseline: it is the first, or cannot be compared with the active one.

    Parameters
    ----------
    metrics : mapping
        What its manifest is to say under this name.
    version, why : str, optional
        The active version, and why it cannot be compared with that.
    """
    return Verdict(_worse_than_baseline(metrics), version, why, {})


def changed_tables(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the tables of which two manifests name different contents."""
    before, after = one["tables"], other["tables"]
    return sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))


def against(version: str, before: Mapping[str, Any], facts: Mapping[str, Any]) -> Verdict:
    """Judge a version against the active one.

    Parameters
    ----------
    version : str
        The active one.
    before : mapping
        Its manifest.
    facts : mapping
        What the manifest of the new version is to say.
    """
    judged, metrics = facts["judged"], facts["metrics"]
    if "judged" not in before:
        return alone(metrics, version, "it keeps no figures need by need")
    found = {
        kind: _paired(*_as_hard(before["judged"].get(kind, {}), judged.get(kind, {})))
        for kind in KINDS
        # With every new event the years held out move on: other deals are another question.
        if kind != "time" or before["splits"].get(kind) == facts["splits"].get(kind)
    }
    enough = {kind: own for kind, own in found.items() if own and own["needs"] >= MIN_NEEDS}
    if not enough:
        why = f"fewer than {MIN_NEEDS} needs were judged for both among as many enterprises"
        return alone(metrics, version, why)
    worse = [
        f"{KINDS[kind]} {_told(gap)} over {own['needs']} needs"
        for kind, own in enough.items()
        if (gap := own[DECISIVE]["difference"])["high"] < 0
    ]
    refused = None
    if worse:
        changed = ", ".join(changed_tables(before, facts))
        since = f"; changed since then: {changed}" if changed else ""
        refused = (
            f"NDCG@10 is below that of the active version {version}: {', '.join(worse)}{since}"
        )
    return Verdict(refused, version, None, {kind: enough.get(kind) for kind in KINDS})


def _as_hard(before: PerNeed, after: PerNeed) -> tuple[PerNeed, PerNeed]:
    """Leave out the needs that were looked for among far more enterprises than before."""
    kept = {
        need: own
        for need, own in after.items()
        if need in before and own["among"] <= MORE_CANDIDATES * before[need]["among"]
    }
    return before, kept


def _worse_than_baseline(metrics: Mapping[str, Any]) -> str | None:
    """Say why a version should not serve: surely worse than the baseline on held-out needs."""
    cold = metrics["cold"]
    gap = cold and cold["gain_over_character_tfidf"][DECISIVE]
    if gap and gap["high"] < 0:
        return f"NDCG@10 is below that of character TF-IDF: {KINDS['cold']} {_told(gap)}"
    return None


def _told(gap: Mapping[str, float]) -> str:
    return f"{gap['mean']:.3f} [{gap['low']:.3f}, {gap['high']:.3f}]"
