"""Names of places, by the changes that were made since 1990 and by the short forms of lists."""

import csv
from importlib.resources import files

import pytest

from features.geography.addresses import locate, seat, seated
from features.geography.divisions import divisions
from features.geography.place_names import is_zone, resolve


@pytest.mark.parametrize(
    ("province", "city", "county", "seat"),
    [
        # Another name for the same prefecture.
        ("湖北", "襄樊", None, ("湖北省", "襄阳市", None)),
        (None, "襄樊市", None, ("湖北省", "襄阳市", None)),
        ("贵州", "毕节地区", None, ("贵州省", "毕节市", None)),
        (None, "思茅", None, ("云南省", "普洱市", None)),
        ("云南省", "思茅市", "翠云区", ("云南省", "普洱市", "思茅区")),
        ("湖南省", "大庸市", None, ("湖南省", "张家界市", None)),
        ("江苏省", "淮阴市", "淮安市", ("江苏省", "淮安市", "淮安区")),
        ("内蒙古", "伊克昭盟", "东胜市", ("内蒙古自治区", "鄂尔多斯市", "东胜区")),
        # A prefecture that became a part of another one.
        (None, "莱芜市", None, ("山东省", "济南市", "莱芜区")),
        ("山东", "莱芜", "钢城区", ("山东省", "济南市", "钢城区")),
        ("山东省", "莱芜市", "莱城区", ("山东省", "济南市", "莱芜区")),
        ("安徽", "巢湖", None, ("安徽省", "合肥市", "巢湖市")),
        ("安徽省", "巢湖市", "居巢区", ("安徽省", "合肥市", "巢湖市")),
        ("安徽省", "巢湖市", "无为县", ("安徽省", "芜湖市", "无为市")),
        ("四川省", "重庆市", "沙坪坝区", ("重庆市", "重庆市", "沙坪坝区")),
        ("四川", "涪陵市", None, ("重庆市", "重庆市", "涪陵区")),
        # Divided: which part is meant only the county tells.
        ("安徽", "巢湖地区", None, ("安徽省", None, None)),
        ("山西省", "雁北地区", None, ("山西省", None, None)),
        ("山西省", "雁北地区", "怀仁县", ("山西省", "朔州市", "怀仁市")),
        ("广西", "南宁地区", None, ("广西壮族自治区", None, None)),
        # Counties of another name, of another rank, of another city.
        ("山西", "长治", "长治县", ("山西省", "长治市", "上党区")),
        ("山西", "长治市", "潞城市", ("山西省", "长治市", "潞城区")),
        ("山西", "长治市", "郊区", ("山西省", "长治市", "潞州区")),
        ("浙江", "杭州市", "余杭市", ("浙江省", "杭州市", "余杭区")),
        ("浙江", "杭州市", "下城区", ("浙江省", "杭州市", "拱墅区")),
        ("浙江", "杭州市", "江干区", ("浙江省", "杭州市", None)),
        ("上海", None, "南汇", ("上海市", "上海市", "浦东新区")),
        (None, "北京", "宣武区", ("北京市", "北京市", "西城区")),
        ("四川", "资阳市", "简阳市", ("四川省", "成都市", "简阳市")),
        ("江苏省", "扬州市", "兴化市", ("江苏省", "泰州市", "兴化市")),
        # Short names of autonomous units, prefectures, leagues.
        ("吉林", "延边州", "延吉", ("吉林省", "延边朝鲜族自治州", "延吉市")),
        (None, "延边", None, ("吉林省", "延边朝鲜族自治州", None)),
        (None, "延边朝鲜族自治州", None, ("吉林省", "延边朝鲜族自治州", None)),
        ("青海", "海南州", None, ("青海省", "海南藏族自治州", None)),
        ("新疆", "巴州", None, ("新疆维吾尔自治区", "巴音郭楞蒙古自治州", None)),
        ("四川", "巴州", None, ("四川省", "巴中市", "巴州区")),
        ("内蒙", "锡盟", None, ("内蒙古自治区", "锡林郭勒盟", None)),
        (None, "和田", None, ("新疆维吾尔自治区", "和田地区", None)),
        ("湖北", "宜昌", "长阳县", ("湖北省", "宜昌市", "长阳土家族自治县")),
        ("甘肃", None, "东乡县", ("甘肃省", "临夏回族自治州", "东乡族自治县")),
        ("河南", "郑州", "管城区", ("河南省", "郑州市", "管城回族区")),
        # What codes have where there is no city.
        ("山西省", "市辖区", None, ("山西省", None, None)),
        ("重庆市", "县", "万盛区", ("重庆市", "重庆市", "綦江区")),
        ("上海市", "市辖区", None, ("上海市", "上海市", None)),
        ("河南", "省直辖县级行政区划", "济源市", ("河南省", "济源市", None)),
        ("新疆", "自治区直辖县级行政区划", "石河子", ("新疆维吾尔自治区", "石河子市", None)),
        ("湖北", None, "仙桃市", ("湖北省", "仙桃市", None)),
        # A county in the column of the city.
        (None, "昆山市", None, ("江苏省", "苏州市", "昆山市")),
        (None, "萧山", None, ("浙江省", "杭州市", "萧山区")),
        (None, "和田市", None, ("新疆维吾尔自治区", "和田地区", "和田市")),
        ("台湾", "台北", None, ("台湾省", "台北市", None)),
        ("湖北省", " 襄 樊 市", None, ("湖北省", "襄阳市", None)),
        ("江蘇省", "無錫市", "濱湖區", ("江苏省", "无锡市", "滨湖区")),
    ],
)
def test_names_become_those_of_today(province, city, county, seat):
    found = resolve(province, city, county)
    assert tuple(found.seat) == seat
    assert found.unknown == ()


@pytest.mark.parametrize(
    ("stated", "seat", "unknown"),
    [
        (
            ("虚构省", "虚构市", "样例区"),
            ("虚构省", "虚构市", "样例区"),
            ("province", "city", "county"),
        ),
        (("山西省", "虚构市", None), ("山西省", "虚构市", None), ("city",)),
        # A city of another province is not believed, nor one name of many places.
        (("广东省", "杭州市", None), ("广东省", "杭州市", None), ("city",)),
        ((None, "朝阳区", None), (None, "朝阳区", None), ("city",)),
        ((None, None, "鼓楼区"), (None, None, "鼓楼区"), ("county",)),
        (("山西省", "长治市", "昆山市"), ("山西省", "长治市", "昆山市"), ("county",)),
        (("江苏省", "无锡市", "高新区"), ("江苏省", "无锡市", "高新区"), ("county",)),
    ],
)
def test_what_is_not_known_stays_as_it_is_and_is_named(stated, seat, unknown):
    found = resolve(*stated)
    assert tuple(found.seat) == seat
    assert found.unknown == unknown


def test_a_change_has_its_year():
    (field, change), *more = resolve("湖北省", "襄樊市").former
    assert (field, change.path, change.until, more) == ("city", ("湖北省", "襄樊市"), 2010, [])
    assert resolve("湖北省", "襄阳市").former == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("湖北省襄樊市高新区邓城大道", ("湖北省", "襄阳市", None)),
        ("山东省莱芜市莱城区凤城街道", ("山东省", "济南市", "莱芜区")),
        ("吉林省延边州延吉市", ("吉林省", "延边朝鲜族自治州", "延吉市")),
        ("新疆维吾尔自治区巴州库尔勒市", ("新疆维吾尔自治区", "巴音郭楞蒙古自治州", "库尔勒市")),
        ("河南省省直辖县级行政区划济源市", ("河南省", "济源市", None)),
        ("海南省省直辖县级行政单位琼海市", ("海南省", "琼海市", None)),
        ("重庆市县开县", ("重庆市", "重庆市", "开州区")),
        ("四川省重庆市沙坪坝区", ("重庆市", "重庆市", "沙坪坝区")),
        ("浙江省余杭市临平镇", ("浙江省", "杭州市", "余杭区")),
        ("长治县韩店镇", ("山西省", "长治市", "上党区")),
        ("山西省潞城市", ("山西省", "长治市", "潞城区")),
        ("云南省思茅地区思茅市", ("云南省", "普洱市", "思茅区")),
        ("安徽省巢湖市黄麓镇", ("安徽省", "合肥市", "巢湖市")),
        ("江苏省无锡市南长街589号", ("江苏省", "无锡市", None)),
        ("巴州区江北大道", ("四川省", "巴中市", "巴州区")),
    ],
)
def test_addresses_are_read_by_the_same_names(text, place):
    assert tuple(locate(text)) == place


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ((None, "江苏无锡", None), ("江苏省", "无锡市", None)),
        ((None, "长治市襄垣县", None), ("山西省", "长治市", "襄垣县")),
        (("山西省", "市辖区", None, "山西省长治市长治县"), ("山西省", "长治市", "上党区")),
    ],
)
def test_columns_that_hold_more_than_they_say(told, place):
    assert tuple(seat(*told)) == place
    assert seated(*told).unknown == ()


def test_the_changes_fit_the_divisions_of_today():
    text = (files("features") / "reference" / "former_places.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) > 500
    assert len({row["former"] for row in rows}) == len(rows)
    for row in rows:
        assert 1990 <= int(row["until"]) <= 2026
        path = row["former"].split("/")
        found = resolve(path[0], path[1], path[2] if len(path) > 2 else None)
        assert found.unknown == (), row
        now = [name.split("/") for name in row["now"].split(";")]
        if len(now) == 1:
            names = [name for name in found.seat if name]
            assert names[-1] == now[0][-1] or path[-1] in divisions().cities, row


def test_every_division_of_today_is_found_by_its_own_names():
    known = divisions()
    for code in known.names:
        found = resolve(*known.seat(code))
        assert found.code == code, known.seat(code)
        assert found.former == found.unknown == ()


@pytest.mark.parametrize("name", ["高新区", "经济技术开发区", "苏州工业园区", "滨海新区管委会"])
def test_zones_are_no_counties(name):
    assert is_zone(name)
    assert not is_zone("昆山市")
