"""The command line `lianzhao`; the only place that reaches into all four packages."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; Ctrl-C ends it quietly, while it is still being loaded too."""
    try:
        from service.commands.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
