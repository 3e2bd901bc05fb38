"""The command line `lianzhao`; the only part that uses all four packages."""

import contextlib
import io
import os
import sys

_INTERRUPTED = 130
_STANDARD = ("stdin", "stdout", "stderr")


def main() -> None:
    """Run the command line; Ctrl-C ends it quietly, even during imports."""
    try:
        _open_streams()
        _take_utf8()
        from service.commands.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _open_streams() -> None:
    """Replace closed standard streams (`2>&-`) by the null device.

    Otherwise the next opened file would get the descriptor, and a library's output to stderr would
    end up in it.
    """
    for number, name in enumerate(_STANDARD):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor: this one
        if getattr(sys, name) is None:
            mode = "w" if number else "r"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):  # its encoding may lack Chinese characters
        sys.stdout.reconfigure(errors="backslashreplace")
    if sys.stderr is sys.__stderr__ and isinstance(sys.stderr, io.TextIOWrapper):
        encoding = sys.stderr.encoding
        sys.stderr = _Progress(
            sys.stderr.detach(), encoding, "backslashreplace", line_buffering=True
        )


class _Progress(io.TextIOWrapper):
    """A stream for progress and warnings, whose write errors do not end the command.

    Its reader may have ended (`2>&1 | head`), or its disk may be full.
    """

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            super().flush()


def _take_utf8() -> None:
    """Restart in Python's UTF-8 mode if the locale lacks Chinese characters (LC_ALL=C).

    Chinese paths and words are then UTF-8. A locale with Chinese characters, such as GB18030, is
    kept; but libraries that read and write files take every path for UTF-8.
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
