"""Which of several encoders is best, without a label: scores to compare them by."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar.checks import check_choice
from nearfar.diagnostics import alignment, effective_rank, relative_alignment, uniformity

__all__ = ["Score", "label_free_score"]

Score: TypeAlias = Callable[[Tensor, Tensor], float]
"""From representations of two views of the same samples to a number, better when higher."""


def label_free_score(
    h1: Float[Tensor, "samples width"],
    h2: Float[Tensor, "samples width"],
    *,
    by: str | Score = "alignment_uniformity",
) -> float:
    r"""How good representations are, judged without labels: to choose among encoders.

    ``alignment_uniformity``
        :math:`-\ell_\text{align} - \ell_\text{uniform}` on the unit sphere: views of a sample lie
        close together, and samples are spread. Wang and Isola found the two to go with the accuracy
        of a linear classifier, over hundreds of encoders. 0 where all is one point, about 4 where
        views agree and samples are spread over the whole sphere.
    ``relative_alignment``
        Minus the squared distance of two views of a sample over that of strangers. From about -2
        to 0.
    ``retrieval``
        Share of the samples whose second view is the nearest of all second views to the first one,
        by cosine about the means. From 0 to 1.
    ``effective_rank``
        RankMe of the first view: from 1 to the width. It is for comparing runs of one width and
        one kind, whose views agree; noise has full rank.

    Args:
        h1: Representations of one view of each sample.
        h2: Of a second view of the same samples, in the same order; 2 rows or more.
        by: One of these names, or a function of the two matrices.

    Returns:
        The score; higher is better.

    Raises:
        ValueError: An unknown name, or fewer than 2 rows.

    Reference:
        Wang, Isola: Understanding contrastive representation learning through alignment and
        uniformity on the hypersphere (ICML 2020), arXiv 2005.10242; Garrido et al.: RankMe (ICML
        2023), arXiv 2210.02885.

    Example:
        >>> h = torch.eye(4)
        >>> label_free_score(h, h), label_free_score(h, h.flip(0), by="retrieval")
        (4.0, 0.0)
    """
    if callable(by):
        return float(by(h1, h2))
    check_choice(_SCORES, score_by=by)
    return _SCORES[by](h1, h2)


def _rank(h1: Tensor, h2: Tensor) -> float:
    return float(effective_rank(h1))


def _alignment_uniformity(h1: Tensor, h2: Tensor) -> float:
    return -float(alignment(h1, h2)) - float(uniformity(h1))


def _relative_alignment(h1: Tensor, h2: Tensor) -> float:
    return -float(relative_alignment(h1, h2))


def _retrieval(h1: Tensor, h2: Tensor) -> float:
    one, other = (F.normalize(h - h.mean(dim=0), dim=1) for h in (h1, h2))
    nearest = (one @ other.T).argmax(dim=1)
    own = torch.arange(len(h1), device=h1.device)
    return float((nearest == own).double().mean())


_SCORES: dict[str, Score] = {
    "alignment_uniformity": _alignment_uniformity,
    "effective_rank": _rank,
    "relative_alignment": _relative_alignment,
    "retrieval": _retrieval,
}
