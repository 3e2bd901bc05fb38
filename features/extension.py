"""What others add, named `module:attribute`: of a package, or of the current folder."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from features.errors import UsageError


def named(text: str, *, field: str, what: str, expected: str) -> Any:
    """Return what `module:attribute` names.

    A module of the current folder is found after all that is installed, so that it cannot stand in
    the way of a package of the same name.

    Parameters
    ----------
    text : str
    field : str
        The option or setting that holds it.
    what : str
        What it is to be, for messages.
    expected : str
        The same, with what it has to have.

    Raises
    ------
    UsageError
        When the module or the attribute is not there, or the module fails.
    """
    module, _, attribute = text.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        found = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except Exception as error:  # a module may fail with anything
        raise UsageError(
            f"no {what} {text!r}: {type(error).__name__}: {error}",
            field=field,
            got=text,
            expected=f"module:attribute, {expected}",
        ) from error
    return found
