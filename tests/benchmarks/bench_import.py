"""Import of 1,000,000 enterprises, against pandas reading the same file and doing the same checks.

Run as `python -m tests.benchmarks.bench_import [--rows N] [--runs N]`. The file repeats the listed
companies under new ids, with capitals and headcounts made up. Two files are measured: one repeats
the products as they are; in the other every row's products are different texts, so that nothing is
gained by parsing a text once. Each run is a process of its own, ours and pandas' in turn; medians
are printed, a JSON object a line.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pandas as pd

SOURCE = Path(os.environ.get("LIANZHAO_SHARED", "../shared/data")) / "listed" / "enterprises.csv"


SAME = {"统一社会信用代码": "企业编号", "成立日期": "成立年份"}
"""Headers of exports, and those of the other files for the same."""
_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = [3**at % 31 for at in range(17)]


def wide(source: Path, rows: int) -> pl.DataFrame:
    """Return rows of 36 columns as a data base exports them, all made up but names and places."""
    listed = pl.read_csv(source, infer_schema=False)
    row = pl.int_range(pl.len())
    copies = pl.concat([listed] * (rows // listed.height + 1)).head(rows)
    digits = [row.floordiv(10**at) % 10 for at in range(6, -1, -1)]
    led = "91140400MA"
    known = sum(_CODE.index(c) * w for c, w in zip(led, _WEIGHTS, strict=False))
    total = sum((d * w for d, w in zip(digits, _WEIGHTS[10:], strict=True)), pl.lit(known))
    check = pl.lit(pl.Series(list(_CODE))).gather((31 - total % 31) % 31)
    code = pl.concat_str(pl.lit(led), *(d.cast(pl.String) for d in digits), check)
    capitals = pl.lit(pl.Series(["5000万元", "500万美元", "1.2亿元", "3000万元人民币", "-"]))
    year = pl.concat_str(
        1980 + row % 45, pl.lit("-03-"), (1 + row % 28).cast(pl.String).str.zfill(2)
    )
    text = pl.col("主营产品").fill_null("-")
    states = pl.lit(pl.Series(["存续", "在业", "存续（在营、开业、在册）"]))
    return copies.select(
        pl.format("{}{}", "企业名称", row).alias("企业名称"),
        states.gather(row % 3).alias("登记状态"),
        pl.lit("某某").alias("法定代表人"),
        capitals.gather(row % 5).alias("注册资本"),
        year.alias("成立日期"),
        code.alias("统一社会信用代码"),
        pl.format("{}{}某路{}号", "所属省份", "所属城市", row % 999).alias("注册地址"),
        pl.col("所属省份").fill_null("-"),
        pl.col("所属城市").fill_null("-"),
        *(pl.lit("-").alias(name) for name in ("所属区县", "有效手机号", "更多电话", "邮箱")),
        pl.lit("有限责任公司").alias("企业(机构)类型"),
        code.alias("纳税人识别号"),
        *(pl.lit("-").alias(name) for name in ("注册号", "组织机构代码")),
        (row % 5000).cast(pl.String).alias("参保人数"),
        pl.lit("2025").alias("参保人数所属年报"),
        pl.format("{}至无固定期限", year).alias("营业期限"),
        pl.lit("制造业").alias("国标行业门类"),
        pl.lit("计算机、通信和其他电子设备制造业").alias("国标行业大类"),
        pl.lit("电子器件制造").alias("国标行业中类"),
        pl.lit("光电子器件制造").alias("国标行业小类"),
        *(pl.lit("光电").alias(f"企查查行业{level}") for level in ("门类", "大类", "中类", "小类")),
        pl.lit("小型").alias("企业规模"),
        *(pl.lit("-").alias(name) for name in ("曾用名", "英文名", "官网网址")),
        *(pl.lit("-").alias(name) for name in ("通信地址", "通信地址邮编")),
        text.alias("企业简介"),
        pl.format("{}；第{}项", text, row).alias("经营范围"),
    )


def write_lists(folder: Path, rows: int, case: str | None) -> dict[str, Path]:
    """Write the files to import: name of the case → path."""
    if case == "wide":
        path = folder / "wide.csv"
        wide(SOURCE, rows).write_csv(path)
        return {"wide": path}
    listed = pl.read_csv(SOURCE, infer_schema=False)
    row = pl.int_range(pl.len())
    capitals = pl.Series(["5000万", "1.2亿", "3,000", "800", "", "5000万元"])
    copies = (
        pl.concat([listed] * (rows // listed.height + 1))
        .head(rows)
        .with_columns(
            pl.format("{}-{}", "企业编号", row.floordiv(listed.height)).alias("企业编号"),
            pl.lit(capitals).gather(row % len(capitals)).alias("注册资本"),
            pl.format("{}人", row % 5000).alias("参保人数"),
        )
    )
    distinct = copies.with_columns(pl.format("第{}号{}", row, "主营产品").alias("主营产品"))
    paths = {"repeated": folder / "repeated.csv", "distinct": folder / "distinct.csv"}
    copies.write_csv(paths["repeated"])
    distinct.write_csv(paths["distinct"])
    return paths


def import_ours(path: Path) -> int:
    """Import into a new workspace; return how many rows were read."""
    from features.imports.importing import import_table
    from features.workspace import Workspace

    with tempfile.TemporaryDirectory(dir=path.parent) as home:
        report = import_table(Workspace(Path(home)), "enterprises", path)
    assert report.read == report.added, report
    return report.read


def check_with_pandas(path: Path) -> int:
    """Read and check with pandas, column by column; return how many rows are good."""
    import pandas as pd

    frame = pd.read_csv(path, engine="c", dtype=str, keep_default_na=False)
    for column in frame.columns:
        frame[column] = frame[column].str.strip()
    frame = frame.rename(columns=SAME)
    frame = frame.mask(frame.isin(["", "-", "--", "NULL", "null", "N/A", "无", "未知"]))
    bad = frame["企业编号"].isna() | frame["企业名称"].isna() | frame["企业编号"].duplicated()

    parts = frame["成立年份"].str.extract(
        r"^(\d{4})(?:[-/.年](\d{1,2}))?(?:[-/.月](\d{1,2}))?[年月日]?$"
    )
    parts[[1, 2]] = parts[[1, 2]].fillna("1")
    founded = pd.to_datetime(
        parts[0] + "-" + parts[1] + "-" + parts[2], format="%Y-%m-%d", errors="coerce"
    )
    bad |= frame["成立年份"].notna() & ~founded.dt.year.between(1500, 2030)

    amounts = (
        frame["注册资本"].str.replace(",", "").str.extract(r"^[￥¥]?([\d.]+)(元|万|万元|亿|亿元)?$")
    )
    units = amounts[1].map({"元": 1e-4, "万": 1, "万元": 1, "亿": 1e4, "亿元": 1e4}).fillna(1)
    capital = pd.to_numeric(amounts[0], errors="coerce") * units
    bad |= frame["注册资本"].notna() & ~(capital >= 0)

    people = frame["参保人数"].str.replace(",", "").str.removesuffix("人")
    bad |= frame["参保人数"].notna() & ~(pd.to_numeric(people, errors="coerce") >= 0)

    if "主营产品" not in frame:
        bad |= ~_checked_codes(frame["企业编号"])
        return int((~bad).sum())
    items = frame["主营产品"].str.replace("；", ";").str.split(";").explode().dropna().str.strip()
    parts = items.str.extract(r"^(.*?)(?:[:：]\s*([+-]?[\d.]+)\s*([%％]?))?$")
    share = pd.to_numeric(parts[1], errors="coerce") / parts[2].eq("%").map({True: 100, False: 1})
    wrong = (parts[1].notna() & ~share.between(0, 1)) | parts[0].eq("")
    bad |= wrong.groupby(level=0).any().reindex(frame.index, fill_value=False)
    return int((~bad).sum())


def _checked_codes(codes: "pd.Series") -> "pd.Series":
    """Return which credit codes have the check digit that follows from their other characters."""
    values = {character: at for at, character in enumerate(_CODE)}
    upper = codes.str.upper()
    total = sum(upper.str[at].map(values) * weight for at, weight in enumerate(_WEIGHTS))
    return upper.str[17].map(values) == (31 - total % 31) % 31


SIDES = {"lianzhao": import_ours, "pandas": check_with_pandas}


def measured(side: str, path: Path) -> tuple[float, float]:
    """Run one side in a process of its own: seconds and peak memory in GB."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_import", "--side", side, str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, peak = json.loads(output)
    return seconds, peak


def run_side(side: str, path: Path) -> None:
    """Measure one side in this process, importing its libraries not counted."""
    __import__({"lianzhao": "features.imports.importing", "pandas": "pandas"}[side])
    begin = time.perf_counter()
    SIDES[side](path)
    seconds = time.perf_counter() - begin
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6]))


def main() -> None:
    """Measure both sides on both files and print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--case", choices=["wide"], help="instead of the two plain files")
    parser.add_argument("--side", choices=SIDES)
    parser.add_argument("path", type=Path, nargs="?")
    options = parser.parse_args()
    if options.side:
        run_side(options.side, options.path)
        return
    if not SOURCE.is_file():
        sys.exit(f"skipped: no {SOURCE} (set LIANZHAO_SHARED)")
    with tempfile.TemporaryDirectory() as folder:
        for case, path in write_lists(Path(folder), options.rows, options.case).items():
            runs: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
            for _ in range(options.runs):
                for side in SIDES:
                    runs[side].append(measured(side, path))
            seconds, peaks = (
                {side: statistics.median(run[i] for run in runs[side]) for side in SIDES}
                for i in (0, 1)
            )
            report(f"import.{case}.seconds", seconds["lianzhao"], "s", seconds["pandas"])
            report(f"import.{case}.peak_memory", peaks["lianzhao"], "GB", peaks["pandas"])


def report(name: str, value: float, unit: str, pandas: float) -> None:
    """Print one figure, and what it is a ratio to."""
    print(
        json.dumps(
            {
                "name": name,
                "value": round(value, 2),
                "unit": unit,
                "ratio": round(pandas / value, 2),
                "ratio_to": f"pandas: {pandas:.2f} {unit}",
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
