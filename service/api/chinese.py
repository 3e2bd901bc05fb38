"""Errors in Chinese, for clients that accept Chinese; codes and field names are unchanged."""

from __future__ import annotations

import re
from typing import Any

from features.tables.catalogue import PLANNED
from service.api.languages import negotiate

_SAID = {
    "bad-json": "请求体不是 JSON",
    "bad-body": "请求体不完整，或不是 UTF-8",
    "no-key": "本服务需要密钥（X-API-Key）",
    "unknown-key": "没有这个密钥",
    "revoked-key": "该密钥已被撤销",
    "expired-key": "该密钥已过期",
    "forbidden": "该角色的密钥不能做这件事",
    "foreign-zone": "该密钥只能查看自己的开发区",
    "foreign-origin": "其他网站的页面不能这样调用",
    "forwarded": "请求经代理转来，而服务尚未设密钥：请先用 lianzhao keys add 建一个",
    "not-found": "没有找到",
    "method-not-allowed": "该地址不接受这种方法",
    "too-slow": "请求体到达得太慢",
    "conflict": "与已有的记录冲突",
    "version-conflict": "其间已被他人修改：见 current 与 wanted",
    "project-closed": "该项目已经结束",
    "held-elsewhere": "本市另一开发区正在与该企业洽谈（首谈）",
    "list-gone": "该名单所属的模型、数据或语言模型给出的词已经更换：请不带 list_id 重新取第一页",
    "too-large": "请求体过大",
    "too-long": "地址连同参数过长",
    "wrong-host": "未设密钥时只能以 localhost 或 127.0.0.1 调用",
    "bad-input": "输入有误",
    "wrong-usage": "用法有误",
    "unknown-reference": "工作区里没有这个需求、开发区或企业",
    "unusual-amount": "金额异常，像是用了别的单位；确实无误时请加 confirm_amount",
    "idempotency-key-reused": "该 Idempotency-Key 已用于另一请求",
    "too-many-requests": "请求过于频繁，请按 Retry-After 稍后再试",
    "internal-error": "服务内部出错，日志以 request_id 记有详情",
    "unavailable": "服务暂不可用，请稍后再试",
    "busy": "等待的请求过多，请减少并发",
    "no-model": "还没有模型：请先运行 lianzhao train",
    "model-gone": "在用的模型已被移除：请重新训练或启用其他版本",
    "unfit-model": "模型与现有数据或编码器不符：请重新训练",
    "damaged": "模型或数据文件已损坏",
    "database-unavailable": "数据库没有应答，或被占用",
    "shard-unavailable": "企业库的一个分片暂不可用，请稍后再试",
    "storage-full": "磁盘已满，没有写入",
    "refused": "没有启用：现有版本更好",
    "failure": "出错了",
}
"""Titles by code of a problem."""
_PLANNED = re.escape(PLANNED)
_PLANNED_ZH = "以后才办的事，记为项目的 due（办理时限）"
_EXPECTED = tuple(
    (re.compile(pattern), shown)
    for pattern, shown in (
        (r"given", "必须给出"),
        (r"one value", "只给一个值"),
        (r"a value", "不为空"),
        (r"a whole number", "整数"),
        (r"a number, not true or false", "数字，不是 true 或 false"),
        (r"a number of at least 0", "不小于 0 的数"),
        (r"a text that is not empty", "不为空的文字"),
        (r"a valid (?:number|string|boolean).*", "类型正确的值"),
        (r"greater than or equal to (\S+)", r"不小于 \1"),
        (r"less than or equal to (\S+)", r"不大于 \1"),
        (r"greater than (\S+)", r"大于 \1"),
        (r"of at most (\d+) characters", r"至多 \1 个字"),
        (r"a list of at most (\d+) values", r"至多 \1 个值"),
        (r"a JSON document", "JSON 文档"),
        (r"a JSON object, sent as application/json", "以 application/json 发送的 JSON 对象"),
        (r"left out: there is no such field", "去掉：没有这个字段"),
        (r"left out: no parameters are taken", "去掉：这里不接受参数"),
        (r"a date such as (.+)", r"日期，如 \1"),
        (
            rf"a date from (\d+) to tomorrow, such as (.+), or a year alone; {_PLANNED}",
            rf"\1 年至明天的日期，如 \2，或只写年份；{_PLANNED_ZH}",
        ),
        (
            r"a date of at most (\d+) years ahead, such as (.+), or a year alone",
            r"至多 \1 年以后的日期，如 \2，或只写年份",
        ),
        (rf"a day up to (\S+); {_PLANNED}", rf"不晚于 \1 的日期；{_PLANNED_ZH}"),
        (r"a day from (\S+) on, when it moved last", r"不早于 \1（上一次进展）的日期"),
        (r"a day from (\S+) on, when this step began", r"不早于 \1（这一步开始）的日期"),
        (r"a day from (\S+) on, when it starts", r"不早于 \1（开始之日）的日期"),
        (r"a day up to (\S+)", r"不晚于 \1 的日期"),
        (
            r"the project_id of one of the projects that GET /v1/projects lists",
            "GET /v1/projects 所列项目之一的 project_id",
        ),
        (r"one of the (moves|tasks) of the project", "该项目已有的一条"),
        (r"one of:? (.+)", r"以下之一：\1"),
        (r"a project that has not ended", "尚未结束的项目"),
        (
            r"another enterprise, project, industry or code",
            "另一企业、项目、产业或编号：这一项目已经建立，见 project_id",
        ),
        (r"an enterprise that no other zone is in talks with", "没有其他开发区正在洽谈的企业"),
        (r"an enterprise, or at least what the project is", "企业，或至少写明项目内容"),
        (r"the zone of the need, (.+), or nothing", r"该需求所属的开发区 \1，或不给"),
        (r"a reason of the list, see .*", "原因清单中的一项"),
        (r"a unit of the list, such as (.+)", r"责任单位清单中的单位，如 \1"),
        (r"a stage, such as negotiation \(洽谈\)", "阶段，如 洽谈（negotiation）"),
        (
            r"亿元; the usual amount is (\S+)\. Was it meant in 万元\? "
            r"Give the unit, such as (\S+), or send it again with confirm_amount",
            r"亿元；通常约为 \1。是否应为万元？请写明单位，如 \2，或加 confirm_amount 再次提交",
        ),
        (
            r"a gate \((.+)\), alone or with a state, such as (\S+)",
            r"关口（\1），单写或带结论，如 \2",
        ),
        (r"a zone of (.+?): (.+)", r"\1的开发区：\2"),
        (r"a city of the zones table", "开发区表中的城市"),
        (r"an industry that one of its zones has fixed", "其中某个开发区已确定的产业"),
        (r"each project once", "每个项目只出现一次"),
        (r"what is to be done", "要办的事项"),
        (r"a key for all zones", "可查看全部开发区的密钥"),
        (r"a whole number from (\d+) to (\d+)", r"\1 到 \2 的整数"),
        (
            r"official, analyst or administrator",
            "官员（official）、分析（analyst）或管理（administrator）",
        ),
        (
            r"need_id alone, or zone_id and industry together",
            "单给 need_id，或同时给 zone_id 与 industry",
        ),
        (r"the (\w+) of one of the \w+ in the workspace", r"工作区里已有的 \1"),
        (r"the (\w+) of a known \w+", r"工作区里已有的 \1"),
        (r"the list_id of a page with .*", "需求、筛选与语言都相同的那一页的 list_id"),
        (r"the list_id of .*", "名单某一页的 list_id"),
        (r"a code of GB/T 4754-2017 such as (.+) or (.+)", r"GB/T 4754-2017 的代码，如 \1 或 \2"),
        (r"a need of (\d+) characters at most in all its texts", r"全部文字至多 \1 个字的需求"),
        (r"a valid key, see (.+)", r"有效的密钥，见 \1"),
        (r"localhost or a loopback address", "localhost 或本机地址"),
    )
)
"""Expectations of fields: patterns of the English sentences, and their translations."""


def prefers_chinese(header: str) -> bool:
    """Whether an Accept-Language header prefers Chinese.

    Examples
    --------
    >>> prefers_chinese("zh-CN,en;q=0.5"), prefers_chinese("en, zh;q=0.5"), prefers_chinese("")
    (True, False, False)
    """
    return "zh" in header.lower() and negotiate(header) == "zh"


def in_chinese(document: dict[str, Any]) -> dict[str, Any]:
    """Return a problem in Chinese; quoted values are unchanged."""
    title = _SAID.get(document["code"], document["title"])
    faults = [{**fault, "expected": _expected(fault["expected"])} for fault in document["errors"]]
    shown = [_shown(fault) for fault in faults if fault["field"]]
    detail = f"{title}：{'；'.join(shown)}" if shown else title
    return {**document, "title": title, "detail": detail, "errors": faults}


def _shown(fault: dict[str, Any]) -> str:
    came = "" if fault["got"] is None else f"收到 {fault['got']!r}，"
    wanted = f"应为{fault['expected']}" if fault["expected"] else ""
    return f"{fault['field']} {came}{wanted}".rstrip(" ，")


def _expected(text: str | None) -> str | None:
    for pattern, shown in _EXPECTED:
        if text is not None and (found := pattern.fullmatch(text)):
            return found.expand(shown)
    return text
