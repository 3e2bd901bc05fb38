"""The one error hierarchy. Exit codes and HTTP statuses are given to it in `service`."""

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
        The column, parameter or setting at fault.
    got, expected
        What was given there, and what was expected.
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
        """What else a program is given beside the message."""


class UsageError(LianzhaoError):
    """Wrong usage: a command or call that is never right, whatever the workspace holds."""

    code = "wrong-usage"


class InputError(LianzhaoError):
    """A file, a value or a body that is not what was expected."""

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
    """Something that the caller may not see or do."""

    code = "forbidden"


class ConflictError(LianzhaoError):
    """A request that contradicts what is already there."""

    code = "conflict"


class RefusedError(LianzhaoError):
    """Something was done and does not take effect, because what is there is surely better."""

    code = "refused"


class DamagedError(LianzhaoError):
    """A file of the workspace was altered or cut short."""

    code = "damaged"


class UnavailableError(LianzhaoError):
    """Something needed (disk, server, model) is not there or does not answer now."""

    code = "unavailable"


class GoneError(UnavailableError):
    """The workspace that a process works with has been removed, moved or emptied meanwhile."""

    code = "workspace-gone"
