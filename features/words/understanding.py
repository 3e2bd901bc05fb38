"""Understanding of needs: parts, concepts, and words to search for.

A part is a wanted item (LED支架、载带). It is looked up literally, then without fillers
(想引进…的企业); if no concept has that name, by the names within it, the last of which is the head
of the compound, and by the most similar concept. The certainty of a concept determines the weight
of its words relative to the need's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from features.words.compounds import look_up
from features.words.normal import normal
from features.words.wants import Role, wants_of

if TYPE_CHECKING:
    from features.words.fillers import Fillers
    from features.words.thesaurus import Thesaurus

NO_PRODUCT = "nothing_of_a_product"
"""The note on a need that names no product."""
MAX_WORDS = 60
OWN_WEIGHT = {"product": 2.0, "sector": 1.0}
"""Weight of a part's own text relative to a word of its concept, by level: products are called by
their name, but rarely by that of their sector."""

_FULL_WORDS = 12
"""Number of words of a concept with full weight; later ones have less."""
_LATER = 0.6
_LEAST_SURE = 0.15
_LEADING = 0.5
_OUT_OF_CONTEXT, _SHORT = 0.5, 2
_SERVED = 0.3
"""Weight of a customer next to the wants: 彩电 in 给彩电整机厂做注塑件.

Without a stated want, inputs of the customer's product are wanted: 给新能源汽车配套."""
_OF_ITSELF = {
    Role.WANTED: 1.0,
    Role.SUPPLIED: 1.0,
    Role.SERVED: _SERVED,
    Role.RAW: _SERVED,
    Role.PARTS: 0.6,
    Role.MATERIAL: 0.5,
}
"""Weight of an item's concepts, by role: makers of parts often name the whole."""
_BESIDE = 0.5
"""Weight of what a product is made of where its suppliers are wanted beside its makers."""
_OF_A_MATERIAL = 0.7
"""Certainty of a product of a material whose products are wanted."""
_PART_WORDS = ("零部件", "配件")
_FURTHER = 12
"""Maximum number of products that are named where those made of a material are wanted."""


@dataclass(frozen=True)
class FoundConcept:
    """A concept that a need was understood as.

    Attributes
    ----------
    name : str
    sure : float
        0 to 1: 1 if the need names it.
    source : str
        "thesaurus", "chain map" or "language model".
    """

    name: str
    sure: float
    source: str = "thesaurus"


@dataclass(frozen=True)
class Understood:
    """How a need was understood.

    Attributes
    ----------
    parts : tuple of str
        Its wants, in normal form.
    concepts : tuple of FoundConcept
        The most certain first.
    words : tuple of (str, float)
        Words to search for in profiles, and their weights, the largest first.
    ignored : tuple of str
        Parts left out as fillers.
    notes : tuple of str
        Codes of notes; see `NOTES`.
    of_model : tuple of str
        The words from a language model.
    unanswered : str
        Why a configured language model gave none, by code; otherwise empty.
    """

    parts: tuple[str, ...]
    concepts: tuple[FoundConcept, ...]
    words: tuple[tuple[str, float], ...]
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    of_model: tuple[str, ...] = ()
    unanswered: str = ""


def understand(text: str, thesaurus: Thesaurus, fillers: Fillers) -> Understood:
    """Return how a text is understood.

    Parameters
    ----------
    text : str
        The industry of a need, or any phrase.
    thesaurus : Thesaurus
    fillers : Fillers
    """
    whole = normal(text)
    # Before splitting: 新质生产力 does not ask for a product 力.
    rest, policy = fillers.without_policy(whole, thesaurus)
    ignored = list(policy)
    wants, left_out = wants_of(rest, thesaurus, fillers)
    ignored += left_out
    weights = {} if wants else {whole: 1.0}
    sures: dict[int, float] = {}
    for part, role, subject in wants:
        found = _concepts_of(subject, thesaurus, alone=len(wants) == 1)
        levels = {thesaurus.concepts[at].level for at, sure in found.items() if sure >= _LEADING}
        by_sector = levels == {"sector"} and role is not Role.PARTS
        weights[part] = OWN_WEIGHT["sector" if by_sector else "product"]
        found, words = _in_role(subject, role, found, thesaurus, alone=len(wants) == 1)
        weights[part] *= 1.0 if role is Role.PARTS else _OF_ITSELF[role]
        for word, weight in words.items():
            weights[word] = max(weights.get(word, 0.0), weight)
        share = 1 / max(sum(found.values()), 1.0)
        for at, sure in found.items():
            sures[at] = max(sures.get(at, 0.0), sure)
            for word, weight in concept_words(thesaurus, at):
                weights[word] = max(weights.get(word, 0.0), sure * share * weight)
    ranked = sorted(sures, key=lambda at: (-sures[at], at))
    return Understood(
        tuple(want.text for want in wants) or (whole,),
        tuple(FoundConcept(thesaurus.concepts[at].name, round(sures[at], 3)) for at in ranked),
        strongest(weights),
        tuple(dict.fromkeys(ignored)),
        () if wants else (NO_PRODUCT,),
    )


def _in_role(
    item: str, role: Role, found: dict[int, float], thesaurus: Thesaurus, *, alone: bool
) -> tuple[dict[int, float], dict[str, float]]:
    """Return the concepts to search for where an item has a role, and further words.

    Parameters
    ----------
    item : str
    role : Role
    found : dict of int to float
        The concepts of the item, with their certainties.
    thesaurus : Thesaurus
    alone : bool
        Whether the need has no other item: a customer's supplies are wanted then.
    """
    lower = {at: sure * _OF_ITSELF[role] for at, sure in found.items()}
    if role in {Role.RAW, Role.SUPPLIED} or (role is Role.SERVED and alone):
        weight = _BESIDE if role is Role.SUPPLIED else 1.0
        words = {
            normal(supply): sure * weight
            for at, sure in sorted(found.items(), key=lambda one: one[1])
            for supply in thesaurus.concepts[at].made_of
        }
        return lower | (_inputs(found, thesaurus) if role is Role.RAW else {}), words
    if role is Role.PARTS:
        return lower, {item + own: 1.0 for own in _PART_WORDS}
    if role is Role.MATERIAL:
        further = {
            product: None
            for at in found
            if thesaurus.concepts[at].level == "product"
            for product in _made_with(at, thesaurus)
            if thesaurus.concepts[product].level == "product" and product not in found
        }
        if not further:
            return found, {}
        products = list(further)[:_FURTHER]
        words = {normal(thesaurus.concepts[at].name): 1.0 for at in products}
        return lower | dict.fromkeys(products, _OF_A_MATERIAL), words
    return lower, {}


def _made_with(at: int, thesaurus: Thesaurus) -> list[int]:
    """Return what a concept goes into, and what has it as its first input."""
    names = thesaurus.concepts[at].all_names
    into = [own for name in thesaurus.concepts[at].goes_into for own in thesaurus.find(name)]
    made = thesaurus.made_from.get(at, ())
    return into + [own for own in made if thesaurus.concepts[own].made_of[0] in names]


def _concepts_of(part: str, thesaurus: Thesaurus, *, alone: bool) -> dict[int, float]:
    """Return the concepts of a want that are certain enough, with their certainties.

    A short want among several has lost its context: 运输 in 天然气的储存和运输.
    """
    found = {at: sure for at, sure in look_up(part, thesaurus).items() if sure >= _LEAST_SURE}
    if alone or len(part) > _SHORT:
        return found
    return {
        at: sure * (_OUT_OF_CONTEXT if thesaurus.concepts[at].level == "sector" else 1.0)
        for at, sure in found.items()
    }


def _inputs(found: dict[int, float], thesaurus: Thesaurus) -> dict[int, float]:
    """Return the concepts that others are made of, as certain as these."""
    return {
        supply: sure
        for at, sure in found.items()
        for name in thesaurus.concepts[at].made_of
        for supply in thesaurus.find(name)
    }


def strongest(weights: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """Return the words with the largest weights, at most `MAX_WORDS`."""
    ranked = sorted(weights.items(), key=lambda one: (-one[1], one[0]))
    return tuple((word, round(weight, 4)) for word, weight in ranked[:MAX_WORDS])


def concept_words(thesaurus: Thesaurus, at: int) -> list[tuple[str, float]]:
    """Return the weighted words of a concept, its own name first."""
    concept = thesaurus.concepts[at]
    words = dict.fromkeys(normal(word) for word in (concept.name, *concept.words))
    return [(word, 1.0 if place <= _FULL_WORDS else _LATER) for place, word in enumerate(words)]
