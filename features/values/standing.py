"""Whether an enterprise still exists: `active`, `inactive` or unknown, from its registered status.

It recognises the terms of mainland and Hong Kong registers, and of commercial databases in Chinese
and English. Inactive enterprises are never listed.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

import polars as pl

from features.words.normal import simplified

Standing = Literal["active", "inactive"]

_ENDED = (
    "已迁移|已搬|搬离|销户|不存在|无此企业|查无|清退|停工|过期|个转企|个体转企业|撤并|停止|休止|休业|废业|失败|撤回|迁至|迁往|外迁|迁离|移出|暂停|不存续|不经营|不在业|不营业|注销|吊销|撤销|撤消|除名|清算|迁出|转出|歇业|停业|停止营业|停止经营|暂停经营|停产|关闭|关停|关店|倒闭|破产|解散|"
    "废止|取缔|终止|失效|无效|作废|更名|更改|非正常|不再|休眠|被合并|已合并|吸收合并|非存续|"
    "dissol|liquidat|struck|strik|deregist|de-regist|cancel|revok|revoc|clos|ceas|inactive|"
    "notactive|non-active|bankrupt|insolv|terminat|remov|withdraw|woundup|windingup|merged|dormant|"
    "defunct|expired|suspend|outofbusiness|inadministration|receiver|notoperat|nonoperat|nolonger|"
    "unregister|notlive|notregist|wound-up|winding-up|movedout|migratedout|notinbusiness"
)
_NOT = re.compile(rf"(?:未|尚未|没有|无|非)被?(?:{_ENDED.partition('|dissol')[0]})")
_INACTIVE = re.compile(_ENDED)
_PENDING = re.compile(
    r"筹建|筹备|待|拟|预登记|预核准|未开业|未开工|未投产|未生产|未营业|未经营|设立中|名称预先|名称核准|暂缓|申请|审批中|办理中|pending|propos|reserv|abnormal"
)
_ACTIVE = re.compile(
    "存续|续存|在业|在营|在册|在产|开业|开工|营业|经营|正常|登记|设立|成立|迁入|转入|核准|有效|注册|运营|生产|投产|"
    "active|regist|live|goodstanding|exist|normal|operat|open|incorporat|current|valid|subsisting|"
    "inbusiness|确立|存活|建成|恢复"
)
_PARTLY = re.compile(r"(?:半|部分|季节性|阶段性|临时性?)停[产工业]")
"""Who produces less has not ended, nor is known to go on."""
_CLEARED = re.compile(r"已?移出(?:经营)?异常(?:名录)?")
"""Who was taken off the list of irregularities has not moved out."""
_KEPT = 10_000


@lru_cache(_KEPT)
def standing(status: str | None) -> Standing | None:
    """Return the standing of a status; None if it is unknown or not conclusive.

    Examples
    --------
    >>> standing("存续（在营、开业、在册）"), standing("吊销，未注销"), standing("筹建")
    ('active', 'inactive', None)
    """
    if not status:
        return None
    text = simplified(unicodedata.normalize("NFKC", status)).lower()
    plain = re.sub(r"[\s_]", "", text)
    plain = _PARTLY.sub("", plain)
    # 未注销 negates the term, 非正常 does not.
    plain = _CLEARED.sub("正常", plain)
    left = _NOT.sub(lambda found: found[0] if "非正常" in found[0] else "", plain)
    if _INACTIVE.search(left):
        return "inactive"
    if left != plain:
        return "active"
    if _PENDING.search(plain):
        return None
    return "active" if _ACTIVE.search(plain) else None


def standings(statuses: pl.Series) -> pl.Series:
    """Return the standing of each status, null if unknown."""
    known = statuses.drop_nulls().unique().to_list()
    shown = {status: found for status in known if (found := standing(status))}
    return statuses.replace_strict(shown, default=None, return_dtype=pl.String).alias("standing")
