"""The words that stand for a need: what it says itself, and what is known of it besides.

Words come, the strongest first, from the nodes and keywords that a need states, from a language
model where there is one, from the need's own text and the thesaurus, and a little from its context.
What was edited and sent back takes the place of all of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from features.nodes import target_nodes
from features.normal import normal
from features.text import clear
from features.understanding import FoundConcept, Understood, strongest, understand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.chains import ChainMap
    from features.need import NeedQuery
    from features.thesaurus import Thesaurus
    from features.understanding import Fillers

STATED_WEIGHT = 2.0
"""A node or keyword that the need states, next to a word of a concept that is sure."""
NODE_WORD_WEIGHT = 1.0
CHAIN_NODE_WEIGHT = 0.3
"""A keyword of a stated node; name and keywords of a node when the whole chain is meant."""
BESIDE_STATED = 0.35
"""What the industry counts beside nodes or keywords that are stated."""
MODEL_WEIGHT = 2.0
BESIDE_MODEL = 0.3
"""A word of a language model, and what the thesaurus counts beside it."""
SECTOR_WEIGHT, CHAIN_WEIGHT = 0.3, 0.1


def need_words(
    need: NeedQuery,
    chain_map: ChainMap,
    thesaurus: Thesaurus,
    fillers: Fillers,
    of_model: Sequence[str] | None = None,
) -> Understood:
    """Return what a need is taken for.

    Parameters
    ----------
    need : NeedQuery
    chain_map : ChainMap
    thesaurus : Thesaurus
    fillers : Fillers
    of_model : sequence of str, optional
        The words of a language model, None where none was asked or none answered.
    """
    # 其他塑料制品 has a row of its own: what is left out as vague is left out where nothing has it.
    known = thesaurus.find(need.industry)
    industry = need.industry if known else clear(need.industry)
    understood = understand(industry, thesaurus, fillers)
    if need.words:
        weights = {normal(word): weight for word, weight in need.words}
        return replace(understood, words=strongest(weights), notes=())
    weights = dict(understood.words)
    concepts = list(understood.concepts)
    if of_model:
        weights = {word: BESIDE_MODEL * weight for word, weight in weights.items()}
        _add(weights, of_model, MODEL_WEIGHT)
        concepts = [FoundConcept("、".join(of_model[:3]), 1.0, "language model"), *concepts]
    stated = [node for text in need.nodes if (node := chain_map.find_node(text))]
    others = [text for text in need.nodes if chain_map.find_node(text) is None]
    if stated or others or need.keywords:
        weights = {word: BESIDE_STATED * weight for word, weight in weights.items()}
    for node in stated:
        _add(weights, [node.name], STATED_WEIGHT)
        _add(weights, node.keywords, NODE_WORD_WEIGHT)
        concepts.append(FoundConcept(node.name, 1.0, "chain map"))
    for text in (*others, *need.keywords):
        for word, weight in understand(text, thesaurus, fillers).words:
            _add(weights, [word], weight)
        _add(weights, [text], STATED_WEIGHT)
    if not need.nodes:
        for node in target_nodes(need, chain_map):
            _add(weights, [node.name, *node.keywords], CHAIN_NODE_WEIGHT)
    for context, weight in ((need.sector, SECTOR_WEIGHT), (need.chain, CHAIN_WEIGHT)):
        if context:
            _add(weights, [clear(context)], weight)
    named = bool(of_model or stated or others or need.keywords)
    return replace(
        understood,
        concepts=tuple(concepts),
        words=strongest(weights),
        notes=() if named else understood.notes,
        of_model=tuple(map(normal, of_model or ())),
    )


def _add(weights: dict[str, float], words: Sequence[str], weight: float) -> None:
    for word in map(normal, words):
        if word:
            weights[word] = max(weights.get(word, 0.0), weight)
