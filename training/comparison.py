"""Two versions compared, need by need, and whether the newer one may serve.

A version is refused when over the needs that both were judged on its NDCG@10 is surely lower than
the active one's: the paired difference with its whole 95 % interval below 0, for held-out needs,
held-out enterprises or later deals. What each reached was measured when it was trained; a need is
left out when it was looked for among far more or far fewer enterprises this time, which is harder
or easier and says nothing about the version, or when far fewer were to be found, which is another
question; so are all later deals when other ones were held out.

Where the needs are the same and only the pool has another size, the gains over character TF-IDF are
compared, each among its own enterprises. Where held-out needs or enterprises of which the active
version was judged cannot be compared, it stays: labels that vanish must not take the guard along.
One that was never judged is replaced, and character TF-IDF stands in for it.
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
"""A need is compared when it was looked for among at most so many times as many as before."""
FEWER_CANDIDATES = 0.5
"""And among at least this part of as many."""
FEWER_RELEVANT = 0.5
"""A need is compared when at least this part of the enterprises found relevant before still is."""
_BY_LABELS = ("cold", "warm")
"""Kinds that are judged by labels; later deals are other ones with every event."""
COVERED = 0.5
"""A kind is compared on at least this part of the needs that the active version was judged on."""


def compare_versions(one: Mapping[str, PerNeed], other: Mapping[str, PerNeed]) -> dict[str, Any]:
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
class Acceptance:
    """Whether a new version may serve.

    Attributes
    ----------
    refused : str or None
        Why it should not; None where there is no reason against it.
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
        """Return what the manifest says of it beside `refused`."""
        return {
            "version": self.version,
            "not_compared": self.not_compared,
            **self.differences,
        }


def alone(
    metrics: Mapping[str, Any], version: str | None = None, why: str | None = None
) -> Acceptance:
    """Judge a version by the baseline: it is the first, or cannot be compared with the active one.

    Parameters
    ----------
    metrics : mapping
        What its manifest is to say under this name.
    version, why : str, optional
        The active version, and why it cannot be compared with that.
    """
    return Acceptance(_worse_than_baseline(metrics), version, why, {})


def changed_tables(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the tables of which two manifests name different contents."""
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
        What the manifest of the new version is to say.
    """
    judged, metrics = facts["judged"], facts["metrics"]
    if "judged" not in before:
        why = "it keeps no figures need by need"
        known = any(before["metrics"].get(kind) for kind in KINDS)
        return _kept(version, why) if known else alone(metrics, version, why)
    known_before = {kind: own for kind, own in before["judged"].items() if len(own) >= MIN_NEEDS}
    found = {
        kind: _paired(*_alike(before["judged"].get(kind, {}), judged.get(kind, {})))
        for kind in KINDS
        # With every new event the years held out move on: other deals are another question.
        if kind != "time" or before["splits"].get(kind) == facts["splits"].get(kind)
    }
    enough = {
        kind: own
        for kind, own in found.items()
        if own and own["needs"] >= _least(before["judged"].get(kind, {}))
    }
    why = "too few needs were judged for both among as many enterprises"
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
    """Refuse a version because the active one was judged, and the two cannot be compared."""
    refused = f"it cannot be compared with the active version {version}, which was judged: {why}"
    return Acceptance(refused, version, why, {})


def _by_gains(
    version: str, before: Mapping[str, Any], facts: Mapping[str, Any], kinds: Sequence[str]
) -> Acceptance | None:
    """Compare what two versions gain over the baseline, on the same needs in another pool.

    None where for one of the kinds the needs are not the same, or no gain is known.
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
    """Return on how many needs a kind has to be compared."""
    return max(MIN_NEEDS, COVERED * len(before))


def _alike(before: PerNeed, after: PerNeed) -> tuple[PerNeed, PerNeed]:
    """Leave out the needs that are another question than before."""
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
    """Whether nearly as many enterprises were to be found; unknown in manifests of before."""
    return "relevant" not in before or after["relevant"] >= FEWER_RELEVANT * before["relevant"]


def _worse_than_baseline(metrics: Mapping[str, Any]) -> str | None:
    """Say why a version should not serve: surely worse than the baseline on held-out needs."""
    cold = metrics["cold"]
    gap = cold and cold["gain_over_character_tfidf"][DECISIVE]
    if gap and gap["high"] < 0:
        return f"NDCG@10 is below that of character TF-IDF: {KINDS['cold']} {_shown(gap)}"
    return None


def _shown(gap: Mapping[str, float]) -> str:
    return f"{gap['mean']:.3f} [{gap['low']:.3f}, {gap['high']:.3f}]"
