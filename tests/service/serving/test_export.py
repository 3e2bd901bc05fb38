import errno
import os
from pathlib import Path

import fastexcel
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.errors import UnavailableError, UsageError
from service.serving import export
from service.serving.export import check_writable, leads_frame, write_table
from service.serving.filters import Filters
from tests.pool import FLAGGED, NEED_IDS

FRAME = pl.DataFrame(
    {"need_id": ["=1+1", "乙", None], "score": [0.5, 0.25, None], "rank": [1, 2, 3]}
)


def read(path):
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    if path.suffix == ".csv":
        return pl.read_csv(path)
    return pl.read_excel(path)


@pytest.fixture
def page(engine):
    return engine.recommend(engine.need(NEED_IDS[0]), Filters(), 500, 0, "zh")


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.xlsx", "A.XLSX"])
def test_what_is_written_is_read_back(tmp_path, name):
    path = tmp_path / name
    write_table(FRAME, path)
    found = read(path.rename(tmp_path / name.lower()))
    assert_frame_equal(found, FRAME, check_dtypes=False)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_csv_for_a_reader_is_utf_8_to_excel_and_one_for_programs_is_plain(tmp_path):
    path = tmp_path / "a.csv"
    write_table(FRAME, path)
    assert path.read_bytes().startswith(b"need_id,")
    write_table(FRAME.rename({"need_id": "需求"}), path)
    assert path.read_bytes().startswith("\ufeff需求,".encode())


def test_a_text_that_looks_like_a_formula_stays_a_text(tmp_path):
    write_table(FRAME, tmp_path / "a.xlsx")
    sheet = fastexcel.read_excel(tmp_path / "a.xlsx").load_sheet("线索")
    assert sheet.to_polars()["need_id"].to_list()[0] == "=1+1"


def test_nor_does_a_formula_run_from_a_csv_for_a_reader(page, tmp_path):
    lead = page["leads"][0]
    enterprise = {**lead["enterprise"], "name": '=HYPERLINK("http://evil.example")'}
    leads = leads_frame({**page, "leads": [{**lead, "enterprise": enterprise, "score": -0.5}]})
    write_table(leads, tmp_path / "a.csv")
    found = pl.read_csv(tmp_path / "a.csv").row(0, named=True)
    assert found["企业名称"] == '\'=HYPERLINK("http://evil.example")'
    assert found["企业编号"] == enterprise["enterprise_id"]
    assert found["得分"] == -0.5


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.xlsx"])
def test_an_old_file_is_replaced_and_an_empty_list_written(tmp_path, name):
    path = tmp_path / name
    write_table(FRAME, path)
    write_table(FRAME.clear(), path)
    found = read(path) if name != "a.xlsx" else pl.read_excel(path, raise_if_empty=False)
    assert found.height == 0


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.xlsx"])
def test_a_full_disk_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch, name):
    path = tmp_path / name
    path.write_text("old", encoding="utf-8")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UnavailableError, match=rf"could not write .*{name}: .*No space left"):
        write_table(FRAME, path)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert path.read_text(encoding="utf-8") == "old"


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "_XLSX_ROWS", 2)
    with pytest.raises(UsageError, match=r"write \.csv or \.parquet"):
        write_table(FRAME, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.txt", "a", ".csv", "missing/a.csv", "folder.csv"])
def test_a_path_that_cannot_be_written_is_refused_at_once(tmp_path, name):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="cannot write") as caught:
        check_writable(tmp_path / name)
    assert caught.value.field == "out"


def test_a_path_that_can_be_written_is_fine(tmp_path):
    for name in ("a.csv", "b.xlsx", "c.PARQUET"):
        check_writable(tmp_path / name)


def test_a_list_for_an_official_has_a_row_a_lead(page):
    found = leads_frame(page)
    assert found.height == page["total"]
    assert found["序号"].to_list() == list(range(1, found.height + 1))
    assert found["企业名称"].to_list() == [lead["enterprise"]["name"] for lead in page["leads"]]
    first = found.row(0, named=True)
    assert first["环节"] == "封装"
    assert first["需求"] == NEED_IDS[0]
    assert first["模型版本"] == page["model_version"]
    assert "LED" in first["推荐理由"]
    flagged = found.filter(pl.col("企业编号") == FLAGGED)
    assert flagged["提示"].to_list() == ["特别处理；信用不良"]


def test_a_column_first_filled_far_down_is_written(page, tmp_path):
    lead = page["leads"][0]
    bare = {**lead["enterprise"], "short_name": None}
    leads = [{**lead, "rank": rank, "enterprise": bare} for rank in range(1, 150)]
    leads.append({**lead, "rank": 150, "enterprise": {**bare, "short_name": "简称"}})
    found = leads_frame({**page, "leads": leads})
    assert found["简称"].to_list()[-1] == "简称"
    write_table(found, tmp_path / "a.xlsx")


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.xlsx"])
def test_a_list_without_any_lead_still_has_its_headers(page, tmp_path, name):
    found = leads_frame({**page, "leads": []})
    assert found.columns == leads_frame(page).columns
    write_table(found, tmp_path / name)
