"""The spectrum of the covariance: power law, participation ratio, stable rank."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.diagnostics._diagnostic import Better, checked_rows
from nearfar.diagnostics._moments import Moments
from nearfar.ops import singular_values

__all__ = [
    "ParticipationRatio",
    "PowerLaw",
    "PowerLawExponent",
    "StableRank",
    "participation_ratio",
    "power_law_exponent",
    "stable_rank",
]

_FIRST, _LAST = 3, 100
_LEAST = 1e-12  # of the largest eigenvalue, or of the mean square: rounding below


class PowerLaw(NamedTuple):
    """The result of :func:`power_law_exponent`.

    Attributes:
        exponent: Exponent of the decay of the eigenvalues.
        error: Standard error of the fit.
        first: Number of the first eigenvalue of the fit, from 1.
        last: Number of the last one.
    """

    exponent: Tensor
    error: Tensor
    first: int
    last: int


def _eigenvalues(z: Tensor) -> Tensor:
    """Eigenvalues of the covariance, largest first."""
    rows = checked_rows(z, min_rows=2)
    values = singular_values(rows - rows.mean(dim=0))
    return values[: min(len(rows) - 1, rows.shape[1])].square() / (len(rows) - 1)


@torch.no_grad()
def power_law_exponent(
    z: Float[Tensor, "samples dim"], *, first: int = _FIRST, last: int = _LAST
) -> PowerLaw:
    r"""Exponent :math:`\alpha` of the decay :math:`\lambda_j \propto j^{-\alpha}` of the spectrum.

    The slope of a least-squares line through :math:`(\ln j, \ln \lambda_j)` for eigenvalues of the
    covariance from number `first` to `last`, with the sign changed.

    Args:
        z: One view of each sample.
        first: First eigenvalue of the fit, from 1; the largest ones rarely follow the law.
        last: Last one; less if there are fewer above 10⁻¹² of the largest.

    Returns:
        Exponent and standard error, with the range that was used; both are 0 if it has fewer than
        3 eigenvalues.

    Range:
        0 (isotropic) upwards.

    Reading:
        Neither direction is better by itself: well-performing encoders were found near 1. A finite
        sample of an isotropic distribution decays as well: compare at equal sample size.

    Reference:
        Agrawal et al. 2022, "α-ReQ: Assessing representation quality in self-supervised learning
        by measuring eigenspectrum decay", section 3.

    Example:
        >>> rows = torch.eye(64) * torch.arange(1.0, 65).pow(-0.5)
        >>> law = power_law_exponent(torch.cat([rows, -rows]), last=50)
        >>> print(f"{law.exponent:.2f} ± {law.error:.2f} from {law.first} to {law.last}")
        1.00 ± 0.00 from 3 to 50
    """
    check_integer(at_least=1, first=first, last=last)
    return _fit(_eigenvalues(z), first=first, last=last)


def _fit(eigenvalues: Tensor, *, first: int, last: int) -> PowerLaw:
    """The line through the logarithms of the eigenvalues."""
    present = int((eigenvalues > _LEAST * eigenvalues[:1]).sum())
    last = min(last, present)
    if last - first < 2:
        zero = torch.zeros((), dtype=torch.float64)
        return PowerLaw(zero, zero, first, last)
    x = torch.arange(first, last + 1, dtype=torch.float64).log()
    y = eigenvalues[first - 1 : last].log().cpu()
    away = x - x.mean()
    slope = (away * (y - y.mean())).sum() / away.square().sum()
    left = y - y.mean() - slope * away
    error = (left.square().sum() / (len(x) - 2) / away.square().sum()).sqrt()
    return PowerLaw(-slope, error, first, last)


@torch.no_grad()
def participation_ratio(z: Float[Tensor, "samples dim"]) -> Float[Tensor, ""]:
    r"""Number of directions that share the variance: :math:`(\sum\lambda_j)^2 / \sum\lambda_j^2`.

    Over the eigenvalues of the covariance.

    Args:
        z: One view of each sample, 2 rows or more.

    Range:
        1 (one direction) to ``min(samples − 1, dim)``; for an isotropic sample
        ``1 / (1/dim + 1/samples)``; 0 if all rows are equal.

    Reading:
        As :func:`effective_rank`, but decided by the largest eigenvalues.

    Example:
        >>> rows = torch.cat([torch.eye(8), -torch.eye(8)])
        >>> print(f"{participation_ratio(rows):.2f}")
        8.00
    """
    return _participation(_eigenvalues(z), scale=z.double().square().mean(dim=0).sum())


def _participation(eigenvalues: Tensor, *, scale: Tensor) -> Tensor:
    if not bool((eigenvalues > _LEAST * scale).any()):  # equal rows, up to rounding
        return torch.zeros((), dtype=torch.float64)
    squares = eigenvalues.square().sum()
    ratio: Tensor = eigenvalues.sum().square() / torch.where(squares > 0, squares, 1.0)
    return ratio


@torch.no_grad()
def stable_rank(z: Float[Tensor, "samples dim"]) -> Float[Tensor, ""]:
    r"""Squared Frobenius norm over squared spectral norm, :math:`\sum\sigma_k^2 / \sigma_1^2`.

    Args:
        z: One view of each sample; neither centred nor normalised.

    Range:
        1 to ``min(samples, dim)``; 0 for zeros.

    Reading:
        A common direction of all rows lowers it to near 1.

    Example:
        >>> print(f"{stable_rank(torch.eye(8)):.2f} {stable_rank(torch.ones(8, 8)):.2f}")
        8.00 1.00
    """
    squares = singular_values(checked_rows(z)).square()
    rank: Tensor = squares.sum() / torch.where(squares[0] > 0, squares[0], 1.0)
    return rank


@final
class PowerLawExponent(Moments):
    """:func:`power_law_exponent` over a stream; keeps the dim × dim second moment."""

    better: ClassVar[Better | None] = None
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {}

    def __init__(self, *, first: int = _FIRST, last: int = _LAST) -> None:
        check_integer(at_least=1, first=first, last=last)
        super().__init__()
        self.first, self.last = first, last

    def compute(self) -> tuple[Tensor, ...]:
        """Exponent, standard error and range of all rows so far, as tensors."""
        covariance = self.covariance
        values = self.eigenvalues(covariance, most=int(self._count) - 1)
        law = _fit(values, first=self.first, last=self.last)
        return (law.exponent, law.error, torch.tensor(law.first), torch.tensor(law.last))


@final
class ParticipationRatio(Moments):
    """:func:`participation_ratio` over a stream; keeps the dim × dim second moment."""

    better: ClassVar[Better | None] = Better.HIGHER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 0.0,
        "isotropic": float,
    }

    def compute(self) -> Float[Tensor, ""]:
        """The participation ratio of all rows so far."""
        covariance = self.covariance
        values = self.eigenvalues(covariance, most=int(self._count) - 1)
        return _participation(values, scale=self._moment.trace() / self._count)


@final
class StableRank(Moments):
    """:func:`stable_rank` over a stream; keeps the dim × dim second moment."""

    better: ClassVar[Better | None] = Better.HIGHER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {"complete collapse": lambda dim: 1.0}

    def compute(self) -> Float[Tensor, ""]:
        """The stable rank of all rows so far."""
        self.check_rows(least=1)
        values = self.eigenvalues(self._moment, most=int(self._count))
        rank: Tensor = values.sum() / torch.where(values[0] > 0, values[0], 1.0)
        return rank
