"""The tables and their columns, with the headers that files have for them."""

from collections.abc import Mapping

from features.columns import Column, Kind, Table
from features.tables.enterprise_columns import (
    ANY_COMMA,
    DAY,
    ENTERPRISE_ID_HEADERS,
    ENTERPRISES,
    LIST,
    SOURCE_HEADERS,
)
from features.vocabulary import ENDINGS, POSITIONS, ROLES, SIGNALS, STAGES, YUAN

PLANNED = "what is planned for later is the due (办理时限) of a project"
_HAPPENED = f"a date from 1949 to tomorrow, {DAY}; {PLANNED}"
_CODES = "codes of GB/T 4754-2017 parted by ;, such as C3962;3963"
_ZONE_ID_HEADERS = "开发区编号 开发区代码 园区编号 园区代码 开发区ID 园区ID"
_NEED_ID_HEADERS = "需求编号 需求代码 需求ID topic_id"

ZONES = Table(
    "zones",
    "开发区",
    ("zone_id",),
    (
        Column("zone_id", Kind.ID, _ZONE_ID_HEADERS, required=True),
        Column(
            "name",
            Kind.TEXT,
            "开发区名称 开发区 园区名称 园区 名称 开发区全称 zone_name zone",
            required=True,
        ),
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
        Column("nodes", Kind.TEXTS, "环节 产业链环节 所需环节 缺失环节", expected=LIST),
        Column("keywords", Kind.TEXTS, "关键词 关键字", expected=LIST, separators=ANY_COMMA),
        Column(
            "industry_codes",
            Kind.TEXTS,
            "国标行业代码 行业代码",
            expected=_CODES,
            separators=ANY_COMMA,
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
        Column("enterprise_id", Kind.ID, ENTERPRISE_ID_HEADERS, required=True),
        Column(
            "grade",
            Kind.COUNT,
            "等级 评分 相关度 得分 分级",
            expected="a grade: 0, 1, 2 or 3",
            low=0,
            high=3,
            default=1,
        ),
        Column("source", Kind.TEXT, SOURCE_HEADERS + " 专家 评判人"),
    ),
)

EVENTS = Table(
    "events",
    "进展",
    ("event_id",),
    (
        Column("event_id", Kind.ID, "事件编号 进展编号 记录编号 事件ID", required=True),
        Column("enterprise_id", Kind.ID, ENTERPRISE_ID_HEADERS, required=True),
        Column(
            "stage",
            Kind.CHOICE,
            "阶段 项目阶段 进展 所处阶段 项目状态",
            required=True,
            expected="a stage: "
            + ", ".join(f"{w} ({c.gloss})" for w, c in {**STAGES, **ENDINGS}.items()),
            choices={**STAGES, **ENDINGS},
        ),
        Column(
            "date",
            Kind.DATE,
            "日期 时间 事件日期",
            required=True,
            expected=_HAPPENED,
            low=1949,
        ),
        Column("need_id", Kind.ID, _NEED_ID_HEADERS),
        Column("zone_id", Kind.ID, _ZONE_ID_HEADERS),
        Column(
            "amount",
            Kind.MONEY,
            "金额 投资额 投资金额 总投资 计划投资",
            expected="an amount of RMB in 亿元, from 0 to 100万亿元, such as 1.2, 1.2亿 or 5000万",
            unit=YUAN["亿元"],
            low=0,
        ),
        Column("note", Kind.TEXT, "备注 说明 备注说明"),
        Column("source", Kind.TEXT, SOURCE_HEADERS),
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
        Column("keywords", Kind.TEXTS, "关键词 关键字", expected=LIST, separators=ANY_COMMA),
        Column(
            "industry_codes",
            Kind.TEXTS,
            "国标行业代码 行业代码",
            expected=_CODES,
            separators=ANY_COMMA,
        ),
        Column("supplies", Kind.TEXTS, "供应环节 下游环节", expected=LIST),
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

WORDS = Table(
    "words",
    "词表",
    ("concept",),
    (
        Column("concept", Kind.TEXT, "概念 概念名称 产业概念 词条", required=True),
        Column(
            "words",
            Kind.TEXTS,
            "产品词 词语 词 典型产品 产品",
            required=True,
            expected="words parted by ;, the most typical first, such as LED芯片;LED封装",
            separators=ANY_COMMA,
        ),
        Column("names", Kind.TEXTS, "别名 其他名称 同义词", expected=LIST, separators=ANY_COMMA),
        Column("broader", Kind.TEXT, "上位概念 上级概念 上位词 所属概念"),
    ),
)

SIGNAL_ROWS = Table(
    "signals",
    "动向",
    ("signal_id",),
    (
        Column("signal_id", Kind.ID, "动向编号 信号编号 线索编号 信号ID"),
        Column("enterprise_id", Kind.ID, ENTERPRISE_ID_HEADERS, required=True, made_from="name"),
        Column(
            "date",
            Kind.DATE,
            "日期 时间 发布日期 公告日期 发生日期",
            required=True,
            low=1990,
            expected=f"a date from 1990 to tomorrow, {DAY}",
        ),
        Column(
            "kind",
            Kind.CHOICE,
            "类型 动向类型 信号类型 动向 类别 事件类型 动态类型",
            required=True,
            expected="a kind: "
            + ", ".join(f"{word} ({own.gloss})" for word, own in SIGNALS.items()),
            choices=SIGNALS,
        ),
        Column("text", Kind.TEXT, "内容 摘要 标题 动向内容 说明 描述 正文"),
        Column("source", Kind.TEXT, SOURCE_HEADERS + " 出处 链接 网址 url"),
    ),
    aids=(
        Column("name", Kind.TEXT, "企业名称 企业全称 公司名称 企业 公司 单位名称 名称 企业简称"),
    ),
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        *(ENTERPRISES, ZONES, NEEDS, JUDGEMENTS, EVENTS, CHAINS, INPUT_OUTPUT, WORDS),
        SIGNAL_ROWS,
    )
}

WHOLE = frozenset({"chains", "input_output"})
"""Tables that an import replaces as a whole: a part of another map or year would contradict it."""

UNLEARNT = frozenset({"signals"})
"""Tables that no model learns from: a model does not depend on what they are like."""

OPTIONAL = WHOLE | {"words", "signals"}
"""Tables that can be taken out as a whole: what the project ships does without them."""
