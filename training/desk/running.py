"""Run notebooks from top to bottom: `python -m training.desk.running FOLDER [NOTEBOOK …]`.

Each one is run in its own kernel and in its own folder, and saved in FOLDER with its outputs; the
notebooks themselves stay without outputs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PARAMETERS = "parameters"
"""The tag of the cell with a notebook's parameters, as in papermill."""
_LONGEST = 1_800
"""Timeout of a cell in seconds."""


def run(path: Path, parameters: Mapping[str, Any]) -> Any:
    """Run a notebook, with other values for some parameters, and return it with outputs.

    Raises
    ------
    ValueError
        When it does not have exactly one cell of parameters, or lacks a given one.
    nbclient.exceptions.CellExecutionError
        When a cell fails.
    """
    import nbformat
    from nbclient import NotebookClient

    text = path.read_text(encoding="utf-8")
    notebook: Any = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]
    cells = [cell for cell in notebook.cells if PARAMETERS in cell.metadata.get("tags", ())]
    if len(cells) != 1:
        raise ValueError(f"{path} must have one cell tagged {PARAMETERS!r}, got {len(cells)}")
    known = {line.partition(" = ")[0] for line in cells[0].source.splitlines()}
    if strange := parameters.keys() - known:
        raise ValueError(f"{path} has no parameter {', '.join(sorted(strange))}")
    given = [f"{name} = {value!r}" for name, value in parameters.items()]
    cells[0].source = "\n".join([cells[0].source, *given])
    folder = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=_LONGEST, kernel_name="python3", resources=folder).execute()
    return notebook


def main(folder: Path, paths: list[Path]) -> None:
    """Run notebooks with their own parameters and save each in the folder."""
    import nbformat

    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        text = nbformat.writes(run(path, {}))  # type: ignore[no-untyped-call]
        (folder / path.name).write_text(text, encoding="utf-8")
        print(f"{path} -> {folder / path.name}", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
