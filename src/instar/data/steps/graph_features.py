"""A row for each node of a graph, from a table of its edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from instar.base.errors import BadInput, InstarError, WrongType
from instar.base.schema import Field, Schema
from instar.data.operators.types import category, number
from instar.data.steps import options
from instar.data.steps.drawing import numbered
from instar.data.steps.options import Names, names, one_of, whole
from instar.data.steps.step import Made, Rows, TableStep, Told, table_step

Feature = Literal["degree", "in_degree", "out_degree", "pagerank", "triangles", "community"]
Places = NDArray[np.int64]
EXACT = ("degree", "in_degree", "out_degree", "pagerank", "triangles")  # need no further package
_TYPES = {"pagerank": "float64"}


@table_step("graph_features")
@dataclass(frozen=True, init=False)
class GraphFeatures(TableStep):
    """One row a node, sorted by it: ``node`` and a column for each of ``features``.

    source, target : the columns of an edge's two ends, of one type (text, whole numbers or truth values)
    weight : a column of finite numbers of at least 0; the weights of equal edges are added. Without one each row counts 1
    directed : whether an edge goes only from its source to its target

    degree : other nodes with an edge to or from the node;  in_degree, out_degree : nodes with an edge to it, nodes that
    it has an edge to, itself included (int64; without direction both are the same)
    pagerank : the chance of being at the node, p = d (A p + p_dangling / n) + (1 - d) / n, where A spreads a node over its
    edges by weight, and d is ``damping``; by power iteration until the sum of all changes is below ``tolerance``
    triangles : of different nodes that all have edges, whatever their direction
    community : of Louvain's method on the weights without direction, drawn by ``seed``; 0 is the largest, of equal ones
    that with the least node (package networkx: ``pip install 'instar[graph]'``)

    An edge without one of its ends is left out and counted. Memory: 24 bytes an edge, and the nodes.
    told : ``nodes``, ``edges`` (different ones), ``incomplete`` (rows), and ``iterations`` of the PageRank
    Sources: Brin & Page (1998), The anatomy of a large-scale hypertextual Web search engine; Blondel, Guillaume,
    Lambiotte & Lefebvre (2008), Fast unfolding of communities in large networks, J. Stat. Mech.

    >>> from instar.data.steps.step import take
    >>> follows = pl.DataFrame({"who": ["a", "b", "c"], "whom": ["b", "c", "a"]})
    >>> take(GraphFeatures("who", "whom", features=("degree", "triangles")), follows)["out"].rows()
    [('a', 2, 1), ('b', 2, 1), ('c', 2, 1)]
    """

    source: str
    target: str
    weight: str
    features: tuple[str, ...]
    directed: bool
    damping: float
    tolerance: float
    iterations: int
    seed: int

    def __init__(
        self,
        source: str,
        target: str,
        weight: str = "",
        features: Names = EXACT,
        directed: bool = True,
        damping: float = 0.85,
        tolerance: float = 1e-10,
        iterations: int = 1000,
        seed: int = 0,
    ) -> None:
        if options.number(tolerance, "GraphFeatures", "tolerance") <= 0:
            raise BadInput(f"GraphFeatures: tolerance={tolerance!r}; give a number above 0, such as 1e-10")
        self._keep(
            source=source,
            target=target,
            weight=weight,
            features=tuple(one_of(each, Feature, "GraphFeatures", "feature") for each in names(features)),
            directed=directed,
            damping=options.share(damping, "GraphFeatures", "damping"),
            tolerance=float(tolerance),
            iterations=whole(iterations, 1, "GraphFeatures", "iterations"),
            seed=whole(seed, 0, "GraphFeatures", "seed"),
        )

    def output(self, schema: Schema, **others: Schema) -> dict[str, Schema]:
        one, other = (category(schema, name, "GraphFeatures") for name in (self.source, self.target))
        if one.type != other.type:
            raise WrongType(
                self.target, "GraphFeatures", other.type, one.type, f"cast it, since {self.source!r} is {one.type}"
            )
        if self.weight:
            number(schema, self.weight, "GraphFeatures")
        made = [Field(name, _TYPES.get(name, "int64")) for name in self.features]
        return {"out": options.new_columns(Schema.of(Field("node", one.type)), made, "GraphFeatures")}

    def over(self, tables: Mapping[str, Rows], told: Told) -> Made:
        told |= {"nodes": 0, "edges": 0, "incomplete": 0}
        edges = _Edges(self)
        for start, frame in numbered(tables["table"]):
            edges.add(start, frame)
        if edges.nodes is None:
            return
        nodes = edges.nodes.sort("node")
        matrix = edges.matrix(nodes["place"].to_numpy())
        told |= {"nodes": nodes.height, "edges": int(matrix.nnz), "incomplete": edges.incomplete}
        if not self.directed:
            matrix = _both_ways(matrix)
        yield {"out": nodes.select("node").with_columns(self._columns(matrix, told))}

    def _columns(self, matrix: Any, told: Told) -> list[pl.Series]:
        made: list[pl.Series] = []
        links = _links(matrix)
        for name in self.features:
            match name:
                case "degree":
                    values: Any = _row_counts(links)
                case "out_degree":
                    values = _row_counts(matrix)
                case "in_degree":
                    values = _row_counts(matrix.T.tocsr())
                case "triangles":
                    values = _triangles(links)
                case "pagerank":
                    values, told["iterations"] = self._pagerank(matrix)
                case _:
                    values = _communities(matrix if self.directed is False else _both_ways(matrix), self.seed)
            made.append(pl.Series(name, values, dtype=pl.Float64 if name == "pagerank" else pl.Int64))
        return made

    def _pagerank(self, matrix: Any) -> tuple[NDArray[np.float64], int]:
        count = matrix.shape[0]
        if not count:
            return np.zeros(0), 0
        out = np.asarray(matrix.sum(axis=1)).ravel()
        share = np.divide(1.0, out, out=np.zeros(count), where=out > 0)
        spread = matrix.T.tocsr()
        here = np.full(count, 1.0 / count)
        for step in range(1, self.iterations + 1):
            lost = here[out == 0].sum() / count
            there = self.damping * (spread @ (here * share) + lost) + (1 - self.damping) / count
            change = np.abs(there - here).sum()
            here = there
            if change < self.tolerance:
                return here, step
        raise BadInput(
            f"GraphFeatures: the PageRank still changes by {change:.3g} after {self.iterations} iterations; "
            "give more iterations=, a greater tolerance= or a smaller damping="
        )


class _Edges:
    """The edges so far as pairs of numbers; a node's number is its place among those first seen.

    nodes : with their ``place``, None before the first chunk;  incomplete : edges without one of their ends
    """

    def __init__(self, step: GraphFeatures) -> None:
        self._step = step
        self._pairs: list[tuple[Places, Places, NDArray[np.float64]]] = []
        self.nodes: pl.DataFrame | None = None
        self.incomplete = 0

    def add(self, start: int, frame: pl.DataFrame) -> None:
        step = self._step
        ends = frame.select(pl.col(step.source).alias("one"), pl.col(step.target).alias("two"))
        weights = self._weights(start, frame)
        complete = ends["one"].is_not_null() & ends["two"].is_not_null()
        self.incomplete += int((~complete).sum())
        ends = ends.filter(complete)
        self._see(pl.concat([ends["one"], ends["two"]]).alias("node").to_frame().unique(maintain_order=True))
        assert self.nodes is not None
        one, two = (self._places(ends[name]) for name in ("one", "two"))
        self._pairs.append((one, two, weights[complete.to_numpy()]))

    def _weights(self, start: int, frame: pl.DataFrame) -> NDArray[np.float64]:
        if not self._step.weight:
            return np.ones(frame.height)
        weights = frame[self._step.weight].cast(pl.Float64).fill_null(float("nan")).to_numpy()
        if (wrong := np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))).size:
            row = frame[self._step.weight][int(wrong[0])]
            raise BadInput(
                f"GraphFeatures: row {start + wrong[0]} (counted from 0) has the {self._step.weight} {row}; a weight is a "
                "finite number of at least 0: filter such rows out, or correct them"
            )
        return weights

    def _see(self, nodes: pl.DataFrame) -> None:
        known = self.nodes
        if known is not None:
            nodes = nodes.join(known, on="node", how="anti", maintain_order="left")
        start = 0 if known is None else known.height
        new = nodes.with_columns(pl.int_range(start, start + pl.len(), dtype=pl.Int64).alias("place"))
        self.nodes = new if known is None else pl.concat([known, new])

    def _places(self, ends: pl.Series) -> Places:
        assert self.nodes is not None
        joined = ends.alias("node").to_frame().join(self.nodes, on="node", how="left", maintain_order="left")
        return joined["place"].to_numpy()

    def matrix(self, order: Places) -> Any:
        """Weights by source and target, the nodes in this order. Equal edges are added in the order of the table."""
        from scipy.sparse import csr_array

        one, two, weights = (np.concatenate(parts) for parts in zip(*self._pairs))
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        made = csr_array((weights, (rank[one], rank[two])), shape=(len(order), len(order)))
        made.sum_duplicates()
        return made


def _row_counts(matrix: Any) -> Places:
    return np.asarray(np.diff(matrix.indptr), dtype=np.int64)


def _links(matrix: Any) -> Any:
    """1 where two different nodes have an edge, in one direction or the other."""
    ones = type(matrix)((np.ones(matrix.nnz, dtype=np.int64), matrix.indices, matrix.indptr), shape=matrix.shape)
    both = (ones + ones.T).tocsr()
    both.setdiag(0)
    both.eliminate_zeros()
    both.sort_indices()
    both.data[:] = 1
    return both


def _triangles(links: Any) -> Places:
    """How many triangles each node is in. Edges are turned towards the node with more of them: then no node has more than
    sqrt(2 edges) going out, and hubs cost no more than others."""
    degrees = _row_counts(links)
    rank = np.empty(len(degrees), dtype=np.int64)
    rank[np.argsort(degrees, kind="stable")] = np.arange(len(degrees))
    edges = links.tocoo()
    up = rank[edges.row] < rank[edges.col]
    turned = type(links)((edges.data[up], (edges.row[up], edges.col[up])), shape=links.shape)
    first_and_last = (turned @ turned).multiply(turned)
    middle = (turned.T.tocsr() @ turned).multiply(turned)
    counts = first_and_last.sum(axis=1) + first_and_last.sum(axis=0) + middle.sum(axis=1)
    return np.asarray(counts, dtype=np.int64).ravel()


def _both_ways(matrix: Any) -> Any:
    """The same without direction: the weights of both directions added, a loop once."""
    loops = matrix.diagonal()
    made = (matrix + matrix.T).tocsr()
    if loops.any():
        made.setdiag(loops)
    return made


def _communities(matrix: Any, seed: int) -> Places:
    try:
        import networkx
    except ImportError as error:
        raise InstarError(
            "GraphFeatures: communities need the package networkx; install it: pip install 'instar[graph]'"
        ) from error
    graph = networkx.Graph()
    graph.add_nodes_from(range(matrix.shape[0]))
    upper = matrix.tocoo()
    rows: Sequence[tuple[int, int, float]] = sorted(zip(upper.row.tolist(), upper.col.tolist(), upper.data.tolist()))
    graph.add_weighted_edges_from(edge for edge in rows if edge[0] <= edge[1])
    labels = np.zeros(matrix.shape[0], dtype=np.int64)
    if graph.number_of_edges():
        found = networkx.community.louvain_communities(graph, weight="weight", seed=seed)
        for label, nodes in enumerate(sorted(found, key=lambda nodes: (-len(nodes), min(nodes)))):
            labels[list(nodes)] = label
    else:
        labels = np.arange(matrix.shape[0])
    return labels
