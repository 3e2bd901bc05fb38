"""The factors of the ranking in words, Chinese and English."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FactorGloss:
    """How a factor is called, and what its reason says when it speaks for or against a lead.

    The sentences may hold {subject}, {name}, {node}, {akin}, {shared}, and for what the zone has
    {link} and {gap}, with the products {traded} and {filled} that they rest on.
    """

    gloss: str
    chinese: tuple[str, str]
    english: tuple[str, str]


FACTORS: Mapping[str, FactorGloss] = {
    "text_similarity": FactorGloss(
        "用字相近",
        (
            "名称、产品用字与需求相近{shared}，如{subject}",
            "名称、产品用字与需求相差较大，如{subject}",
        ),
        (
            "names and products are worded like the need{shared}, such as {subject}",
            "names and products are not worded like the need, such as {subject}",
        ),
    ),
    "topic_similarity": FactorGloss(
        "主题相近",
        ("{subject}所属业务主题与需求相近", "{subject}所属业务主题与需求相差较大"),
        (
            "{subject} belongs to the topics of the need",
            "{subject} belongs to other topics than the need",
        ),
    ),
    "meaning_similarity": FactorGloss(
        "业务语义",
        (
            "以{subject}为代表的整体业务与需求语义相近",
            "以{subject}为代表的整体业务与需求语义相差较大",
        ),
        (
            "the business as a whole, with {subject}, means much the same as the need",
            "the business as a whole, with {subject}, means something else than the need",
        ),
    ),
    "product_similarity": FactorGloss(
        "最近产品",
        ("{subject}与需求直接对应", "最接近需求的{subject}仍有距离"),
        ("{subject} answers the need directly", "even {subject} is some way from the need"),
    ),
    "industry_match": FactorGloss(
        "典型产品",
        (
            "所产属所需产业的典型产品，以{subject}为代表",
            "所产与所需产业的典型产品相差较大，如{subject}",
        ),
        (
            "what it makes is typical of the industry asked for, with {subject}",
            "what it makes is not typical of the industry asked for, as {subject}",
        ),
    ),
    "node_match": FactorGloss(
        "环节匹配",
        ("{subject}匹配{node}", "{subject}与{node}匹配度低"),
        ("{subject} fits {node}", "{subject} hardly fits {node}"),
    ),
    "industry_code": FactorGloss(
        "行业代码",
        ("国标行业代码与需求一致或同属一类，{subject}", "国标行业代码与需求不属一类，{subject}"),
        (
            "the industry code agrees with the need, with {subject}",
            "the industry code is of another class than the need, with {subject}",
        ),
    ),
    "supply_link": FactorGloss(
        "供需联系",
        ("{link}，{traded}", "{subject}与本区已有企业少有供需联系"),
        ("{link}, with {traded}", "{subject} is hardly linked with what the zone has"),
    ),
    "gap": FactorGloss(
        "补链强链",
        ("{gap}，{filled}", "{subject}对本区所缺环节补充有限"),
        ("{gap}; {filled} fits", "{subject} does little for what the zone lacks"),
    ),
    "proximity": FactorGloss(
        "距离",
        ("企业所在地距开发区较近，{subject}", "企业所在地距开发区较远，{subject}"),
        (
            "the seat is near the zone, with {subject}",
            "the seat is far from the zone, with {subject}",
        ),
    ),
    "feedback": FactorGloss(
        "榜首共性",
        ("{subject}与本需求排名靠前企业的共性相符", "{subject}与本需求排名靠前企业的共性不符"),
        (
            "{subject} fits what the first leads for this need have in common",
            "{subject} does not fit what the first leads for this need have in common",
        ),
    ),
    "hybrid": FactorGloss(
        "协同特征",
        (
            "特征与同类需求已选企业相似（LightFM），{subject}",
            "特征与同类需求已选企业不相似（LightFM），{subject}",
        ),
        (
            "its features are those of enterprises chosen for such needs (LightFM), with {subject}",
            "its features differ from enterprises chosen for such needs (LightFM), with {subject}",
        ),
    ),
    "need_head": FactorGloss(
        "已选相似",
        (
            "{subject}与本需求已选的「{akin}」等企业相似",
            "{subject}与本需求已选的「{akin}」等企业不相似",
        ),
        (
            "{subject} is like what {akin} and others chosen for this need make",
            "{subject} is unlike what {akin} and others chosen for this need make",
        ),
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
    "constant": FactorGloss(
        "基准",
        (
            "基准分：留出检验中相关企业的中位水平对应 0.5",
            "基准分：留出检验中相关企业的中位水平对应 0.5",
        ),
        (
            "constant: the median relevant enterprise held out in training scores 0.5",
            "constant: the median relevant enterprise held out in training scores 0.5",
        ),
    ),
}
"""The factors of the ranking. Sentences: for a positive and for a negative contribution."""
