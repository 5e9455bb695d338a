"""Heads that several presets build, each with its arguments documented once."""

from __future__ import annotations

from torch import nn

from nearfar._docstrings import documented_by
from nearfar.modules import PerceptronHead, PredictorKind, SiameseNorms, siamese_predictor

__all__ = ["optional_projector", "projector", "siamese_head", "wide_projector"]


def projector(width: int, *, hidden: int | None, dim: int) -> PerceptronHead:
    """SimCLR's projector of two layers.

    Args:
        hidden: Width of the projector's hidden layer; by default that of the representation (2,048
            for a ResNet-50).
        dim: Dimension of the projections.
    """
    return PerceptronHead(width, hidden=hidden or width, outputs=dim)


@documented_by(projector)
def optional_projector(width: int, *, hidden: int | None, dim: int | None) -> nn.Module:
    """A projector of two layers, or none.

    Args:
        dim: … By default there is no projector, and representations are compared.
    """
    return nn.Identity() if dim is None else projector(width, hidden=hidden, dim=dim)


@documented_by(projector)
def wide_projector(width: int, *, hidden: int | None, dim: int | None) -> PerceptronHead:
    """The projector of three layers of Barlow Twins and VICReg.

    Args:
        hidden: Width of the projector's two hidden layers; by default four times that of the
            representation (8,192 for a ResNet-50).
        dim: … By default the width of the hidden layers.
    """
    hidden = hidden or 4 * width
    return PerceptronHead(width, hidden=hidden, outputs=dim or hidden, layers=3)


def siamese_head(
    dim: int,
    *,
    predictor_hidden: int | None,
    norms: SiameseNorms,
    predictor: PredictorKind = "perceptron",
) -> nn.Module:
    """SimSiam's predictor.

    Args:
        predictor_hidden: Width of the predictor's hidden layer; by default a quarter of the
            projections'.
        predictor: ``perceptron`` (the paper's), ``tanh`` of a linear layer, ``linear``, ``bias``
            (one vector added) or ``none``, which collapses.
    """
    return siamese_predictor(dim, kind=predictor, hidden=predictor_hidden, norms=norms)
