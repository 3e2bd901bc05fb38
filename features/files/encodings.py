"""Detection of encodings: UTF-8, UTF-16, GB18030 and Big5, by how plausible the decoded text is.

Nearly every text can be decoded as GB18030 and many as Big5, so a decoding is rated by the share of
characters that are usual in Chinese texts. A text that is more likely in another language is
refused with the name of its encoding: decoded as Chinese, it would be imported as wrong characters.
"""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from features.words.normal import traditional

_HEAD = 1 << 16
_SURE = 0.8
"""Share of usual Chinese characters from which a text counts as Chinese."""
_DAMAGE = 0.05
"""Maximum share of invalid bytes in a text in UTF-8."""

_CHINESE = ("gb18030", "big5hkscs")
_NAMES = {
    "utf-8": "UTF-8",
    "gb18030": "GB18030",
    "big5hkscs": "Big5",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}
_OTHERS = (
    ("Shift_JIS (Japanese)", "shift_jis", r"[\u3041-\u30ff\uff66-\uff9f]", 0.2),
    ("EUC-JP (Japanese)", "euc_jp", r"[\u3041-\u30ff]", 0.2),
    ("EUC-KR (Korean)", "cp949", r"[\uac00-\ud7a3]", 0.9),
    (
        "Windows-1252 (Western European)",
        "cp1252",
        r"(?<=[A-Za-z])[\u00c0-\u00ff]|[\u00c0-\u00ff](?=[A-Za-z])",
        0.5,
    ),
    ("Windows-1251 (Cyrillic)", "cp1251", r"[\u0410-\u044f]", 0.9),
)
"""Other encodings: name, codec, the letters of their languages, and the share of these letters from
which a text counts as one of theirs."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_HAN = r"\u3400-\u9fff"


@dataclass(frozen=True)
class Encoding:
    """An encoding with its codec name and its display name.

    Parameters
    ----------
    refused
        Whether it is not supported.
    """

    codec: str
    name: str
    refused: bool = False


def recognise(content: bytes) -> Encoding:
    """Detect the encoding of a text from its first part."""
    for mark, codec in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if content.startswith(mark):
            return _of(codec)
    if (wide := _wide(content[:_HEAD])) is not None:
        return _of(wide)
    sample = _sample(content)
    if _is_damaged_utf8(sample):
        return _of("utf-8")
    likeness, best = max((_likeness(sample, codec), codec) for codec in _CHINESE)
    other = next((one for one in _OTHERS if _share(sample, one[1], one[2]) >= one[3]), None)
    # The characters of Japanese and Korean texts may be usual in Chinese, but Chinese has no kana.
    if other is None or likeness >= (_SURE if other[1] != "euc_jp" else 1.0):
        return _of(best)
    return Encoding(other[1], other[0], refused=True)


def decode(content: bytes, encoding: Encoding) -> str:
    """Return the decoded text, with U+FFFD for invalid bytes."""
    text = content.decode(encoding.codec, errors="replace")
    return text.removeprefix("\ufeff")


def _of(codec: str) -> Encoding:
    return Encoding(codec, _NAMES[codec])


def _wide(head: bytes) -> str | None:
    """Detect UTF-16 without a byte order mark by its zeros: every second byte of ASCII."""
    zeros = [head[at::2].count(0) for at in (0, 1)]
    codec = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    if max(zeros) <= 4 * min(zeros):
        return None
    text = head[: len(head) // 2 * 2].decode(codec, errors="replace")
    return None if _CONTROL.search(text) else codec


def _sample(content: bytes) -> bytes:
    """Return the lines that are not ASCII, at most the first ones of a long text."""
    if len(content) <= _HEAD:
        return content
    lines, size = [], 0
    for line in io.BytesIO(content):
        if not line.isascii():
            lines.append(line)
            size += len(line)
        if size > _HEAD:
            break
    return b"".join(lines)


def _is_damaged_utf8(sample: bytes) -> bool:
    if sum(byte > 0x7F for byte in sample) == 1:
        return True
    text = sample.decode("utf-8", errors="replace")
    others = sum(sign > "\x7f" for sign in text)
    return text.count("\ufffd") <= max(_DAMAGE * others, 1 if others > 3 else 0)


def _likeness(sample: bytes, codec: str) -> float:
    """Return the share of non-ASCII characters that are usual in Chinese texts."""
    text = sample.decode(codec, errors="replace")
    others = [sign for sign in text if sign > "\x7f"]
    usual = _usual()
    return sum(usual.get(sign, 0.0) for sign in others) / max(len(others), 1)


def _share(sample: bytes, codec: str, letters: str) -> float:
    """Return the share of a language's letters in the decoded text; 0 if it cannot be decoded."""
    text = sample.decode(codec, errors="replace")
    others = len(re.findall(r"[^\x00-\xa0]", text))
    if not others or text.count("\ufffd") > _DAMAGE * others:
        return 0.0
    return len(re.findall(letters, text)) / others


@cache
def _usual() -> dict[str, float]:
    """Return weights of characters: 1 for those of the shipped tables, 0.5 for other usual ones."""
    first_level = {
        bytes((high, low)).decode("gb2312", errors="ignore")
        for high in range(0xB0, 0xD8)
        for low in range(0xA1, 0xFF)
    } - {""}
    folder = files("features") / "reference"
    ours: set[str] = set()
    for name in ("chains.csv", "thesaurus.csv", "gbt4754.csv", "places.csv"):
        ours |= set((folder / name).read_text(encoding="utf-8"))
    ours = {sign for sign in ours if re.match(f"[{_HAN}]", sign)}
    weights = dict.fromkeys(first_level | set(traditional("".join(sorted(first_level)))), 0.5)
    weights |= dict.fromkeys(ours | set(traditional("".join(sorted(ours)))), 1.0)
    return weights | dict.fromkeys("，。、；：（）《》“”‘’·—－　０１２３４５６７８９％【】", 1.0)
