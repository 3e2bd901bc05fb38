"""Items of a registered business scope or a description.

A scope such as 「一般项目：锂离子电池制造；电池销售；货物进出口」 has items (锂离子电池, 电池),
activities and boilerplate. Activities and boilerplate are removed.
"""

from __future__ import annotations

import re
from functools import cache

from features.words.fillers import shipped_fillers
from features.words.normal import normal

MAX_ITEMS = 80
_LONGEST = 60
_BREAK = re.compile(r"[;；,，。、\n\r\t:：()（）【】\[\]/|]+|以及|和|及|与")
_ACTS = [
    "研究",
    "研发",
    "研制",
    "开发",
    "设计",
    "生产",
    "制造",
    "加工",
    "销售",
    "批发",
    "零售",
    "服务",
    "经营",
    "贸易",
    "购销",
    "安装",
    "维修",
    "维护",
    "租赁",
    "提供",
    "从事",
    "包括",
    "主要",
    "各种",
    "各类",
    "相关",
    "有关",
    "用于",
    "业务",
    "产品",
]
_OPENING = re.compile(
    rf"^(?:{'|'.join(_ACTS)}|该公司|公司|其|还|并|的|为|等|是|一般经营项目|许可经营项目|许可项目|一般项目)+"
)
_CLOSING = re.compile(rf"(?:的?(?:{'|'.join(_ACTS)}|等|其他))+$")


def scope_items(scope: str) -> list[str]:
    """Return the distinct items of a business scope or a description, in order.

    Activities (生产, 销售 …) and boilerplate (货物进出口 …) are omitted; at most `MAX_ITEMS` are
    returned.

    Examples
    --------
    >>> scope_items("一般项目：锂离子电池制造；电池销售；货物进出口")
    ['锂离子电池', '电池']
    """
    found: dict[str, None] = {}
    everybody = _boilerplate()
    for piece in _BREAK.split(scope):
        text = piece.strip()
        if not text or normal(text) in everybody:
            continue
        text = _CLOSING.sub("", _OPENING.sub("", text)).strip()
        if 1 < len(text) < _LONGEST and normal(text) not in everybody:
            found.setdefault(text)
        if len(found) == MAX_ITEMS:
            break
    return list(found)


@cache
def _boilerplate() -> frozenset[str]:
    return frozenset(shipped_fillers().scope)
