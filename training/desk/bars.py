"""Progress of long steps as bars, on stderr."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from features.progress import Steps


@contextmanager
def bars() -> Iterator[Steps]:
    """Yield a callback for (step, done, of): one bar at a time, that of the last step."""
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
            bar.refresh()  # quick steps would end before they were ever drawn

    try:
        yield tell
    finally:
        if bar is not None:
            bar.close()


_SHOWN = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"
