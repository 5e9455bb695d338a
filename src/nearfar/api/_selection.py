"""Label-free scores for choosing among encoders."""

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
"""A function of the representations of two views of the same samples; higher is better."""


def label_free_score(
    h1: Float[Tensor, "samples width"],
    h2: Float[Tensor, "samples width"],
    *,
    by: str | Score = "alignment_uniformity",
) -> float:
    r"""Label-free quality of representations, for choosing among encoders.

    ``alignment_uniformity``
        :math:`-\ell_\text{align} - \ell_\text{uniform}` on the unit sphere, high if the views of a
        sample are close and the samples are spread out. Wang and Isola found that the two losses
        correlate with linear-probe accuracy over hundreds of encoders. 0 if all embeddings
        coincide, about 4 if views coincide and samples are uniform on the sphere.
    ``relative_alignment``
        Minus the ratio of the squared distance between two views of a sample to that between
        different samples. From about -2 to 0.
    ``retrieval``
        Fraction of the samples whose second view is the nearest of all second views to the first
        view, by cosine similarity after subtracting each view's mean. From 0 to 1.
    ``effective_rank``
        RankMe of the first view, from 1 to the width. It is meant for comparing runs of the same
        width and modality whose views agree; noise has full rank.

    Args:
        h1: Representations of one view of each sample.
        h2: Representations of a second view of the same samples, in the same order; at least 2
            rows.
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
