"""CURL's contrastive loss: logistic or hinge loss of positive against negatives."""

from __future__ import annotations

import math
from typing import Literal, final

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar._docstrings import documented_by
from nearfar.checks import check_axes, check_choice, check_matrix
from nearfar.objectives._objective import Objective
from nearfar.ops import full_precision, widen

__all__ = ["CURLLoss", "curl_loss"]

Surrogate = Literal["logistic", "hinge"]
_SURROGATES = ("logistic", "hinge")


def curl_loss(
    anchors: Float[Tensor, "batch dim"],
    positives: Float[Tensor, "batch dim"] | Float[Tensor, "batch block dim"],
    negatives: Float[Tensor, "batch negatives dim"] | Float[Tensor, "batch negatives block dim"],
    *,
    surrogate: Surrogate = "logistic",
) -> Float[Tensor, ""]:
    r"""Make each anchor's inner product with its positive larger than with its negatives.

    .. math:: L = \frac1N \sum_{i=1}^{N} \ell(v_i), \qquad
              v_{ij} = a_i^\top (p_i - n_{ij}), \qquad
              \ell(v) = \log_2\Big(1 + \sum_{j=1}^{k} e^{-v_j}\Big) \text{ or }
              \max\big\{0,\; 1 + \max_j(-v_j)\big\}

    With blocks, :math:`p_i` and :math:`n_{ij}` are the means of a block of samples of one class.
    Vectors are not normalised; sums accumulate in float32 or wider.

    Args:
        anchors: One row per sample.
        positives: One vector of the same latent class per anchor, or a block of them.
        negatives: k vectors per anchor, or k blocks.
        surrogate: Convex surrogate of the zero-one loss (whether a negative scores as high as the
            positive): ``logistic`` or ``hinge``; the theory covers both.

    Returns:
        Mean over samples.

    Raises:
        ValueError: Shapes that do not match, or an unknown surrogate.
        TypeError: Integer tensors.

    Scale:
        Chance or complete collapse (all v = 0): log₂(1 + k), or 1 for the hinge loss. Positives
        ahead of all negatives: the logistic loss tends to 0, the hinge loss is 0 from a margin of 1
        on. Unbounded above.

    Cost:
        Time and memory that of the inputs. Does not couple the batch.

    Relations:
        The logistic loss is unnormalised :func:`info_nce_loss` with k negatives per query, in bits.
        With k = 1 the hinge loss is a triplet loss on inner products with margin 1. Blocks never
        raise the expected loss, which is convex in the averaged vectors.

    Reference:
        Arora et al., ICML 2019 (arXiv 1902.09229), sections 2 and, for blocks, 6; Nozawa, Germain,
        Guedj, UAI 2020 (arXiv 1910.04464).

    Example:
        >>> import torch
        >>> anchors, positives = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]])
        >>> negatives = torch.tensor([[[0.5, 3.0], [-1.0, 0.0]]])
        >>> for surrogate in ("logistic", "hinge"):
        ...     print(f"{curl_loss(anchors, positives, negatives, surrogate=surrogate):.4f}")
        0.8006
        0.5000
    """
    check_matrix(anchors=anchors)
    check_choice(_SURROGATES, surrogate=surrogate)
    anchors = widen(anchors)
    positives = _average("batch", anchors, positives=positives)
    negatives = _average("batch × negatives", anchors, negatives=negatives)
    with full_precision(anchors):
        scores = (negatives @ anchors[:, :, None]).squeeze(2)
    behind = scores - (anchors * positives).sum(dim=1, keepdim=True)  # −v
    if surrogate == "hinge":
        return (1 + behind.amax(dim=1)).relu().mean()
    return F.softplus(behind.logsumexp(dim=1)).mean() / math.log(2)


def _average(axes: str, anchors: Tensor, **tensor: Tensor) -> Tensor:
    """The vectors, or the means of blocks of them, after a check of their shape."""
    ((name, vectors),) = tensor.items()
    if vectors.ndim == axes.count("×") + 3:
        axes = f"{axes} × block"
    check_axes(f"{axes} × dim", **tensor)
    samples, dim = anchors.shape
    if (vectors.shape[0], vectors.shape[-1]) != (samples, dim):
        raise ValueError(
            f"`{name}` must have the samples and columns of `anchors`, {(samples, dim)},"
            f" got shape {tuple(vectors.shape)}"
        )
    vectors = widen(vectors)
    return vectors.mean(dim=-2) if "block" in axes else vectors


@final
@documented_by(curl_loss)
class CURLLoss(Objective):
    """:func:`curl_loss` with its hyper-parameters stored."""

    def __init__(self, *, surrogate: Surrogate = "logistic") -> None:
        super().__init__()
        check_choice(_SURROGATES, surrogate=surrogate)
        self.surrogate = surrogate

    def forward(self, anchors: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
        """The loss of anchors, positives and negatives, or blocks of them."""
        return curl_loss(anchors, positives, negatives, surrogate=self.surrogate)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float | None:
        """1 for the hinge loss; log₂(1 + k) for the logistic loss, None if k is unknown."""
        if self.surrogate == "hinge":
            return 1.0
        return math.log2(1 + num_negatives) if num_negatives else None
