"""The command line `lianzhao`; the only place that reaches into all four packages."""

import os
import sys

_INTERRUPTED = 130
_STANDARD = ("stdin", "stdout", "stderr")


def main() -> None:
    """Run the command line; Ctrl-C ends it quietly, while it is still being loaded too."""
    try:
        _open_streams()
        _take_utf8()
        from service.commands.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _open_streams() -> None:
    """Have a stream where the caller has closed one (`2>&-`): what is written there goes nowhere.

    The number of a closed stream would be given to the next file that is opened, and what a library
    writes to stderr would end up in that.
    """
    for number, name in enumerate(_STANDARD):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _take_utf8() -> None:
    """Begin anew in Python's UTF-8 mode where the locale knows ASCII only (LC_ALL=C).

    Paths and words in Chinese come and go as UTF-8 then. A locale that knows Chinese, such as
    GB18030, is left as it is.
    """
    if sys.getfilesystemencoding() != "ascii" or os.environ.get(_TAKEN):
        return
    environment = {**os.environ, "PYTHONUTF8": "1", _TAKEN: "1"}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


_TAKEN = "LIANZHAO_UTF8_TAKEN"
