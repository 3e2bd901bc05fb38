"""The one vocabulary: tables, columns, stages, roles, regions and flags, with Chinese glosses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from features.columns import Choice, Column, Kind, Table


@dataclass(frozen=True)
class Region:
    """A target region of investment promotion: whole provinces, and cities beyond them.

    `aliases` are other names of the region, parted by blanks.
    """

    english: str
    aliases: str
    provinces: frozenset[str]
    cities: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Flag:
    """A warning sign on an enterprise, read from one column.

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
"""Stages that a project passes through, in order; an established enterprise was there before."""

ENDINGS: Mapping[str, Choice] = {
    "declined": Choice("谢绝", "婉拒 拒绝 已拒绝"),
    "lost": Choice("流失", "已流失 落户他处 失败"),
    "stalled": Choice("停滞", "搁置 暂停 已搁置"),
}
"""How a project ends without a signature."""

WON = ("signed", "construction", "production")
"""Signed or later: what a lead is pursued for, and what counts in metrics beside a judged grade."""

REFUSED = ("declined", "lost")
"""The endings that say no. A stalled project may go on, and an open one has not ended: neither is
an outcome."""

GAPS: Mapping[str, Choice] = {
    "missing": Choice("补链"),
    "weak": Choice("强链"),
    "strong": Choice("延链"),
}
"""What a zone has of a node, and what an enterprise there would do for the chain."""

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
"""What an API key is for; `service/access/keys.py` says what each may do."""

STRUCK_OFF = ("注销", "吊销", "清算", "迁出")
"""A status that contains one of these takes the enterprise off every list."""


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

UNKNOWN = _words("- -- — —— / null none nan n/a #n/a 无 未知 不详") | {""}
"""What stands for an unknown value, in small letters."""

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
}
"""Units of money, in yuan."""

_DAY = "such as 2019-03-01, 2019/3/1, 20190301, 2019年3月1日, or a year alone"
_FOUNDED = f"a date from 1500 to next year, {_DAY}"
_DATE = f"a date from 1949 to next year, {_DAY}"
_LIST = "items parted by ;"
_ANY_COMMA = ";；、,，|"
_CODES = "codes of GB/T 4754-2017 parted by ;, such as C3962;3963"

_ZONE_ID_HEADERS = "开发区编号 开发区代码 园区编号 开发区ID"
_NEED_ID_HEADERS = "需求编号 需求代码 需求ID"
_ENTERPRISE_ID_HEADERS = "企业编号 统一社会信用代码 社会信用代码 企业代码 企业ID 证券代码 股票代码"
_SOURCE_HEADERS = "来源 数据来源 信息来源"

ENTERPRISES = Table(
    "enterprises",
    "企业",
    ("enterprise_id",),
    (
        Column("enterprise_id", Kind.ID, _ENTERPRISE_ID_HEADERS, required=True),
        Column("name", Kind.TEXT, "企业名称 企业全称 公司名称 公司全称 单位名称", required=True),
        Column("short_name", Kind.TEXT, "简称 企业简称 公司简称 证券简称 股票简称"),
        Column("province", Kind.TEXT, "所属省份 省份 省 所在省份 所属省"),
        Column("city", Kind.TEXT, "所属城市 城市 市 所在城市 地级市 所属市"),
        Column("district", Kind.TEXT, "所属区县 区县 所在区县 县区 所属县区"),
        Column(
            "industry_code",
            Kind.ID,
            "国标行业代码 行业代码 国民经济行业代码",
            expected="a code of GB/T 4754-2017, such as C3962 or 3962",
        ),
        Column(
            "products",
            Kind.PRODUCTS,
            "主营产品 主要产品 产品 主营产品及占比",
            expected="products as name:share;name:share, each share from 0 to 1 (or 0% to 100%)",
        ),
        Column("business_scope", Kind.TEXT, "经营范围 主营业务 业务范围"),
        Column(
            "founded",
            Kind.DATE,
            "成立日期 成立年份 成立时间 成立年 注册日期 成立年月",
            expected=_FOUNDED,
            low=1500,
        ),
        Column(
            "registered_capital",
            Kind.MONEY,
            "注册资本 注册资金 认缴资本",
            expected="an amount of RMB in 万元, not below 0, such as 5000, 5000万 or 1.2亿",
            unit=YUAN["万元"],
            low=0,
        ),
        Column(
            "employees",
            Kind.COUNT,
            "参保人数 员工人数 从业人数 员工数 职工人数",
            expected="a whole number of people, not below 0, such as 1200 or 1,200人",
            low=0,
        ),
        Column(
            "revenue",
            Kind.MONEY,
            "营业收入 营收 年营业收入 主营业务收入",
            expected="an amount of RMB in 万元, such as 5000, 5000万 or 1.2亿",
            unit=YUAN["万元"],
        ),
        Column("tags", Kind.TEXTS, "企业标签 标签", expected=_LIST, separators=_ANY_COMMA),
        Column("status", Kind.TEXT, "登记状态 经营状态 企业状态 状态"),
        Column("credit", Kind.TEXT, "信用状况 信用 信用等级 信用状态"),
        Column("nodes", Kind.TEXTS, "所属环节 环节 产业链环节", expected=_LIST),
    ),
)

ZONES = Table(
    "zones",
    "开发区",
    ("zone_id",),
    (
        Column("zone_id", Kind.ID, _ZONE_ID_HEADERS, required=True),
        Column("name", Kind.TEXT, "开发区名称 开发区 园区名称 名称", required=True),
        Column("county", Kind.TEXT, "区县 县区 所属区县 所在区县 县"),
        Column("city", Kind.TEXT, "城市 所属城市 所在城市 市"),
        Column("province", Kind.TEXT, "省份 所属省份 所在省份 省"),
        Column("level", Kind.TEXT, "级别 开发区级别 等级"),
        Column(
            "lon",
            Kind.NUMBER,
            "经度 longitude lng",
            expected="a longitude in degrees from -180 to 180",
            low=-180,
            high=180,
        ),
        Column(
            "lat",
            Kind.NUMBER,
            "纬度 latitude",
            expected="a latitude in degrees from -90 to 90",
            low=-90,
            high=90,
        ),
    ),
)

NEEDS = Table(
    "needs",
    "需求",
    ("need_id",),
    (
        Column("need_id", Kind.ID, _NEED_ID_HEADERS),
        Column("zone_id", Kind.ID, _ZONE_ID_HEADERS),
        Column(
            "industry",
            Kind.TEXT,
            "产业 产业名称 行业 需求产业 主导产业 需求",
            required=True,
            expected="the name of an industry, such as 光电LED",
        ),
        Column(
            "role",
            Kind.CHOICE,
            "角色 产业角色 定位 产业定位 产业类型",
            expected="leading (主导) or auxiliary (辅助)",
            choices=ROLES,
        ),
        Column("chain", Kind.TEXT, "产业链 所属产业链 产业链名称"),
        Column("sector", Kind.TEXT, "细分行业 行业门类 所属行业 领域 板块"),
        Column("nodes", Kind.TEXTS, "环节 产业链环节 所需环节 缺失环节", expected=_LIST),
        Column("keywords", Kind.TEXTS, "关键词 关键字", expected=_LIST, separators=_ANY_COMMA),
        Column(
            "industry_codes",
            Kind.TEXTS,
            "国标行业代码 行业代码",
            expected=_CODES,
            separators=_ANY_COMMA,
        ),
        Column("basis", Kind.TEXT, "依据 需求依据 出处"),
        Column("region", Kind.TEXT, "所属大区 大区 区域 所属区域"),
    ),
    either=("need_id", "zone_id"),
)

JUDGEMENTS = Table(
    "judgements",
    "评判",
    ("need_id", "enterprise_id"),
    (
        Column("need_id", Kind.ID, _NEED_ID_HEADERS, required=True),
        Column("enterprise_id", Kind.ID, _ENTERPRISE_ID_HEADERS, required=True),
        Column(
            "grade",
            Kind.COUNT,
            "等级 评分 相关度 得分 分级",
            expected="a grade: 0, 1, 2 or 3",
            low=0,
            high=3,
            default=1,
        ),
        Column("source", Kind.TEXT, _SOURCE_HEADERS + " 专家 评判人"),
    ),
)

EVENTS = Table(
    "events",
    "进展",
    ("event_id",),
    (
        Column("event_id", Kind.ID, "事件编号 进展编号 记录编号 事件ID", required=True),
        Column("enterprise_id", Kind.ID, _ENTERPRISE_ID_HEADERS, required=True),
        Column(
            "stage",
            Kind.CHOICE,
            "阶段 项目阶段 进展 所处阶段 项目状态",
            required=True,
            expected="a stage: "
            + ", ".join(f"{w} ({c.gloss})" for w, c in {**STAGES, **ENDINGS}.items()),
            choices={**STAGES, **ENDINGS},
        ),
        Column("date", Kind.DATE, "日期 时间 事件日期", required=True, expected=_DATE, low=1949),
        Column("need_id", Kind.ID, _NEED_ID_HEADERS),
        Column("zone_id", Kind.ID, _ZONE_ID_HEADERS),
        Column(
            "amount",
            Kind.MONEY,
            "金额 投资额 投资金额 总投资 计划投资",
            expected="an amount of RMB in 亿元, not below 0, such as 1.2, 1.2亿 or 5000万",
            unit=YUAN["亿元"],
            low=0,
        ),
        Column("note", Kind.TEXT, "备注 说明 备注说明"),
        Column("source", Kind.TEXT, _SOURCE_HEADERS),
    ),
    either=("need_id", "zone_id"),
)

CHAINS = Table(
    "chains",
    "招商图谱",
    ("node_id",),
    (
        Column("chain_id", Kind.ID, "产业链编号 产业链代码", required=True),
        Column("chain", Kind.TEXT, "产业链 产业链名称", required=True),
        Column("chain_en", Kind.TEXT, "产业链英文名 产业链英文"),
        Column("node_id", Kind.ID, "环节编号 环节代码", required=True),
        Column("node", Kind.TEXT, "环节 环节名称", required=True),
        Column("node_en", Kind.TEXT, "环节英文名 环节英文"),
        Column(
            "position",
            Kind.CHOICE,
            "位置 上中下游 所处位置",
            expected="upstream (上游), midstream (中游) or downstream (下游)",
            choices=POSITIONS,
        ),
        Column("keywords", Kind.TEXTS, "关键词 关键字", expected=_LIST, separators=_ANY_COMMA),
        Column(
            "industry_codes",
            Kind.TEXTS,
            "国标行业代码 行业代码",
            expected=_CODES,
            separators=_ANY_COMMA,
        ),
        Column("supplies", Kind.TEXTS, "供应环节 下游环节", expected=_LIST),
    ),
)

INPUT_OUTPUT = Table(
    "input_output",
    "投入产出表",
    ("input_code", "output_code"),
    (
        Column("input_code", Kind.ID, "投入部门代码 投入代码 中间投入代码", required=True),
        Column("input", Kind.TEXT, "投入部门 投入部门名称 中间投入", required=True),
        Column("output_code", Kind.ID, "产出部门代码 产出代码 中间使用代码", required=True),
        Column("output", Kind.TEXT, "产出部门 产出部门名称 中间使用", required=True),
        Column(
            "coefficient",
            Kind.NUMBER,
            "直接消耗系数 消耗系数 系数",
            required=True,
            expected="a number from 0 to 1: how much of the input one unit of the output takes",
            low=0,
            high=1,
        ),
    ),
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (ENTERPRISES, ZONES, NEEDS, JUDGEMENTS, EVENTS, CHAINS, INPUT_OUTPUT)
}

WHOLE = frozenset({"chains", "input_output"})
"""Tables that an import replaces as a whole: a part of another map or year would contradict it."""
