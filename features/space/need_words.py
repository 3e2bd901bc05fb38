"""The words of a need: its own, and those of nodes, a language model and the thesaurus.

Sources, the strongest first: nodes and keywords stated by a need, a language model if configured,
the need's own text with the thesaurus, and with a low weight its context. Words edited and sent
back replace all of them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from features.industry.nodes import target_nodes
from features.texts.text import clear
from features.words.normal import normal
from features.words.understanding import FoundConcept, Understood, strongest, understand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.industry.chains import ChainMap
    from features.need import NeedQuery
    from features.words.fillers import Fillers
    from features.words.thesaurus import Thesaurus

_BRACKETS = re.compile(r"[(（]([^()（）]+)[)）]")
_BETWEEN = re.compile(r"[、，,;；]")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")

STATED_WEIGHT = 2.0
"""Weight of a node or keyword stated by the need or its basis, relative to a word of a certain
concept."""
NODE_WORD_WEIGHT = 1.0
CHAIN_NODE_WEIGHT = 0.3
"""Weight of a keyword of a stated node; of name and keywords of a node if the whole chain is
meant."""
BESIDE_STATED = 0.35
"""Weight of the industry's words next to stated nodes or keywords."""
MODEL_WEIGHT = 2.0
BESIDE_MODEL = 0.5
"""Weight of a language model's word, and of the thesaurus next to it."""
SECTOR_WEIGHT, CHAIN_WEIGHT = 0.3, 0.1
MAX_TEXT = 2_000
"""Maximum length of an industry that is read."""
MAX_STATED = 50
"""Maximum number of nodes and keywords; further ones are listed as ignored, up to `MAX_IGNORED`."""
MAX_LOOKED_UP = 20
"""How many of these are looked up in the thesaurus, in the stated order."""
MAX_WORD = 60
"""Maximum length of a node, keyword, sector or chain that is read."""
MAX_IGNORED = 50


def need_words(
    need: NeedQuery,
    chain_map: ChainMap,
    thesaurus: Thesaurus,
    fillers: Fillers,
    of_model: Sequence[str] | None = None,
) -> Understood:
    """Return how a need is understood.

    Parameters
    ----------
    need : NeedQuery
    chain_map : ChainMap
    thesaurus : Thesaurus
    fillers : Fillers
    of_model : sequence of str, optional
        The words of a language model, None if there are none.
    """
    # 其他塑料制品 has its own row: vague words are only left out if no concept has the name.
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
    """Return the products in brackets in a basis: 煤机 of `news 2025-10-21 (煤机)`.

    Brackets without a Chinese character contain a remark, not a product.
    """
    inner = _BRACKETS.findall(basis or "")
    parts = [part.strip() for text in inner for part in _BETWEEN.split(text)]
    return tuple(dict.fromkeys(part for part in parts if _CHINESE.search(part)))


def _add(weights: dict[str, float], words: Sequence[str], weight: float) -> None:
    for word in map(normal, words):
        if word:
            weights[word] = max(weights.get(word, 0.0), weight)
