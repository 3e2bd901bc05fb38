"""Manifests of versions in readable form: figures, weights, data window and state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.cells import cell_len, set_cell_size

from models.settings import ModelSettings
from service.serving.explanation.sentences import FACTORS
from training.evaluation import KINDS, MEASURES
from training.interactions import ALL_REFUSED

RANKERS = {
    "blend": "lianzhao",
    "prior_weights": "prior weights",
    "character_tfidf": "character TF-IDF",
    "gain_over_character_tfidf": "gain over it",
}
WEIGHTS = {
    "content": "Weights of the content factors",
    "cold": "Weights for a need that nothing was learnt for",
    "warm": "Weights for a need with its own judgements or events",
}
CALIBRATED = {
    "cold": "needs that nothing was learnt for",
    "warm": "needs with outcomes of their own",
}
_PARTS = {"content": "内容", "history": "历史落地"}
_SHOWN = ("created_at", "seed", "encoder", "as_of")


def tell_version(found: Mapping[str, Any], problem: str | None) -> None:
    """Print the data and figures of a version.

    Parameters
    ----------
    found : mapping
        The manifest, with `version` and `active`.
    problem : str or None
        Why it cannot be served here.
    """
    typer.echo(f"version: {found['version']}{' (active)' if found['active'] else ''}")
    for field in _SHOWN:
        typer.echo(f"{field}: {found.get(field)}")
    if others := ModelSettings.changed_in(found.get("settings", {})):
        typer.echo(f"settings: {', '.join(f'{name}={value}' for name, value in others.items())}")
    typer.echo(f"data: {_listed(found['data'])}")
    window = found["window"]
    if window["first_event"]:
        typer.echo(f"events: {window['first_event']} to {window['last_event']}")
    tell_standing(found)
    if problem:
        typer.echo(f"cannot serve here: {problem}")
    tell_notes(found)
    typer.echo()
    tell_figures(found["metrics"], found.get("notes") or ())
    tell_calibration(found)
    typer.echo()
    _tell_weights(found["weights"])
    typer.echo()
    if found.get("splits"):
        typer.echo(f"split hashes: {_listed(found['splits'])}")
    typer.echo(f"libraries: {_listed(found['libraries'])}")
    typer.echo(f"arrays: {len(found['arrays'])}, each with its sha256 in the manifest")


def tell_standing(found: Mapping[str, Any]) -> None:
    """Print the comparison of a version, and whether it was refused or forced."""
    against = found.get("comparison") or {}
    if against.get("not_compared"):
        active = against["version"] or "the active version"
        typer.echo(f"not compared with {active}: {against['not_compared']}")
    elif against.get("version"):
        gaps = [
            f"{KINDS[kind]} {figure(own['ndcg@10']['difference'])} over {own['needs']} needs"
            for kind in KINDS
            if (own := against.get(kind))
        ]
        typer.echo(f"NDCG@10 against {against['version']}: {'; '.join(gaps)}")
    if found.get("refused"):
        typer.echo(f"refused: {found['refused']}")
    if found.get("forced"):
        would = "in spite of that" if found.get("refused") else "nothing spoke against it"
        typer.echo(f"forced: activated by --force, {would}")


def tell_notes(found: Mapping[str, Any]) -> None:
    """Print the notes of training on omissions and contradictions."""
    for note in found.get("notes") or ():
        typer.echo(f"note: {note}")


def tell_figures(metrics: Mapping[str, Any], notes: Sequence[str] = ()) -> None:
    """Print the figures on held-out cases next to the baseline, or why there are none."""
    shown = False
    for kind, held in KINDS.items():
        own = metrics.get(kind)
        if own is None:
            continue
        shown = True
        typer.echo(f"{held}: {own['needs']} needs, {own['needs_left_out']} left out")
        _tell_table(
            ["", *own["blend"]],
            [
                [label, *(figure(value) for value in own[ranker].values())]
                for ranker, label in RANKERS.items()
            ],
        )
    if not shown:
        refused = any(note.startswith(ALL_REFUSED) for note in notes)
        why = ALL_REFUSED if refused else "too few judgements"
        typer.echo(f"held out: nothing ({why}); the weights are the prior ones")


def tell_calibration(found: Mapping[str, Any]) -> None:
    """Print the number of outcomes and the quality of the calibration."""
    own = found.get("calibration")
    if own is None:  # a version made before outcomes were counted
        return
    typer.echo(f"closed leads: {own['closed']}, of them signed: {own['won']}")
    if own["figures"] is None:
        takes = own["it_takes"]
        typer.echo(
            f"no chance of signing is given: it takes {takes['closed']} with {takes['won']} signed "
            f"and {takes.get('lost', 0)} declined or lost"
        )
        return
    _tell_table(
        ["", "outcomes", "calibration error", "Brier score", "of the base rate"],
        [
            [
                label,
                str(figures["outcomes"]),
                figure(figures["ece"]),
                f"{figures['brier']:.3f}",
                f"{figures['brier_of_base_rate']:.3f}",
            ]
            for kind, label in CALIBRATED.items()
            for figures in [own["figures"][kind]]
        ],
    )
    for kind, label in CALIBRATED.items():
        typer.echo(f"{label}: predicted chance, share that signed, number of leads")
        _tell_table(
            ["", "predicted", "signed", "of"],
            [
                ["", f"{one['chance']:.2f}", f"{one['won']:.2f}", str(one["outcomes"])]
                for one in own["figures"][kind]["bins"]
            ],
        )


def tell_difference(found: Mapping[str, Any]) -> None:
    """Print the paired difference of two versions."""
    typer.echo(f"one: {found['one']}\nother: {found['other']}")
    changed = found["changed_tables"]
    typer.echo(f"trained on: {'other ' + ', '.join(changed) if changed else 'the same tables'}")
    if not any(found["kinds"].values()):
        typer.echo("no need was judged for both")
    for kind, held in KINDS.items():
        own = found["kinds"][kind]
        if own:
            typer.echo(f"{held}: {own['needs']} needs judged for both")
            _tell_table(
                ["", "one", "other", "other - one, paired"],
                [
                    [
                        name,
                        *(f"{own[name][which]:.3f}" for which in ("one", "other")),
                        figure(own[name]["difference"]),
                    ]
                    for name in MEASURES
                ],
            )


def headline(version: Mapping[str, Any]) -> str:
    """Return the line of a version in a list."""
    stated = []
    cold = (version["metrics"] or {}).get("cold")
    if cold:
        stated.append(f"NDCG@10 on held-out needs {figure(cold['blend']['ndcg@10'])}")
    elif version["metrics"]:
        stated.append("nothing held out")
    if version["problem"]:
        stated.append(version["problem"])
    if version["forced"]:
        stated.append("forced")
    if version["refused"]:
        stated.append(f"refused: {version['refused']}")
    return "; ".join(stated)


def figure(interval: Mapping[str, float]) -> str:
    """Return a mean with its interval."""
    return f"{interval['mean']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"


def _tell_weights(weights: Mapping[str, Mapping[str, float]]) -> None:
    """Print the weights of the content factors, and of content and the other parts."""
    glosses = _PARTS | {name: own.gloss for name, own in FACTORS.items()}
    for kind, own in weights.items():
        typer.echo(WEIGHTS.get(kind, f"Weights, {kind}"))
        largest = sorted(own.items(), key=lambda pair: (-pair[1], pair[0]))
        _tell_table(
            ["", "", "weight"],
            [
                # A factor of an older version may be unknown here.
                [name, glosses.get(name, ""), f"{weight:.3g}"]
                for name, weight in largest
            ],
        )


def _tell_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns side by side, indented; a Chinese character is two cells wide."""
    widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = [set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True)]
        typer.echo(f"  {'  '.join(cells)}".rstrip())


def _listed(pairs: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in pairs.items())
