import datetime
import io
import re
import time
import zipfile

import fastexcel
import pytest

from service.serving.filters import Filters
from service.serving.take_along import COLUMNS, HOW_TO_READ, take_along
from tests.pool import FLAGGED, NEED_IDS

DAY = datetime.date(2026, 3, 1)


@pytest.fixture
def page(engine):
    return engine.recommend(engine.need(NEED_IDS[0]), Filters(), 500, 0, "zh")


@pytest.fixture
def made(engine, page):
    def made(pages=(page,), **options):
        return take_along(pages, engine.enterprise, day=DAY, **options)

    return made


def cells(content, sheet):
    loaded = fastexcel.read_excel(content).load_sheet(sheet, header_row=None, dtypes="string")
    return [[cell or "" for cell in row] for row in loaded.to_polars().rows()]


def parts(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist() if "xml" in name}


def test_a_cover_a_sheet_a_need_and_what_it_is_not(made):
    content = made(author="招商一科")
    assert fastexcel.read_excel(content).sheet_names == ["封面", "LED封装", "说明"]
    cover = {row[0]: row[1] for row in cells(content, "封面") if row[0]}
    assert cover["开发区"] == "长治高新区"
    assert cover["需求"] == "LED封装（辅助）"
    assert cover["制表日期"] == "2026年3月1日"
    assert cover["制表"] == "招商一科"
    assert cover["怎样读"] == HOW_TO_READ[0]
    assert any("不是投资意向" in row[0] for row in cells(content, "说明"))


def test_a_row_a_lead_and_columns_to_write_in(made, page):
    title, headers, *rows = cells(made(), "LED封装")
    assert title[0] == "长治高新区 · LED封装（辅助）"
    assert headers == list(COLUMNS)
    assert [row[1] for row in rows] == [lead["enterprise"]["name"] for lead in page["leads"]]
    first = dict(zip(headers, rows[0], strict=True))
    assert first["产业环节"] == "封装"
    assert first["主营产品（占比）"].splitlines()[0].endswith(" 60%")
    assert "注册资本" in first["规模"]
    assert re.fullmatch(r"[^\n]+。\n[^\n]+。", first["推荐理由"])
    assert {first[column] for column in ("联系人", "跟进情况", "备注")} == {""}
    assert first["契合"].splitlines()[0] in {"高度契合", "部分契合", "契合较弱"}


def test_flags_stand_beside_the_status(made, page):
    _, headers, *rows = cells(made(), "LED封装")
    at = [lead["enterprise"]["enterprise_id"] for lead in page["leads"]].index(FLAGGED)
    assert "特别处理" in rows[at][headers.index("状态")]


def test_no_id_is_shown_unless_it_is_asked_for(made, page):
    ids = {lead["enterprise"]["enterprise_id"] for lead in page["leads"]}
    shown = {cell for row in cells(made(), "LED封装") for cell in row}
    assert not ids & shown
    asked = {row[-1] for row in cells(made(ids=True), "LED封装")[2:]}
    assert asked == ids


def test_it_prints_on_a4_across_with_headers_on_each_page(made):
    found = parts(made())
    sheet = found["xl/worksheets/sheet2.xml"]
    assert 'paperSize="9"' in sheet
    assert 'orientation="landscape"' in sheet
    assert "第 &amp;P 页，共 &amp;N 页" in sheet
    assert "<autoFilter" in sheet
    assert 'state="frozen"' in sheet
    assert "LED封装'!$1:$2" in found["xl/workbook.xml"].replace("LED封装!$1", "LED封装'!$1")
    sizes = [float(size) for size in re.findall(r'<sz val="([\d.]+)"', found["xl/styles.xml"])]
    assert min(sizes) >= 10
    assert not re.search(r"<v>\d*\.?\d{16,}</v>", sheet)


def test_needs_of_one_name_get_sheets_of_their_own(made, page):
    names = fastexcel.read_excel(made((page, page))).sheet_names
    assert names == ["封面", "LED封装", "LED封装（2）", "说明"]


@pytest.mark.parametrize("industry", ["封面", "a/b:c*?[x]\\d", "'", "长" * 60])
def test_any_industry_makes_a_sheet(made, page, industry):
    odd = {**page, "need": {**page["need"], "industry": industry}}
    assert len(fastexcel.read_excel(made((odd,))).sheet_names) == 3


def test_what_is_written_never_runs(made, page):
    lead = page["leads"][0]
    enterprise = {**lead["enterprise"], "name": '=HYPERLINK("http://evil.example")'}
    odd = {**page, "leads": [{**lead, "enterprise": enterprise}]}
    sheet = parts(made((odd,)))["xl/worksheets/sheet2.xml"]
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet


def test_fifty_needs_of_fifty_leads_take_no_five_seconds(made, page):
    leads = (page["leads"] * 50)[:50]
    begin = time.thread_time()
    made(tuple({**page, "leads": leads} for _ in range(50)))
    assert time.thread_time() - begin < 5
