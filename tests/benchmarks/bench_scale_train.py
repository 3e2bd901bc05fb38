"""Training on 200,000 enterprises made from the listed ones: seconds and memory, texts encoded.

The listed companies stay as they are, with their judgements. Every further enterprise has the
fields of a listed one, as many products drawn from all that are listed, and the short name of
another one put before its own name, so that no two say the same. A new name is not encoded, which
would take twenty minutes: its vector is made from those of the two names, as large and as different
from all others as a real one.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl

from tests.benchmarks.listed import ENCODINGS, ROOT, Listed, command
from tests.benchmarks.report import progress, report

ROWS = 200_000
SECONDS, GIGABYTES = 600, 8
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes: macOS counts memory in these, others in kilobytes."""
_ID, _NAME, _SHORT, _PRODUCTS = "企业编号", "企业名称", "简称", "主营产品"


def run(listed: Listed, rows: int = ROWS) -> None:
    """Import the pool, keep its vectors, and measure `train`."""
    source = pl.read_csv(listed.source("enterprises"), infer_schema=False)
    with tempfile.TemporaryDirectory(dir=listed.folder) as folder:
        home, path = Path(folder) / "home", Path(folder) / "enterprises.csv"
        pool, parents = larger(source, rows, np.random.default_rng(0))
        pool.write_csv(path)
        progress(f"import {rows} enterprises")
        listed.fill(home, enterprises=path)
        keep_vectors(listed.workspace / ENCODINGS, home / ENCODINGS, parents)
        progress("train")
        seconds, peak = measured(command(home, "train"))
    report("scale_train.seconds", seconds, "s", target=f"<= {SECONDS}", enterprises=rows)
    report("scale_train.peak_memory", peak, "GB", target=f"<= {GIGABYTES}", enterprises=rows)


def larger(
    source: pl.DataFrame, rows: int, random: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the listed rows and made ones, and for each made name the two that it is made from."""
    made = source[random.integers(source.height, size=rows - source.height)]
    other = source[random.integers(source.height, size=made.height)]
    said = source[_PRODUCTS].drop_nulls().str.split(";").explode().unique(maintain_order=True)
    counts = made[_PRODUCTS].str.split(";").list.len().fill_null(0).to_numpy()
    drawn = said.gather(random.integers(len(said), size=int(counts.sum())))
    products = (
        pl.DataFrame({"row": np.repeat(np.arange(made.height), counts), "said": drawn})
        .group_by("row", maintain_order=True)
        .agg(pl.col("said").unique(maintain_order=True).str.join(";"))
    )
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    made = (
        made.with_columns(row=row, own=pl.col(_NAME), other=other[_NAME], before=other[_SHORT])
        .join(products, on="row", how="left", maintain_order="left")
        .with_columns(
            pl.format("X{}", pl.col("row")).alias(_ID),
            pl.concat_str("before", _NAME).alias(_NAME),
            pl.col("said").alias(_PRODUCTS),
        )
    )
    parents = made.select("own", "other", name=_NAME).unique("name", maintain_order=True)
    return pl.concat([source, made.select(source.columns)]), parents


def keep_vectors(known: Path, path: Path, parents: pl.DataFrame) -> None:
    """Copy the vectors that are known, and add one for every made name."""
    with closing(sqlite3.connect(known)) as origin, closing(sqlite3.connect(path)) as store:
        origin.backup(store)
        vectors = {
            text: np.frombuffer(vector, np.float16).astype(np.float32)
            for text, vector in store.execute("SELECT text, vector FROM encodings")
        }
        (encoder,) = store.execute("SELECT encoder FROM encodings LIMIT 1").fetchone()
        for own, other, name in parents.iter_rows():
            both = vectors[own] + 0.5 * vectors[other]
            vector = (both / np.linalg.norm(both)).astype(np.float16).tobytes()
            store.execute(
                "INSERT OR IGNORE INTO encodings VALUES (?, ?, ?)", (encoder, name, vector)
            )
        store.commit()


def measured(arguments: list[str]) -> tuple[float, float]:
    """Run a command in a process of its own; return its seconds and its peak memory in GB."""
    begin = time.perf_counter()
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begin
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return seconds, usage.ru_maxrss * _MAXRSS_UNIT / 1e9
