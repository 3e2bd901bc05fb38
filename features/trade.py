"""What goes into a product and what it goes into, by the thesaurus, as words to look for.

A product is taken for the concepts that it names, or that its end names: the head of a Chinese
compound is its end. Inputs are what these are made of, and whatever says that it goes into them;
uses are what they go into, and whatever is made of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from features.normal import normal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from features.thesaurus import Thesaurus

_SHORTEST = 2
"""Words of one character, such as 银, stand in too much that is something else."""


class Trade(NamedTuple):
    """One step between a product and what is traded for it.

    Attributes
    ----------
    product : str
        As the enterprise states it.
    concept : str
        What it was taken for.
    other : str
        What goes into that, or what it goes into.
    words : tuple of str
        The words, in their normal form, by which makers of the other are known.
    """

    product: str
    concept: str
    other: str
    words: tuple[str, ...]


def concepts_of(thesaurus: Thesaurus, product: str) -> tuple[int, ...]:
    """Return the concepts that a product is: those it names, else those that its end names."""
    if found := thesaurus.find(product):
        return found
    text = normal(product)
    ending = [named for named in thesaurus.within(text) if named.stop == len(text)]
    return ending[0].concepts if ending else ()


def trades(thesaurus: Thesaurus, products: Iterable[str], *, inputs: bool) -> list[Trade]:
    """Return what goes into these products, or (`inputs` false) what they go into.

    Products of the enterprise itself are left out, and so are those without their own word.
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
    """Return the names of what is called so, and of a product the words of its makers too."""
    stated = [name]
    for at in thesaurus.find(name):
        concept = thesaurus.concepts[at]
        stated += [concept.name, *concept.names]
        # The words of a whole sector are of everything in it.
        stated += concept.words if concept.level == "product" else ()
    return [word for word in dict.fromkeys(map(normal, stated)) if len(word) >= _SHORTEST]
