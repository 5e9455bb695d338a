"""The edges of a graph: checked, without loops and repetitions, in a fixed order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float64, Int64
from numpy.typing import NDArray

from nearfar.data._files import counted

__all__ = ["OrderedEdges", "check_weights", "order_edges"]


@final
@dataclass(frozen=True)
class OrderedEdges:
    """Edges without self-loops and duplicates, sorted by target, then source.

    Attributes:
        edges: Sources and targets; an undirected edge is stored in both directions.
        undirected: Whether reverse edges were added.
        notes: Notes on removed and added edges.
        weights: Weight of each edge; None if no weights were given.
    """

    edges: Int64[np.ndarray, "2 edges"]
    undirected: bool
    notes: tuple[str, ...]
    weights: Float64[np.ndarray, " edges"] | None = None


def order_edges(
    edges: NDArray[Any],
    *,
    nodes: int,
    undirected: bool,
    name: str,
    weights: NDArray[Any] | None = None,
) -> OrderedEdges:
    """Remove self-loops and duplicates, add reverse edges, and count the changes.

    The weights of duplicates are added; a reverse edge that is added has the weight of its edge.

    Args:
        edges: Two rows of node numbers: sources and targets.
        nodes: Number of nodes.
        undirected: Whether to add the reverse of every edge.
        name: Name of the graph, for messages.
        weights: Weight of each edge.

    Raises:
        TypeError: Node numbers or weights that are not numbers of the right type.
        ValueError: A shape other than 2 × edges, an edge to a node that does not exist, or weights
            that are not one number of 0 or more per edge.

    Example:
        >>> pairs = np.array([[0, 0, 1], [1, 1, 1]])
        >>> found = order_edges(pairs, nodes=3, undirected=True, name="pairs")
        >>> found.edges.tolist(), found.notes
        ([[1, 0], [0, 1]],
         ('1 self-loop removed', '1 duplicate edge removed', '1 edge made undirected',
          '1 of 3 nodes has no edge'))
    """
    if edges.ndim != 2 or edges.shape[0] != 2:
        raise ValueError(f"edges of {name} must have shape 2 × edges, got {edges.shape}")
    if edges.dtype.kind not in "iu" and edges.size:
        raise TypeError(f"edges of {name} must be integers, got {edges.dtype}")
    outside = (edges < 0) | (edges >= nodes)
    if outside.any():
        wrong = outside.any(axis=0)
        raise ValueError(
            f"edges of {name} must connect nodes with features, 0 to {nodes - 1:,}:"
            f" {int(wrong.sum()):,} of {edges.shape[1]:,} do not, the first has node"
            f" {int(edges[outside][0])}; nodes with other names need a column `id` of their"
            " features, or an array `ids`"
        )
    heavy = None if weights is None else check_weights(weights, edges=edges.shape[1], name=name)
    source, target = edges.astype(np.int64)
    loops = source == target
    source, target = source[~loops], target[~loops]
    keys, group = np.unique(target * nodes + source, return_inverse=True)
    repeated = len(source) - len(keys)
    sums = None
    if heavy is not None:  # integers if there are no edges
        sums = np.bincount(group, heavy[~loops], minlength=len(keys)).astype(np.float64)
    both, added = keys, 0
    if undirected:
        reverse = (keys % nodes) * nodes + keys // nodes
        both = np.union1d(keys, reverse)
        added = len(both) - len(keys)
        if sums is not None:
            order = np.argsort(reverse)
            of_reverse = np.zeros(len(both))
            of_reverse[np.searchsorted(both, reverse[order])] = sums[order]
            of_reverse[np.searchsorted(both, keys)] = sums  # an edge's own weight comes first
            sums = of_reverse
    ordered = np.stack([both % nodes, both // nodes])
    alone = nodes - len(np.unique(ordered))
    notes = []
    if loops.any():
        notes.append(f"{counted(int(loops.sum()), 'self-loop')} removed")
    if repeated:
        how = "removed" if sums is None else "merged, weights added"
        notes.append(f"{counted(repeated, 'duplicate edge')} {how}")
    if added:
        notes.append(f"{counted(added, 'edge')} made undirected")
    if alone:
        notes.append(f"{alone:,} of {nodes:,} nodes {'has' if alone == 1 else 'have'} no edge")
    return OrderedEdges(ordered, undirected, tuple(notes), sums)


def check_weights(weights: NDArray[Any], *, edges: int, name: str) -> Float64[np.ndarray, " edges"]:
    """Check for one finite weight of 0 or more per edge, and flatten E×1 weights.

    Raises:
        TypeError: Weights that are not real numbers.
        ValueError: Another number of weights, or a negative or non-finite one.
    """
    flat = weights[:, 0] if weights.ndim == 2 and weights.shape[1] == 1 else weights
    if flat.dtype.kind not in "buif":
        raise TypeError(f"edge weights of {name} must be real numbers, got {flat.dtype}")
    if flat.shape != (edges,):
        raise ValueError(
            f"edge weights of {name} must be one per edge, {edges:,}, got shape {weights.shape}"
        )
    values: NDArray[np.float64] = flat.astype(np.float64)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"edge weights of {name} must be finite and at least 0, got {values[first]:g} for edge"
            f" {first} ({int(bad.sum()):,} of {edges:,}): set `edge_weights` to false to ignore"
            " the weights"
        )
    return values
