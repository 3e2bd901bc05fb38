"""Limits of tables: a file beyond them is damaged or malicious."""

from features.errors import InputError

COLUMNS = 2_000
CELLS = 40_000_000
"""Maximum number of cells in the rectangle of a sheet, with empty ones: it is held in memory."""
ROWS = 20_000_000
UNPACKED = 4 << 30
"""Maximum number of bytes of an unpacked file."""
RATIO = 200
"""Maximum ratio of unpacked to packed size; tables reach 10 or 20."""
SMALL = 50 << 20
"""Unpacked size in bytes up to which the ratio is not checked."""
CELL = 1 << 20
"""Maximum number of bytes in a cell of a workbook; Excel allows 32,767 characters."""


def check_width(path: object, columns: int) -> None:
    """Refuse a table with too many columns.

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
