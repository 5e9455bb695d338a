"""AMDIM: InfoNCE between one view's vectors and the other's locations, with soft-clipped scores."""

from __future__ import annotations

import math
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from nearfar._docstrings import documented_by
from nearfar.checks import check_axes, check_not_negative, check_positive
from nearfar.objectives._objective import Objective, total
from nearfar.ops import full_precision, widen

__all__ = ["AMDIMLoss", "amdim_loss"]

_SCORES = 1 << 23  # scores in memory at a time: 32 MiB of float32


def amdim_loss(
    queries: Float[Tensor, "batch queries dim"],
    locations: Float[Tensor, "batch locations dim"],
    *,
    clip: float = 20.0,
    penalty_weight: float = 0.05,
) -> Float[Tensor, ""]:
    r"""Maximise similarity of one view's vectors to all locations of the image's other view.

    With the raw score :math:`s_{iajl} = q_{ia}^\top k_{jl} / \sqrt d` of query a of image i and
    location l of image j, and the clipped score :math:`t = c \tanh(s / c)`,

    .. math::
        L = \mathbb E_{i,a,l} \Big[-\ln
            \frac{e^{t_{iail}}}{e^{t_{iail}} + \sum_{j \ne i,\,m} e^{t_{iajm}}}\Big]
            + \lambda\, \mathbb E_{i,a,j,l}\, s_{iajl}^2

    where expectations are means. Other locations of the same image are not negatives. Vectors are
    not normalised: the clip bounds each score, the penalty keeps scores where the clip has a
    gradient. Sums accumulate in float32 or wider.

    Args:
        queries: Vectors of one view, one or several per image.
        locations: Vectors of all locations of the other view.
        clip: c, the largest absolute score.
        penalty_weight: λ, weight of the mean squared raw score over all pairs.

    Returns:
        Mean over images, queries and locations, plus the penalty.

    Raises:
        ValueError: Wrong shapes, fewer than 2 images, a non-positive clip or a negative weight.
        TypeError: Integer tensors.

    Scale:
        Chance: ln(1 + (B − 1)·M) with B images of M locations; complete collapse: the same plus
        the penalty. Perfect: ln(1 + (B − 1)·M·e^(−2c)) plus the penalty, above 0. Without the
        penalty, bounded by that and ln(1 + (B − 1)·M·e^(2c)).

    Cost:
        Time batch²·queries·locations·dim. Memory: up to 8 million scores are kept (256 images with
        one query and 49 locations have 3 million); beyond that they are computed in chunks and
        recomputed in the backward pass. Couples the batch: gather first.

    Relations:
        Without clip and penalty and with one query per image, :func:`deep_infomax_loss` with
        "info_nce" and scores divided by √d.

    Reference:
        Bachman, Hjelm, Buchwalter, NeurIPS 2019 (arXiv 1906.00910), section 3; authors' code
        Philip-Bachman/amdim-public at 0333f6b, where λ = 0.04.

    Example:
        >>> import torch
        >>> queries = torch.tensor([[[3.0, 0.0]], [[0.0, 3.0]]])
        >>> locations = torch.tensor([[[2.0, 0.0], [2.0, 1.0]], [[0.0, 2.0], [1.0, 0.0]]])
        >>> print(f"{amdim_loss(queries, locations):.4f}, chance {math.log(3):.4f}")
        1.0757, chance 1.0986
    """
    return total(_terms(queries, locations, clip=clip, penalty_weight=penalty_weight))


def _terms(
    queries: Tensor, locations: Tensor, *, clip: float, penalty_weight: float
) -> dict[str, Tensor]:
    check_axes("batch × queries × dim", queries=queries)
    check_axes("batch × locations × dim", locations=locations)
    _check_fit(queries, locations)
    check_positive(clip=clip)
    check_not_negative(penalty_weight=penalty_weight)
    images, places, dim = locations.shape
    scaled = widen(queries) / math.sqrt(dim)
    keys = widen(locations)
    own = torch.arange(images, device=keys.device)
    chunk = max(1, _SCORES // (queries.shape[1] * images * places))
    if chunk >= images:
        contrast, squares = _part(scaled, keys, own, clip)
    else:
        parts = [
            checkpoint(
                _part, some, keys, which, clip, use_reentrant=False, preserve_rng_state=False
            )
            for some, which in zip(torch.split(scaled, chunk), torch.split(own, chunk), strict=True)
        ]
        contrast, squares = (torch.stack(sums).sum() for sums in zip(*parts, strict=True))
    count = images * queries.shape[1] * places
    return {
        "contrast": contrast / count,
        "penalty": penalty_weight * squares / (count * images),
    }


def _part(
    queries: Tensor, keys: Tensor, own: Tensor, clip: float
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Sums of the contrastive terms and of the squared scores, for some images' queries."""
    rows = torch.arange(len(own), device=own.device)
    with full_precision(queries):
        raw = queries.flatten(0, 1) @ keys.flatten(0, 1).T
    scores = (clip * (raw / clip).tanh()).view(*queries.shape[:2], *keys.shape[:2])
    positives = scores[rows, :, own]  # images × queries × locations
    same = own[:, None] == torch.arange(len(keys), device=own.device)
    others = scores.masked_fill(same[:, None, :, None], -torch.inf)
    contrast = F.softplus(others.flatten(2).logsumexp(dim=2, keepdim=True) - positives)
    return contrast.sum(), raw.square().sum()


def _check_fit(queries: Tensor, locations: Tensor) -> None:
    images, _, dim = queries.shape
    if (locations.shape[0], locations.shape[2]) != (images, dim):
        raise ValueError(
            f"`locations` must have the images and columns of `queries`, {images} and {dim},"
            f" got shape {tuple(locations.shape)}"
        )
    if images < 2:
        raise ValueError("`queries` needs at least 2 images, as negatives are other images', got 1")


@final
@documented_by(amdim_loss)
class AMDIMLoss(Objective):
    """:func:`amdim_loss` with its hyper-parameters stored."""

    def __init__(self, *, clip: float = 20.0, penalty_weight: float = 0.05) -> None:
        super().__init__()
        check_positive(clip=clip)
        check_not_negative(penalty_weight=penalty_weight)
        self.clip = clip
        self.penalty_weight = penalty_weight

    def forward(self, queries: Tensor, locations: Tensor) -> Tensor:
        """The loss of one view's vectors and the other view's locations."""
        return amdim_loss(queries, locations, clip=self.clip, penalty_weight=self.penalty_weight)

    def terms(self, queries: Tensor, locations: Tensor) -> dict[str, Tensor]:
        """``contrast`` and ``penalty``, weighted: they add up to the loss."""
        return _terms(queries, locations, clip=self.clip, penalty_weight=self.penalty_weight)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float | None:
        """ln(1 + negatives), the other images' locations; None if their number is unknown."""
        return math.log(1 + num_negatives) if num_negatives else None
