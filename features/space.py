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
from features.attributes import (
    TokenColumns,
    code_tokens,
    need_tokens,
    profile_rows,
    profile_tokens,
)
from features.chains import shipped_chain_map
from features.errors import InputError
from features.industry_codes import division_names
from features.industry_fit import industry_fit
from features.lexicon import Lexicon, shipped_lexicon
from features.nodes import fit_nodes, target_nodes
from features.places import UNKNOWN_POINT, Gazetteer
from features.sectors import fit_sectors
from features.sentences import KINDS, SentenceSpace
from features.supply_graph import supply_graph
from features.text import (
    WeightedTexts,
    full_name_texts,
    name_texts,
    name_words,
    named_industries,
    need_texts,
    product_texts,
    scope_texts,
)
from features.tfidf import unit_rows
from features.wording import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from features.arrays import NeedViews
    from features.chains import ChainMap
    from features.encoder import EncodingStore
    from features.need import NeedQuery
    from features.nodes import NodeFit
    from features.presence import ZonePresence
    from features.progress import Count
    from features.wording import Counts

SCOPE_WEIGHT = 0.3
"""What the phrases of a business scope count together, next to a product that earns everything."""
_LEADING = 128
"""Directions of sentence vectors in which products are compared with the lexicon's."""


class FeatureSpace:
    """Learns vocabularies, LSA and the centre of sentence vectors from a pool of enterprises.

    Parameters
    ----------
    store : EncodingStore
        Where sentence vectors come from.
    chain_map : ChainMap
        The nodes to match.
    input_output : polars.DataFrame, optional
        An input–output table, whose links take the place of the chain map's.
    topics : int
        Dimensions of LSA.
    seed : int
        For LSA's randomised solver.
    """

    def __init__(
        self,
        store: EncodingStore,
        chain_map: ChainMap,
        *,
        input_output: pl.DataFrame | None = None,
        topics: int = 400,
        seed: int = 0,
    ) -> None:
        self.store = store
        self.chain_map = chain_map
        self.supply = supply_graph(chain_map, input_output)
        self.wording_ = Wording(topics, seed)

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
        self.today_ = today
        self._learn(self._read(enterprises, progress))
        return self

    def fit_pool(
        self, enterprises: pl.DataFrame, *, today: date, progress: Count | None = None
    ) -> PoolFeatures:
        """Learn as `fit` does and return the features of the same pool: it is read once."""
        self.today_ = today
        profiles = self._read(enterprises, progress)
        return self._features(profiles, self._learn(profiles), progress)

    def pool(self, enterprises: pl.DataFrame, *, progress: Count | None = None) -> PoolFeatures:
        """Return the features of a pool, in the order of `enterprise_id`."""
        profiles = self._read(enterprises, progress)
        return self._features(profiles, self.wording_.counts(profiles.said), progress)

    def need(
        self,
        need: NeedQuery,
        zone: Mapping[str, Any] | None = None,
        *,
        present: ZonePresence | None = None,
        keep: bool = False,
    ) -> NeedFeatures:
        """Return the features of one need.

        Parameters
        ----------
        need : NeedQuery
        zone : mapping, optional
            The row of its zone, for its place.
        present : ZonePresence, optional
            What its zone already has, from `features.presence.Presence`.
        keep : bool
            Whether the vectors of its texts are kept: for needs of the workspace, not of requests.

        Raises
        ------
        InputError
            When not one character of its texts is known from any profile.
        """
        parts = need_texts(need, self.chain_map, self.lexicon_)
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
            industries=tuple(named_industries(need, self.lexicon_)),
            codes=code_levels(codes),
            tokens=(*need_tokens(need, nodes, place), *codes),
            point=(place["lon"], place["lat"])
            if place.get("lon") is not None and place.get("lat") is not None
            else self._point(place.get("province"), place.get("city"), place.get("county")),
            present=present,
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt, to be saved; names are `part.array`."""
        found = {
            f"{name}.{key}": array
            for name, part in self._parts().items()
            for key, array in part.arrays().items()
        }
        today = np.array(self.today_.isoformat())
        return found | {
            "references": self.references_,
            "lexicon": self.lexicon_.rows,
            "today": today,
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Take back what `arrays` returned."""
        self.sentences_ = SentenceSpace()
        self.attributes_ = TokenColumns()
        self.gazetteer_ = Gazetteer()
        for name, part in self._parts().items():
            prefix = f"{name}."
            part.restore(
                {key[len(prefix) :]: a for key, a in arrays.items() if key.startswith(prefix)}
            )
        self.references_ = arrays["references"]
        self.lexicon_ = Lexicon.from_rows(arrays["lexicon"])
        self.today_ = date.fromisoformat(str(arrays["today"]))
        return self

    def _parts(self) -> dict[str, Any]:
        return {
            **self.wording_.parts,
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
        vectors = self.sentences_.transform("query", self.store.encode(texts, keep=keep))
        meaning = unit_rows(np.asarray(each @ vectors, dtype=np.float32))
        return {**self.wording_.query_views(WeightedTexts(texts, each)), "meaning": meaning}

    def _read(self, enterprises: pl.DataFrame, progress: Count | None) -> _Profiles:
        """Read what the profiles of a pool say, in the order of `enterprise_id`."""
        frame = enterprises.sort("enterprise_id")
        said = (
            product_texts(frame),
            scope_texts(frame).scaled(SCOPE_WEIGHT),
            name_texts(frame),
        )
        names, words = full_name_texts(frame), name_words(frame)
        spoken = (said[0].texts, said[1].texts, names.texts, words.texts)
        vectors = self.store.encode([text for part in spoken for text in part], progress=progress)
        cuts = np.cumsum([len(part) for part in spoken[:-1]])
        tokens = [profile_tokens(row, self.today_) for row in profile_rows(frame)]
        return _Profiles(frame, said, names, words, np.split(vectors, cuts), tokens)

    def _learn(self, profiles: _Profiles) -> Counts:
        """Learn from the profiles of a pool, and return the counts of what they say."""
        counted = self.wording_.fit(profiles.said)
        self.attributes_ = TokenColumns().fit(profiles.tokens)
        self.gazetteer_ = Gazetteer().fit()
        self.references_ = _reference_texts()
        self.lexicon_ = shipped_lexicon()
        products, _, names, _ = profiles.vectors
        queries = self.store.encode(self.references_.tolist())
        self.sentences_ = SentenceSpace().fit(
            dict(zip(KINDS, (products, names, queries), strict=True))
        )
        return counted

    def _features(
        self, profiles: _Profiles, counted: Counts, progress: Count | None
    ) -> PoolFeatures:
        """Return the features of a pool, from what its profiles say and its counts."""
        frame, products = profiles.frame, profiles.said[0]
        views = self.wording_.views(counted)
        counted.clear()  # large, as are the vectors before they are centred
        product_vectors, views["meaning"] = self._meaning(profiles)
        codes = tuple(code_levels(row) for row in profiles.tokens)
        nodes = fit_nodes(
            products,
            product_vectors,
            frame["nodes"].to_list(),
            self.chain_map,
            self._node_vectors(self.chain_map),
        )
        return PoolFeatures(
            ids=frame["enterprise_id"].to_numpy().astype(np.str_),
            names=frame["name"].to_list(),
            views=views,
            products=products,
            product_vectors=product_vectors,
            references=self._views([[text] for text in self.references_.tolist()]),
            nodes=nodes,
            stations=self._station_fit(products, product_vectors, codes, nodes),
            industries=self._industry_fit(profiles, product_vectors, progress),
            attributes=self.attributes_.transform(profiles.tokens),
            codes=_level_columns(codes),
            points=self._points(frame),
        )

    def _meaning(self, profiles: _Profiles) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vectors of the products, and of every enterprise by all that it says."""
        kinds = ("product", "product", "name")
        products, scopes, names = (
            self.sentences_.transform(kind, profiles.vectors.pop(0)) for kind in kinds
        )
        meaning = profiles.said[0].weights @ products
        meaning += profiles.said[1].weights @ scopes
        meaning += names[profiles.names.weights.indices]
        return products, unit_rows(meaning)

    def _industry_fit(
        self, profiles: _Profiles, vectors: NDArray[np.float32], progress: Count | None
    ) -> NDArray[np.float32]:
        """Return the fit of every enterprise to every industry of the lexicon, (l, n).

        Who states no product is taken by the words of its name, as if each were one.
        """
        products, words = profiles.said[0], profiles.words
        of_words = self.sentences_.transform("product", profiles.vectors.pop(0))
        made = [self.sentences_.leading(part, _LEADING) for part in (vectors, of_words)]
        typical = [industry.products for industry in self.lexicon_.industries]
        known = self.store.encode([text for texts in typical for text in texts], progress=progress)
        return industry_fit(
            products.beside(words),
            np.vstack(made),
            self.sentences_.leading(self.sentences_.transform("product", known), _LEADING),
            np.cumsum([0, *(len(texts) for texts in typical[:-1])]),
        )

    def _station_fit(
        self,
        products: WeightedTexts,
        vectors: NDArray[np.float32],
        codes: tuple[tuple[str, ...], ...],
        nodes: NodeFit,
    ) -> NodeFit:
        """Return the fit of every enterprise to every station of the supply graph."""
        if not self.supply.by_sectors:
            return nodes
        sectors = self.supply.stations
        own = self._node_vectors(sectors)
        return fit_sectors(products, vectors, codes, nodes, self.chain_map, sectors, own)

    def _node_vectors(self, chain_map: ChainMap) -> NDArray[np.float32]:
        """Return the unit vector of every node: its name and keywords together."""
        spoken = [[node.name, *node.keywords] for node in chain_map.nodes]
        vectors = self.store.encode([text for texts in spoken for text in texts])
        starts = np.cumsum([0, *(len(texts) for texts in spoken[:-1])])
        return unit_rows(np.add.reduceat(self.sentences_.transform("query", vectors), starts))

    def _points(self, enterprises: pl.DataFrame) -> NDArray[np.float64]:
        """Return the point of every seat, shape (n, 2)."""
        seats = enterprises.select("province", "city", "district").rows()
        points = {seat: self._point(*seat) for seat in set(seats)}
        return np.array([points[seat] for seat in seats], dtype=np.float64).reshape(-1, 2)

    def _point(
        self, province: str | None, city: str | None, county: str | None
    ) -> tuple[float, float]:
        place = self.gazetteer_.find(province=province, city=city, county=county)
        return (place.lon, place.lat) if place else UNKNOWN_POINT


def code_levels(tokens: list[str]) -> tuple[str, ...]:
    """Return the industry codes among the tokens of a profile or a need."""
    return tuple(token.removeprefix("code=") for token in tokens if token.startswith("code="))


def _level_columns(codes: tuple[tuple[str, ...], ...]) -> NDArray[np.str_]:
    """Return the codes of every enterprise side by side, "" after the last one."""
    widest = max(map(len, codes), default=0)
    rows = [(*own, *[""] * (widest - len(own))) for own in codes]
    return np.array(rows, dtype=np.str_).reshape(len(codes), widest)


@dataclass(frozen=True)
class _Profiles:
    """What the profiles of a pool say.

    Attributes
    ----------
    frame : DataFrame
        Ordered by id.
    said : tuple of three WeightedTexts
        Products, phrases of the business scope, and short forms of the name.
    names : WeightedTexts
        The full name of every enterprise.
    words : WeightedTexts
        The words in the names of those that state no product.
    vectors : list of four ndarrays
        Sentence vectors of the products, the phrases, the full names and the words of names; each
        part is taken out when it is used.
    tokens : list of n lists of str
        What else they state.
    """

    frame: pl.DataFrame
    said: tuple[WeightedTexts, WeightedTexts, WeightedTexts]
    names: WeightedTexts
    words: WeightedTexts
    vectors: list[NDArray[np.float32]]
    tokens: list[list[str]]


def _reference_texts() -> NDArray[np.str_]:
    """Return names of industries in general: divisions of GB/T 4754-2017, shipped nodes."""
    nodes = shipped_chain_map()["node"].to_list()
    return np.array(list(dict.fromkeys([*division_names(), *nodes])), dtype=np.str_)
