"""Projects: pools, blockers, and the columns of officials' lists."""

from collections.abc import Mapping
from dataclasses import dataclass

from features.columns import Choice, Column, Kind, Table
from features.tables.catalogue import EVENTS
from features.tables.enterprise_columns import DAY
from features.vocabulary import ENDINGS, REFUSED, STAGES


@dataclass(frozen=True)
class Pool:
    """A pool (库) that projects pass through, and the stages that belong to it."""

    gloss: str
    stages: tuple[str, ...]


POOLS: Mapping[str, Pool] = {
    "lead": Pool("线索库", ("lead", "contacted")),
    "negotiation": Pool("洽谈库", ("negotiation",)),
    "signed": Pool("签约库", ("signed",)),
    "construction": Pool("建设库", ("construction",)),
    "production": Pool("投产", ("production",)),
    "established": Pool("已落地", ("established",)),
    "stalled": Pool("搁置", ("stalled",)),
    "closed": Pool("已终止", REFUSED),
}
"""Pools in the order in which a board shows them; the first five are passed through in order."""

POOL_OF: Mapping[str, str] = {stage: name for name, pool in POOLS.items() for stage in pool.stages}
PATH = ("lead", "negotiation", "signed", "construction", "production")
"""The pools that a project passes through, in order."""
CLOSED = frozenset(REFUSED)
"""Stages that end a project: no move follows."""
WITHDRAWN = "withdrawn"
"""What a project is when all of its moves were taken back: it is on no board and in no figure."""
TALKS = frozenset({"contacted", "negotiation", "signed", "construction", "production"})
"""Stages at which a zone is known to have talked with an enterprise."""

MOVES: Mapping[str, Choice] = {
    "entry": Choice("入库"),
    "forward": Choice("推进"),
    "jump": Choice("跨库推进"),
    "back": Choice("退回"),
    "again": Choice("跟进"),
    "rest": Choice("搁置"),
    "resume": Choice("重启"),
    "loss": Choice("终止"),
}
"""Kinds of moves, by what lies before and after."""

TASK_KINDS: Mapping[str, Choice] = {
    "land": Choice("土地供应", "土地 用地"),
    "planning": Choice("规划审批", "规划 审批 手续"),
    "facilities": Choice("配套设施", "配套 水电气"),
    "financing": Choice("融资", "资金"),
    "labour": Choice("用工", "招工"),
    "filing": Choice("分级报备", "报备"),
    "other": Choice("其他", "其它"),
}
"""What a task is about, or what blocks a project."""

TASK_STATES: Mapping[str, Choice] = {
    "open": Choice("办理中", "未办结"),
    "done": Choice("已办结", "办结 完成"),
    "dropped": Choice("已取消", "取消"),
}

SOURCES: Mapping[str, Choice] = {
    "list": Choice("推荐名单", "系统推荐"),
    "visit": Choice("外出拜访", "走访 拜访 赴外招商"),
    "agency": Choice("委托招商", "中介招商 中介"),
    "chain": Choice("以商招商", "链主招商"),
    "other": Choice("其他", "其它"),
}
"""How a project was come by; another text is kept as it is."""

KNOWN_STAGES: Mapping[str, Choice] = {
    **STAGES,
    **ENDINGS,
    WITHDRAWN: Choice("已撤销"),
}

_STAGES = {
    **STAGES,
    "lead": Choice("线索", "线索库 储备 储备库 储备项目 意向"),
    "negotiation": Choice("洽谈", "洽谈库 洽谈中 在谈 在洽谈 谈判"),
    **ENDINGS,
}

YEARS_AHEAD = 20
"""So many years after this one the deadline of a step may lie."""

PROJECTS = Table(
    "projects",
    "项目",
    (),
    (
        Column("project_id", Kind.ID, "项目标识"),
        Column("code", Kind.ID, "项目编号 项目代码 编号"),
        Column("project", Kind.TEXT, "项目名称 项目 建设内容 项目内容 建设项目"),
        Column(
            "enterprise",
            Kind.TEXT,
            "企业名称 企业 投资方 投资企业 投资主体 签约企业 企业全称 公司名称 客商 单位名称",
        ),
        Column("enterprise_id", Kind.ID, EVENTS.column("enterprise_id").headers),
        Column(
            "place",
            Kind.TEXT,
            "落地开发区 开发区 开发区名称 落地区域 落地县区 县区 县（区） 属地 所在县区 责任县区 "
            "园区 落地区县 区县",
        ),
        Column("zone_id", Kind.ID, EVENTS.column("zone_id").headers),
        Column("need_id", Kind.ID, EVENTS.column("need_id").headers),
        Column("industry", Kind.TEXT, "产业 所属产业 产业类别 行业 所属行业 产业链 所属产业链"),
        Column(
            "stage",
            Kind.CHOICE,
            "阶段 项目阶段 当前阶段 进展 所属库 所处阶段 项目状态 项目进展",
            required=True,
            expected=EVENTS.column("stage").expected,
            choices=_STAGES,
        ),
        Column(
            "date",
            Kind.DATE,
            "日期 入库日期 入库时间 签约日期 签约时间 时间 更新日期",
            expected=EVENTS.column("date").expected,
            low=1949,
        ),
        Column(
            "amount",
            Kind.MONEY,
            "投资额 总投资 计划投资 投资金额 金额 计划总投资",
            expected=EVENTS.column("amount").expected,
            unit=EVENTS.column("amount").unit,
            low=0,
        ),
        Column("unit", Kind.TEXT, "责任单位 牵头单位 包联单位 承办单位"),
        Column("handler", Kind.TEXT, "经办角色 责任人职务 经办岗位"),
        Column(
            "due",
            Kind.DATE,
            "办理时限 时限 完成时限 截止日期 办结时限",
            expected=f"a date of at most {YEARS_AHEAD} years ahead, {DAY}",
            low=1949,
        ),
        Column("source", Kind.TEXT, "来源 项目来源 信息来源 线索来源"),
        Column("production_site", Kind.TEXT, "生产地 生产基地 生产地点"),
        Column("research_site", Kind.TEXT, "研发地 研发基地 研发地点"),
        Column("reason", Kind.TEXT, "原因 终止原因 谢绝原因 搁置原因"),
        Column("note", Kind.TEXT, "备注 说明 备注说明"),
    ),
)
"""A list of projects. It is read into the database, and is none of the workspace's tables."""
