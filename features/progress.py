"""How long work tells how far it is."""

from collections.abc import Callable

Count = Callable[[int, int], None]
"""Told (done, of)."""

Steps = Callable[[str, int, int], None]
"""Told (step, done, of)."""
