"""Trades: inputs and uses of a product by the thesaurus, as words to search for.

A product is mapped to the concepts that it names, or that its end names: the head of a Chinese
compound is its end. Inputs are `made_of` of these, and concepts that list them under `goes_into`;
uses are the reverse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from features.words.normal import normal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from features.words.thesaurus import Thesaurus

_SHORTEST = 2
"""Minimum length of a word: single characters such as 银 occur in too many others."""


class Trade(NamedTuple):
    """One step between a product and its input or use.

    Attributes
    ----------
    product : str
        As stated by the enterprise.
    concept : str
        The concept that it was mapped to.
    other : str
        Its input or use.
    words : tuple of str
        The words of the other, in normal form.
    """

    product: str
    concept: str
    other: str
    words: tuple[str, ...]


def concepts_of(thesaurus: Thesaurus, product: str) -> tuple[int, ...]:
    """Return the concepts that a product names, else those that its end names."""
    if found := thesaurus.find(product):
        return found
    text = normal(product)
    ending = [named for named in thesaurus.within(text) if named.stop == len(text)]
    return ending[0].concepts if ending else ()


def trades(thesaurus: Thesaurus, products: Iterable[str], *, inputs: bool) -> list[Trade]:
    """Return the inputs of these products, or their uses if `inputs` is false.

    The enterprise's own products are left out, and so are trades without a word.
    """
    stated = list(dict.fromkeys(products))
    own = {normal(product) for product in stated}
    others = thesaurus.going_into if inputs else thesaurus.made_from
    found: dict[tuple[str, str], Trade] = {}
    for product in stated:
        for at in concepts_of(thesaurus, product):
            concept = thesaurus.concepts[at]
            forward = concept.made_of if inputs else concept.goes_into
            back = others.get(at, ())
            for other in (*forward, *(thesaurus.concepts[b].name for b in back)):
                words = tuple(word for word in _words(thesaurus, other) if word not in own)
                if words and (concept.name, other) not in found:
                    found[concept.name, other] = Trade(product, concept.name, other, words)
    return list(found.values())


def _words(thesaurus: Thesaurus, name: str) -> list[str]:
    """Return the names of a concept, and for a product also its words."""
    stated = [name]
    for at in thesaurus.find(name):
        concept = thesaurus.concepts[at]
        stated += concept.all_names
        # The words of a sector would cover everything in it.
        stated += concept.words if concept.level == "product" else ()
    return [word for word in dict.fromkeys(map(normal, stated)) if len(word) >= _SHORTEST]
