"""A small pool whose right answers are obvious: twelve subjects, five enterprises each."""

from __future__ import annotations

import zlib
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from features.industry.chains import shipped_chain_map
from features.tables.schema import SCHEMAS
from training.data import TrainingData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SUBJECTS = {
    "LED封装": ("广东省", "深圳市", "3975", "LED封装 LED器件 LED灯珠 COB光源 红外LED 背光LED"),
    "LED显示屏": (
        "广东省",
        "广州市",
        "3974",
        "LED显示屏 小间距显示屏 租赁显示屏 创意显示屏 背光模组",
    ),
    "LED照明": ("浙江省", "杭州市", "3872", "LED照明 LED灯具 道路照明 景观照明 植物照明 室内照明"),
    "煤制甲醇": ("山西省", "长治市", "2614", "煤制甲醇 精甲醇 甲醇汽油 粗甲醇 甲醇制烯烃"),
    "焦炭炼焦": ("山西省", "太原市", "2521", "焦炭 冶金焦 铸造焦 焦炉煤气 炼焦煤 干熄焦"),
    "煤层气": ("山西省", "晋城市", "0721", "煤层气 瓦斯抽采 液化天然气 压缩天然气 煤层气勘探"),
    "中药饮片": ("安徽省", "亳州市", "2730", "中药饮片 中药材 党参 连翘 黄芪 中成药"),
    "原料药": ("浙江省", "台州市", "2710", "原料药 医药中间体 抗生素原料药 维生素 化学原料药"),
    "医疗器械": ("江苏省", "苏州市", "3581", "医疗器械 监护仪 体外诊断试剂 输液器 注射器"),
    "食醋酿造": ("山西省", "太原市", "1462", "食醋 老陈醋 酿造食醋 香醋 调味醋"),
    "乳制品": ("内蒙古自治区", "呼和浩特市", "1440", "乳制品 液态奶 奶粉 酸奶 奶酪"),
    "杂粮加工": ("山西省", "长治市", "1399", "杂粮 小米 荞麦 燕麦片 杂粮面"),
}
"""Industry: province, city, industry code and words for products."""

EACH = 5
NEED_IDS = [f"z{number % 2}/{industry}" for number, industry in enumerate(SUBJECTS)]
# The twins have one name: for a list they are one enterprise, and the second is not in it.
UNKNOWN, STRUCK, TWINS, FLAGGED = "X-unknown", "X-struck", ("X-twin-a", "X-twin-b"), "X-flagged"


class HashedEncoder:
    """Sums a fixed random vector for every character pair: alike in wording is alike in meaning."""

    id = "hashed-1"
    dimensions = 48

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked.extend(texts)
        rows = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            pieces = {text[at : at + size] for size in (1, 2) for at in range(len(text))}
            for piece in sorted(pieces):
                row += _direction(piece, self.dimensions)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@cache
def _direction(piece: str, dimensions: int) -> NDArray[np.float64]:
    return np.random.default_rng(zlib.crc32(piece.encode())).standard_normal(dimensions)


def frame(table: str, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return rows as the workspace holds them; what a row does not say is unknown."""
    schema = SCHEMAS[table].create_empty().schema
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def products(*names: str, shares: Sequence[float | None] = ()) -> list[dict[str, Any]]:
    padded = [*shares, *[None] * (len(names) - len(shares))]
    return [{"name": n, "share": s} for n, s in zip(names, padded, strict=True)]


def enterprise_rows() -> list[dict[str, Any]]:
    rows = []
    for number, (industry, (province, city, code, text)) in enumerate(SUBJECTS.items()):
        words = text.split()
        for at in range(EACH):
            own = [words[(at + step) % len(words)] for step in range(3)]
            rows.append(
                {
                    "enterprise_id": f"E{number:02}{at}",
                    "name": f"{city[:-1]}{'甲乙丙丁戊'[at]}方{own[0]}股份有限公司",
                    "province": province,
                    "city": city,
                    "industry_code": code,
                    "products": products(*own, shares=(0.6, 0.3)),
                    "business_scope": f"{industry}的研发、生产；{own[1]}销售",
                    "registered_capital": 1000.0 * (at + 1),
                    "employees": 100 * (at + 1),
                    "tags": ["高新技术企业"] if at % 2 else None,
                }
            )
    led = {"products": products("LED封装", "LED器件"), "province": "广东省"}
    twin = {**led, "name": "双子光电有限公司", "city": "深圳市"}
    return [
        *rows,
        {"enterprise_id": UNKNOWN, "name": "晨星有限公司"},
        {**led, "enterprise_id": STRUCK, "name": "旧日LED封装有限公司", "status": "已注销"},
        *({**twin, "enterprise_id": id_} for id_ in TWINS),
        {
            **led,
            "enterprise_id": FLAGGED,
            "name": "危光电子有限公司",
            "short_name": "*ST危光",
            "credit": "失信被执行人",
        },
    ]


def need_rows() -> list[dict[str, Any]]:
    return [
        {
            "need_id": need_id,
            "zone_id": need_id.partition("/")[0],
            "industry": industry,
            "role": "leading" if number % 2 else "auxiliary",
            "basis": "article",
            "nodes": ["led/packaging"] if industry == "LED封装" else None,
            "industry_codes": [code],
        }
        for number, (need_id, (industry, (_, _, code, _))) in enumerate(
            zip(NEED_IDS, SUBJECTS.items(), strict=True)
        )
    ]


def judgement_rows() -> list[dict[str, Any]]:
    return [
        {"need_id": need_id, "enterprise_id": f"E{number:02}{at}", "grade": 1 + at % 3}
        for number, need_id in enumerate(NEED_IDS)
        for at in range(EACH)
    ]


def tables() -> dict[str, pl.DataFrame]:
    """Return all tables of the workspace."""
    event = {"event_id": "v1", "enterprise_id": "E000", "need_id": NEED_IDS[0]}
    place = {"city": "长治市", "province": "山西省"}
    return {
        "enterprises": frame("enterprises", enterprise_rows()),
        "zones": frame(
            "zones",
            [
                {"zone_id": "z0", "name": "长治高新区", **place},
                {"zone_id": "z1", "name": "襄垣开发区", "county": "襄垣县", **place},
            ],
        ),
        "needs": frame("needs", need_rows()),
        "judgements": frame("judgements", judgement_rows()),
        "events": frame("events", [{**event, "stage": "signed", "date": None}]).with_columns(
            date=pl.lit("2025-06-01").str.to_date()
        ),
        "chains": shipped_chain_map(),
    }


def training_data(**changed: pl.DataFrame) -> TrainingData:
    return TrainingData(**{**tables(), **changed})
