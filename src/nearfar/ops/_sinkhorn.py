"""Sinkhorn–Knopp: soft assignments with an equal partition of the samples."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer, check_matrix, check_positive
from nearfar.ops._precision import widen

__all__ = ["sinkhorn"]


def sinkhorn(
    scores: Float[Tensor, "samples prototypes"], *, epsilon: float, iterations: int
) -> Float[Tensor, "samples prototypes"]:
    r"""Assign samples to prototypes under an equal partition constraint.

    .. math:: Q = \mathrm{diag}(u)\, e^{S / \epsilon}\, \mathrm{diag}(v)

    with u and v from alternating normalisation of columns and rows. Computed in log space, so that
    no ε over- or underflows, in float32 or wider.

    Args:
        scores: S, similarities.
        epsilon: Entropy regularisation, above 0; smaller gives harder assignments.
        iterations: Number of alternating normalisations; with 0 each row is its softmax, without
            the constraint.

    Returns:
        Non-negative assignments: each row sums to 1, each column to samples / prototypes in the
        limit of many iterations.

    Raises:
        ValueError: Not a matrix, a non-positive `epsilon`, or negative `iterations`.
        TypeError: An integer tensor.

    Reference:
        Cuturi, NeurIPS 2013; Caron et al. 2020 (arXiv 2006.09882), equation 5. This is their Q,
        transposed and times the number of samples.

    Example:
        >>> import torch
        >>> scores = torch.tensor([[0.9, 0.8], [0.9, 0.1]])
        >>> sinkhorn(scores, epsilon=0.5, iterations=3)
        tensor([[0.3325, 0.6675],
                [0.6688, 0.3312]])
    """
    check_matrix(scores=scores)
    check_positive(epsilon=epsilon)
    check_integer(at_least=0, iterations=iterations)
    logarithms = widen(scores) / epsilon
    if iterations == 0:
        return logarithms.softmax(dim=1)
    for _ in range(iterations):
        logarithms = logarithms.log_softmax(dim=0)  # constant factors cancel
        logarithms = logarithms.log_softmax(dim=1)
    return logarithms.exp()
