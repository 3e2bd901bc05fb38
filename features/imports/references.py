"""References of rows: to needs, enterprises, zones and industry codes."""

from collections.abc import Collection
from hashlib import sha256
from pathlib import Path

import polars as pl

from features.columns import LONGEST_ID, Table
from features.errors import InputError
from features.industry.chains import ChainMap
from features.industry.industry_codes import find, lost_zeros
from features.tables.naming import some
from features.tables.schema import flag
from features.values.identity import MADE, made_id
from features.values.matching import IDENTIFYING, Read, joined_ids

_NAMED = 3
"""Number of examples in a warning."""


def without_empty_words(frame: pl.DataFrame) -> pl.DataFrame:
    """Treat an industry without any letter, digit or Chinese character as missing."""
    says_something = pl.col("industry").str.contains(r"[\p{L}\p{N}]")
    return frame.with_columns(industry=pl.when(says_something).then(pl.col("industry")))


def with_need_ids(frame: pl.DataFrame) -> pl.DataFrame:
    """Derive the id of a need without one from its zone and industry."""
    # A row without an industry is already bad for that reason.
    made = pl.concat_str("zone_id", pl.col("industry").fill_null(""), separator="/")
    # Requests name a need by its id, or by its zone and industry.
    named = pl.max_horizontal(
        pl.col("industry").str.len_chars(),
        pl.when(pl.col("need_id").is_null()).then(made.str.len_chars()),
    )
    long = (named > LONGEST_ID).fill_null(value=False)
    return frame.with_columns(
        (pl.col(flag("industry")) | long).alias(flag("industry")),
        need_id=pl.coalesce("need_id", made),
    )


def with_known_codes(table: Table, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Normalise the industry codes of needs; codes that are not in GB/T 4754-2017 are dropped.

    Codes of a chain map are not changed: an unknown one refuses the whole map.
    """
    if table.name != "needs":
        return frame, []
    column = "industry_codes"
    texts = frame[column].explode().drop_nulls().unique(maintain_order=True).to_list()
    zeros = lost_zeros(texts)
    codes = {text: zeros.lost.get(text) or find(text) for text in texts}
    item = pl.element().replace_strict(codes, default=None, return_dtype=pl.String)
    kept = pl.col(column).list.eval(item).list.drop_nulls().list.unique(maintain_order=True)
    known = pl.when(kept.list.len() > 0).then(kept)
    unknown = sorted(code for code, known_code in codes.items() if known_code is None)
    warnings = [f"{column}: {_some(unknown)} not in GB/T 4754-2017, so left out"] if unknown else []
    if zeros.lost:
        pairs = [f"{text} → {whole}" for text, whole in zeros.lost.items()]
        warnings.append(f"{column}: {_some(pairs)} codes whose leading zero was dropped")
    return frame.with_columns(known.alias(column)), warnings


def with_joined_ids(table: Table, frame: pl.DataFrame, read: Read) -> pl.DataFrame:
    """Replace ids that were derived from names by the codes of the enterprises."""
    if table.name not in {"judgements", "events", "signals"}:
        return frame
    made = frame["enterprise_id"].str.starts_with(MADE).fill_null(value=False)
    if not made.any():
        return frame
    return joined_ids(frame, read("enterprises", IDENTIFYING))


def check_concepts(path: Path, words: pl.DataFrame) -> None:
    """Refuse a cycle of broader concepts.

    Raises
    ------
    InputError
        With the cycle.
    """
    broader = {
        concept: above
        for concept, above in words.select("concept", "broader").iter_rows()
        if above is not None
    }
    for concept in broader:
        way = [concept]
        while (above := broader.get(way[-1])) is not None:
            if above in way:
                circle = " → ".join([*way[way.index(above) :], above])
                raise InputError(
                    f"{path}: broader has a cycle: {circle}",
                    field="broader",
                    got=circle,
                    expected="a broader concept that is not narrower than its own",
                )
            way.append(above)


def with_named_enterprises(frame: pl.DataFrame) -> pl.DataFrame:
    """Derive the enterprise_id of a signal from the name if the file has no id."""
    without = frame.filter(pl.col("enterprise_id").is_null())["name"].drop_nulls().unique()
    ids = {name: made_id(name) for name in without.to_list()}
    made = pl.col("name").replace_strict(ids, default=None, return_dtype=pl.String)
    return frame.with_columns(enterprise_id=pl.coalesce("enterprise_id", made))


def with_signal_ids(frame: pl.DataFrame) -> pl.DataFrame:
    """Derive the id of a signal without one from its enterprise, day, kind and text.

    The same file imported again then changes nothing.
    """
    stated = frame["text"].fill_null("").to_list()
    digest = pl.Series([sha256(text.encode()).hexdigest()[:8] for text in stated], dtype=pl.String)
    parts = (pl.col("enterprise_id"), pl.col("date").cast(pl.String), pl.col("kind"))
    # A row without one of these is already bad for that reason.
    made = pl.concat_str(*(part.fill_null("") for part in parts), digest, separator="/")
    return frame.with_columns(signal_id=pl.coalesce("signal_id", made))


def with_unknown_references(table: Table, frame: pl.DataFrame, read: Read) -> pl.DataFrame:
    """Flag rows with references to unknown needs, enterprises or zones."""
    if table.name not in {"judgements", "events", "signals"}:
        return frame
    if table.name == "signals":
        ids = read("enterprises", ["enterprise_id"])["enterprise_id"]
        lacking = pl.col("enterprise_id").is_in(ids.implode()).not_().fill_null(False)
        wrong = flag("enterprise_id")
        return frame.with_columns((pl.col(wrong) | lacking).alias(wrong))
    flags = {
        column: pl.col(column)
        .is_in(read(other, [column])[column].implode())
        .not_()
        .fill_null(False)
        for other, column in (("needs", "need_id"), ("enterprises", "enterprise_id"))
    }
    if table.name == "events":
        flags["need_id"] |= pl.col("need_id").is_null() & pl.col("zone_id").is_null()
    return frame.with_columns(
        (pl.col(flag(column)) | wrong).alias(flag(column)) for column, wrong in flags.items()
    )


def unknown_zones(table: Table, frame: pl.DataFrame, read: Read) -> list[str]:
    """Warn about zones that are not in the zones table and known only by their id."""
    if table.name not in {"needs", "events"}:
        return []
    zones = set(read("zones")["zone_id"])
    unknown = sorted(set(frame["zone_id"].drop_nulls()) - zones)
    if not unknown:
        return []
    return [f"zone_id: {_some(unknown)} not in the zones table, so known by the id alone"]


def unknown_nodes(table: Table, frame: pl.DataFrame, read: Read) -> list[str]:
    """Warn about nodes that are not in the chain map and are used as words only."""
    if table.name not in {"needs", "enterprises"}:
        return []
    given = frame["nodes"].drop_nulls().explode().drop_nulls().unique(maintain_order=True)
    if given.is_empty():
        return []
    chain_map = ChainMap.from_frame(read("chains"))
    unknown = [text for text in given if chain_map.find_node(text) is None]
    if not unknown:
        return []
    return [f"nodes: {_some(unknown)} not in the chain map, so taken as words"]


def _some(ids: Collection[str]) -> str:
    return f"{some(list(ids)[:_NAMED], len(ids))} {'is' if len(ids) == 1 else 'are'}"
