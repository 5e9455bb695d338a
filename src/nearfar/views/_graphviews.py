"""Random views of a graph, the same for every batch of its nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from nearfar.checks import check_fraction, check_integer
from nearfar.inputs import Nodes
from nearfar.ops._random import random_bits, uniform
from nearfar.records import Remedy
from nearfar.views._loose_inputs import settled_draws
from nearfar.views._weaker import weaker

__all__ = ["GraphViews"]

# Counters of the random draws: an edge, a pair of numbers below 2^31, is below 2^62; others above.
_COLUMN: Final = 1 << 62
_HIDDEN: Final = _COLUMN + (1 << 40)
_ORDER: Final = _HIDDEN + (1 << 40)


@final
class GraphViews:
    """Edge dropping, node dropping, feature masking and feature shuffling.

    Applied in this order. Every draw is a pure function of (seed, epoch, view) and of the edge,
    node or feature, so that all batches of an epoch see the same views of the graph, and both
    directions of an edge are dropped together.

    Args:
        num_views: Number of views of the graph.
        edge_drop: Probability of dropping an edge, one for all views or one per view.
        node_drop: Probability of dropping a node, one for all views or one per view. Only its
            outgoing edges are dropped, because the node can be a sample.
        feature_mask: Probability of setting a feature to 0 in all nodes, one for all views or one
            per view.
        shuffle: Permute features among the nodes, the corruption of Deep Graph Infomax; one for all
            views or one per view. Such a view is not a positive of its sample.

    Raises:
        ValueError: A probability outside [0, 1], or a wrong number of values.

    Reference:
        Veličković et al.: Deep Graph Infomax (ICLR 2019), section 3.4; Zhu et al.: Deep graph
        contrastive representation learning (2020, arXiv 2006.04131), section 3.2.2.

    Example:
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> graph = Nodes(torch.eye(3), path, torch.arange(3))
        >>> views = GraphViews(edge_drop=(0.5, 0.0), feature_mask=(0.0,), shuffle=(False, True))
        >>> first, second = views(graph, torch.arange(3), seed=3, epoch=0)
        >>> first.edges.tolist(), second.features.argmax(dim=1).tolist()
        ([[1, 2], [2, 1]], [1, 0, 2])
    """

    def __init__(
        self,
        *,
        num_views: int = 2,
        edge_drop: tuple[float, ...] = (0.2,),
        node_drop: tuple[float, ...] = (0.0,),
        feature_mask: tuple[float, ...] = (0.2,),
        shuffle: tuple[bool, ...] = (False,),
    ) -> None:
        check_integer(at_least=1, num_views=num_views)
        for name, rates in (
            ("edge_drop", edge_drop),
            ("node_drop", node_drop),
            ("feature_mask", feature_mask),
            ("shuffle", shuffle),
        ):
            if len(rates) not in (1, num_views):
                raise ValueError(
                    f"`{name}` must be one value or {num_views}, one per view, got {rates!r}"
                )
            for rate in rates:
                check_fraction(**{name: rate})
        self.num_views = num_views
        self.edge_drop, self.node_drop = edge_drop, node_drop
        self.feature_mask, self.shuffle = feature_mask, shuffle

    def __repr__(self) -> str:
        return f"GraphViews({', '.join(f'{k}={v!r}' for k, v in self.settings().items())})"

    def settings(self) -> dict[str, Any]:
        """The configuration, as arguments of the constructor."""
        return dict(vars(self))

    @property
    def notes(self) -> tuple[str, ...]:
        """Empty: every transform applies to every graph."""
        return ()

    def __call__(
        self,
        inputs: Nodes,
        samples: Int64[Tensor, " batch"] | None = None,
        *,
        seed: int | None = None,
        epoch: int | None = None,
    ) -> tuple[Nodes, ...]:
        """The views of a graph, on its device.

        Args:
            inputs: The graph, and the nodes that are the samples.
            samples: Index of each sample. Without `samples`, `seed` and `epoch` each call is a
                new draw from PyTorch's global generator.
            seed: Random seed of the run.
            epoch: Epoch, from 0.

        Raises:
            ValueError: A number of indices other than the number of samples.
        """
        _, seed, epoch = settled_draws(len(inputs), samples, seed=seed, epoch=epoch)
        return tuple(self._view(inputs, _Draws(seed, epoch, v)) for v in range(self.num_views))

    def plain(self, inputs: Nodes) -> Nodes:
        """The graph, unchanged."""
        return inputs

    def _view(self, graph: Nodes, draws: _Draws) -> Nodes:
        numbers = graph.ids
        if numbers is None:
            numbers = torch.arange(len(graph.features), device=graph.features.device)
        features = graph.features
        if rate := _of(self.edge_drop, draws.view):
            low, high = numbers[graph.edges].aminmax(dim=0)
            graph = graph.with_edges(~draws.hit(low + (high << 31), rate))
        if rate := _of(self.node_drop, draws.view):
            hidden = draws.hit(numbers + _HIDDEN, rate)
            graph = graph.with_edges(~hidden[graph.edges[0]])
        if rate := _of(self.feature_mask, draws.view):
            columns = torch.arange(features.shape[1], device=features.device)
            features = _masked(features, ~draws.hit(columns + _COLUMN, rate))
        if _of(self.shuffle, draws.view):
            features = draws.shuffled(features, numbers)
        return replace(graph, features=features)

    def remedies(self) -> tuple[Remedy, ...]:
        """Weaker augmentation."""
        return (
            *weaker("edge_drop", self.edge_drop, what="the dropping of edges", least=0.05),
            *weaker("feature_mask", self.feature_mask, what="the feature mask", least=0.05),
            *weaker("node_drop", self.node_drop, what="the dropping of nodes", least=0.05),
        )


@final
class _Draws:
    """Random draws for one view in one epoch."""

    def __init__(self, seed: int, epoch: int, view: int) -> None:
        self.seed, self.epoch, self.view = seed, epoch, view

    def hit(self, who: Int64[Tensor, " n"], rate: float) -> Bool[Tensor, " n"]:
        """For each counter, whether an event of probability `rate` occurs."""
        drawn = uniform(who, seed=self.seed, epoch=self.epoch, count=1, view=self.view)
        return drawn[:, 0] < rate

    def shuffled(
        self, features: Float[Tensor, "nodes features"], numbers: Int64[Tensor, " nodes"]
    ) -> Float[Tensor, "nodes features"]:
        """Rows permuted by sorting a random number per node."""
        words = random_bits(
            numbers + _ORDER, seed=self.seed, epoch=self.epoch, count=2, view=self.view
        )
        order = torch.argsort((words[:, 0] << 31) | (words[:, 1] >> 1), stable=True)
        return features.index_select(0, order)


def _masked(
    features: Float[Tensor, "nodes features"], kept: Bool[Tensor, " features"]
) -> Float[Tensor, "nodes features"]:
    """The features, with 0 in the columns that are not kept."""
    if not features.is_sparse:
        return features * kept
    entries = features.coalesce()
    values = entries.values() * kept[entries.indices()[1]]
    return torch.sparse_coo_tensor(
        entries.indices(), values, features.shape, is_coalesced=True, check_invariants=False
    )


def _of(values: tuple[Any, ...], view: int) -> Any:
    """The value for a view, from one value for all or one per view."""
    return values[view] if len(values) > 1 else values[0]
