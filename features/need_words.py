"""The words that stand for a need: what it says itself, and what is known of it besides.

Words come, the strongest first, from the nodes and keywords that a need states, from a language
model where there is one, from the need's own text and the thesaurus, and a little from its context.
What was edited and sent back takes the place of all of them.
"""

from __future__ import annotations

import re
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

_BRACKETS = re.compile(r"[(（]([^()（）]+)[)）]")
_BETWEEN = re.compile(r"[、，,;；]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")

STATED_WEIGHT = 2.0
"""A node or keyword that the need or its basis states, next to a word of a concept that is sure."""
NODE_WORD_WEIGHT = 1.0
CHAIN_NODE_WEIGHT = 0.3
"""A keyword of a stated node; name and keywords of a node when the whole chain is meant."""
BESIDE_STATED = 0.35
"""What the industry counts beside nodes or keywords that are stated."""
MODEL_WEIGHT = 2.0
BESIDE_MODEL = 0.5
"""A word of a language model, and what the thesaurus counts beside it."""
SECTOR_WEIGHT, CHAIN_WEIGHT = 0.3, 0.1
MAX_TEXT = 2_000
"""Characters of an industry that are read."""
MAX_STATED = 50
"""Nodes and keywords that are read; others are left out and named as ignored, as far as there is
room for `MAX_IGNORED`."""
MAX_LOOKED_UP = 20
"""Of these, how many are looked up in the thesaurus: the first that are stated."""
MAX_WORD = 60
"""Characters of a node, keyword, sector or chain that are read."""
MAX_IGNORED = 50


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
    # 其他塑料制品 has its own row: what is left out as vague is left out where nothing has it.
    text = need.industry[:MAX_TEXT]
    industry = text if thesaurus.find(text) else clear(text)
    understood = understand(industry, thesaurus, fillers)
    understood = replace(understood, ignored=understood.ignored[:MAX_IGNORED])
    if need.words:
        weights = {normal(word)[:MAX_WORD]: weight for word, weight in need.words}
        return replace(understood, words=strongest(weights), notes=())
    weights = dict(understood.words)
    concepts = list(understood.concepts)
    if of_model:
        weights = {word: BESIDE_MODEL * weight for word, weight in weights.items()}
        _add(weights, of_model, MODEL_WEIGHT)
        concepts = [FoundConcept("、".join(of_model[:3]), 1.0, "language model"), *concepts]
    nodes = need.nodes[:MAX_STATED]
    stated_words = (*need.keywords, *specialities(need.basis))
    keywords = stated_words[: MAX_STATED - len(nodes)]
    unread = (*need.nodes[len(nodes) :], *stated_words[len(keywords) :])
    stated = [node for text in nodes if (node := chain_map.find_node(text))]
    others = [text for text in nodes if chain_map.find_node(text) is None]
    texts = [text[:MAX_WORD] for text in (*others, *keywords)]
    if stated or texts:
        weights = {word: BESIDE_STATED * weight for word, weight in weights.items()}
    for node in stated:
        _add(weights, [node.name], STATED_WEIGHT)
        _add(weights, node.keywords, NODE_WORD_WEIGHT)
        concepts.append(FoundConcept(node.name, 1.0, "chain map"))
    for text in texts[:MAX_LOOKED_UP]:
        for word, weight in understand(text, thesaurus, fillers).words:
            _add(weights, [word], weight)
    _add(weights, texts, STATED_WEIGHT)
    if not need.nodes:
        for node in target_nodes(need, chain_map):
            _add(weights, [node.name, *node.keywords], CHAIN_NODE_WEIGHT)
    for context, weight in ((need.sector, SECTOR_WEIGHT), (need.chain, CHAIN_WEIGHT)):
        if context:
            _add(weights, [clear(context)[:MAX_WORD]], weight)
    named = bool(of_model or stated or texts)
    room = MAX_IGNORED - len(understood.ignored)
    return replace(
        understood,
        concepts=tuple(concepts),
        words=strongest(weights),
        ignored=(*understood.ignored, *(text[:MAX_WORD] for text in unread[:room])),
        notes=() if named else understood.notes,
        of_model=tuple(map(normal, of_model or ())),
    )


def specialities(basis: str | None) -> tuple[str, ...]:
    """Return what a basis says in brackets of what is wanted: 煤机 of `news 2025-10-21 (煤机)`.

    Brackets without a Chinese character hold a remark, not a product.
    """
    inner = _BRACKETS.findall(basis or "")
    parts = [part.strip() for text in inner for part in _BETWEEN.split(text)]
    return tuple(dict.fromkeys(part for part in parts if _CHINESE.search(part)))


def _add(weights: dict[str, float], words: Sequence[str], weight: float) -> None:
    for word in map(normal, words):
        if word:
            weights[word] = max(weights.get(word, 0.0), weight)
