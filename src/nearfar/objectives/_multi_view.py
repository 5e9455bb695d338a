"""The multi-view objective: contrastive, forward predictive and inverse predictive terms."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar._docstrings import documented_by
from nearfar.checks import check_matrix, check_not_negative, check_same_shape, check_temperature
from nearfar.objectives._info_nce import info_nce_loss
from nearfar.objectives._nt_xent import nt_xent_loss
from nearfar.objectives._objective import Objective, shared, total
from nearfar.objectives._predictive import forward_predictive_loss, inverse_predictive_loss

__all__ = ["MultiViewLoss", "multi_view_loss"]


@documented_by(shared)
def multi_view_loss(  # noqa: PLR0917  (three pairs of tensors)
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    reconstructions: Float[Tensor, "batch ..."] | None = None,
    signals: Float[Tensor, "batch ..."] | None = None,
    h1: Float[Tensor, "batch width"] | None = None,
    h2: Float[Tensor, "batch width"] | None = None,
    *,
    temperature: float | Float[Tensor, ""],
    contrastive_weight: float = 1.0,
    forward_weight: float = 0.0,
    inverse_weight: float = 0.0,
    symmetric: bool = False,
) -> Float[Tensor, ""]:
    r"""Extract what an input shares with its signal (another view), discard the rest.

    .. math:: L = \lambda_{CL} L_{CL} + \lambda_{FP} L_{FP} + \lambda_{IP} L_{IP}

    with :func:`info_nce_loss` from the input's projections to the signal's, and
    :func:`forward_predictive_loss` and :func:`inverse_predictive_loss`. The first two extract
    task-relevant information; the third discards information not shared with the signal. Sums
    accumulate in float32 or wider.

    Args:
        z1: The input's projections, non-zero.
        z2: The signal's projections, in the same order.
        reconstructions: Signals reconstructed from the inputs' representations; required with a
            forward weight above 0.
        signals: The targets of the reconstructions.
        h1: The input's representations, for the inverse predictive term. By default it uses `z1`
            and `z2`, unnormalised: their lengths affect it but not the contrastive term, so it
            also shrinks them unless they are normalised.
        h2: The signal's representations.
        contrastive_weight: λ_CL, weight of the contrastive term.
        forward_weight: λ_FP, weight of the forward predictive term, the squared error of the
            reconstructed signals, summed over their dimensions.
        inverse_weight: λ_IP, weight of the inverse predictive term, the squared distance of the
            representations.
        symmetric: Contrast inputs and signals with both (NT-Xent, as in the authors' code) instead
            of inputs with signals only (equation 1).

    Returns:
        The weighted sum, minimised.

    Raises:
        ValueError: Shapes that do not match, fewer than 2 samples, one tensor of a pair without the
            other, a forward weight without reconstructions, a negative weight, a non-positive
            temperature.
        TypeError: Integer tensors.

    Scale:
        Chance or complete collapse: λ_CL·ln N (symmetric: λ_CL·ln(2N − 1)), plus the other terms.
        Perfect: tends to 0 as the temperature falls. Unbounded above, unless the contrastive term
        is the only one: then as :func:`info_nce_loss`.

    Cost:
        Time N²·dim plus the signals' size; memory that of the arguments, as the similarity matrix
        is never materialised. Couples the batch: gather first.

    Relations:
        The paper maximises :math:`L_{SSL}`, whose contrastive term has a mean in the denominator:
        ``L = λ_CL·ln N − L_SSL``, with the same gradient. Its inner product of projections is
        replaced by cosine over temperature. The inverse term alone is minimised by a constant
        encoder. The authors' code uses the symmetric :func:`nt_xent_loss` and applies the inverse
        term to normalised representations.

    Reference:
        Tsai, Wu, Salakhutdinov, Morency, ICLR 2021 (arXiv 2006.05576), equations 1 to 4.

    Example:
        >>> import torch
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> z2 = torch.tensor([[0.8, 0.6], [0.6, 0.8]])
        >>> print(f"{multi_view_loss(z1, z2, temperature=0.5):.4f}")
        0.5130
        >>> print(f"{multi_view_loss(z1, z2, temperature=0.5, inverse_weight=0.03):.4f}")
        0.5250
    """
    return total(
        _terms(
            *(z1, z2, reconstructions, signals, h1, h2),
            temperature=temperature,
            contrastive_weight=contrastive_weight,
            forward_weight=forward_weight,
            inverse_weight=inverse_weight,
            symmetric=symmetric,
        )
    )


def _terms(  # noqa: PLR0917  (three pairs of tensors)
    z1: Tensor,
    z2: Tensor,
    reconstructions: Tensor | None,
    signals: Tensor | None,
    h1: Tensor | None,
    h2: Tensor | None,
    *,
    temperature: float | Tensor,
    contrastive_weight: float,
    forward_weight: float,
    inverse_weight: float,
    symmetric: bool,
) -> dict[str, Tensor]:
    """Each term; no forward term where nothing was decoded."""
    check_matrix(min_rows=2, z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    _check_pair(reconstructions=reconstructions, signals=signals)
    _check_pair(h1=h1, h2=h2)
    if h1 is not None and h2 is not None:
        check_matrix(h1=h1, h2=h2)
        check_same_shape(h1=h1, h2=h2)
    check_not_negative(
        contrastive_weight=contrastive_weight,
        forward_weight=forward_weight,
        inverse_weight=inverse_weight,
    )
    if forward_weight > 0 and reconstructions is None:
        raise ValueError(
            f"`reconstructions` and `signals` must be given with `forward_weight` {forward_weight}"
        )
    contrast = nt_xent_loss if symmetric else info_nce_loss
    first, second = (z1, z2) if h1 is None or h2 is None else (h1, h2)
    terms = {
        "contrastive": contrastive_weight * contrast(z1, z2, temperature=temperature),
        "inverse": inverse_weight * inverse_predictive_loss(first, second),
    }
    if reconstructions is not None and signals is not None:
        terms["forward"] = forward_weight * forward_predictive_loss(reconstructions, signals)
    return terms


def _check_pair(**tensors: Tensor | None) -> None:
    """Both or neither."""
    (first, one), (second, other) = tensors.items()
    if (one is None) != (other is None):
        raise ValueError(f"`{first}` and `{second}` must be given together, got only one of them")


@final
@documented_by(multi_view_loss)
class MultiViewLoss(Objective):
    """:func:`multi_view_loss` with its hyper-parameters stored."""

    def __init__(
        self,
        *,
        temperature: float | Tensor,
        contrastive_weight: float = 1.0,
        forward_weight: float = 0.0,
        inverse_weight: float = 0.0,
        symmetric: bool = False,
    ) -> None:
        super().__init__()
        check_temperature(temperature)
        check_not_negative(
            contrastive_weight=contrastive_weight,
            forward_weight=forward_weight,
            inverse_weight=inverse_weight,
        )
        self.temperature = temperature
        self.contrastive_weight = contrastive_weight
        self.forward_weight = forward_weight
        self.inverse_weight = inverse_weight
        self.symmetric = symmetric

    def forward(  # noqa: PLR0917  (three pairs of tensors)
        self,
        z1: Tensor,
        z2: Tensor,
        reconstructions: Tensor | None = None,
        signals: Tensor | None = None,
        h1: Tensor | None = None,
        h2: Tensor | None = None,
    ) -> Tensor:
        """The loss of input and signal projections, with the other terms' arguments if any."""
        return multi_view_loss(
            z1,
            z2,
            reconstructions,
            signals,
            h1,
            h2,
            temperature=self.temperature,
            contrastive_weight=self.contrastive_weight,
            forward_weight=self.forward_weight,
            inverse_weight=self.inverse_weight,
            symmetric=self.symmetric,
        )

    def terms(  # noqa: PLR0917  (three pairs of tensors)
        self,
        z1: Tensor,
        z2: Tensor,
        reconstructions: Tensor | None = None,
        signals: Tensor | None = None,
        h1: Tensor | None = None,
        h2: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """``contrastive``, ``inverse`` and, given reconstructions, ``forward``.

        They are weighted and add up to the loss.
        """
        return _terms(
            *(z1, z2, reconstructions, signals, h1, h2),
            temperature=self.temperature,
            contrastive_weight=self.contrastive_weight,
            forward_weight=self.forward_weight,
            inverse_weight=self.inverse_weight,
            symmetric=self.symmetric,
        )

    def weigh(self, terms: Mapping[str, Tensor]) -> Tensor:
        """Deprecated: the sum of the terms, which are weighted now."""
        warnings.warn(
            "MultiViewLoss.weigh is deprecated: the loss is the sum of `terms`",
            DeprecationWarning,
            stacklevel=2,
        )
        return total(terms)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float | None:
        """λ_CL·ln N, symmetric λ_CL·ln(2N − 1); None if another term has weight."""
        if self.forward_weight > 0 or self.inverse_weight > 0:
            return None
        candidates = 2 * batch_size - 1 if self.symmetric else batch_size
        return self.contrastive_weight * math.log(candidates)
