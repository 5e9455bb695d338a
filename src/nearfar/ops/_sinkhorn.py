"""Sinkhorn's iteration: soft assignments that share out the samples equally."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer, check_matrix, check_positive
from nearfar.ops._precision import widen

__all__ = ["sinkhorn"]


def sinkhorn(
    scores: Float[Tensor, "samples prototypes"], *, epsilon: float, iterations: int
) -> Float[Tensor, "samples prototypes"]:
    r"""Assign samples to prototypes so that each prototype gets about the same share.

    .. math:: Q = \mathrm{diag}(u)\, e^{S / \epsilon}\, \mathrm{diag}(v)

    with u and v from alternating normalisation: the prototypes' totals, then the samples'. Works on
    logarithms, so that no ε over- or underflows, in float32 or wider.

    Args:
        scores: S, similarities.
        epsilon: Above 0; the smaller, the harder the assignment.
        iterations: Normalisations of either kind; with 0 each row is its softmax alone, and nothing
            is shared out.

    Returns:
        Assignments of 0 or more: each row sums to 1, each column to about samples / prototypes,
        the closer the more iterations (any number without one).

    Raises:
        ValueError: Not a matrix, `epsilon` not above 0, or `iterations` below 0.
        TypeError: An integer tensor.

    Reference:
        Cuturi, NeurIPS 2013; as used by Caron et al. 2020 (arXiv 2006.09882), equation 5, whose
        transposed Q, times the number of samples, this is.

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
        logarithms = logarithms.log_softmax(dim=0)  # constants cancel: only ratios matter
        logarithms = logarithms.log_softmax(dim=1)
    return logarithms.exp()
