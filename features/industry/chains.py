"""The chain map: industry chains, nodes from upstream to downstream, supply edges.

A chains table has one row per node. Its format is the project's own:

==============  ==========================================================================
chain_id        id of the chain, the same on every row of it
chain           Chinese name of the chain (产业链), the same on every row of it
chain_en        English name of the chain; may be empty
node_id         id of the node, unique in the table; by custom ``<chain_id>/<word>``
node            Chinese name of the node (环节)
node_en         English name of the node; may be empty
position        upstream, midstream or downstream (上游, 中游, 下游); may be empty
keywords        product words of the node, parted by ``;``
industry_codes  codes of GB/T 4754-2017, parted by ``;``
supplies        ids of the nodes that this node supplies, parted by ``;``: acyclic within a
                chain, free across chains
==============  ==========================================================================
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from typing import Any, Final, Self, TypeVar

import polars as pl

from features.columns import Kind
from features.errors import InputError, NotFoundError
from features.industry.industry_codes import normalise
from features.tables.catalogue import CHAINS

_Item = TypeVar("_Item")

SCHEMA: Final = pl.Schema(
    {c.name: pl.List(pl.String) if c.kind is Kind.TEXTS else pl.String() for c in CHAINS.columns}
)

ALIASES: Final[Mapping[str, str]] = {
    "煤化工": "coal-chemical",
    "高端装备制造": "equipment",
    "先进装备制造": "equipment",
    "智能制造": "equipment",
    "先进材料": "materials",
    "循环经济": "recycling",
    "固废综合利用": "recycling",
    "光电": "led",
    "光电产业": "led",
    "半导体光电": "led",
    "医药": "pharma",
    "生物医药": "pharma",
    "医药健康": "pharma",
    "信息技术应用创新": "xinchuang",
    "食品加工": "food",
    "农产品加工": "food",
    "低空": "low-altitude",
    "通用航空": "low-altitude",
    "清洁能源": "new-energy",
    "智能网联新能源汽车": "nev",
    "电子信息制造": "electronics",
}
"""Other Chinese names of chains of the shipped map, as used in officials' lists."""


@dataclass(frozen=True)
class Node:
    """A node (环节): one step of an industry chain. Unknown fields are None."""

    node_id: str
    name: str
    name_en: str | None
    chain_id: str
    position: str | None
    keywords: tuple[str, ...]
    industry_codes: tuple[str, ...]
    supplies: tuple[str, ...]


@dataclass(frozen=True)
class Chain:
    """An industry chain (产业链) with its nodes from upstream to downstream."""

    chain_id: str
    name: str
    name_en: str | None
    nodes: tuple[Node, ...]


class ChainMap:
    """Chains and nodes by id and by name, and the supply edges between nodes.

    Parameters
    ----------
    chains
        Chains in the order of display.

    Raises
    ------
    InputError
        For a duplicate node, a supply edge to an unknown node, or a cycle of edges within a chain.

    Examples
    --------
    >>> chain_map = ChainMap.from_frame(shipped_chain_map())
    >>> chain_map.find("光电LED").chain_id
    'led'
    """

    def __init__(self, chains: Iterable[Chain]) -> None:
        self.chains = tuple(chains)
        self.nodes = tuple(node for chain in self.chains for node in chain.nodes)
        self._chains = {chain.chain_id: chain for chain in self.chains}
        self._nodes: dict[str, Node] = {}
        for node in self.nodes:
            if node.node_id in self._nodes:
                raise InputError(
                    f"chain map: node {node.node_id} is there twice",
                    field="node_id",
                    got=node.node_id,
                    expected="every node_id once",
                )
            self._nodes[node.node_id] = node
        self._suppliers = self._reversed_edges()
        for chain in self.chains:
            self._check_acyclic(chain)
        aliased = [(a, self._chains[i]) for a, i in ALIASES.items() if i in self._chains]
        self._chains_by_text = _index(
            *((c.chain_id, c) for c in self.chains),
            *((c.name, c) for c in self.chains),
            *((c.name_en, c) for c in self.chains),
            *aliased,
        )
        self._nodes_by_text = _index(
            *((n.node_id, n) for n in self.nodes),
            *((n.name, n) for n in self.nodes),
            *((n.name_en, n) for n in self.nodes),
        )

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Self:
        """Build the map from a chains table.

        Parameters
        ----------
        frame
            One row per node, with the columns of `SCHEMA`; empty lists are null lists. Chains
            are ordered by their first row, nodes within a chain by their rows.

        Raises
        ------
        InputError
            For a missing column, an unknown industry code, a chain with two names, and all that
            `ChainMap` itself refuses. The message names the node and what is wrong with it.
        """
        missing = [name for name in SCHEMA if name not in frame.columns]
        if missing:
            raise InputError(
                f"chain map: no column {', '.join(missing)}",
                field=missing[0],
                got=frame.columns,
                expected="the columns " + ", ".join(SCHEMA),
            )
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in frame.select(list(SCHEMA)).iter_rows(named=True):
            rows[row["chain_id"]].append(row)
        return cls(_chain(chain_id, members) for chain_id, members in rows.items())

    def to_frame(self) -> pl.DataFrame:
        """Return the chains table: one row per node, columns as in `SCHEMA`; no list is null."""
        return pl.DataFrame(
            [
                (
                    *(chain.chain_id, chain.name, chain.name_en),
                    *(node.node_id, node.name, node.name_en, node.position),
                    *(list(o) or None for o in (node.keywords, node.industry_codes, node.supplies)),
                )
                for chain in self.chains
                for node in chain.nodes
            ],
            schema=SCHEMA,
            orient="row",
        )

    def chain(self, chain_id: str) -> Chain:
        """Return the chain of that id; NotFoundError when there is none."""
        return _known(self._chains, "chain", chain_id)

    def node(self, node_id: str) -> Node:
        """Return the node of that id; NotFoundError when there is none."""
        return _known(self._nodes, "node", node_id)

    def find(self, text: str) -> Chain | None:
        """Find a chain by its id, Chinese or English name or an alias of `ALIASES`.

        Surrounding blanks and case are ignored.
        """
        return self._chains_by_text.get(_key(text))

    def find_node(self, text: str) -> Node | None:
        """Find a node by its id, Chinese or English name; the first of several of one name."""
        return self._nodes_by_text.get(_key(text))

    def customers(self, node_id: str) -> tuple[Node, ...]:
        """Return the nodes that a node supplies; NotFoundError for an unknown node."""
        return tuple(self._nodes[other] for other in self.node(node_id).supplies)

    def suppliers(self, node_id: str) -> tuple[Node, ...]:
        """Return the nodes that supply a node; NotFoundError for an unknown node."""
        return tuple(self._suppliers[self.node(node_id).node_id])

    def _reversed_edges(self) -> dict[str, list[Node]]:
        suppliers: dict[str, list[Node]] = {node_id: [] for node_id in self._nodes}
        for node in self.nodes:
            for customer in node.supplies:
                if customer not in suppliers:
                    raise InputError(
                        f"chain map: node {node.node_id} supplies {customer}, which is not a node",
                        field="supplies",
                        got=customer,
                        expected="a node_id of the same table",
                    )
                suppliers[customer].append(node)
        return suppliers

    def _check_acyclic(self, chain: Chain) -> None:
        graph = {
            node.node_id: [
                supplier.node_id
                for supplier in self._suppliers[node.node_id]
                if supplier.chain_id == chain.chain_id
            ]
            for node in chain.nodes
        }
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            path = " → ".join(error.args[1])
            raise InputError(
                f"chain map: the edges of chain {chain.chain_id} form a cycle: {path}",
                field="supplies",
                got=path,
                expected="edges from upstream to downstream within a chain",
            ) from None


def shipped_chain_map() -> pl.DataFrame:
    """Read the shipped chains table: one row per node, columns as in `SCHEMA`.

    A list that is not stated is null, as in a table that was imported.
    """
    with files("features").joinpath("reference", "chains.csv").open("rb") as file:
        frame = pl.read_csv(file, schema=pl.Schema(dict.fromkeys(SCHEMA, pl.String())))
    lists = [name for name, dtype in SCHEMA.items() if dtype == pl.List(pl.String)]
    return frame.with_columns(pl.col(name).str.split(";") for name in lists)


def _chain(chain_id: str, rows: Sequence[Mapping[str, Any]]) -> Chain:
    return Chain(
        chain_id,
        name=_agreed(chain_id, rows, "chain") or chain_id,
        name_en=_agreed(chain_id, rows, "chain_en"),
        nodes=tuple(map(_node, rows)),
    )


def _agreed(chain_id: str, rows: Sequence[Mapping[str, Any]], field: str) -> str | None:
    """Return the name that the rows of a chain agree on, None if none states one."""
    nodes: dict[str, str] = {}
    for row in rows:
        if row[field] is not None:
            nodes.setdefault(row[field], row["node_id"])
    if len(nodes) > 1:
        claims = ", ".join(f"{name} on node {node_id}" for name, node_id in nodes.items())
        raise InputError(
            f"chain map: chain {chain_id} has two names: {claims}",
            field=field,
            got=list(nodes),
            expected="one name of a chain on all its rows",
        )
    return next(iter(nodes), None)


def _node(row: Mapping[str, Any]) -> Node:
    return Node(
        node_id=row["node_id"],
        name=row["node"],
        name_en=row["node_en"],
        chain_id=row["chain_id"],
        position=row["position"],
        keywords=_distinct(row["keywords"]),
        industry_codes=_distinct(_code(row["node_id"], c) for c in row["industry_codes"] or ()),
        supplies=_distinct(row["supplies"]),
    )


def _code(node_id: str, code: str) -> str:
    known = normalise(code)
    if known is None:
        raise InputError(
            f"chain map: node {node_id} has an unknown industry code {code}",
            field="industry_codes",
            got=code,
            expected=CHAINS.column("industry_codes").expected,
        )
    return known


def _distinct(items: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items or ()))


def _index(*named: tuple[str | None, _Item]) -> dict[str, _Item]:
    """Index items by their names; the first of several with the same name."""
    index: dict[str, _Item] = {}
    for name, item in named:
        if name is not None:
            index.setdefault(_key(name), item)
    return index


def _key(name: str) -> str:
    return name.strip().casefold()


def _known(items: Mapping[str, _Item], what: str, got: str) -> _Item:
    if got not in items:
        raise NotFoundError(
            f"the chain map has no {what} {got}",
            field=f"{what}_id",
            got=got,
            expected=f"the id of a {what} of the chain map",
        )
    return items[got]
