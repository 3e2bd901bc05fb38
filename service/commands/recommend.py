"""Ranked leads: `recommend`, for one need or for a file of needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from features import calendar
from features.errors import InputError, UsageError
from features.imports.lists import read_ids, read_needs
from features.imports.report import RowProblem
from features.need import NeedQuery
from features.vocabulary import FLAGS, GATES, ROLES
from models.executors import Executor, InProcess
from service.commands.context import Context, echo_json, progress
from service.commands.workers import (
    AddressOption,
    EngineOption,
    ShardsOption,
    WorkEngine,
    workers,
)
from service.serving.by_shards import by_shards, chunk_workers
from service.serving.explanation.neighbours import progress_text
from service.serving.explanation.reasons import SEPARATORS, summary
from service.serving.export import (
    basis_shown,
    check_writable,
    leads_frame,
    names_first,
    write_bytes,
    write_table,
)
from service.serving.filters import INCLUDED, Filters
from service.serving.interfaces import Language
from service.serving.lifecycle.loading import load_engine
from service.serving.questions import KnownNeed, LeadsQuestion
from service.serving.take_along import take_along


def recommend(
    context: typer.Context,
    need: Annotated[str | None, typer.Option(help="A need of the workspace, by its id.")] = None,
    zone: Annotated[str | None, typer.Option(help="A zone, together with --industry.")] = None,
    industry: Annotated[str | None, typer.Option(help="An industry of the zone.")] = None,
    text: Annotated[str | None, typer.Option(help="A text that describes what is wanted.")] = None,
    needs: Annotated[Path | None, typer.Option(help="A file of needs, for --out.")] = None,
    within: Annotated[
        Path | None, typer.Option(help="A file of enterprise_ids: only these are candidates.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=10**9, help="Leads per need.")] = 20,
    include: Annotated[
        str | None, typer.Option(help="Include also: signed (with the zone), local (in its city).")
    ] = None,
    gate: Annotated[
        str | None,
        typer.Option(help=f"Gates that must pass, for one need: {', '.join(GATES)}."),
    ] = None,
    explained: Annotated[
        int, typer.Option("--reasons", min=0, help="Number of first ranks of a batch with reasons.")
    ] = 20,
    out: Annotated[Path | None, typer.Option(help="Write a list: .xlsx, .csv or .parquet.")] = None,
    author: Annotated[str | None, typer.Option(help="Author of the .xlsx list.")] = None,
    ids: Annotated[bool, typer.Option(help="Show enterprise_ids in the .xlsx list.")] = False,
    english: Annotated[bool, typer.Option(help="Reasons in English.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the page of leads.")] = False,
    engine: EngineOption = WorkEngine.local,
    address: AddressOption = None,
    shards: ShardsOption = None,
) -> None:
    """Rank enterprises for a need: --need ID, --zone Z --industry I, --text "…" or --needs FILE."""
    own: Context = context.obj
    _check_usage(need=need, zone=zone, industry=industry, text=text, needs=needs)
    if out:
        check_writable(out)
        _check_apart(out, needs, within)
    language: Language = "en" if english else "zh"
    filters = Filters(include=_split(include), gate=_split(gate))
    if needs:
        if gate:
            raise UsageError("--gate goes with one need, not with --needs FILE", field="gate")
        if out is None:
            raise UsageError("--needs FILE goes with --out FILE", field="out")
        with workers(engine, address, shards) as executor:
            cut = executor, shards or executor.workers
            done = _batch(own, needs, out, within, k, filters.include, explained, language, cut)
        if as_json:
            echo_json(done)
            return
        typer.echo(f"{done['leads']} leads for {done['needs']} needs in {out}")
        if done["left_out"]:
            typer.echo(_left_out(done["left_out"], language))
        return
    if engine is not WorkEngine.local or address is not None or shards is not None:
        raise UsageError(
            "--engine, --address and --shards go with --needs FILE",
            field="engine",
            got=engine.value,
        )
    if within:
        raise UsageError("--within FILE goes with --needs FILE", field="within")
    answering = load_engine(own.workspace, own.encoder, words=own.words)
    if need is not None:
        query = answering.need(need)
    elif text is not None:
        query = NeedQuery(text)
    else:
        query = answering.need_of(str(zone), str(industry))
    own.ask_words([query.industry])
    wanted = KnownNeed(query.need_id) if query.need_id else query
    page = LeadsQuestion(wanted, filters, limit=k, spoken=language).answer(answering)
    if out and out.suffix.lower() == ".xlsx":
        made = take_along(
            [page], answering.enterprise, day=calendar.today(), author=author, ids=ids
        )
        write_bytes(made, out)
    elif out:
        write_table(leads_frame(page), out)
    if as_json:
        echo_json(page)
    elif out:
        typer.echo(f"{len(page['leads'])} leads in {out}")
    else:
        tell(page, language)


def tell(page: dict[str, Any], language: Language) -> None:
    """Print a page of leads: whole names, never cut, and the strongest reasons."""
    need = page["need"]
    zone = need["zone"] and (need["zone"]["name"] or need["zone"]["zone_id"])
    facts = [
        zone,
        need["industry"],
        ROLES[need["role"]].gloss if need["role"] else None,
        basis_shown(need["basis"]),
    ]
    typer.echo(" · ".join(fact for fact in facts if fact))
    if page["fit_note"]:
        typer.echo(page["fit_note"])
    if page["left_out"]:
        typer.echo(_left_out(page["left_out"], language))
    if page["unknown"]:
        typer.echo(_unknown(page["unknown"], language))
    for lead in page["leads"]:
        enterprise = lead["enterprise"]
        places = dict.fromkeys(p for p in (enterprise["province"], enterprise["city"]) if p)
        marks = [
            *(["".join(places)] if places else []),
            *([lead["node"]["name"]] if lead["node"] else []),
            *([shown] if (shown := progress_text(lead)) else []),
            *(FLAGS[flag].gloss for flag in enterprise["flags"]),
            *(
                gate["name"] + gate["state_name"]
                for gate in lead["gates"]
                if gate["state"] == "fail"
            ),
        ]
        typer.echo(
            f"{lead['rank']:>3}. {lead['score']:.3f}  {enterprise['name']}"
            + (f"（{'，'.join(marks)}）" if marks else "")
        )
        if why := summary(lead["reasons"], SEPARATORS[language]):
            typer.echo(f"     {why}")


def _unknown(counts: dict[str, int], language: Language) -> str:
    told = "，".join(f"{name} {count}" for name, count in counts.items())
    if language == "zh":
        return f"因情况不详未列入：{told}"
    return f"left out because it is unknown: {told}"


def _split(given: str | None) -> tuple[str, ...]:
    return tuple(given.split(",")) if given else ()


def _check_apart(out: Path, *given: Path | None) -> None:
    """Raise if the list would overwrite one of its input files."""
    for path in given:
        if path and path.exists() and out.exists() and out.samefile(path):
            raise UsageError(f"--out {out} would replace the file that is read", field="out")


def _check_usage(
    *,
    need: str | None,
    zone: str | None,
    industry: str | None,
    text: str | None,
    needs: Path | None,
) -> None:
    forms = [
        need is not None,
        zone is not None or industry is not None,
        text is not None,
        needs is not None,
    ]
    if sum(forms) != 1 or (zone is None) != (industry is None):
        raise UsageError(
            'say what is wanted in one way: --need ID, --zone Z --industry I, --text "…" '
            "or --needs FILE"
        )
    if text is not None and not text.strip():
        raise UsageError("--text must say what is wanted, got nothing", field="text", got=text)


def _batch(
    own: Context,
    needs: Path,
    out: Path,
    within: Path | None,
    k: int,
    include: Sequence[str],
    explained: int,
    language: Language,
    cut: tuple[Executor, int],
) -> dict[str, Any]:
    """Rank for every need of a file; invalid rows are reported and left out.

    What a row does not say of a need that the workspace knows is taken from there, as an import of
    the file would have it: so its list is that of its page. `cut` says who does the work, and in
    how many shards of the pool.
    """
    checked = read_needs(own.workspace, needs)
    for problem in checked.problems.iter_rows(named=True):
        typer.echo(f"bad row: {RowProblem(**problem)}", err=True)
    queries = [NeedQuery.from_row(row) for row in checked.good.iter_rows(named=True)]
    if not queries:
        raise InputError(
            f"{needs} holds no need to rank for: {checked.read} rows read, none of them good",
            field="needs",
            got=str(needs),
            expected="at least one row with an industry, and a need_id or a zone_id",
        )
    candidates = None if within is None else read_ids(within)
    executor, shards = cut
    encoder = own.settings.encoder
    several = not isinstance(executor, InProcess)
    made = chunk_workers(own.workspace, executor, encoder) if several else None
    engine = load_engine(own.workspace, own.encoder, words=own.words, workers=made)
    queries = [engine.completed(need) for need in queries]
    not_new: Counter[str] = Counter()
    mask = None
    if candidates is not None:
        mask = engine.within(candidates.to_list())
        if not mask.any():
            raise InputError(
                f"none of the {len(candidates)} enterprise_ids of {within} is in the pool",
                field="within",
                got=str(within),
                expected="ids of enterprises in the workspace, zeros in front included",
            )
        if unknown := len(set(candidates)) - int(mask.sum()):
            typer.echo(f"warning: {unknown} ids of {within} are not in the pool", err=True)
    own.ask_words(need.industry for need in queries if not need.words)
    retriever = by_shards(engine, own.workspace, executor, shards, encoder) if several else None
    with progress() as tell_progress:
        frame = engine.batch(
            queries,
            k,
            within=mask,
            retriever=retriever,
            include=include,
            explained=explained,
            language=language,
            progress=lambda done, of: tell_progress("rank needs", done, of),
            refuse=lambda need, error: typer.echo(
                f"left out: {need.need_id}: {error.message}", err=True
            ),
            leave_out=lambda _, counts: not_new.update(counts),
        )
    write_table(names_first(frame) if out.suffix.lower() == ".xlsx" else frame, out)
    return {
        "file": str(out),
        "leads": frame.height,
        "needs": frame["need_id"].n_unique(),
        "needs_left_out": checked.rejected.height + len(queries) - frame["need_id"].n_unique(),
        "left_out": dict(not_new),
    }


def _left_out(counts: dict[str, int], language: Language) -> str:
    """Return the line on candidates that are not new leads, and how to include them."""
    signed, local, unfit = (counts.get(name, 0) for name in INCLUDED)
    names = "signed,local,unfit" if unfit else "signed,local"
    if language == "zh":
        shown = f"未列入：已与本区签约 {signed} 家，本市企业 {local} 家"
        judged = f"，评定为不合适 {unfit} 家" if unfit else ""
        return f"{shown}{judged}（--include {names} 可列出）"
    judged = f", {unfit} judged unfit" if unfit else ""
    return (
        f"left out: {signed} signed with the zone, {local} seated in its city{judged} "
        f"(--include {names} lists them)"
    )
