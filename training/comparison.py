"""Comparison of two versions over the same needs, and the decision to activate the new one.

A version is refused if its NDCG@10, over the needs that both were evaluated on, is significantly
lower than the active one's: the 95 % interval of the paired difference is below 0, for held-out
needs, held-out enterprises or later deals. Figures are those of the time of training. A need is
left out if it had far more or far fewer candidates this time, which makes it harder or easier, or
far fewer relevant ones; and all later deals are left out if other ones were held out.

If the needs are the same and only the size of the pool differs, the gains over character TF-IDF are
compared, each on its own pool. If the held-out needs or enterprises that the active version was
evaluated on cannot be compared, it stays active: vanished labels must not disable this check. A
version that was never evaluated is replaced, and the new one is compared with character TF-IDF.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from training.evaluation import KINDS, MEASURES
from training.metrics import interval
from training.splits import MIN_NEEDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    PerNeed = Mapping[str, Mapping[str, float]]

DECISIVE = "ndcg@10"
MORE_CANDIDATES = 1.25
"""A need is compared if it has at most this many times the candidates of before."""
FEWER_CANDIDATES = 0.5
"""And at least this share of them."""
FEWER_RELEVANT = 0.5
"""A need is compared if at least this share of its relevant enterprises remains."""
_BY_LABELS = ("cold", "warm")
"""Kinds that depend on labels only; later deals change with every event."""
COVERED = 0.5
"""A kind is compared on at least this share of the needs that the active version has figures
for."""


def compare_versions(one: Mapping[str, PerNeed], other: Mapping[str, PerNeed]) -> dict[str, Any]:
    """Compare two versions over the needs that both were evaluated on.

    Parameters
    ----------
    one, other : mapping
        `judged` of their manifests.

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
class Acceptance:
    """The decision whether a new version may be activated.

    Attributes
    ----------
    refused : str or None
        Why it should not; None if there is no reason against it.
    version : str or None
        The active version that it was compared with.
    not_compared : str or None
        Why it could not be compared with the active version need by need.
    differences : dict
        From `compare`: the active version is `one`, the new one `other`.
    """

    refused: str | None
    version: str | None
    not_compared: str | None
    differences: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields of the manifest besides `refused`."""
        return {
            "version": self.version,
            "not_compared": self.not_compared,
            **self.differences,
        }


def alone(
    metrics: Mapping[str, Any], version: str | None = None, why: str | None = None
) -> Acceptance:
    """Judge a version by the baseline, if it is the first or cannot be compared.

    Parameters
    ----------
    metrics : mapping
        `metrics` of its manifest.
    version, why : str, optional
        The active version, and why it cannot be compared with that.
    """
    return Acceptance(_worse_than_baseline(metrics), version, why, {})


def changed_tables(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the tables that differ between two manifests."""
    before, after = one["tables"], other["tables"]
    return sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))


def against(version: str, before: Mapping[str, Any], facts: Mapping[str, Any]) -> Acceptance:
    """Judge a version against the active one.

    Parameters
    ----------
    version : str
        The active one.
    before : mapping
        Its manifest.
    facts : mapping
        The facts for the manifest of the new version.
    """
    judged, metrics = facts["judged"], facts["metrics"]
    if "judged" not in before:
        why = "it has no figures per need"
        known = any(before["metrics"].get(kind) for kind in KINDS)
        return _kept(version, why) if known else alone(metrics, version, why)
    known_before = {kind: own for kind, own in before["judged"].items() if len(own) >= MIN_NEEDS}
    found = {
        kind: _paired(*_alike(before["judged"].get(kind, {}), judged.get(kind, {})))
        for kind in KINDS
        # With every new event the held-out years move: other deals are another task.
        if kind != "time" or before["splits"].get(kind) == facts["splits"].get(kind)
    }
    enough = {
        kind: own
        for kind, own in found.items()
        if own and own["needs"] >= _least(before["judged"].get(kind, {}))
    }
    why = "too few needs were evaluated for both on pools of similar size"
    if not known_before:
        return alone(metrics, version, why)
    worse = [
        f"{KINDS[kind]} {_shown(gap)} over {own['needs']} needs"
        for kind, own in enough.items()
        if (gap := own[DECISIVE]["difference"])["high"] < 0
    ]
    differences = {kind: enough.get(kind) for kind in KINDS}
    if worse:
        changed = ", ".join(changed_tables(before, facts))
        since = f"; changed since then: {changed}" if changed else ""
        refused = (
            f"NDCG@10 is below that of the active version {version}: {', '.join(worse)}{since}"
        )
        return Acceptance(refused, version, None, differences)
    missing = [kind for kind in _BY_LABELS if kind in known_before and kind not in enough]
    if enough and not missing:
        return Acceptance(None, version, None, differences)
    kinds = ", ".join(KINDS[kind] for kind in missing)
    why = f"{why} ({kinds})" if kinds else why
    return _by_gains(version, before, facts, missing) or _kept(version, why)


def _kept(version: str, why: str) -> Acceptance:
    """Refuse a version because the active one was evaluated and they cannot be compared."""
    refused = f"it cannot be compared with the active version {version}, which was evaluated: {why}"
    return Acceptance(refused, version, why, {})


def _by_gains(
    version: str, before: Mapping[str, Any], facts: Mapping[str, Any], kinds: Sequence[str]
) -> Acceptance | None:
    """Compare the gains of two versions over the baseline, on the same needs in other pools.

    None if the needs of a kind differ, or a gain is unknown.
    """
    gains = {}
    for kind in kinds:
        one, other = before["judged"][kind], facts["judged"].get(kind, {})
        same = {need for need in one.keys() & other.keys() if _as_many(one[need], other[need])}
        known = [manifest["metrics"].get(kind) for manifest in (before, facts)]
        if not all(known) or len(same) < _least(one):
            return None
        gains[kind] = [own["gain_over_character_tfidf"][DECISIVE] for own in known]
        grown = sum(other[need]["among"] - one[need]["among"] for need in same) > 0
    if not gains:
        return None
    shown = [
        f"{KINDS[kind]} {_shown(own)} after {_shown(former)}"
        for kind, (former, own) in gains.items()
    ]
    worse = [
        text
        for text, (former, own) in zip(shown, gains.values(), strict=True)
        if own["high"] < former["low"]
    ]
    refused = f"its gain over character TF-IDF is below that of {version}: {', '.join(worse)}"
    changed = "grown" if grown else "become smaller"
    why = f"the pool has {changed}; gain in NDCG@10 over character TF-IDF: {', '.join(shown)}"
    return Acceptance(refused if worse else None, version, why, {})


def _least(before: PerNeed) -> float:
    """Return the minimum number of needs to compare a kind on."""
    return max(MIN_NEEDS, COVERED * len(before))


def _alike(before: PerNeed, after: PerNeed) -> tuple[PerNeed, PerNeed]:
    """Leave out the needs that are not comparable with before."""
    kept = {
        need: own
        for need, own in after.items()
        if need in before
        and own["among"] <= MORE_CANDIDATES * before[need]["among"]
        and own["among"] >= FEWER_CANDIDATES * before[need]["among"]
        and _as_many(before[need], own)
    }
    return before, kept


def _as_many(before: Mapping[str, float], after: Mapping[str, float]) -> bool:
    """Whether nearly as many enterprises were relevant; unknown in older manifests."""
    return "relevant" not in before or after["relevant"] >= FEWER_RELEVANT * before["relevant"]


def _worse_than_baseline(metrics: Mapping[str, Any]) -> str | None:
    """Return why a version is refused: significantly worse than the baseline on held-out needs."""
    cold = metrics["cold"]
    gap = cold and cold["gain_over_character_tfidf"][DECISIVE]
    if gap and gap["high"] < 0:
        return f"NDCG@10 is below that of character TF-IDF: {KINDS['cold']} {_shown(gap)}"
    return None


def _shown(gap: Mapping[str, float]) -> str:
    return f"{gap['mean']:.3f} [{gap['low']:.3f}, {gap['high']:.3f}]"
