"""The error hierarchy. Exit codes and HTTP statuses are assigned in `service.outcomes`."""

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping


class LianzhaoError(Exception):
    """A failure that can be shown to a user in one line.

    Parameters
    ----------
    message
        One clear line: what happened, what was given and what was expected.
    field
        The wrong column, parameter or setting.
    got, expected
        The given value, and the expectation.
    """

    code: ClassVar[str] = "failure"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        got: object = None,
        expected: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.got = got
        self.expected = expected
        self.more: Mapping[str, object] = {}
        """Further fields for programs."""


class UsageError(LianzhaoError):
    """Wrong usage: a command or call that is never right, whatever the workspace holds."""

    code = "wrong-usage"


class InputError(LianzhaoError):
    """An invalid file, value or body."""

    code = "bad-input"


class RejectedRowsError(InputError):
    """A strict import met bad rows, so that none of its rows was loaded."""

    code = "rejected-rows"


class NotFoundError(LianzhaoError):
    """An id that the workspace does not know."""

    code = "not-found"


class UnknownReferenceError(InputError):
    """An event or a project about a need, a zone or an enterprise that the workspace lacks."""

    code = "unknown-reference"


class ForbiddenError(LianzhaoError):
    """An operation that the caller has no rights to."""

    code = "forbidden"


class ConflictError(LianzhaoError):
    """A request that contradicts the current state."""

    code = "conflict"


class RefusedError(LianzhaoError):
    """A result that is saved but not activated, because the active one is significantly better."""

    code = "refused"


class DamagedError(LianzhaoError):
    """A file of the workspace was altered or truncated."""

    code = "damaged"


class UnavailableError(LianzhaoError):
    """A required resource (disk, server, model) is missing or does not answer."""

    code = "unavailable"


class GoneError(UnavailableError):
    """The workspace that a process works with has been removed, moved or emptied meanwhile."""

    code = "workspace-gone"
