"""SimSiam's projector and predictor, in the published sizes and simplifications."""

from __future__ import annotations

from typing import Literal, TypeAlias, final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_choice, check_integer
from nearfar.modules._heads import PerceptronHead

__all__ = ["Bias", "PredictorKind", "SiameseNorms", "siamese_predictor", "siamese_projector"]

PredictorKind: TypeAlias = Literal["perceptron", "tanh", "linear", "bias", "none"]
"""A two-layer MLP; a linear layer with tanh; a linear layer; a bias; the identity."""

SiameseNorms: TypeAlias = Literal["none", "hidden", "projector", "all"]
"""Batch-norm nowhere; after hidden layers; also after the projector's output; after all layers."""

_NORMS = ("none", "hidden", "projector", "all")
_KINDS = ("perceptron", "tanh", "linear", "bias", "none")
_WIDE = 2048


def siamese_projector(
    width: int,
    *,
    dim: int | None = None,
    hidden: int | None = None,
    layers: int | None = None,
    norms: SiameseNorms = "projector",
) -> PerceptronHead:
    """SimSiam's projector: batch-norm after every layer, non-affine after the last.

    Args:
        width: Dimension of the representations.
        dim: Dimension of the projections; that of the representations by default.
        hidden: Width of the projector's hidden layers; that of the projections by default.
        layers: Number of linear layers of the projector; by default 3 for representations of 2,048
            dimensions or more (the paper's ResNet-50), otherwise 2 (its CIFAR-10 runs).
        norms: Batch-norm in the heads: ``none``, after ``hidden`` layers, also after the
            ``projector``'s output (the paper's), or after ``all`` layers.

    Example:
        >>> projector = siamese_projector(64, dim=32)
        >>> len(projector.layers), projector.layers[-1].affine
        (5, False)
    """
    check_integer(at_least=1, width=width)
    check_choice(_NORMS, norms=norms)
    dim = dim or width
    return PerceptronHead(
        width,
        hidden=hidden or dim,
        outputs=dim,
        layers=layers or (3 if width >= _WIDE else 2),
        normalize=norms != "none",
        normalize_output=norms in ("projector", "all"),
    )


def siamese_predictor(
    dim: int,
    *,
    kind: PredictorKind = "perceptron",
    hidden: int | None = None,
    norms: SiameseNorms = "projector",
) -> nn.Module:
    """SimSiam's bottleneck predictor, or one of its simplifications.

    Args:
        dim: Dimension of the projections and predictions.
        kind: Architecture (:data:`PredictorKind`).
        hidden: Width of the MLP's hidden layer; a quarter of `dim` by default.
        norms: Which layers have batch-norm.

    Reference:
        Chen & He, CVPR 2021 (arXiv 2011.10566), section 4.2; Zhang et al., ICLR 2022 (arXiv
        2203.16262), for the simplifications.

    Example:
        >>> siamese_predictor(8, kind="tanh")
        Sequential(
          (0): Linear(in_features=8, out_features=8, bias=True)
          (1): Tanh()
        )
    """
    check_integer(at_least=1, dim=dim)
    check_choice(_KINDS, kind=kind)
    check_choice(_NORMS, norms=norms)
    if kind == "none":
        return nn.Identity()
    if kind == "bias":
        return Bias(dim)
    if kind == "perceptron":
        return PerceptronHead(
            dim,
            hidden=hidden or max(1, dim // 4),
            outputs=dim,
            normalize=norms != "none",
            normalize_output=norms == "all",
        )
    linear = nn.Linear(dim, dim)
    return linear if kind == "linear" else nn.Sequential(linear, nn.Tanh())


@final
class Bias(nn.Module):
    """A learnable vector added to every row, initialised to 0: the simplest predictor.

    Args:
        dim: Dimension of a row.

    Example:
        >>> import torch
        >>> Bias(2)(torch.tensor([[1.0, 2.0]])).tolist()
        [[1.0, 2.0]]
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        check_integer(at_least=1, dim=dim)
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch dim"]:
        """The rows plus the bias."""
        return x + self.bias
