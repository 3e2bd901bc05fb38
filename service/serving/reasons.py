"""Why an enterprise stands where it does: every contribution in words, with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.normal import normal
from models.blend import CONSTANT
from models.ranker import ranked_factors
from models.signals import SIGNALS
from service.serving.neighbours import gap_text, link_text
from service.serving.relation import Relation, same_head
from service.serving.sentences import FACTORS
from service.serving.signals import signal_text

if TYPE_CHECKING:
    from models.ranker import PoolRanker
    from service.serving.evidence import Evidence
    from service.serving.interfaces import Language
    from service.serving.items import Item

SEPARATORS: dict[Language, str] = {"zh": "；", "en": "; "}
_BY_ANALOGY = {"hybrid", "topic_words"}
_OF_THE_ZONE = {"supply_link", "gap"}
_OF_DEALS = {name for name, own in FACTORS.items() if "{deals}" in own.chinese[0]}
_SIDE_LINE = 0.05
"""A product with a smaller share of revenue is not called a main one."""


def reasons(
    bound: PoolRanker, parts: Any, evidence: Evidence, language: Language
) -> list[dict[str, Any]]:
    """Return every factor that is not zero, largest first: factor, contribution, text, evidence.

    A factor that rests on deals has their counts as `deals`, in its text too, where they are known.

    Parameters
    ----------
    bound : PoolRanker
    parts : ndarray of shape (factors + 1,)
        The contributions to one raw score; they are passed on unrounded.
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
    """Join the strongest reasons for a lead, those that point at it itself first.

    Where none of several is about the zone, the last one makes room for the strongest that does:
    what differs from other zones' lists is what an official asks first.
    """
    found = [r for r in stated if r["contribution"] > 0 and r["factor"] != CONSTANT]
    found.sort(key=lambda reason: reason["factor"] in _BY_ANALOGY)
    shown = found[:most]
    if most > 1 and not any(reason["factor"] in _OF_THE_ZONE for reason in shown):
        of_the_zone = [r for r in found[most:] if r["factor"] in _OF_THE_ZONE]
        shown[most - 1 :] = of_the_zone[:1] or shown[most - 1 :]
    # Why now is asked whatever else there is to say.
    shown += [r for r in found if r["factor"] == SIGNALS and r not in shown]
    return separator.join(reason["text"] for reason in shown)


def _sentence(factor: str, part: float, words: dict[str, str], language: Language) -> str:
    gloss = FACTORS[factor]
    templates = gloss.chinese if language == "zh" else gloss.english
    return templates[part < 0].format(**words)


def _words(evidence: Evidence, *, chinese: bool) -> dict[str, str]:
    """Return what the sentences of all factors may hold."""
    return {
        "answer": _answer_text(evidence, chinese=chinese),
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


def _answer_text(evidence: Evidence, *, chinese: bool) -> str:
    """Return which item answers which word; a product that is the word is named once."""
    answer = evidence.answer
    if answer is None:
        if not evidence.main:
            return (
                "主营产品未知，仅企业名称可供判断"
                if chinese
                else "what it makes is unknown; all there is to judge by is its name"
            )
        items = _listed([item.text for item in evidence.close], chinese=chinese)
        if chinese:
            return f"未见与需求直接对应的产品，较接近的是{items}"
        return f"nothing it makes answers the need directly; nearest are {items}"
    subject = _subject(evidence, answer.item, chinese=chinese)
    word = _quoted(answer.word, chinese=chinese)
    if chinese:
        word = ("所需的" if answer.wanted else "该领域的") + word
    if answer.relation is Relation.SAME:
        if answer.wanted:
            return f"{subject}正是需求所指" if chinese else f"{subject} is what is looked for"
        if chinese:
            return f"{subject}是所需产业的典型产品"
        return f"{subject} is typical of what is looked for"
    if answer.relation is Relation.KIND:
        return f"{subject}属于{word}" if chinese else f"{subject} is a kind of {word}"
    if answer.enough and same_head(answer.item.text, answer.word):
        return f"{subject}与{word}同类" if chinese else f"{subject} is akin to {word}"
    return f"{subject}与{word}相关" if chinese else f"{subject} has to do with {word}"


def _node_text(evidence: Evidence, *, chinese: bool) -> str:
    node = evidence.node
    if node is None:
        return "与所需环节相关" if chinese else "it has to do with the nodes wanted"
    named = f"「{node.name}」环节" if chinese else f"node “{node.name_en or node.name}”"
    if evidence.at_node is None:
        if evidence.fits:
            return f"企业登记在{named}" if chinese else f"it is stated to be at {named}"
        return f"可能与{named}有关" if chinese else f"it may have to do with {named}"
    if normal(evidence.at_node.text) == normal(node.name):
        of_scope = evidence.at_node.of_scope
        if chinese:
            return f"{'经营范围' if of_scope else '主营产品'}属于{named}"
        return f"its {'business scope' if of_scope else 'product'} is that of {named}"
    subject = _subject(evidence, evidence.at_node, chinese=chinese)
    if evidence.fits and evidence.of_node >= Relation.KIND:
        return f"{subject}属于{named}" if chinese else f"{subject} is of {named}"
    if evidence.fits and evidence.of_node is Relation.NEAR:
        return f"{subject}与{named}相关" if chinese else f"{subject} has to do with {named}"
    return f"{subject}可能与{named}有关" if chinese else f"{subject} may have to do with {named}"


def _akin_text(evidence: Evidence, *, chinese: bool) -> str:
    peer = evidence.akin
    if peer is None:
        return "该企业已被本需求选中" if chinese else "it was chosen for this very need"
    if peer.ours is None or peer.theirs is None:
        items = _listed([item.text for item in evidence.close], chinese=chinese)
        if chinese:
            own = f"其{items}等业务" if items else "企业名称所示业务"
        else:
            own = f"its business, such as {items}," if items else "its business by its name"
        if chinese:
            return f"{own}与此前为本需求选定的「{peer.name}」等企业相近"
        return f"{own} is like that of {peer.name} and others chosen for this need before"
    subject = _subject(evidence, peer.ours, chinese=chinese)
    if normal(peer.ours.text) == normal(peer.theirs):
        if chinese:
            return f"{subject}也是此前为本需求选定的「{peer.name}」的产品"
        return f"{subject} is a product of {peer.name} too, chosen for this need"
    if chinese:
        return f"{subject}与此前为本需求选定的「{peer.name}」的「{peer.theirs}」相近"
    return f"{subject} is like “{peer.theirs}” of {peer.name}, chosen for this need"


def _mention_text(evidence: Evidence, *, chinese: bool) -> str:
    """Return which words of the need stand in the profile, and where."""
    made, within, named = evidence.mention
    if made:
        words = _listed(made, chinese=chinese)
        return f"产品与经营内容中有{words}" if chinese else f"it makes or does {words}"
    if within:
        item, word = within[0]
        subject, word = _subject(evidence, item, chinese=chinese), _quoted(word, chinese=chinese)
        return f"{subject}涉及{word}" if chinese else f"{subject} concerns {word}"
    if named:
        words = _listed(named, chinese=chinese)
        return f"企业名称中有{words}" if chinese else f"its name holds {words}"
    return _answer_text(evidence, chinese=chinese)


def _business_text(evidence: Evidence, *, chinese: bool) -> str:
    """Return what the business as a whole is, beside what the need is after."""
    stated = {normal(item.text) for item in evidence.close}
    told = not evidence.aim or normal(evidence.aim) in stated
    aim = "" if told else _quoted(evidence.aim, chinese=chinese)
    if not evidence.main:
        if chinese:
            return f"企业名称所示业务与{aim or '所需'}领域相近"
        return f"by its name its business is near the field of {aim or 'the need'}"
    items = _listed([item.text for item in evidence.close], chinese=chinese)
    if chinese:
        return f"其{items}等业务与{aim or '所需'}领域相近"
    return f"its business, such as {items}, is near the field of {aim or 'the need'}"


def _pointed_at(factor: str, evidence: Evidence) -> list[str]:
    """Return product, node and whatever else the factor's sentence rests on."""
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
    elif factor == "need_head" and (peer := evidence.akin):
        found = [peer.ours.text if peer.ours else found[0], peer.name, peer.theirs]
    elif factor == "text_words":
        mention = evidence.mention
        within = [text for item, word in mention.within for text in (item.text, word)]
        found += mention.made or within or mention.named
    elif factor == "topic_words" and evidence.main:
        found = [item.text for item in evidence.close]
    elif factor == "item_words":
        found.append(evidence.answer.word if evidence.answer else None)
    elif factor == SIGNALS:
        shown = [text for signal in evidence.signals for text in (signal.text, signal.source)]
        found = shown if any(shown) else [evidence.name]
    return list(dict.fromkeys(text for text in found if text))


def _deals_text(deals: dict[str, Any], *, chinese: bool) -> str:
    """Return how many deals there are and how many of them here or in the industry."""
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
    """Return an item with what it is; the enterprise by its name where none is known."""
    if item is None:
        name = evidence.name
        return f"「{name}」（主营产品未知）" if chinese else f"“{name}” (products unknown)"
    kind = _kind(item, chinese=chinese)
    if item.share is not None and item.share < _SIDE_LINE:
        share = f"{100 * item.share:.2g}%"
        return f"{kind}（占收入{share}）" if chinese else f"{kind} ({share} of its revenue)"
    return kind


def _kind(item: Item, *, chinese: bool) -> str:
    text = _quoted(item.text, chinese=chinese)
    if item.of_scope:
        return f"经营范围中的{text}" if chinese else f"{text} in its business scope"
    if item.share is not None and item.share < _SIDE_LINE:
        return f"产品{text}" if chinese else f"its side product {text}"
    return f"主营产品{text}" if chinese else f"its product {text}"


def _listed(texts: list[str] | tuple[str, ...], *, chinese: bool) -> str:
    return ("、" if chinese else ", ").join(_quoted(text, chinese=chinese) for text in texts)


def _quoted(text: str, *, chinese: bool) -> str:
    return f"「{text}」" if chinese else f"“{text}”"
