"""Deep InfoMax: mutual information between an image's global and local features."""

from __future__ import annotations

import math
from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar._docstrings import documented_by
from nearfar.checks import check_axes, check_choice, check_matrix
from nearfar.objectives._jensen_shannon import jensen_shannon_loss
from nearfar.objectives._objective import Objective
from nearfar.ops import full_precision, pairwise_logsumexp, widen

__all__ = ["DeepInfomaxLoss", "deep_infomax_loss"]

Estimator = Literal["jensen_shannon", "donsker_varadhan", "info_nce"]
_ESTIMATORS = ("jensen_shannon", "donsker_varadhan", "info_nce")


def deep_infomax_loss(
    local_features: Float[Tensor, "batch locations dim"],
    global_features: Float[Tensor, "batch dim"],
    *,
    estimator: Estimator = "jensen_shannon",
) -> Float[Tensor, ""]:
    r"""Maximise mutual information between an image's global feature and its local features.

    With :math:`T_{ijl} = c_{jl}^\top g_i`, the score of image i's global feature and location l of
    image j,

    .. math::
        L_{\mathrm{JSD}} &= \mathbb E_{i,l}\,\mathrm{sp}(-T_{iil})
            + \mathbb E_{i \ne j,\,l}\,\mathrm{sp}(T_{ijl}), \qquad \mathrm{sp}(x) = \ln(1 + e^x) \\
        L_{\mathrm{DV}} &= -\mathbb E_{i,l}\,T_{iil} + \ln \mathbb E_{i \ne j,\,l}\,e^{T_{ijl}} \\
        L_{\mathrm{NCE}} &= -\mathbb E_{i,l} \ln
            \frac{e^{T_{iil}}}{e^{T_{iil}} + \sum_{j \ne i,\,m} e^{T_{ijm}}}

    where expectations are means over images and locations. Vectors are not normalised; sums are in
    float32 or wider.

    Args:
        local_features: Local features of every image's locations, in the critic's space.
        global_features: One global feature per image, in the same space.
        estimator: Estimator of the mutual information: ``jensen_shannon`` (the most stable in the
            paper), ``donsker_varadhan``, or ``info_nce``, which needs many locations or images.

    Returns:
        Minus the estimate, up to the constants given under Scale.

    Raises:
        ValueError: Wrong shapes, fewer than 2 images, or an unknown estimator.
        TypeError: Integer tensors.

    Scale:
        Chance: 2 ln 2, 0, and ln(1 + (B − 1)·M) with B images of M locations, in the order above,
        and the same under complete collapse (for JSD with the best constant score, 0). Perfect: 0,
        −∞, 0. Unbounded above.

    Cost:
        Time batch²·locations·dim. Memory: the score matrix is not materialised, except for
        "jensen_shannon", which needs batch²·locations. Couples the batch: gather first.

    Relations:
        :func:`jensen_shannon_loss` and :func:`donsker_varadhan_loss` of the scores; call those
        directly for a critic other than the inner product. With one location, "info_nce" is
        unnormalised :func:`info_nce_loss` at temperature 1.

    Reference:
        Hjelm et al., ICLR 2019 (arXiv 1808.06670), section 3.2; authors' code rdevon/DIM at
        91f46d3, whose values differ: JSD by −2 ln 2, DV by + ln M (it divides the sum of
        exponentials by the number of image pairs only), NCE by the masked scores, kept as e^(−10).

    Example:
        >>> import torch
        >>> global_features = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
        >>> local_features = torch.tensor([[[1.0, 0.0], [1.0, 0.5]], [[0.0, 1.0], [0.5, 0.0]]])
        >>> for estimator in ("jensen_shannon", "donsker_varadhan", "info_nce"):
        ...     value = deep_infomax_loss(local_features, global_features, estimator=estimator)
        ...     print(f"{value:.4f}")
        1.2717
        -0.8799
        0.6936
    """
    check_axes("batch × locations × dim", local_features=local_features)
    check_matrix(min_rows=2, global_features=global_features)
    _check_fit(local_features, global_features)
    check_choice(_ESTIMATORS, estimator=estimator)
    local_features, global_features = widen(local_features), widen(global_features)
    images, locations, _ = local_features.shape
    joint = (local_features * global_features[:, None]).sum(dim=2)
    if estimator == "jensen_shannon":
        with full_precision(global_features):
            scores = global_features @ local_features.flatten(0, 1).T
        return jensen_shannon_loss(joint, _others(scores.view(images, images, locations)))
    image = torch.arange(images, device=joint.device)
    others = pairwise_logsumexp(
        global_features,
        local_features.flatten(0, 1),
        scale=1.0,
        query_ids=image,
        key_ids=image.repeat_interleave(locations),
    )
    if estimator == "info_nce":
        return F.softplus(others[:, None] - joint).mean()
    return others.logsumexp(dim=0) - math.log(images * (images - 1) * locations) - joint.mean()


def _check_fit(local_features: Tensor, global_features: Tensor) -> None:
    images, _, dim = local_features.shape
    if global_features.shape != (images, dim):
        raise ValueError(
            f"`global_features` must have the images and columns of `local_features`,"
            f" {(images, dim)}, got shape {tuple(global_features.shape)}"
        )


def _others(scores: Float[Tensor, "batch batch locations"]) -> Tensor:
    """Scores of all pairs of different images: every (batch + 1)-th is on the diagonal."""
    images, _, locations = scores.shape
    return scores.flatten(0, 1)[1:].view(images - 1, images + 1, locations)[:, :-1]


@final
@documented_by(deep_infomax_loss)
class DeepInfomaxLoss(Objective):
    """:func:`deep_infomax_loss` with its hyper-parameters stored."""

    def __init__(self, *, estimator: Estimator = "jensen_shannon") -> None:
        super().__init__()
        check_choice(_ESTIMATORS, estimator=estimator)
        self.estimator = estimator

    def forward(self, local_features: Tensor, global_features: Tensor) -> Tensor:
        """The loss of local and global features."""
        return deep_infomax_loss(local_features, global_features, estimator=self.estimator)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float | None:
        """The loss with all scores 0; None for "info_nce" if the number of negatives is unknown."""
        if self.estimator == "info_nce":
            return math.log(1 + num_negatives) if num_negatives else None
        return 2 * math.log(2) if self.estimator == "jensen_shannon" else 0.0
