"""Names and sentences of the factors, in Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.factors.own_factors import own_factors


@dataclass(frozen=True)
class FactorGloss:
    """The name of a factor, and its sentences for a positive and a negative contribution.

    Placeholders: {answer}, {kind}, {node}, {akin}, {shared}, {business}; for the zone {link} and
    {gap}, with their products {traded} and {filled}; {signal} is a recent signal.
    """

    gloss: str
    chinese: tuple[str, str]
    english: tuple[str, str]


FACTORS: Mapping[str, FactorGloss] = {
    "item_words": FactorGloss(
        "产品对应",
        ("{answer}", "已知的产品与经营项目中，与需求对应的不多"),
        ("{answer}", "few of its known products and activities match the need"),
    ),
    "item_kinds": FactorGloss(
        "产品类别",
        ("{kind}", "已知的产品与经营项目中，属于所需类别的不多"),
        ("{kind}", "few of its known products and activities are of a needed kind"),
    ),
    "text_words": FactorGloss(
        "经营内容",
        ("{shared}", "名称与经营内容很少涉及需求所指"),
        ("{shared}", "name and business hardly mention what is needed"),
    ),
    "topic_words": FactorGloss(
        "业务领域",
        ("{business}", "整体业务与所需领域差别较大"),
        (
            "{business}",
            "its business as a whole is in another field",
        ),
    ),
    "node_match": FactorGloss(
        "环节匹配",
        ("{node}", "未见属于所需环节的产品"),
        ("{node}", "none of its known products belongs to the nodes of the need"),
    ),
    "industry_code": FactorGloss(
        "行业代码",
        ("国标行业代码与需求一致或同属一类", "国标行业代码与需求不属一类"),
        (
            "the industry code agrees with the need",
            "the industry code is of another class than the need",
        ),
    ),
    "supply_link": FactorGloss(
        "供需联系",
        ("{link}，{traded}", "与本区已有企业少见供需联系"),
        ("{link}, with {traded}", "it has hardly any links with enterprises of the zone"),
    ),
    "gap": FactorGloss(
        "补链强链",
        ("{gap}，{filled}", "对本区所缺环节补充有限"),
        ("{gap}; {filled} fits", "it hardly fills gaps of the zone"),
    ),
    "proximity": FactorGloss(
        "距离",
        ("企业所在地距开发区较近", "企业所在地距开发区较远"),
        (
            "the seat is near the zone",
            "the seat is far from the zone",
        ),
    ),
    **{own.name: FactorGloss(own.gloss, own.chinese, own.english) for own in own_factors()},
    "hybrid": FactorGloss(
        "以往选择",
        (
            "地区、行业、规模等特征与以往同类需求选中的企业相近",
            "地区、行业、规模等特征与以往同类需求选中的企业不同",
        ),
        (
            "in place, industry and size it is like enterprises chosen for such needs before",
            "in place, industry and size it differs from enterprises chosen for such needs before",
        ),
    ),
    "need_head": FactorGloss(
        "已选相似",
        ("{akin}", "业务与此前为本需求选定的企业不同"),
        ("{akin}", "its business differs from that of those chosen for this need"),
    ),
    "track_record": FactorGloss(
        "投资记录",
        ("在同类产业已有落地或签约项目{deals}", "有项目记录，但少有同类产业的{deals}"),
        (
            "has made deals in this or a related industry{deals}",
            "has made deals, but few in such industries{deals}",
        ),
    ),
    "place_affinity": FactorGloss(
        "落地倾向",
        ("在本区、同区域或邻近地区已有项目{deals}", "有项目记录，但少在本地区{deals}"),
        (
            "has made deals in this zone, its region or near by{deals}",
            "has made deals, but few around here{deals}",
        ),
    ),
    "signals": FactorGloss(
        "近期动向",
        ("{signal}", "近期动向不支持"),
        ("{signal}", "its recent news count against it"),
    ),
    "constant": FactorGloss(
        "基准",
        (
            "基准分：按前十名与需求的总体符合程度校准",
            "基准分：按前十名与需求的总体符合程度校准",
        ),
        (
            "constant: set by how well the first ten answer the need as a whole",
            "constant: set by how well the first ten answer the need as a whole",
        ),
    ),
}
"""The factors of the ranking. Sentences: for a positive and for a negative contribution."""
