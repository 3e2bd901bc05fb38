"""Callbacks by which long work reports progress."""

from collections.abc import Callable

Count = Callable[[int, int], None]
"""Called with (done, of)."""

Steps = Callable[[str, int, int], None]
"""Called with (step, done, of)."""
