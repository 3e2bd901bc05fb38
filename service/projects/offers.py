"""Fair competition (公平竞争审查): words in offers that match rules.

Matches are listed with their rules. Nothing here proposes an offer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from service.projects.rules import Rules
    from service.serving.interfaces import Document

CHECKLIST = (
    "是否限制或变相限制市场准入和退出（《公平竞争审查条例》第八条）",
    "是否限制商品、要素自由流动（第九条）",
    "没有法律、行政法规依据或未经国务院批准，是否影响生产经营成本：税收优惠，选择性、差异化的财政奖励或补贴，"
    "要素获取、行政事业性收费、政府性基金、社会保险费等优惠（第十条）",
    "是否影响生产经营行为：强制或变相强制垄断行为、超越权限定价、干预自主经营（第十一条）",
    "如适用例外规定，是否没有其他影响更小的方案，并确定了合理的实施期限或终止条件（第十二条）",
)
"""Questions for the officer, which the check of words does not answer."""


def check_offer(text: str, rules: Rules) -> Document:
    """Return the words of an offer that match a rule, and the remaining checklist.

    Returns
    -------
    dict
        `findings`, in the order of the text: word, `at` (its position), rule and gloss. `clear` is
        whether there are none, which is not a clearance. `source` is the origin of the words.
    """
    plain = "".join(text.split())
    findings: list[Document] = []
    for row in rules.rows("offers"):
        for word in (word.strip() for word in row["words"].split(";")):
            at = plain.find(word) if word else -1
            while at >= 0:
                findings.append(
                    {"word": word, "at": at, "rule": row["rule"], "gloss": row["gloss"]}
                )
                at = plain.find(word, at + len(word))
    findings.sort(key=lambda finding: (finding["at"], -len(finding["word"])))
    return {
        "clear": not findings,
        "findings": findings,
        "source": rules.source("offers"),
        "checklist": list(CHECKLIST),
    }
