"""The one space in which enterprises and needs meet: fitted once, the same in training and serving.

`FeatureSpace.pool` turns profiles into `PoolFeatures`, `FeatureSpace.need` a need into
`NeedFeatures`; neither needs a refit for an enterprise or a need never seen before. Nothing in it
knows which enterprise was judged for which need.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse

from features.arrays import NeedFeatures, PoolFeatures
from features.attributes import TokenColumns, code_tokens, need_tokens, profile_tokens
from features.chains import shipped_chain_map
from features.errors import InputError
from features.industry_codes import division_names
from features.nodes import fit_nodes, target_nodes
from features.places import UNKNOWN_POINT, Gazetteer
from features.sentences import KINDS, SentenceSpace
from features.text import WeightedTexts, name_texts, need_texts, product_texts, scope_texts
from features.tfidf import (
    LatentSemantics,
    TokenWeights,
    characters,
    unit_rows,
    unit_sparse_rows,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from features.arrays import NeedViews
    from features.chains import ChainMap
    from features.encoder import EncodingStore
    from features.need import NeedQuery
    from features.progress import Count

SCOPE_WEIGHT = 0.3
"""What the phrases of a business scope count together, next to a product that earns everything."""
_LSA_NAME_WEIGHT = 0.5
_LSA_WORD_WEIGHT = 0.5
_LSA_DAMPING = 4.0
_SMALL_POOL = 1_000


_Counts = list[Any]


class FeatureSpace:
    """Learns vocabularies, LSA and the centre of sentence vectors from a pool of enterprises.

    Parameters
    ----------
    store : EncodingStore
        Where sentence vectors come from.
    chain_map : ChainMap
        The nodes to match.
    topics : int
        Dimensions of LSA.
    seed : int
        For LSA's randomised solver.
    """

    def __init__(
        self, store: EncodingStore, chain_map: ChainMap, *, topics: int = 400, seed: int = 0
    ) -> None:
        self.store = store
        self.chain_map = chain_map
        self.topics = topics
        self.seed = seed

    def fit(self, enterprises: pl.DataFrame, *, today: date, progress: Count | None = None) -> Self:
        """Learn from the profiles of a pool; labels and events play no part.

        Parameters
        ----------
        enterprises : polars.DataFrame
            The enterprises table.
        today : date
            What ages are counted to, here and for every later pool.
        progress : callable, optional
            Told (texts encoded, texts to encode).
        """
        frame = enterprises.sort("enterprise_id")
        texts = _Texts.of(frame)
        self.today_ = today
        # In a small pool a token that one profile has is no noise: it may be all a need can find.
        at_least = 1 if frame.height < _SMALL_POOL else 2
        self.characters_ = TokenWeights(characters, at_least).fit(texts.parts)
        self.words_ = TokenWeights(words, at_least).fit(texts.parts)
        counted = self._counted(texts)
        self.lsa_ = LatentSemantics(self.topics, self.seed).fit(self._damped(*counted))
        self.attributes_ = TokenColumns().fit(
            [profile_tokens(row, today) for row in frame.iter_rows(named=True)]
        )
        self.gazetteer_ = Gazetteer().fit()
        self.references_ = _reference_texts()
        spoken = (texts.products.texts, texts.full_names, self.references_.tolist())
        vectors = self.store.encode([text for part in spoken for text in part], progress=progress)
        cuts = np.cumsum([len(part) for part in spoken[:-1]])
        self.sentences_ = SentenceSpace().fit(
            dict(zip(KINDS, np.split(vectors, cuts), strict=True))
        )
        return self

    def pool(self, enterprises: pl.DataFrame, *, progress: Count | None = None) -> PoolFeatures:
        """Return the features of a pool, in the order of `enterprise_id`."""
        frame = enterprises.sort("enterprise_id")
        texts = _Texts.of(frame)
        spoken = (texts.products.texts, texts.scopes.texts, texts.full_names)
        vectors = self.store.encode([text for part in spoken for text in part], progress=progress)
        products, scopes, names = np.split(vectors, np.cumsum([len(part) for part in spoken[:-1]]))
        product_vectors = self.sentences_.transform("product", products)
        scope_vectors = self.sentences_.transform("product", scopes)
        naming = self.sentences_.transform("name", names)
        meaning = (
            texts.products.weights @ product_vectors + texts.scopes.weights @ scope_vectors + naming
        )
        counted = self._counted(texts)
        rows = list(frame.iter_rows(named=True))
        tokens = [profile_tokens(row, self.today_) for row in rows]
        return PoolFeatures(
            ids=frame["enterprise_id"].to_numpy().astype(np.str_),
            names=frame["name"].to_numpy().astype(np.str_),
            views={
                "text": sparse.csc_array(self.characters_.weigh(sum(counted[0]))),
                "topics": self.lsa_.transform(self._damped(*counted)),
                "meaning": unit_rows(meaning.astype(np.float32)),
                "naming": naming,
            },
            products=texts.products,
            product_vectors=product_vectors,
            references=self._views([[text] for text in self.references_.tolist()]),
            nodes=fit_nodes(
                texts.products,
                product_vectors,
                [row["nodes"] for row in rows],
                self.chain_map,
                self._node_vectors(),
            ),
            attributes=self.attributes_.transform(tokens),
            codes=tuple(code_levels(row) for row in tokens),
            points=np.array(
                [self._point(row["province"], row["city"], row["district"]) for row in rows]
            ).reshape(-1, 2),
        )

    def need(
        self, need: NeedQuery, zone: Mapping[str, Any] | None = None, *, keep: bool = False
    ) -> NeedFeatures:
        """Return the features of one need.

        Parameters
        ----------
        need : NeedQuery
        zone : mapping, optional
            The row of its zone, for its place.
        keep : bool
            Whether the vectors of its texts are kept: for needs of the workspace, not of requests.

        Raises
        ------
        InputError
            When not one character of its texts is known from any profile.
        """
        parts = need_texts(need, self.chain_map)
        views = self._views([texts for _, texts in parts], keep=keep)
        own = parts[0][1]
        if not views["text"].nnz:
            raise InputError(
                f"nothing is known of the text {'; '.join(own)!r}: "
                "not one of its characters stands in the profiles of the pool",
                field="industry",
                got="; ".join(own),
                expected="a text that names an industry or a product",
            )
        nodes = target_nodes(need, self.chain_map)
        place = zone or {}
        codes = code_tokens(need.industry_codes)
        return NeedFeatures(
            need_id=need.need_id,
            texts=tuple(own),
            weights=np.array([weight for weight, _ in parts]),
            views=views,
            targets=tuple(self.chain_map.nodes.index(node) for node in nodes),
            codes=code_levels(codes),
            tokens=(*need_tokens(need, nodes, place), *codes),
            point=(place["lon"], place["lat"])
            if place.get("lon") is not None and place.get("lat") is not None
            else self._point(place.get("province"), place.get("city"), place.get("county")),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt, to be saved; names are `part.array`."""
        found = {
            f"{name}.{key}": array
            for name, part in self._parts().items()
            for key, array in part.arrays().items()
        }
        today = np.array(self.today_.isoformat())
        return found | {"references": self.references_, "today": today}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Take back what `arrays` returned."""
        self.characters_ = TokenWeights(characters)
        self.words_ = TokenWeights(words)
        self.lsa_ = LatentSemantics(self.topics, self.seed)
        self.sentences_ = SentenceSpace()
        self.attributes_ = TokenColumns()
        self.gazetteer_ = Gazetteer()
        for name, part in self._parts().items():
            prefix = f"{name}."
            part.restore(
                {key[len(prefix) :]: a for key, a in arrays.items() if key.startswith(prefix)}
            )
        self.references_ = arrays["references"]
        self.today_ = date.fromisoformat(str(arrays["today"]))
        return self

    def _parts(self) -> dict[str, Any]:
        return {
            "characters": self.characters_,
            "words": self.words_,
            "lsa": self.lsa_,
            "sentences": self.sentences_,
            "attributes": self.attributes_,
            "gazetteer": self.gazetteer_,
        }

    def _views(self, queries: list[list[str]], *, keep: bool = True) -> NeedViews:
        """Return the views of queries, each of one or more texts; q unit rows in every view."""
        texts = [text for query in queries for text in query]
        lengths = np.array([len(query) for query in queries])
        rows = np.repeat(np.arange(len(queries)), lengths)
        each = sparse.csr_array(
            (np.ones(len(texts), dtype=np.float32), (rows, np.arange(len(texts)))),
            shape=(len(queries), len(texts)),
        )
        said = WeightedTexts(texts, each)
        text = self.characters_.weigh(self.characters_.counts(said))
        spoken = self.words_.weigh(self.words_.counts(said))
        vectors = self.sentences_.transform("query", self.store.encode(texts, keep=keep))
        meaning = unit_rows(np.asarray(each @ vectors, dtype=np.float32))
        return {
            "text": text,
            "topics": self.lsa_.transform(_side_by_side(text, spoken)),
            "meaning": meaning,
            "naming": meaning,
        }

    def _counted(self, texts: _Texts) -> tuple[_Counts, _Counts]:
        """Count characters and words of products, scopes and names, each for itself."""
        return (
            [self.characters_.counts(part) for part in texts.parts],
            [self.words_.counts(part) for part in texts.parts],
        )

    def _damped(self, of_characters: _Counts, of_words: _Counts) -> sparse.csr_array:
        """Characters and words side by side, damped, names at half weight: what LSA reads."""
        weighed = [
            kind.weigh(products + scopes + _LSA_NAME_WEIGHT * names, damping=_LSA_DAMPING)
            for kind, (products, scopes, names) in (
                (self.characters_, of_characters),
                (self.words_, of_words),
            )
        ]
        return _side_by_side(*weighed)

    def _node_vectors(self) -> NDArray[np.float32]:
        """Return the unit vector of every node: its name and keywords together."""
        spoken = [[node.name, *node.keywords] for node in self.chain_map.nodes]
        vectors = self.store.encode([text for texts in spoken for text in texts])
        starts = np.cumsum([0, *(len(texts) for texts in spoken[:-1])])
        return unit_rows(np.add.reduceat(self.sentences_.transform("query", vectors), starts))

    def _point(
        self, province: str | None, city: str | None, county: str | None
    ) -> tuple[float, float]:
        place = self.gazetteer_.find(province=province, city=city, county=county)
        return (place.lon, place.lat) if place else UNKNOWN_POINT


def code_levels(tokens: list[str]) -> tuple[str, ...]:
    """Return the industry codes among the tokens of a profile or a need."""
    return tuple(token.removeprefix("code=") for token in tokens if token.startswith("code="))


@dataclass(frozen=True)
class _Texts:
    """What the profiles of a pool say."""

    products: WeightedTexts
    names: WeightedTexts
    scopes: WeightedTexts
    full_names: list[str]

    @classmethod
    def of(cls, enterprises: pl.DataFrame) -> _Texts:
        return cls(
            product_texts(enterprises),
            name_texts(enterprises),
            scope_texts(enterprises).scaled(SCOPE_WEIGHT),
            enterprises["name"].to_list(),
        )

    @property
    def parts(self) -> list[WeightedTexts]:
        return [self.products, self.scopes, self.names]


def _side_by_side(of_characters: sparse.csr_array, of_words: sparse.csr_array) -> sparse.csr_array:
    both = sparse.hstack([of_characters, _LSA_WORD_WEIGHT * of_words], format="csr")
    return unit_sparse_rows(sparse.csr_array(both))


def _reference_texts() -> NDArray[np.str_]:
    """Return names of industries in general: divisions of GB/T 4754-2017, shipped nodes."""
    nodes = shipped_chain_map()["node"].to_list()
    return np.array(list(dict.fromkeys([*division_names(), *nodes])), dtype=np.str_)
