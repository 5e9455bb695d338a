"""Losses at chance of objectives that nearfar does not train with, derived."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from nearfar.objectives._info_nce import InfoNCELoss
from nearfar.objectives._nt_xent import NTXentLoss

__all__ = ["FOREIGN", "clip", "dino", "moco", "nt_xent", "siglip", "wav2vec2"]


def dino(*, num_prototypes: int) -> float:
    r"""DINO, iBOT, DINOv2, DINOv3: :math:`\ln K` for :math:`K` prototypes.

    The loss is the cross-entropy :math:`-\sum_k p_t(k) \ln p_s(k)` of the teacher's and the
    student's softmax. If all prototypes score equally for the student,
    :math:`\ln p_s(k) = -\ln K` for each :math:`k`, and as :math:`\sum_k p_t(k) = 1`, the loss is
    :math:`\ln K` whatever the teacher. That is also the loss of the collapse to a uniform output,
    which centring alone leads to; of the collapse to one prototype it is 0.

    Args:
        num_prototypes: Dimension of the head's output.

    Reference:
        Caron et al., ICCV 2021 (arXiv 2104.14294), equations 1 and 2.
    """
    return math.log(num_prototypes)


def clip(*, batch_size: int) -> float:
    r"""CLIP: :math:`\ln N` for :math:`N` pairs.

    The mean of two cross-entropies over :math:`N` candidates each, images to texts and texts to
    images. With equal scores each candidate has the probability :math:`1/N`, so both are
    :math:`\ln N`, at any temperature. Batches that processes gather count as a whole.

    Args:
        batch_size: Pairs in the (global) batch.

    Reference:
        Radford et al., ICML 2021 (arXiv 2103.00020), figure 3.
    """
    return InfoNCELoss(temperature=1.0).chance(batch_size=batch_size)


def siglip(*, batch_size: int) -> float:
    r"""SigLIP: :math:`\ln N + (N - 1) \ln \frac{N}{N - 1}` for :math:`N` pairs.

    It is about :math:`\ln N + 1`. As published, the loss is a sum over all pairs divided by
    :math:`N`, :math:`-\frac1N \sum_{ij} \ln \sigma(y_{ij} (t\, x_i \cdot z_j + b))` with
    :math:`y_{ij} = 1` for :math:`i = j` and :math:`-1` otherwise. If all scores are
    equal, only the bias :math:`b` remains:

    .. math:: L(b) = -\ln \sigma(b) - (N - 1) \ln \sigma(-b)

    :math:`L'(b) = N \sigma(b) - 1` vanishes at :math:`\sigma(b) = 1/N`, that is
    :math:`b = -\ln (N - 1)`, and :math:`L` is convex, so the value there is the least that can be
    reached without a score. With the initial bias of −10 it is 10 or more.

    Args:
        batch_size: Pairs in the (global) batch.

    Reference:
        Zhai et al., ICCV 2023 (arXiv 2303.15343), section 3.2.
    """
    others = batch_size - 1
    return math.log(batch_size) + (others * math.log1p(1 / others) if others else 0.0)


def wav2vec2(*, num_negatives: int) -> float:
    r"""wav2vec 2.0: :math:`\ln (K + 1)` for :math:`K` distractors, per masked time step.

    The contrastive term is the cross-entropy of the true quantised step among :math:`K + 1`
    candidates. With equal scores each has the probability :math:`1 / (K + 1)`. Implementations
    sum over masked steps, which the value is per step, and add the diversity term, which is not
    included. Distractors equal to the true step do not compete: if a share :math:`s` of them is,
    as with a collapsed codebook, the value is about :math:`\ln ((1 - s) K + 1)`.

    Args:
        num_negatives: Distractors per masked step; the paper has 100.

    Reference:
        Baevski et al., NeurIPS 2020 (arXiv 2006.11477), equation 3.
    """
    return math.log(num_negatives + 1)


def nt_xent(*, batch_size: int) -> float:
    r"""NT-Xent: :math:`\ln (2N - 1)` for :math:`N` pairs.

    Of the :math:`2N` views each is compared with all but itself. With equal scores the other view
    has the probability :math:`1 / (2N - 1)`.

    Args:
        batch_size: Pairs in the (global) batch.

    Reference:
        Chen et al., ICML 2020 (arXiv 2002.05709), equation 1.
    """
    return NTXentLoss(temperature=1.0).chance(batch_size=batch_size)


def moco(*, num_negatives: int) -> float:
    r"""MoCo: :math:`\ln (K + 1)` for :math:`K` keys in the queue.

    The cross-entropy of the positive key among itself and the queue. With equal scores it has the
    probability :math:`1 / (K + 1)`.

    Args:
        num_negatives: Keys in the queue; the paper has 65,536.

    Reference:
        He et al., CVPR 2020 (arXiv 1911.05722), equation 1.
    """
    return InfoNCELoss(temperature=1.0).chance(batch_size=1, num_negatives=num_negatives)


FOREIGN: Final[Mapping[str, Callable[..., float]]] = {
    "clip": clip,
    "dino": dino,
    "moco": moco,
    "nt-xent": nt_xent,
    "siglip": siglip,
    "wav2vec2": wav2vec2,
}
"""The derivation of each name."""
