"""Text search: label match, character TF-IDF, BM25, and nearest centroid."""

from __future__ import annotations

import logging
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from features.structures.character_index import CharacterIndex
from features.texts.text import clear, name_texts, product_texts
from features.texts.tfidf import words
from models.factors.node_match import CodeMatch
from models.factors.word_match import topic_query
from training.peers.base import Peer
from training.peers.settings import Bm25Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures
    from training.rounds import Round
    from training.tasks import EvaluationQuestion


class LabelMatch(Peer):
    """Label match, as in a directory of industries.

    The levels of the GB/T 4754-2017 code that need and enterprise share (0 to 4), plus 1 if the
    industry's name (without 其他, Ⅱ and the like) or one of the need's keywords occurs literally in
    the enterprise's name, short name, products, tags, nodes or business scope.
    """

    name = "label_match"
    gloss = "行业标签匹配"

    def fit(self, ground: Round) -> Self:
        """Read labels and codes."""
        self.labels_ = profile_texts(ground.task.data.enterprises)
        self.ground_ = ground
        self.codes_ = CodeMatch().prepare(ground.pool)
        return self

    def scores(self, question: EvaluationQuestion) -> NDArray[np.float64]:
        """Return levels in common plus 1 for the name."""
        stated = (clear(question.query.industry), *question.query.keywords)
        wanted = [text.lower() for text in stated if text.strip()]
        found = np.array([any(text in label for text in wanted) for label in self.labels_])
        levels = CodeMatch().score(self.ground_.need(question), self.codes_)
        shared = 0.0 if levels is None else 4.0 * np.nan_to_num(levels.astype(np.float64))
        return np.asarray(found + shared, dtype=np.float64)


class CharacterTfidf(Peer):
    """Character 1-3-gram TF-IDF of names, products and scopes against the industry's name."""

    name = "character_tfidf"
    gloss = "字符TF-IDF"

    def settings(self) -> dict[str, Any]:
        """Return the fixed settings."""
        return {"ngrams": [1, 3], "query": "industry"}

    def fit(self, ground: Round) -> Self:
        """Index the profiles."""
        self.index_ = CharacterIndex(documents(ground.task.data.enterprises))
        return self

    def scores(self, question: EvaluationQuestion) -> NDArray[np.float32]:
        """Return cosines."""
        return np.asarray(self.index_.cosines([question.query.industry])[0])


class Bm25(Peer):
    """BM25 over words (jieba) and single characters of names, products and scopes."""

    name = "bm25"
    gloss = "BM25"
    package = "bm25s"

    def __init__(self, settings: Bm25Settings | None = None) -> None:
        self.parameters = settings or Bm25Settings()

    def settings(self) -> dict[str, Any]:
        """Return the settings."""
        return asdict(self.parameters)

    def fit(self, ground: Round) -> Self:
        """Index the profiles."""
        import bm25s

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it logs every indexing
        own = self.parameters
        self.index_ = bm25s.BM25(k1=own.k1, b=own.b, method=own.method)
        tokens = [tokenise(text) for text in documents(ground.task.data.enterprises)]
        self.index_.index(tokens, show_progress=False)
        self.size_ = len(tokens)
        return self

    def scores(self, question: EvaluationQuestion) -> NDArray[np.float32]:
        """Return BM25 of the need's own words, and of its sector with a lower weight."""
        query = question.query
        total = self.found([clear(query.industry), *query.keywords])
        if query.sector:
            total = total + self.parameters.sector * self.found([clear(query.sector)])
        return total

    def found(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return BM25 of texts as one query, 0 if no profile has one of its tokens."""
        known = [token for token in tokenise(" ".join(texts)) if token in self.index_.vocab_dict]
        if not known:  # the library rejects empty queries
            return np.zeros(self.size_, dtype=np.float32)
        return np.asarray(self.index_.get_scores(known))


class Centroid(Peer):
    """Nearest centroid: cosine to the mean of a need's positives, in LSA and sentence space.

    For a need without positives, its own text in that space.
    """

    name = "centroid"
    gloss = "最近质心"

    def fit(self, ground: Round) -> Self:
        """Put topics and sentence vectors side by side, centred, rows of length 1."""
        self.ground_ = ground
        both = side_by_side(ground.pool)
        self.centre_ = both.mean(axis=0)
        known = np.any(ground.pool.views["meaning"], axis=1)
        self.rows_ = np.where(known[:, None], _unit(both - self.centre_), np.float32(0))
        return self

    def scores(self, question: EvaluationQuestion) -> NDArray[np.float32]:
        """Return cosines."""
        own = self.ground_.own(question.query.need_id)
        if len(own):
            centroid = self.rows_[own].mean(axis=0)
        else:
            centroid = said_by(self.ground_.need(question)) - self.centre_
        return np.asarray(self.rows_ @ centroid)


VIEWS = ("topics", "meaning")


def side_by_side(pool: PoolFeatures) -> NDArray[np.float32]:
    """Return LSA topics and sentence vectors of a pool, shape (n, d)."""
    return np.column_stack([pool.views[view] for view in VIEWS])


def said_by(need: NeedFeatures) -> NDArray[np.float32]:
    """Return the topics of a need's words and the sentence vector of its text, shape (d,)."""
    return np.concatenate([_unit(topic_query(need)[None])[0], need.meaning[0]])


def documents(enterprises: pl.DataFrame) -> list[str]:
    """Return one text per enterprise on its business, in the order of ids.

    Names without legal form, short names, products, and the business scope.
    """
    frame = enterprises.sort("enterprise_id")
    names, products = name_texts(frame), product_texts(frame)
    named = names.weights.indices
    starts, owned = products.weights.indptr, products.weights.indices
    scopes = frame["business_scope"].to_list()
    return [
        " ".join(
            [
                names.texts[named[row]],
                *(products.texts[at] for at in owned[starts[row] : starts[row + 1]]),
                *([scopes[row]] if scopes[row] else ()),
            ]
        )
        for row in range(frame.height)
    ]


def character_tfidf(enterprises: pl.DataFrame, industries: Sequence[str]) -> NDArray[np.float32]:
    """Return the cosines of `CharacterTfidf` for industries' names, shape (q, n)."""
    return CharacterIndex(documents(enterprises)).cosines(industries)


def profile_texts(enterprises: pl.DataFrame) -> list[str]:
    """Return a text per enterprise of all its names and labels, in lower case, ordered by id."""
    found = []
    for row in enterprises.sort("enterprise_id").iter_rows(named=True):
        stated = [row["name"], row["short_name"], row["business_scope"]]
        stated += [product["name"] for product in row["products"] or ()]
        stated += [*(row["tags"] or ()), *(row["nodes"] or ())]
        found.append("\n".join(text for text in stated if text).lower())
    return found


@cache
def tokenise(text: str) -> list[str]:
    """Return words of at least two characters, and all non-blank characters."""
    return [*words(text), *(character for character in text.lower() if not character.isspace())]


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1))
