"""Filtering projects by the states of their gates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from features.errors import InputError
from service.database.project_store import among
from service.database.schema import PROJECTS, TASKS
from service.projects.verdicts import FAIL, FIXED, NAMES, PASS, STATES, UNKNOWN, of_column, verdicts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from service.projects.references import References
    from service.projects.rules import Rules

_EXPECTED = f"a gate ({', '.join(NAMES)}), alone or with a state, such as energy:fail"
_GATES = {word: gate for gate, gloss in NAMES.items() for word in (gate, gloss)}
_STATES = {word: state for state, gloss in STATES.items() for word in (state, gloss)}
_Condition = sa.ColumnElement[bool]


def wanted_states(texts: Sequence[str]) -> dict[str, set[str]]:
    """Return the wanted states of each gate; a gate without a state has to pass.

    Raises
    ------
    InputError
        For an unknown gate or state.

    Examples
    --------
    >>> wanted_states(["credit", "两高:不通过"])
    {'credit': {'pass'}, 'energy': {'fail'}}
    """
    found: dict[str, set[str]] = {}
    for text in texts:
        name, _, state = re.sub("[：=]", ":", text).partition(":")
        gate, its = _GATES.get(name.strip()), _STATES.get(state.strip() or PASS)
        if gate is None or its is None:
            message = f"gate: got {text!r}, expected {_EXPECTED}"
            raise InputError(message, field="gate", got=text, expected=_EXPECTED)
        found.setdefault(gate, set()).add(its)
    return found


def with_gates(
    connection: sa.Connection,
    conditions: Sequence[_Condition],
    filters: Mapping[str, Any],
    references: References,
    rules: Rules,
) -> list[_Condition]:
    """Return conditions, and those of the filter `gate`: each gate has one of its wanted states.

    Parameters
    ----------
    conditions
        Other conditions on the projects, which limit the enterprises to check.
    filters
        `gate`: texts as `wanted_states` reads them.
    """
    found = list(conditions)
    for gate, states in wanted_states(filters.get("gate") or ()).items():
        if states == set(STATES):
            continue
        if gate == "filing":
            found.append(_filed(states, rules))
        elif gate == "exclusions":
            found.append(_not_excluded(connection, conditions, states, references, rules))
        else:
            say = _by_column(gate, references, rules)
            ids = _enterprises(connection, conditions)
            found.append(_of(connection, ids, states, say))
    return found


def _by_column(
    gate: str, references: References, rules: Rules
) -> Callable[[Sequence[str]], list[str]]:
    def say(ids: Sequence[str]) -> list[str]:
        values = references.values(FIXED[gate], ids)
        states = {value: of_column(gate, value, rules, None).state for value in set(values)}
        return [states[value] for value in values]

    return say


def _not_excluded(
    connection: sa.Connection,
    conditions: Sequence[_Condition],
    states: Collection[str],
    references: References,
    rules: Rules,
) -> _Condition:
    """Return the condition that the zone's exclusions have one of these states."""
    zones = {row["zone_id"] for row in rules.rows("exclusions")}
    asked = sa.select(PROJECTS.c.zone_id).where(*conditions).distinct()
    own = [
        zone_id
        for zone_id in connection.execute(asked).scalars()
        if zone_id is not None and ("*" in zones or zone_id in zones)
    ]
    found: list[_Condition] = []
    for zone_id in own:

        def say(ids: Sequence[str], zone_id: str = zone_id) -> list[str]:
            of_zone = (verdicts(references.enterprise(id_), zone_id, rules, None) for id_ in ids)
            return [own["exclusions"].state for own in of_zone]

        in_zone = PROJECTS.c.zone_id == zone_id
        ids = _enterprises(connection, [*conditions, in_zone])
        found.append(sa.and_(in_zone, _of(connection, ids, states, say)))
    if UNKNOWN in states:  # without a list of the zone, all are unknown
        found.append(sa.func.coalesce(PROJECTS.c.zone_id, "").not_in(own))
    return sa.or_(sa.false(), *found)


def _of(
    connection: sa.Connection,
    ids: Sequence[str],
    states: Collection[str],
    say: Callable[[Sequence[str]], list[str]],
) -> _Condition:
    """Return the condition that a gate of a project's enterprise has one of these states."""
    right = [id_ for id_, state in zip(ids, say(ids), strict=True) if state in states]
    found = among(connection, PROJECTS.c.enterprise_id, right)
    if UNKNOWN in states:
        return sa.or_(found, PROJECTS.c.enterprise_id.is_(None))
    return found


def _enterprises(connection: sa.Connection, conditions: Sequence[_Condition]) -> list[str]:
    asked = sa.select(PROJECTS.c.enterprise_id).where(*conditions).distinct()
    return [id_ for id_ in connection.execute(asked).scalars() if id_ is not None]


def _filed(states: Collection[str], rules: Rules) -> _Condition:
    """Return the condition that the filing of a project's amount has one of these states."""
    done = (
        sa.select(TASKS.c.task_id)
        .where(
            TASKS.c.project_id == PROJECTS.c.project_id,
            TASKS.c.kind == "filing",
            TASKS.c.state == "done",
            TASKS.c.closed_on.is_not(None),
        )
        .exists()
    )
    amounts = [float(row["amount"]) for row in rules.rows("thresholds")]
    over = PROJECTS.c.amount >= min(amounts) if amounts else sa.false()
    state = sa.case((done, PASS), (PROJECTS.c.amount.is_(None), UNKNOWN), (over, FAIL), else_=PASS)
    return state.in_(sorted(states))
