"""Quality on needs held out, by the command line alone, against plain character TF-IDF.

A fifth of the usable listed needs is held out with all their judgements; the rest is imported and
trained on. The held needs are then ranked as a file that the workspace does not know, among the
enterprises that no remaining judgement names.
"""

import shutil
from pathlib import Path

import numpy as np
import polars as pl

from features.workspace import Workspace
from tests.benchmarks.listed import ENCODINGS, Listed, lianzhao
from tests.benchmarks.report import progress, report
from training.metrics import MIN_RELEVANT, interval, ndcg, recall
from training.peers.search import character_tfidf

FOLDS = 5
_SEED = 20_261_123
_FIGURES = {"ndcg@10": ndcg, "recall@50": recall}

Values = dict[str, list[float]]


def run(listed: Listed, folds: tuple[int, ...] = (1,)) -> None:
    """Judge some of the folds (1 to `FOLDS`) and report their needs together."""
    found: dict[str, Values] = {side: {name: [] for name in _FIGURES} for side in ("ours", "plain")}
    left_out = 0
    for fold in folds:
        left_out += judge(listed, fold, found)
    for name in _FIGURES:
        ours, plain = (np.array(found[side][name]) for side in ("ours", "plain"))
        told = {"needs": len(ours), "needs_left_out": left_out, "folds": list(folds)}
        baseline = f"plain character TF-IDF: {plain.mean():.4f}"
        for label, values, ratio_to in (
            (f"quality.held_out_needs.{name}", ours, None),
            (f"quality.held_out_needs.{name}.character_tfidf", plain, None),
            (f"quality.held_out_needs.{name}.gain", ours - plain, baseline),
        ):
            span = interval(values)
            report(
                label,
                span.mean,
                "paired difference" if ratio_to else "mean over needs",
                ratio_to=ratio_to,
                low=round(span.low, 4),
                high=round(span.high, 4),
                **({"ratio": round(float(ours.mean() / plain.mean()), 3)} if ratio_to else {}),
                **told,
            )


def judge(listed: Listed, fold: int, found: dict[str, Values]) -> int:
    """Add the figures of one fold's needs to `found`; return how many needs are left out."""
    home = listed.folder / f"fold-{fold}"
    home.mkdir()
    paths = {name: home / f"{name}.csv" for name in ("needs", "held", "judgements", "candidates")}
    relevant = split(listed, fold, paths)
    workspace = home / "workspace"
    workspace.mkdir()
    shutil.copy(listed.workspace / ENCODINGS, workspace)
    progress(f"hold-out, fold {fold} of {FOLDS}: {len(relevant)} needs held out; import and train")
    listed.fill(workspace, needs=paths["needs"], judgements=paths["judgements"])
    lianzhao(workspace, "train", "--force")

    out = home / "ranked.parquet"
    enterprises = Workspace(workspace).read("enterprises").sort("enterprise_id")
    lianzhao(
        workspace,
        *("recommend", "--needs", paths["held"], "--within", paths["candidates"]),
        *("--out", out, "-k", str(enterprises.height), "--reasons", "0"),
    )
    ranked = pl.read_parquet(out).sort("need_id", "rank")
    lists = ranked.group_by("need_id").agg("enterprise_id")
    ours = dict(zip(lists["need_id"], lists["enterprise_id"].to_list(), strict=True))

    held = pl.read_csv(paths["held"], infer_schema=False)
    candidates = set(pl.read_csv(paths["candidates"], infer_schema=False)["enterprise_id"])
    ids = enterprises["enterprise_id"].to_numpy()
    among = np.flatnonzero(np.isin(ids, list(candidates)))
    cosines = character_tfidf(enterprises, held["industry"].to_list())[:, among]
    left_out = 0
    for need_id, scores in zip(held["need_id"], cosines, strict=True):
        wanted = relevant[need_id] & candidates
        if len(wanted) < MIN_RELEVANT:
            left_out += 1
            continue
        plain = ids[among[np.argsort(-scores, kind="stable")]]
        assert set(ours[need_id]) <= candidates
        for side, ranking in (("ours", ours[need_id]), ("plain", plain)):
            hits = np.array([enterprise_id in wanted for enterprise_id in ranking])
            # Relevant ones that a ranking does not list at all are misses, at its end.
            hits = np.append(hits, np.ones(len(wanted) - hits.sum(), dtype=bool))
            for name, figure in _FIGURES.items():
                found[side][name].append(figure(hits))
    shutil.rmtree(home)
    return left_out


def split(listed: Listed, fold: int, paths: dict[str, Path]) -> dict[str, set[str]]:
    """Write the remaining data, the held-out needs and the candidates; return the relevant ones."""
    needs = pl.read_csv(listed.source("needs"), infer_schema=False)
    usable = needs.filter(pl.col("industry").str.strip_chars().str.len_chars() > 0)
    judgements = pl.read_csv(listed.source("judgements"), infer_schema=False)
    shuffled = np.random.default_rng(_SEED).permutation(usable.height)
    rows = np.sort(np.array_split(shuffled, FOLDS)[fold - 1])
    held = usable[rows]
    remaining = usable.filter(~pl.col("need_id").is_in(held["need_id"].implode()))
    kept = judgements.filter(pl.col("need_id").is_in(remaining["need_id"].implode()))
    enterprises = pl.read_csv(listed.source("enterprises"), infer_schema=False)
    ids = enterprises.select(pl.col("企业编号").alias("enterprise_id"))
    remaining.write_csv(paths["needs"])
    held.write_csv(paths["held"])
    kept.write_csv(paths["judgements"])
    ids.join(kept, on="enterprise_id", how="anti").write_csv(paths["candidates"])
    return {
        need_id: set(judgements.filter(pl.col("need_id") == need_id)["enterprise_id"])
        for need_id in held["need_id"]
    }
