"""The heads of SimSiam, in the sizes and simplifications that were published."""

from __future__ import annotations

from typing import Literal, TypeAlias

from torch import nn

from nearfar.checks import check_choice, check_integer
from nearfar.modules._bias import Bias
from nearfar.modules._heads import PerceptronHead

__all__ = ["PredictorKind", "SiameseNorms", "siamese_predictor", "siamese_projector"]

PredictorKind: TypeAlias = Literal["perceptron", "tanh", "linear", "bias", "none"]
"""Two layers; one layer and tanh; one layer; a bias alone; nothing."""

SiameseNorms: TypeAlias = Literal["none", "hidden", "projector", "all"]
"""Batch-norm nowhere; after inner layers; after the projector's last layer too; after all."""

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
    """SimSiam's projector: batch-norm after every layer, the last without scale and shift.

    Args:
        width: Dimensions of a representation.
        dim: Dimensions of a projection; the representation's if not given.
        hidden: Width of the projector's inner layers; the projection's if not given.
        layers: Linear layers of the projector; if not given 3 for representations of 2,048
            dimensions or more (the paper's ResNet-50), else 2 (its CIFAR-10 runs).
        norms: Batch-norm in the heads: ``none``, after ``hidden`` layers, after those and the
            ``projector``'s last (the paper's), after ``all``.

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
        normalise=norms != "none",
        normalise_output=norms in ("projector", "all"),
    )


def siamese_predictor(
    dim: int,
    *,
    kind: PredictorKind = "perceptron",
    hidden: int | None = None,
    norms: SiameseNorms = "projector",
) -> nn.Module:
    """SimSiam's predictor, a bottleneck, and what it was simplified to.

    Args:
        dim: Dimensions of a projection, and of a prediction.
        kind: ``perceptron``, ``tanh`` (of a linear layer), ``linear``, ``bias`` or ``none``.
        hidden: Width of the perceptron's inner layer; a quarter of `dim` if not given.
        norms: Where batch-norm stands.

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
            normalise=norms != "none",
            normalise_output=norms == "all",
        )
    linear = nn.Linear(dim, dim)
    return linear if kind == "linear" else nn.Sequential(linear, nn.Tanh())
