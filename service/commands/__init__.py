"""The command line `lianzhao`; the only place that reaches into all four packages."""

from service.commands.app import main

__all__ = ["main"]
