"""Node encoders: graph convolutions of PyTorch Geometric."""

from __future__ import annotations

import warnings
from typing import Any, final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from nearfar.checks import check_choice, check_integer
from nearfar.inputs import Nodes

__all__ = ["GRAPH_ENCODERS", "GraphEncoder"]

GRAPH_ENCODERS = ("gcn", "sage")
"""Convolutions of a :class:`GraphEncoder`."""


@final
class GraphEncoder(nn.Module):
    """Message-passing layers, each followed by a PReLU; returns the target nodes' rows.

    ``gcn`` with one layer of 512 units is the encoder of Deep Graph Infomax on citation graphs:
    a sum over neighbours and the node itself (self-loop) with weights 1/√(dᵢ dⱼ). The edges' own
    weights, if any, multiply these, and dᵢ is then their sum. ``sage`` is GraphSAGE with mean
    aggregation, which needs no degrees, suits graphs sampled in parts, and ignores edge weights.

    Args:
        features: Number of node features.
        dim: Units of each layer.
        layers: Number of layers, and hops that a node sees.
        convolution: ``gcn`` or ``sage``.

    Raises:
        ImportError: torch-geometric is not installed.

    Reference:
        Veličković et al.: Deep Graph Infomax (ICLR 2019), section 4.2; Kipf, Welling: GCN (ICLR
        2017); Hamilton, Ying, Leskovec: GraphSAGE (NeurIPS 2017).

    Example:
        >>> encoder = GraphEncoder(features=3, dim=8)
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> encoder(Nodes(torch.eye(3), path, torch.tensor([2, 0]))).shape
        torch.Size([2, 8])
    """

    def __init__(
        self, *, features: int, dim: int = 512, layers: int = 1, convolution: str = "gcn"
    ) -> None:
        super().__init__()
        check_integer(at_least=1, features=features, dim=dim, layers=layers)
        check_choice(GRAPH_ENCODERS, convolution=convolution)
        geometric = _torch_geometric()
        build = {"gcn": geometric.GCNConv, "sage": geometric.SAGEConv}[convolution]
        widths = [features] + [dim] * layers
        self.convolution, self.num_features = convolution, dim
        convolutions: list[Any] = [build(widths[i], dim) for i in range(layers)]
        if convolution == "gcn":
            for convolve in convolutions:
                convolve.lin = _SparseLinear(convolve.lin.weight)
        self.convolutions = nn.ModuleList(convolutions)
        self.activations = nn.ModuleList(nn.PReLU() for _ in range(layers))

    def forward(self, nodes: Nodes) -> Float[Tensor, "batch dim"]:
        """The representation of each target."""
        single = torch.autocast(nodes.features.device.type, enabled=False)
        checks: Any = torch.sparse.check_sparse_tensor_invariants
        # sparse products and sums over many neighbours need float32
        with single, checks(enable=False):
            weights = nodes.weights if self.convolution == "gcn" else None
            adjacency = _adjacency(nodes.edges, nodes.features, weights)
            return self.convolve(nodes.features, adjacency)[nodes.targets]

    def convolve(
        self, features: Tensor, edges: Tensor, weights: Tensor | None = None
    ) -> Float[Tensor, "nodes dim"]:
        """The representation of every node.

        Args:
            features: Features of every node.
            edges: Sources and targets, or a sparse nodes × nodes matrix, row i with the edges into
                node i.
            weights: Weights of the edges, if `edges` are sources and targets; only for ``gcn``.
        """
        more = () if weights is None else (weights,)
        x = features if self.convolution == "gcn" else features.to_dense()
        for convolve, activate in zip(self.convolutions, self.activations, strict=True):
            x = activate(convolve(x, edges, *more))
        return x


@final
class _SparseLinear(nn.Module):
    """A linear map without bias that also accepts sparse features (bags of words)."""

    def __init__(self, weight: nn.Parameter) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, x: Float[Tensor, "nodes features"]) -> Float[Tensor, "nodes dim"]:
        if x.is_sparse:
            product: Tensor = torch.sparse.mm(_rows(x), self.weight.T.contiguous())
            return product
        return nn.functional.linear(x, self.weight)


def _adjacency(
    edges: Int64[Tensor, "2 edges"],
    features: Float[Tensor, "nodes features"],
    weights: Float[Tensor, " edges"] | None,
) -> Float[Tensor, "nodes nodes"]:
    """Row i has the weight of every edge into node i, by default 1.

    Sparse products take half the time of gathers.
    """
    count = len(features)
    if weights is None:
        weights = torch.ones(edges.shape[1], dtype=features.dtype, device=features.device)
    return _rows(torch.sparse_coo_tensor(edges.flip(0), weights, (count, count)))


def _rows(entries: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
    """The matrix in CSR format, in which products are several times as fast."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns once that CSR support is in beta
        rows: Tensor = entries.coalesce().to_sparse_csr()
    return rows


def _torch_geometric() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about PyTorch functions that it uses
            from torch_geometric import nn as layers
    except ImportError:
        raise ImportError("graphs need torch-geometric: pip install 'nearfar[graph]'") from None
    return layers
