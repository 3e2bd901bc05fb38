"""Words of a need that name no product: fillers, policy words and what every scope has."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from features.words.normal import longest_first, normal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from features.words.thesaurus import Thesaurus


class Fillers:
    """Filler words.

    Parameters
    ----------
    words : mapping of str to str
        Each with its kind: `filler`, `policy` or `scope`.
    """

    def __init__(self, words: Iterable[tuple[str, str]]) -> None:
        kinds: dict[str, set[str]] = {"filler": set(), "policy": set(), "scope": set()}
        for word, kind in words:
            kinds[kind].add(normal(word))
        self.fillers, self.policy, self.scope = kinds["filler"], kinds["policy"], kinds["scope"]
        self._either = longest_first(self.fillers | self.policy)
        self._policies = longest_first(self.policy)

    def without_policy(self, text: str, thesaurus: Thesaurus) -> tuple[str, tuple[str, ...]]:
        """Return a text without policy words, except within longer names."""
        stated = [word for word in self._policies if word in text]
        names = [text[one.start : one.stop] for one in thesaurus.within(text)] if stated else []
        left_out = []
        for word in stated:
            if word in text and not any(word in name and word != name for name in names):
                text = text.replace(word, " ").strip()
                left_out.append(word)
        return text, tuple(left_out)

    def strip(self, text: str, thesaurus: Thesaurus) -> tuple[str, tuple[str, ...]]:
        """Return a text without fillers at its ends, up to a name: 焦化副产品 keeps its 产品.

        Empty if the text consists of fillers.
        """
        left_out: list[str] = []
        again = bool(text) and not thesaurus.find(text)
        while again and not (thesaurus.find(text) and text not in self.fillers):
            again = False
            for word in self._either:
                if text.endswith("再" + word):  # 再制造 is an activity
                    continue
                if text.startswith(word) or text.endswith(word):
                    text = (
                        text.removeprefix(word)
                        if text.startswith(word)
                        else text.removesuffix(word)
                    )
                    text, again = text.strip(" 的"), True
                    left_out.append(word)
                    break
        return text.rstrip(" 的") or text, tuple(left_out)


@cache
def shipped_fillers() -> Fillers:
    """Return the shipped fillers, `features/reference/fillers.csv`."""
    source = files("features") / "reference" / "fillers.csv"
    rows = csv.DictReader(source.read_text(encoding="utf-8").splitlines())
    return Fillers((row["word"], row["kind"]) for row in rows)
