"""The feature space of enterprises and needs: fitted once, the same in training and serving.

`FeatureSpace.pool` turns profiles into `PoolFeatures`, `FeatureSpace.need` a need into
`NeedFeatures`; neither needs a refit for an unseen enterprise or need. The space does not depend on
labels.
"""

from __future__ import annotations

from copy import copy
from datetime import date
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from features.errors import InputError
from features.industry.chains import shipped_chain_map
from features.industry.industry_codes import division_names
from features.industry.nodes import fit_nodes, target_nodes
from features.industry.sectors import fit_sectors
from features.industry.supply_graph import supply_graph
from features.places import UNKNOWN_POINT, Gazetteer
from features.space.arrays import NeedFeatures, PoolFeatures
from features.space.attributes import (
    TokenColumns,
    code_tokens,
    need_tokens,
    profile_rows,
    profile_tokens,
)
from features.space.need_words import need_words
from features.structures.ordered import content_ranks
from features.texts.pool_texts import PoolTexts
from features.texts.sentence_space import KINDS, SentenceSpace
from features.texts.text import (
    WeightedTexts,
    full_name_texts,
    item_texts,
    name_texts,
)
from features.texts.tfidf import TokenWeights, pairs, unit_rows
from features.texts.wording import Wording
from features.words.fillers import shipped_fillers
from features.words.kinds import kinds_of
from features.words.thesaurus import Thesaurus, shipped_thesaurus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray
    from scipy import sparse

    from features.encoder import EncodingStore
    from features.industry.chains import ChainMap
    from features.industry.nodes import NodeFit
    from features.industry.zone_presence import ZonePresence
    from features.need import NeedQuery
    from features.progress import Count

MAX_ENCODED = 200
"""Maximum length of a need's text for its sentence vector: encoding time grows with length."""
ITEM_NORM = 0.75
"""The exponent of length normalisation of an item's grams; see `PoolFeatures`."""


class FeatureSpace:
    """Learns vocabularies, LSA and the centre of sentence vectors from a pool of enterprises.

    Parameters
    ----------
    store : EncodingStore
        Provides sentence vectors.
    chain_map : ChainMap
        The nodes to match.
    input_output : polars.DataFrame, optional
        An input–output table, whose links replace those of the chain map.
    own_words : polars.DataFrame, optional
        An office's additions to the thesaurus, the table `words`.
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
        own_words: pl.DataFrame | None = None,
        topics: int = 400,
        seed: int = 0,
    ) -> None:
        self.store = store
        self.chain_map = chain_map
        self.supply = supply_graph(chain_map, input_output)
        self.own_words = own_words
        self._worded: FeatureSpace | None = None
        self.wording_ = Wording(topics, seed)
        self.items_ = TokenWeights(pairs, min_documents=1)
        self.fillers = shipped_fillers()

    def fit(self, enterprises: pl.DataFrame, *, today: date, progress: Count | None = None) -> Self:
        """Fit on the profiles of a pool; labels and events are not used.

        Parameters
        ----------
        enterprises : polars.DataFrame
            The enterprises table.
        today : date
            The day at which ages are computed, here and for every later pool.
        progress : callable, optional
            Called with (texts encoded, texts to encode).
        """
        self.today_ = today
        self._learn(self._read(enterprises, progress))
        return self

    def fit_pool(
        self, enterprises: pl.DataFrame, *, today: date, progress: Count | None = None
    ) -> PoolFeatures:
        """Fit, and return the features of the same pool, which is read once."""
        self.today_ = today
        profiles = self._read(enterprises, progress)
        return self._features(profiles, self._learn(profiles))

    def pool(self, enterprises: pl.DataFrame, *, progress: Count | None = None) -> PoolFeatures:
        """Return the features of a pool, in the order of `enterprise_id`."""
        profiles = self._read(enterprises, progress)
        return self._features(profiles, self.wording_.counts(profiles.spoken))

    def need(
        self,
        need: NeedQuery,
        zone: Mapping[str, Any] | None = None,
        *,
        present: ZonePresence | None = None,
        keep: bool = False,
        words_of_model: Sequence[str] | None = None,
    ) -> NeedFeatures:
        """Return the features of one need.

        Parameters
        ----------
        need : NeedQuery
        zone : mapping, optional
            The row of its zone.
        present : ZonePresence, optional
            The zone's enterprises, from `features.presence.Presence`.
        keep : bool
            Whether the vectors of its texts are stored: for needs of the workspace, not of
            requests.
        words_of_model : sequence of str, optional
            The words of a language model for it.

        Raises
        ------
        InputError
            When no character of its texts occurs in any profile.
        """
        found = need_words(
            need, self.chain_map, self.thesaurus, self.fillers, of_model=words_of_model
        )
        texts = [word for word, _ in found.words]
        views = self.wording_.query_views(texts)
        if not views["text"].nnz:
            raise InputError(
                f"nothing is known of the text {need.industry!r}: "
                "not one of its characters stands in the profiles of the pool",
                field="industry",
                got=need.industry,
                expected="a text that names an industry or a product",
            )
        views["items"] = self.items_.weigh(self.items_.counts_of(texts), norm=2 - ITEM_NORM)
        own = self.store.encode([need.industry[:MAX_ENCODED]], keep=keep)
        nodes = target_nodes(need, self.chain_map)
        place = zone or {}
        codes = code_tokens(need.industry_codes)
        kinds = kinds_of(self.thesaurus)
        wants = kinds.wants(found)
        return NeedFeatures(
            need_id=need.need_id,
            understood=found,
            weights=np.array([weight for _, weight in found.words], dtype=np.float32),
            views=views,
            meaning=self.sentences_.transform("query", own),
            targets=tuple(self.chain_map.nodes.index(node) for node in nodes),
            codes=code_levels(codes),
            tokens=(*need_tokens(need, nodes, place), *codes),
            point=(place["lon"], place["lat"])
            if place.get("lon") is not None and place.get("lat") is not None
            else self._point(place.get("province"), place.get("city"), place.get("county")),
            wants=wants,
            present=present,
            kinds=kinds.worths(wants),
        )

    def with_words(self, own_words: pl.DataFrame) -> FeatureSpace:
        """Return the same fitted space with other additions to the thesaurus.

        Features of pools do not depend on them. The last one is cached, so that the same additions
        are not read again.
        """
        for space in (self, self._worded):
            if space is not None and space._knows(own_words):
                return space
        worded = copy(self)
        worded.own_words = own_words
        worded._know(self._shipped)
        self._worded = worded
        return worded

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the fitted arrays, to be saved; names are `part.array`."""
        found = {
            f"{name}.{key}": array
            for name, part in self._parts().items()
            for key, array in part.arrays().items()
        }
        today = np.array(self.today_.isoformat())
        return found | {
            "thesaurus": self._shipped.to_bytes(),
            "today": today,
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Restore from the result of `arrays`."""
        self.sentences_ = SentenceSpace()
        self.attributes_ = TokenColumns()
        self.gazetteer_ = Gazetteer()
        for name, part in self._parts().items():
            prefix = f"{name}."
            part.restore(
                {key[len(prefix) :]: a for key, a in arrays.items() if key.startswith(prefix)}
            )
        self._know(Thesaurus.from_bytes(arrays["thesaurus"]))
        self.today_ = date.fromisoformat(str(arrays["today"]))
        return self

    @property
    def concepts(self) -> int:
        """The number of concepts that the items of pools are indexed by."""
        return len(self._shipped)

    def _parts(self) -> dict[str, Any]:
        return {
            **self.wording_.parts,
            "items": self.items_,
            "sentences": self.sentences_,
            "attributes": self.attributes_,
            "gazetteer": self.gazetteer_,
        }

    def _knows(self, own_words: pl.DataFrame) -> bool:
        if self.own_words is None:
            return own_words.is_empty()
        return self.own_words.equals(own_words)

    def without_thesaurus(self) -> FeatureSpace:
        """Return the same space without concepts: needs only have their own words."""
        bare = copy(self)
        bare.own_words = None
        bare._know(Thesaurus(()))
        return bare

    def _know(self, thesaurus: Thesaurus) -> None:
        """Set a thesaurus with the office's own rows."""
        self._shipped = thesaurus
        own = self.own_words
        self.thesaurus = thesaurus if own is None else thesaurus.with_own(own)

    def _read(self, enterprises: pl.DataFrame, progress: Count | None) -> PoolTexts:
        """Return the texts of the profiles of a pool, in the order of `enterprise_id`."""
        frame = enterprises.sort("enterprise_id")
        items, names = item_texts(frame), full_name_texts(frame)
        vectors = self.store.encode([*items.texts, *names.texts], progress=progress)
        tokens = [profile_tokens(row, self.today_) for row in profile_rows(frame)]
        cut = [len(items.texts)]
        return PoolTexts(frame, items, name_texts(frame), names, np.split(vectors, cut), tokens)

    def _learn(self, profiles: PoolTexts) -> sparse.csr_array:
        """Fit on the profiles of a pool, and return their token counts."""
        self.ranks_ = content_ranks(profiles.frame)
        counted = self.wording_.fit(profiles.spoken, self.ranks_)
        self.items_.fit([profiles.distinct_items])
        self.attributes_ = TokenColumns().fit(profiles.tokens)
        self.gazetteer_ = Gazetteer().fit()
        self._know(shipped_thesaurus())
        queries = self.store.encode(_industry_names())
        products, names = profiles.vectors
        self.sentences_ = SentenceSpace().fit(
            dict(zip(KINDS, (products, names, queries), strict=True)), profiles.items.texts
        )
        return counted

    def _features(self, profiles: PoolTexts, counted: sparse.csr_array) -> PoolFeatures:
        """Return the features of a pool, from its texts and token counts."""
        frame, items = profiles.frame, profiles.items
        views = self.wording_.views(counted)
        product_vectors, views["meaning"] = self._meaning(profiles)
        codes = tuple(code_levels(row) for row in profiles.tokens)
        nodes = fit_nodes(
            items,
            product_vectors,
            frame["nodes"].to_list(),
            self.chain_map,
            self._node_vectors(self.chain_map),
        )
        return PoolFeatures(
            ids=frame["enterprise_id"].to_numpy().astype(np.str_),
            names=frame["name"].to_list(),
            views=views,
            products=items,
            product_grams=self.items_.weigh(self.items_.counts_of(items.texts), norm=ITEM_NORM),
            product_kinds=kinds_of(self._shipped).index(items.texts),
            nodes=nodes,
            stations=self._station_fit(items, product_vectors, codes, nodes),
            attributes=self.attributes_.transform(profiles.tokens),
            codes=_level_columns(codes),
            points=self._points(frame),
        )

    def _meaning(self, profiles: PoolTexts) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the vectors of the items, and of every enterprise over all its texts."""
        products, names = (
            self.sentences_.transform(kind, vectors)
            for kind, vectors in zip(("product", "name"), profiles.vectors, strict=True)
        )
        meaning = profiles.items.weights @ products
        meaning += names[profiles.names.weights.indices]
        return products, unit_rows(meaning)

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


def _industry_names() -> list[str]:
    """Return names of industries in general: divisions of GB/T 4754-2017, shipped nodes."""
    nodes = shipped_chain_map()["node"].to_list()
    return list(dict.fromkeys([*division_names(), *nodes]))
