"""Extensions of users, given as `module:attribute` of a package or the current folder."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from features.errors import UsageError


def named(text: str, *, field: str, what: str, expected: str) -> Any:
    """Return the object of `module:attribute`.

    Modules of the current folder are searched last, so that they cannot shadow an installed
    package.

    Parameters
    ----------
    text : str
    field : str
        The option or setting with the name.
    what : str
        The kind of object, for messages.
    expected : str
        The same, with its required attributes.

    Raises
    ------
    UsageError
        When the module or the attribute is missing, or the import fails.
    """
    module, _, attribute = text.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        found = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except Exception as error:  # importing a module may raise anything
        raise UsageError(
            f"no {what} {text!r}: {type(error).__name__}: {error}",
            field=field,
            got=text,
            expected=f"module:attribute, {expected}",
        ) from error
    return found
