"""Thesauri of a few concepts, and how needs are understood by them."""

from features.words.fillers import Fillers, shipped_fillers
from features.words.thesaurus import Concept, Thesaurus
from features.words.understanding import understand

THESAURUS = Thesaurus(
    [
        Concept("LED封装", "product", ("灯珠",), ("贴片灯珠", "COB光源"), (), (), "光电"),
        Concept("LED支架", "product", (), ("引线框架",), (), (), "光电"),
        Concept("光电", "sector", ("光电子",), ("激光器", "LED"), (), (), ""),
        Concept("集成电路", "product", ("芯片",), ("晶圆",), (), (), "光电"),
        Concept("党参", "product", (), ("党参片",), (), (), "中药材"),
        Concept("黄芪", "product", (), ("黄芪片",), (), (), "中药材"),
        Concept("中药材", "sector", (), ("药材",), (), (), ""),
        Concept("金属容器", "product", (), ("钢桶",), (), (), ""),
        Concept("玻璃容器", "product", (), ("玻璃瓶",), (), (), ""),
        Concept("仓储和邮政", "sector", (), ("快递",), (), (), ""),
        Concept("运输", "sector", ("物流",), ("货运",), (), (), ""),
        Concept("隔膜", "product", (), ("基膜",), (), (), ""),
        Concept("锂电池", "product", (), ("电芯",), (), (), ""),
    ]
)


FILLERS = Fillers(
    [
        ("想引进", "filler"),
        ("做", "filler"),
        ("企业", "filler"),
        ("项目", "filler"),
        ("的", "filler"),
        ("专精特新", "policy"),
        ("新质生产力", "policy"),
        ("货物进出口", "scope"),
    ]
)


PAIRS = Thesaurus(
    [
        Concept("水泥", "sector", (), ("熟料",), (), (), ""),
        Concept("商品混凝土", "product", ("混凝土",), ("商混",), (), (), ""),
        Concept("锂电池", "product", (), ("电芯",), (), (), ""),
        Concept("电池回收", "product", ("废电池回收",), ("梯次利用",), (), (), ""),
        Concept("工业金属", "sector", (), ("铜箔", "铝锭", "铅锭", "锌锭"), (), (), ""),
        Concept("电解铜箔", "product", (), ("锂电铜箔",), (), (), ""),
        Concept("智能手机", "product", (), ("手机整机",), (), (), ""),
        Concept("手机零部件", "product", ("智能手机零部件",), ("中框",), (), (), ""),
        Concept("焦化", "sector", ("焦化副产品",), ("焦炭",), (), (), ""),
        Concept("赤泥", "product", (), ("赤泥砖",), (), (), ""),
        Concept("聚氨酯", "product", (), ("软泡",), ("异氰酸酯",), (), ""),
        Concept("异氰酸酯", "product", ("MDI",), ("聚合MDI",), (), (), ""),
        Concept("光刻胶原料", "product", (), ("光引发剂",), (), (), ""),
    ]
)


SUPPLY = Thesaurus(
    [
        Concept("电池", "product", (), ("电芯",), ("结构件",), (), "能源"),
        Concept("电池结构件", "product", (), ("电池壳",), (), (), "电池"),
        Concept("结构件", "product", (), ("钢构件",), (), (), "能源"),
        Concept("线束", "product", (), ("端子",), (), (), "汽车"),
        Concept("机器人", "product", (), ("机械臂",), ("减速器",), (), "能源"),
        Concept("甲醇", "product", (), ("粗甲醇",), (), ("醋酸",), "能源"),
        Concept("醋酸", "product", (), ("冰醋酸",), (), (), "能源"),
        Concept("甲醛", "product", (), ("福尔马林",), ("甲醇",), (), "能源"),
        Concept("胶水", "product", (), ("白胶",), ("树脂", "甲醇"), (), "能源"),
        Concept("碳酸锂", "product", (), ("电池级碳酸锂",), (), (), "甲类"),
        Concept("氢氧化锂", "product", (), ("单水氢氧化锂",), (), (), "乙类"),
        Concept("硅钢", "product", (), ("取向硅钢",), (), ("变压器",), "电力"),
        Concept("变压器", "product", (), ("干式变压器",), (), (), "电力"),
        Concept("电力", "sector", (), ("电网",), (), (), ""),
        Concept("开关柜", "product", (), ("环网柜",), (), (), "电力"),
        Concept("电力开关柜箱", "product", (), ("箱体",), (), (), "开关柜"),
        Concept("再制造", "product", (), ("修复",), (), (), ""),
    ]
)


def wanted(text):
    """Return the concepts of a text, the most certain first, by the thesaurus of pairs."""
    return [one.name for one in understand(text, PAIRS, FILLERS).concepts]


def said(text):
    return understand(text, THESAURUS, FILLERS)


def concepts(text):
    return {concept.name: concept.sure for concept in said(text).concepts}


def supply(text):
    return understand(text, SUPPLY, shipped_fillers())
