"""The vocabulary: stages, roles, regions, flags and units, with Chinese glosses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from features.columns import Choice


@dataclass(frozen=True)
class Region:
    """A target region of investment promotion: whole provinces, and further cities.

    `aliases` are other names of the region, separated by blanks.
    """

    english: str
    aliases: str
    provinces: frozenset[str]
    cities: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Flag:
    """A warning sign of an enterprise, derived from one column.

    A text that matches `pattern` and not `unless` raises the flag.
    """

    gloss: str
    column: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None

    def raised(self, text: str | None) -> bool:
        """Whether a value of the flag's column raises it (unknown raises nothing)."""
        if not text or not self.pattern.search(text):
            return False
        return self.unless is None or not self.unless.search(text)


ROLES: Mapping[str, Choice] = {
    "leading": Choice("主导", "主导产业 主导型 首位产业"),
    "auxiliary": Choice("辅助", "辅助产业 辅导产业 配套 配套产业"),
}

STAGES: Mapping[str, Choice] = {
    "established": Choice("已落地", "落地 存量 存量企业 现有企业"),
    "lead": Choice("线索", "线索库"),
    "contacted": Choice("对接", "已对接 接洽 对接中"),
    "negotiation": Choice("洽谈", "洽谈库 洽谈中 在谈 在洽谈"),
    "signed": Choice("签约", "签约库 已签约"),
    "construction": Choice("建设", "建设库 建设中 在建 开工 已开工"),
    "production": Choice("投产", "已投产 投产库 达产"),
}
"""Stages of a project, in order; an established enterprise was there before."""

ENDINGS: Mapping[str, Choice] = {
    "declined": Choice("谢绝", "婉拒 拒绝 已拒绝"),
    "lost": Choice("流失", "已流失 落户他处 失败"),
    "stalled": Choice("停滞", "搁置 暂停 已搁置"),
}
"""Endings without a signature."""

WON = ("signed", "construction", "production")
"""Signed or later: the goal of a lead, relevant in metrics besides judged grades."""

REFUSED = ("declined", "lost")
"""Negative endings. A stalled project may continue, and an open one has not ended: neither is an
outcome."""

GAPS: Mapping[str, Choice] = {
    "missing": Choice("补链"),
    "weak": Choice("强链"),
    "strong": Choice("延链"),
}
"""States of a node in a zone, and what an enterprise there would do for the chain."""

SIGNALS: Mapping[str, Choice] = {
    "expansion": Choice("扩产", "增产 扩建 扩能 产能扩张 新建产线 新增产能 技改扩能"),
    "financing": Choice("融资", "获投 获得融资 增资 定增 发债"),
    "subsidiary": Choice("新设子公司", "设立子公司 新设公司 新设分公司 成立子公司 对外投资"),
    "land": Choice("拿地", "购地 竞得土地 土地竞得 摘牌 取得土地"),
    "relocation": Choice("搬迁", "迁址 外迁 产能转移 腾退 搬迁改造"),
    "tender": Choice("中标", "招标中标 中标公告 获得订单 重大订单"),
    "listing": Choice("上市", "首发上市 IPO 挂牌 过会"),
}
"""Kinds of signals."""

STANDINGS: Mapping[str, Choice] = {
    "active": Choice("在营", "存续 正常"),
    "inactive": Choice("已注销", "注销 吊销"),
    "unknown": Choice("未知"),
}
"""Whether an enterprise is in business, by its status, see `features/values/standing.py`."""

SEATS: Mapping[str, Choice] = {
    "county": Choice("本区县"),
    "city": Choice("本市"),
    "elsewhere": Choice("外地"),
}
"""The seat of an enterprise relative to a zone; `city` is its city outside of its county."""

NONE = "none"
"""The value of a filter that selects enterprises without any value of its kind."""

GATES: Mapping[str, Choice] = {
    "credit": Choice("信用"),
    "standing": Choice("存续"),
    "energy": Choice("两高"),
    "exclusions": Choice("开发区禁入"),
}
"""Gates that need no project: each passes, fails or is unknown."""

POSITIONS: Mapping[str, Choice] = {
    "upstream": Choice("上游"),
    "midstream": Choice("中游"),
    "downstream": Choice("下游"),
}

KEY_ROLES: Mapping[str, Choice] = {
    "official": Choice("招商干部", "开发区干部 干部"),
    "analyst": Choice("分析员", "分析师"),
    "front-end": Choice("前端", "frontend front_end 前端系统"),
    "administrator": Choice("管理员", "admin"),
}
"""Roles of API keys; their rights are in `service/access/keys.py`."""

PRECISIONS: Mapping[str, Choice] = {
    "year": Choice("年"),
    "month": Choice("月"),
    "day": Choice("日"),
}
"""Precision of a date."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


REGIONS: Mapping[str, Region] = {
    "京津冀": Region("Beijing-Tianjin-Hebei", "jing-jin-ji", _words("北京市 天津市 河北省")),
    "长三角": Region(
        "Yangtze River Delta", "yangtze-river-delta", _words("上海市 江苏省 浙江省 安徽省")
    ),
    "粤港澳大湾区": Region(
        "Greater Bay Area",
        "greater-bay-area 大湾区",
        _words("香港特别行政区 澳门特别行政区"),
        _words("广州市 深圳市 珠海市 佛山市 惠州市 东莞市 中山市 江门市 肇庆市"),
    ),
    "成渝": Region("Chengdu-Chongqing", "cheng-yu 川渝", _words("四川省 重庆市")),
}
"""Target regions by their Chinese names."""

FLAGS: Mapping[str, Flag] = {
    "special-treatment": Flag(
        "特别处理",
        "short_name",
        re.compile(r"^(?:\*ST|S\*ST|SST|ST|PT)(?![A-Za-z])", re.IGNORECASE),
    ),
    "delisted": Flag("退市", "short_name", re.compile(r"^退市|退$")),
    "bad-credit": Flag(
        "信用不良",
        "credit",
        re.compile(r"失信|严重违法|黑名单|异常|不良|较差|^差$|^[DE]级?$|\bbad\b|\bpoor\b", re.I),
        re.compile(r"^无|未列入|未被|没有|暂无|无失信|无不良|无异常|无严重|移出|已修复|非失信"),
    ),
}

UNKNOWN = _words(
    "- -- --- — —— / \\ null none nan n/a #n/a #ref! #value! #name? #div/0! 无 未知 不详 "
    "暂无 暂无信息 暂无数据 暂无资料 无数据 无信息 未公开 未公示 不公示 不公开 "
    "企业选择不公示 未披露 选择不公示 企业未公示 暂未公示 未填写 未填报 未填 待补充 待定 "
    "保密 缺失 （空） (空) 空 空白 空值 (blank) （blank） － －－ ／ ＼ ？ ? ?? ？？ * ** "
    "*** ... … …… n.a. n.s. tbd tbc 不适用 待核实 待查 待确认 未统计 未提供 未采集 未查到 "
    "未查询到 暂缺 暂未公开 暂未披露 暂未提供 无记录 尚未公示 不予公示 未予公示 无曾用名"
) | {""}
"""Placeholders of unknown values, in lower case."""

YUAN: Mapping[str, float] = {
    "元": 1.0,
    "千元": 1e3,
    "万": 1e4,
    "万元": 1e4,
    "百万": 1e6,
    "百万元": 1e6,
    "千万": 1e7,
    "千万元": 1e7,
    "亿": 1e8,
    "亿元": 1e8,
    "万亿": 1e12,
    "万亿元": 1e12,
}
"""Units of money, in yuan."""

MOST_YUAN = 1e14
"""Upper bound of amounts: about the GDP of China."""

MOST_PEOPLE = 10_000_000
"""Upper bound of employees: the largest employers have some two million."""

CURRENCIES: Mapping[str, str] = {
    "USD": "美元 美金 usd us$ u.s.dollar usdollar dollar $",
    "HKD": "港币 港元 港币元 hkd hk$ 香港元",
    "EUR": "欧元 eur €",
    "JPY": "日元 日币 jpy 円",
    "GBP": "英镑 gbp £",
    "AUD": "澳元 澳大利亚元 澳币 aud a$",
    "CAD": "加元 加拿大元 加币 cad c$",
    "CHF": "瑞士法郎 瑞郎 chf",
    "KRW": "韩元 韩币 krw ₩",
    "TWD": "新台币 台币 台湾元 twd nt$",
    "SGD": "新加坡元 新加坡币 新元 新币 坡币 sgd s$",
    "MOP": "澳门元 澳门币 mop",
    "SEK": "瑞典克朗 sek",
    "DKK": "丹麦克朗 dkk",
    "NOK": "挪威克朗 nok",
    "RUB": "卢布 rub",
    "DEM": "德国马克 马克 dem",
    "FRF": "法国法郎 法郎 frf",
    "THB": "泰铢 thb",
    "MYR": "林吉特 马来西亚元 马币 myr",
    "INR": "卢比 印度卢比 inr",
    "NZD": "新西兰元 新西兰币 nzd",
    "VND": "越南盾 vnd",
    "BRL": "雷亚尔 brl",
    "XXX": "外币 外汇 其他币种",
}
"""Currencies other than RMB by ISO 4217 code (XXX: not stated), with their words."""
