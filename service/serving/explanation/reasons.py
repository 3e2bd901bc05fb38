"""Reasons of a rank: every contribution as a sentence with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.words.normal import normal
from features.words.relation import Relation
from models.factors.signals import SIGNALS
from models.scoring.blend import CONSTANT
from models.scoring.ranker import ranked_factors
from service.serving.explanation.items import is_small
from service.serving.explanation.neighbours import gap_text, link_text
from service.serving.explanation.sentences import FACTORS
from service.serving.explanation.signals import signal_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.scoring.ranker import PoolRanker
    from service.serving.explanation.evidence import Evidence
    from service.serving.explanation.items import Item, ItemAnswer
    from service.serving.explanation.precedents import Precedent
    from service.serving.interfaces import Language

SEPARATORS: dict[Language, str] = {"zh": "；", "en": "; "}
_BY_ANALOGY = {"hybrid", "topic_words"}
_OF_THE_ZONE = {"supply_link", "gap"}
_OF_DEALS = {name for name, own in FACTORS.items() if "{deals}" in own.chinese[0]}
_TRACE = 0.001


def reasons(
    bound: PoolRanker, parts: Any, evidence: Evidence, language: Language
) -> list[dict[str, Any]]:
    """Return all non-zero factors, largest first: factor, contribution, text, evidence.

    A factor based on deals has their counts as `deals` and in its text, if they are known.

    Parameters
    ----------
    bound : PoolRanker
    parts : ndarray of shape (factors + 1,)
        The contributions to one raw score; they are returned unrounded.
    evidence : Evidence
    language : {"zh", "en"}
    """
    words = _words(evidence, chinese=language == "zh")
    known = bool(evidence.deals.get("deals"))
    return [
        {
            "factor": factor,
            "contribution": part,
            "text": _sentence(factor, part, words, language),
            "evidence": _pointed_at(factor, evidence),
            **({"deals": evidence.deals} if factor in _OF_DEALS and known else {}),
        }
        for factor, part in ranked_factors(bound.ranker.blend.factors, parts)
    ]


def summary(stated: list[dict[str, Any]], separator: str, most: int = 3) -> str:
    """Join the strongest reasons for a lead, those about the enterprise itself first.

    If none of several is about the zone, the last one is replaced by the strongest one that is:
    officials look first for the difference from other zones' lists. The kind of an item that is
    already named is left out, so that its name is not repeated.
    """
    found = [r for r in stated if r["contribution"] > 0 and r["factor"] != CONSTANT]
    named = {text for r in found if r["factor"] == "item_words" for text in r["evidence"][:1]}
    found = [r for r in found if r["factor"] != "item_kinds" or named.isdisjoint(r["evidence"][:1])]
    found.sort(key=lambda reason: reason["factor"] in _BY_ANALOGY)
    shown = found[:most]
    if most > 1 and not any(reason["factor"] in _OF_THE_ZONE for reason in shown):
        of_the_zone = [r for r in found[most:] if r["factor"] in _OF_THE_ZONE]
        shown[most - 1 :] = of_the_zone[:1] or shown[most - 1 :]
    # The reason to act now is always included.
    shown += [r for r in found if r["factor"] == SIGNALS and r not in shown]
    return separator.join(dict.fromkeys(reason["text"] for reason in shown))


def _sentence(factor: str, part: float, words: dict[str, str], language: Language) -> str:
    gloss = FACTORS[factor]
    templates = gloss.chinese if language == "zh" else gloss.english
    return templates[part < 0].format(**words)


def _words(evidence: Evidence, *, chinese: bool) -> dict[str, str]:
    """Return the values for the placeholders of the factors' sentences."""
    return {
        "answer": _answer_text(evidence, evidence.answer, chinese=chinese),
        "kind": _answer_text(evidence, evidence.kind or evidence.answer, chinese=chinese),
        "traded": _subject(evidence, evidence.traded or evidence.best, chinese=chinese),
        "filled": _subject(evidence, evidence.filled or evidence.best, chinese=chinese),
        "link": link_text(evidence.link, chinese=chinese),
        "gap": gap_text(evidence.filling, evidence.gap_node, chinese=chinese),
        "deals": _deals_text(evidence.deals, chinese=chinese),
        "node": _node_text(evidence, chinese=chinese),
        "akin": _akin_text(evidence, chinese=chinese),
        "shared": _mention_text(evidence, chinese=chinese),
        "business": _business_text(evidence, chinese=chinese),
        "signal": signal_text(evidence.signals, chinese=chinese),
    }


_TIES: dict[Relation, tuple[str, str]] = {
    Relation.KIND: ("{item}属于{word}", "{item} is a kind of {word}"),
    Relation.AKIN: ("{item}与{word}同类", "{item} is akin to {word}"),
    Relation.BROADER: ("{item}可能包括{word}", "{item} may include {word}"),
    Relation.INPUT: ("{item}可用于{word}", "{item} can go into {word}"),
    Relation.SIBLING: (
        "{item}与{word}同属「{through}」",
        "{item} and {word} both belong to “{through}”",
    ),
    Relation.NEAR: ("{item}与{word}相关", "{item} is related to {word}"),
}


def _answer_text(evidence: Evidence, answer: ItemAnswer | None, *, chinese: bool) -> str:
    """Return the sentence of an item and the word that it answers; equal names are shown once."""
    if answer is None:
        return _no_answer_text(evidence, chinese=chinese)
    subject = _subject(evidence, answer.item, chinese=chinese)
    alike = normal(answer.item.text) == normal(answer.word)
    if answer.relation is Relation.SAME or (alike and answer.relation is not Relation.NEAR):
        if answer.wanted:
            return f"{subject}正是需求所指" if chinese else f"{subject} is exactly what is needed"
        if chinese:
            return f"{subject}是所需产业的典型产品"
        return f"{subject} is typical of the needed industry"
    word = "" if alike else _quoted(answer.word, chinese=chinese)
    if chinese:
        field = "该领域的" if word else "该领域"
        word = ("所需的" if answer.wanted else field) + word
    else:
        word = word or "the field"
    sentence = _TIES[answer.relation][0 if chinese else 1]
    return sentence.format(item=subject, word=word, through=answer.through)


def _no_answer_text(evidence: Evidence, *, chinese: bool) -> str:
    """Return the sentence of its main business, if no known item answers the need."""
    if evidence.of_chain and evidence.fits and evidence.of_node >= Relation.KIND:
        return _node_text(evidence, chinese=chinese)
    aim = _quoted(evidence.aim, chinese=chinese) if evidence.aim else ""
    if evidence.main:
        items = _listed([item.text for item in evidence.main], chinese=chinese)
        near = ""
        if evidence.near and evidence.near not in evidence.main:
            nearest = _subject(evidence, evidence.near, chinese=chinese)
            near = f"，较接近的是{nearest}" if chinese else f", the closest being {nearest}"
        if chinese:
            aim = aim or "需求"
            return f"未能确认与{aim}直接对应的产品{near}，主要经营{items}"
        aim = aim or "the need"
        return f"no product could be confirmed to match {aim}{near}; its main business is {items}"
    if named := evidence.mention.named:
        words = _listed(named, chinese=chinese)
        if chinese:
            return f"主营产品未知，企业名称中有{words}"
        return f"its products are unknown; its name contains {words}"
    if chinese:
        return f"主营产品未知，企业名称未直接提及{aim or '需求'}，有待核实"
    return f"its products are unknown, and its name does not mention {aim or 'the need'}: to check"


def _node_text(evidence: Evidence, *, chinese: bool) -> str:
    node = evidence.node
    if node is None:
        return "与所需环节相关" if chinese else "it is related to the nodes of the need"
    named = f"「{node.name}」环节" if chinese else f"node “{node.name_en or node.name}”"
    if evidence.at_node is None:
        if evidence.fits:
            return f"企业登记在{named}" if chinese else f"it is stated to be at {named}"
        return f"可能与{named}有关" if chinese else f"it may be related to {named}"
    subject = _subject(evidence, evidence.at_node, chinese=chinese)
    if normal(evidence.at_node.text) == normal(node.name):
        return f"{subject}正是产业链的一个环节" if chinese else f"{subject} is itself a node"
    if evidence.fits and evidence.of_node >= Relation.KIND:
        return f"{subject}属于{named}" if chinese else f"{subject} is of {named}"
    if evidence.fits and evidence.of_node is Relation.NEAR:
        return f"{subject}与{named}相关" if chinese else f"{subject} is related to {named}"
    return f"{subject}可能与{named}有关" if chinese else f"{subject} may be related to {named}"


def _akin_text(evidence: Evidence, *, chinese: bool) -> str:
    akin = evidence.akin
    if akin is None:
        return "该企业已被本需求选中" if chinese else "it was chosen for this need"
    if akin.ours is None or akin.theirs is None:
        return _most_like_text(evidence, akin, chinese=chinese)
    subject = _subject(evidence, akin.ours, chinese=chinese)
    if normal(akin.ours.text) == normal(akin.theirs):
        if chinese:
            return f"{subject}也是此前为本需求选定的「{akin.name}」的产品"
        return f"{subject} is a product of {akin.name} too, chosen for this need"
    if chinese:
        return f"{subject}与此前为本需求选定的「{akin.name}」的「{akin.theirs}」相近"
    return f"{subject} is like “{akin.theirs}” of {akin.name}, chosen for this need"


def _most_like_text(evidence: Evidence, akin: Precedent, *, chinese: bool) -> str:
    """Return the sentence of its business and the most similar enterprise, if no items match."""
    shown = [item.text for item in evidence.related or evidence.main]
    own = _items_text(evidence.related or evidence.main, chinese=chinese)
    unsure = ""
    if not own:
        own = "主营产品未知；" if chinese else "its products are unknown; "
        if evidence.mention.named:
            own = _no_answer_text(evidence, chinese=chinese) + ("；" if chinese else "; ")
        unsure = "，有待核实" if chinese else ": to check"
    elif evidence.related:
        own = f"相关业务有{own}；" if chinese else f"its business is {own}; "
    else:
        own = f"主要经营{own}；" if chinese else f"its main business is {own}; "
    theirs = akin.theirs and normal(akin.theirs)
    told = not theirs or theirs in map(normal, shown)
    makes = "" if told else _quoted(str(akin.theirs), chinese=chinese)
    if chinese:
        makes = makes and f"（主营{makes}）"
        return f"{own}此前为本需求选定的企业中，与其最接近的是「{akin.name}」{makes}{unsure}"
    makes = makes and f" ({makes})"
    return f"{own}of those chosen for this need it is most like {akin.name}{makes}{unsure}"


def _mention_text(evidence: Evidence, *, chinese: bool) -> str:
    """Return the sentence of the need's words in the profile, with their places."""
    made, within, named = evidence.mention
    if evidence.named_as and not _is_kind(evidence.answer):
        return _named_as_text(evidence, chinese=chinese)
    # Side lines are not named where a main product answers.
    answered = evidence.answer is not None and not evidence.answer.item.is_side_line
    if made and not (answered and all(is_small(share) for _, share in made)):
        words = _with_shares(made, chinese=chinese)
        return (
            f"产品与经营内容中有{words}"
            if chinese
            else f"its products and activities include {words}"
        )
    if made or evidence.answer or not evidence.main:
        return _answer_text(evidence, evidence.answer, chinese=chinese)
    if within:
        item, word = within[0]
        subject, word = _subject(evidence, item, chinese=chinese), _quoted(word, chinese=chinese)
        return f"{subject}涉及{word}" if chinese else f"{subject} concerns {word}"
    if named:
        words = _listed(named, chinese=chinese)
        return f"企业名称中有{words}" if chinese else f"its name contains {words}"
    return _no_answer_text(evidence, chinese=chinese)


def _business_text(evidence: Evidence, *, chinese: bool) -> str:
    """Return the sentence of the business as a whole, compared with the need."""
    if evidence.named_as and not _is_kind(evidence.answer):
        return _named_as_text(evidence, chinese=chinese)
    if not evidence.related:
        return _no_answer_text(evidence, chinese=chinese)
    stated = {normal(item.text) for item in evidence.related}
    known = not evidence.aim or normal(evidence.aim) in stated
    aim = "" if known else _quoted(evidence.aim, chinese=chinese)
    items = _items_text(evidence.related, chinese=chinese)
    if chinese:
        how = "属于{}领域" if evidence.is_direct else "与{}领域相近"
        return f"其{items}等业务" + how.format(aim or "所需")
    how = "in" if evidence.is_direct else "near"
    return f"its business, such as {items}, is {how} the field of {aim or 'the need'}"


def _is_kind(answer: ItemAnswer | None) -> bool:
    return answer is not None and answer.relation >= Relation.KIND


def _named_as_text(evidence: Evidence, *, chinese: bool) -> str:
    named = _quoted(evidence.named_as, chinese=chinese)
    return f"企业名称中即有{named}" if chinese else f"its name states {named}"


def _pointed_at(factor: str, evidence: Evidence) -> list[str]:
    """Return the evidence of a factor's sentence: product, node and others."""
    if factor == CONSTANT:
        return []
    best = evidence.best
    found: list[str | None] = [best.text if best else evidence.name]
    if factor == "supply_link" and (tie := evidence.link):
        edge = (tie.ours.name, tie.theirs.name)[:: 1 if tie.supplies else -1]
        found = [tie.product or found[0], tie.with_whom, " → ".join(edge)]
    elif factor == "gap" and (fills := evidence.filling) and evidence.gap_node:
        found = [
            evidence.filled.text if evidence.filled else found[0],
            evidence.gap_node.name,
            *(name for name, _ in fills.others[:3]),
        ]
    elif factor == "node_match":
        found = [evidence.at_node.text if evidence.at_node else found[0]]
        found.append(evidence.node.name if evidence.node else None)
    elif factor == "need_head" and (akin := evidence.akin):
        found = [akin.ours.text if akin.ours else found[0], akin.name, akin.theirs]
    elif factor == "text_words":
        mention = evidence.mention
        within = [text for item, word in mention.within for text in (item.text, word)]
        found += [word for word, _ in mention.made] or within or mention.named
    elif factor == "topic_words" and evidence.main:
        found = [item.text for item in evidence.related or evidence.main]
    elif factor in {"item_words", "item_kinds"}:
        answer = evidence.kind or evidence.answer if factor == "item_kinds" else evidence.answer
        found = [answer.item.text, answer.word] if answer else found
    elif factor == SIGNALS:
        shown = [text for signal in evidence.signals for text in (signal.text, signal.source)]
        found = shown if any(shown) else [evidence.name]
    return list(dict.fromkeys(text for text in found if text))


def _deals_text(deals: dict[str, Any], *, chinese: bool) -> str:
    """Return the counts of deals, in total, in the industry and in the zone."""
    if not deals.get("deals"):
        return ""
    shown = (
        "（项目 {deals} 个：同产业 {industry}、本区 {zone}、周边 {area}，最近 {last} 年）"
        if chinese
        else " ({deals} deals: {industry} in the industry, {zone} in the zone, {area} around it; "
        "the last in {last})"
    )
    return shown.format(**deals)


def _subject(evidence: Evidence, item: Item | None, *, chinese: bool) -> str:
    """Return an item with its type, or the name of the enterprise if no item is known."""
    if item is None:
        name = evidence.name
        return f"「{name}」（主营产品未知）" if chinese else f"“{name}” (products unknown)"
    others = [main.text for main in evidence.main if main is not item and not main.is_side_line]
    shown = _share_text(item.share, *others[:1], chinese=chinese)
    return _kind(item, chinese=chinese) + shown


def _share_text(share: float | None, main: str = "", *, chinese: bool) -> str:
    """Return a small share of revenue, with the main product, in brackets; nothing for others."""
    if share is None or not is_small(share):
        return ""
    stated = f"{100 * share:.2g}%" if share >= _TRACE else f"<{_TRACE:.1%}"
    mainly = _quoted(main, chinese=chinese) if main else ""
    if chinese:
        return f"（占收入{stated}" + (f"，主营{mainly}" if main else "") + "）"
    return f" ({stated} of its revenue" + (f", which is mainly {mainly}" if main else "") + ")"


def _kind(item: Item, *, chinese: bool) -> str:
    text = _quoted(item.text, chinese=chinese)
    if item.of_scope:
        return f"经营范围中的{text}" if chinese else f"{text} in its business scope"
    if not item.chief and item.share is None:
        return f"经营内容{text}" if chinese else f"its activity {text}"
    if not item.chief:
        return f"产品{text}" if chinese else f"its side product {text}"
    return f"主营产品{text}" if chinese else f"its product {text}"


def _items_text(items: Iterable[Item], *, chinese: bool) -> str:
    return _with_shares(((item.text, item.share) for item in items), chinese=chinese)


def _listed(texts: Iterable[str], *, chinese: bool) -> str:
    return _with_shares(((text, None) for text in texts), chinese=chinese)


def _with_shares(stated: Iterable[tuple[str, float | None]], *, chinese: bool) -> str:
    """Return texts, quoted, those of side lines with their shares of revenue."""
    return ("、" if chinese else ", ").join(
        _quoted(text, chinese=chinese) + _share_text(share, chinese=chinese)
        for text, share in stated
    )


def _quoted(text: str, *, chinese: bool) -> str:
    return f"「{text}」" if chinese else f"“{text}”"
