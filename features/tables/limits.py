"""What a table may not exceed: beyond it a file is damaged or made to do harm."""

from features.errors import InputError

COLUMNS = 2_000
CELLS = 40_000_000
"""So many cells the rectangle of a sheet may have, empty ones included: it is held as a whole."""
ROWS = 20_000_000
UNPACKED = 4 << 30
"""So many bytes a file may have when it is unpacked."""
RATIO = 200
"""So many times larger unpacked than packed is no table: those come to 10 or 20."""
SMALL = 50 << 20
"""Up to so many bytes unpacked a file is not looked at further."""
CELL = 1 << 20
"""So many bytes a cell of a workbook may have; Excel itself holds 32,767 characters."""


def check_width(path: object, columns: int) -> None:
    """Refuse a table that is wider than any.

    Raises
    ------
    InputError
        Naming the number of columns.
    """
    if columns > COLUMNS:
        raise InputError(
            f"{path} has {columns:,} columns: a table has at most {COLUMNS:,}",
            got=columns,
            expected=f"at most {COLUMNS:,} columns",
        )
