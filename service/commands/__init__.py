"""The command line `lianzhao`; the only place that reaches into all four packages."""

import contextlib
import io
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
    if isinstance(sys.stdout, io.TextIOWrapper):  # its encoding may have no Chinese signs
        sys.stdout.reconfigure(errors="backslashreplace")
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        encoding = sys.stderr.encoding
        sys.stderr = _Progress(
            sys.stderr.detach(), encoding, "backslashreplace", line_buffering=True
        )


class _Progress(io.TextIOWrapper):
    """A stream for progress and warnings: nobody's work ends because nobody takes them any more.

    Its reader may have ended (`2>&1 | head`), or the disk of its file be full.
    """

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


def _take_utf8() -> None:
    """Begin anew in Python's UTF-8 mode where the locale has no Chinese signs (LC_ALL=C).

    Paths and words in Chinese come and go as UTF-8 then. A locale that has them, such as GB18030,
    is left as it is; but libraries that read and write files take every path for UTF-8.
    """
    encoding = sys.getfilesystemencoding()
    if _has_chinese(encoding) or os.environ.get(_TAKEN):
        if encoding != "utf-8" and not all(map(str.isascii, sys.argv)):
            print(_PATHS.format(encoding=encoding), file=sys.stderr)
        return
    environment = {**os.environ, "PYTHONUTF8": "1", _TAKEN: "1"}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def _has_chinese(encoding: str) -> bool:
    try:
        "链".encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


_PATHS = (
    "note: the encoding of this locale is {encoding}: words in Chinese are read, but files with "
    "Chinese names are not found; use a locale of UTF-8, such as LC_ALL=C.UTF-8"
)
_TAKEN = "LIANZHAO_UTF8_TAKEN"
