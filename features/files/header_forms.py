"""Headers beyond the lists of aliases: places of several levels, kinds of names, suffixes.

所在县（区） is a district and 省份地区 a joined place; 链主企业名称 is the name of an enterprise
where a list has no plainer one; regstate_cn is regstate.
"""

from __future__ import annotations

import re

_WHERE = re.compile(r"^(?:企业|公司|单位|所属|所在地?|注册地?|落户地?|属地|行政|归属)+")
_PLACES = {
    **dict.fromkeys(("省级", "省份", "省", "自治区", "直辖市"), "p"),
    **dict.fromkeys(("地级市", "设区市", "城市", "地市", "州市", "盟市", "市州", "州", "盟"), "c"),
    **dict.fromkeys(("县级市", "区县", "县区", "市区", "县市", "区", "县", "旗"), "d"),
    **dict.fromkeys(("地区", "地域", "区域", "辖区", "政区", "属地"), "r"),
    **dict.fromkeys(("乡镇", "街道"), "t"),
    "市": "m",
}
_PLACE = re.compile("|".join(sorted(_PLACES, key=len, reverse=True)))
_BETWEEN = re.compile(r"[()\[\]【】/、,;+和及与]")
_COLUMNS = {
    r"p+": "province",
    r"m*c+m*|m": "city",
    r"d+m?d*|md": "district",
}
_NAME = re.compile(
    r"^(?:.{0,8}(?:企业|公司|单位|商户|主体)(?:全称|名称?)|(?:拟?招引|拟?引进|目标|意向|对接|拜访|走访|"
    r"签约|链主|龙头|骨干|重点|上市|规上|入库|候选|入选|认定|获评|拟认定|申请|申报)(?:的)?(?:企业|公司|单位))"
    r"(?:全称|名称)?$"
)
_OTHERS = re.compile(
    r"母公司|集团|上级|主管|推荐|控股|关联|股东|填报|报送|填表|分公司|机关|银行|发证|登记|责任|牵头|监管|保荐|"
    r"审计|实控|请|填写|输入|核对|下游|上游|客户|供应|合作|原|曾|前|英文|外文"
)
"""Names of other parties, and earlier or foreign names of the enterprise."""
_SUFFIX = re.compile(
    r"(?<=[a-z]{3})(?:cn|zh|chinese|desc|text|name|latinalphabet|lastavail(?:yr|year|value))$|(?<=..)(?:总额|金额|数额)$"
)


def place(form: str) -> str | None:
    """Return the column of a header of places: a level, or `region` for several levels.

    Examples
    --------
    >>> [place(text) for text in ("所在县(区)", "省份地区", "所属市州", "乡镇", "产区")]
    ['district', 'region', 'city', None, None]
    """
    plain = _BETWEEN.sub("", _WHERE.sub("", form))
    levels = _PLACE.sub(lambda found: _PLACES[found[0]], plain)
    if re.search("[a-z]", plain) or not re.fullmatch("[pcdrtm]+", levels):
        return None
    for pattern, column in _COLUMNS.items():
        if re.fullmatch(pattern, levels):
            return column
    return None if re.fullmatch("t+", levels) else "region"


def is_name(form: str) -> bool:
    """Whether a header is a name of the enterprise itself, such as 链主企业名称."""
    return bool(_NAME.match(form)) and not _OTHERS.search(form)


def without_suffix(form: str) -> str:
    """Return a header without a suffix that adds nothing: regstate_cn, 注册资本金额."""
    return _SUFFIX.sub("", form)
