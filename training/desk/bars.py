"""Progress of long steps as bars, on stderr."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from features.progress import Steps


@contextmanager
def bars() -> Iterator[Steps]:
    """Give something to tell (step, done, of) to, a bar a step."""
    from tqdm import tqdm

    shown: dict[str, Any] = {}
    with ExitStack() as stack:

        def tell(step: str, done: int, of: int) -> None:
            if step not in shown:
                shown[step] = stack.enter_context(
                    tqdm(total=of, desc=step, file=sys.stderr, leave=False)
                )
            bar = shown[step]
            bar.total = of
            bar.update(done - bar.n)
            if done >= of:
                bar.refresh()  # quick steps would end before they were ever drawn
                bar.close()

        yield tell
