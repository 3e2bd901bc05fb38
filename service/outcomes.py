"""The one mapping of errors to HTTP statuses and exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from features import errors
from service.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

FAILURE = 1
WRONG_USAGE = 2
REFUSED = 3


class Outcome(NamedTuple):
    """HTTP status, title and exit code of an error."""

    status: int
    exit_code: int
    title: str


OUTCOMES: Mapping[type[errors.LianzhaoError], Outcome] = {
    errors.LianzhaoError: Outcome(500, FAILURE, "Failure"),
    errors.UsageError: Outcome(422, WRONG_USAGE, "Wrong usage"),
    errors.InputError: Outcome(422, FAILURE, "Wrong value"),
    errors.NotFoundError: Outcome(404, FAILURE, "Not found"),
    errors.ForbiddenError: Outcome(403, FAILURE, "Not allowed"),
    errors.ConflictError: Outcome(409, FAILURE, "Conflict"),
    errors.RefusedError: Outcome(409, REFUSED, "Refused"),
    errors.DamagedError: Outcome(503, FAILURE, "Damaged data"),
    errors.UnavailableError: Outcome(503, FAILURE, "Not available now"),
    SettingsError: Outcome(500, WRONG_USAGE, "Wrong setting"),
}
"""An error class that is not listed is handled like its nearest base class."""


def outcome(error: errors.LianzhaoError) -> Outcome:
    """Return the mapping of an error."""
    return next(OUTCOMES[kind] for kind in type(error).__mro__ if kind in OUTCOMES)


def exit_code(error: errors.LianzhaoError) -> int:
    """Return the exit code of a command that ends with this error."""
    return outcome(error).exit_code
