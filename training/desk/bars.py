"""Progress bars of long steps on stderr; in a notebook a single line that is overwritten."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from features.progress import Steps

_SHOWN = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"
_EVERY = 0.3
"""Update interval of a notebook's line in seconds."""


@contextmanager
def bars() -> Iterator[Steps]:
    """Yield a callback for (step, done, of), which shows one bar, that of the latest step.

    A notebook keeps a line with the total time.
    """
    with _line() if _in_notebook() else _bar() as tell:
        yield tell


@contextmanager
def _bar() -> Iterator[Steps]:
    from tqdm import tqdm

    bar: Any = None

    def tell(step: str, done: int, of: int) -> None:
        nonlocal bar
        if bar is None or bar.desc != step:
            if bar is not None:
                bar.close()
            bar = tqdm(total=of, desc=step, file=sys.stderr, leave=False, bar_format=_SHOWN)
        bar.update(done - bar.n)
        if done >= of:
            bar.refresh()  # quick steps would end before being drawn

    try:
        yield tell
    finally:
        if bar is not None:
            bar.close()


@contextmanager
def _line(clock: Callable[[], float] = time.monotonic) -> Iterator[Steps]:
    """Overwrite one output of the notebook with the latest step."""
    from IPython import display

    def text(told: str) -> dict[str, str]:
        return {"text/markdown": told, "text/plain": told}

    begin = clock()
    show: Any = display.display  # has no type stubs
    shown = show(text("…"), raw=True, display_id=True)
    last = begin - _EVERY

    def tell(step: str, done: int, of: int) -> None:
        nonlocal last
        if clock() - last >= _EVERY:
            last = clock()
            shown.update(text(f"{step}: {done}/{of}"), raw=True)

    try:
        yield tell
    finally:
        shown.update(text(f"用时 · took {clock() - begin:.0f} s"), raw=True)


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    shell = get_ipython()
    return shell is not None and "IPKernelApp" in shell.config
