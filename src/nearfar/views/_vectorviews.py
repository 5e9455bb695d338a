"""Random views of vectors: masking, scaling and noise of features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, final

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from nearfar.checks import check_choice, check_fraction, check_integer
from nearfar.ops._random import uniform
from nearfar.records import Remedy
from nearfar.views._loose_inputs import settled_draws
from nearfar.views._weaker import weaker

__all__ = ["VectorViews"]

_DRAWS = 5  # random numbers per feature
_MOST_FEATURES = (1 << 18) // _DRAWS  # limit on the random numbers of one view of a sample


@final
class VectorViews:
    r"""Standardisation, random replacement, scaling and noise of features.

    Every draw is a pure function of (seed, epoch, sample, view). Masked features are replaced by
    draws from their marginal distributions, or by their means. As in SCARF, every view masks
    :math:`\lfloor \text{mask} \cdot \text{dim} \rfloor` features, chosen per sample. Unlike SCARF,
    replacements come from `marginals` of the dataset instead of the batch, so that a view does not
    depend on its batch.

    Args:
        mean: Mean of each feature.
        std: Standard deviation of each feature; 0 (a constant feature) is treated as 1.
        marginals: Quantiles of each standardised feature, the same number for each. Required if
            `fill` is ``swap``.
        num_views: Number of views per sample.
        mask: Fraction of masked features, one for all views or one per view.
        fill: Replacement of masked features: ``swap`` for draws from the marginals, or ``mean``.
        noise: Standard deviation of additive noise, in standard deviations of the feature.
        scaling: Scaling strength s: each feature is multiplied by a factor uniform in
            [1 - s, 1 + s].

    Raises:
        ValueError: A fraction, strength or length that is out of range.

    Reference:
        Bahri, Jiang, Tay, Metzler: SCARF (ICLR 2022), arXiv 2106.15147.

    Example:
        >>> views = VectorViews(mean=(5.0, 0.0), std=(2.0, 1.0), mask=0.0, noise=0.0)
        >>> first, second = views(torch.tensor([[9.0, 0.5]]), torch.tensor([0]), seed=0, epoch=0)
        >>> first.tolist(), torch.equal(first, second)
        ([[2.0, 0.5]], True)
    """

    def __init__(
        self,
        *,
        mean: Sequence[float],
        std: Sequence[float],
        marginals: Sequence[Sequence[float]] | None = None,
        num_views: int = 2,
        mask: float | tuple[float, ...] = 0.3,
        fill: Literal["swap", "mean"] = "swap",
        noise: float = 0.1,
        scaling: float = 0.0,
    ) -> None:
        check_integer(at_least=1, num_views=num_views)
        shares = (float(mask),) if isinstance(mask, (int, float)) else tuple(mask)
        if len(shares) not in (1, num_views):
            raise ValueError(
                f"`mask` must be one fraction or {num_views}, one per view, got {mask!r}"
            )
        for share in shares:
            check_fraction(mask=share)
        check_choice(("swap", "mean"), fill=fill)
        for name, strength in (("noise", noise), ("scaling", scaling)):
            if not 0 <= strength < math.inf:
                raise ValueError(f"`{name}` must be 0 or more, got {strength!r}")
        self._mean = torch.as_tensor(np.asarray(mean), dtype=torch.float64)
        spread = torch.as_tensor(np.asarray(std), dtype=torch.float64)
        self._std = torch.where(spread == 0, 1.0, spread)
        self._varies = (spread > 0).float()
        self.dim = len(self._mean)
        check_integer(at_least=1, dim=self.dim)
        if self.dim > _MOST_FEATURES:
            raise ValueError(
                f"`mean` must have at most {_MOST_FEATURES:,} features, got {self.dim:,}"
            )
        if spread.shape != self._mean.shape or not bool((spread >= 0).all()):
            raise ValueError(f"`std` must be {self.dim} numbers of 0 or more, got {std!r:.60}")
        self._marginals = None if marginals is None else _matrix(marginals, features=self.dim)
        self._masked = [math.floor(share * self.dim + 1e-9) for share in shares]
        if fill == "swap" and any(self._masked) and marginals is None:
            raise ValueError("`marginals` must be given if `fill` is 'swap'")
        self.num_views, self.mask, self.fill = num_views, shares, fill
        self.noise, self.scaling = noise, scaling

    def __repr__(self) -> str:
        return f"VectorViews({', '.join(f'{k}={v!r}' for k, v in self.settings().items())})"

    def settings(self) -> dict[str, Any]:
        """The configuration, as arguments of the constructor, without those set by the data."""
        names = ("num_views", "mask", "fill", "noise", "scaling")
        return {name: getattr(self, name) for name in names}

    @property
    def notes(self) -> tuple[str, ...]:
        """Transforms that do not apply to these vectors."""
        if any(self._masked) or not any(self.mask):
            return ()
        return (f"masking disabled: {max(self.mask):g} of {self.dim} features is less than one",)

    @torch.no_grad()
    def __call__(
        self,
        vectors: Float[Tensor, "batch dim"],
        samples: Int64[Tensor, " batch"] | None = None,
        *,
        seed: int | None = None,
        epoch: int | None = None,
    ) -> tuple[Float32[Tensor, "batch dim"], ...]:
        """The views of a batch.

        Args:
            vectors: Unstandardised vectors, on any device.
            samples: Indices of the samples in their dataset. Without `samples`, `seed` and `epoch`
                each call is a new draw from PyTorch's global generator.
            seed: Random seed of the run.
            epoch: Epoch, from 0.

        Raises:
            TypeError: `vectors` are not floating point.
            ValueError: A number of columns other than that of `mean`, or of indices other than that
                of rows.
        """
        plain = self.plain(vectors)
        samples, seed, epoch = settled_draws(len(vectors), samples, seed=seed, epoch=epoch)
        return tuple(
            self._view(plain, samples.cpu(), seed=seed, epoch=epoch, view=view)
            for view in range(self.num_views)
        )

    def plain(self, vectors: Float[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
        """The deterministic view for embedding: standardised vectors."""
        if not vectors.is_floating_point():
            raise TypeError(f"`vectors` must be floating point, got {vectors.dtype}")
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise ValueError(
                f"`vectors` must be batch × {self.dim}, got shape {tuple(vectors.shape)}"
            )
        place = vectors.device
        return ((vectors.double() - self._mean.to(place)) / self._std.to(place)).float()

    def _view(
        self,
        plain: Float32[Tensor, "batch dim"],
        samples: Int64[Tensor, " batch"],
        *,
        seed: int,
        epoch: int,
        view: int,
    ) -> Float32[Tensor, "batch dim"]:
        # masking, replacement, two for the noise, scaling: fixed indices, so that disabling one
        # setting does not change the draws of others
        asked = _DRAWS if self.scaling else _DRAWS - 1
        draws = uniform(samples, seed=seed, epoch=epoch, view=view, count=asked * self.dim)
        which, other, radius, angle, *factor = draws.to(plain.device).chunk(asked, dim=1)
        out = plain
        if masked := self._masked[view % len(self._masked)]:
            out = torch.where(_smallest(which, masked), self._filling(other), out)
        if self.scaling:
            out = out * (1 + self.scaling * (2 * factor[0] - 1))
        if self.noise:
            normal = (-2 * torch.log1p(-radius)).sqrt() * torch.cos(2 * torch.pi * angle)
            out = out + self.noise * normal * self._varies.to(plain.device)
        return out

    def _filling(self, draws: Float32[Tensor, "batch dim"]) -> Float32[Tensor, "batch dim"]:
        """Replacement for each feature: a draw from its marginal, or the mean."""
        if self.fill == "mean":
            return torch.zeros_like(draws)
        assert self._marginals is not None
        levels = self._marginals.to(draws.device)
        return levels.gather(0, (draws * len(levels)).long())

    def remedies(self) -> tuple[Remedy, ...]:
        """Weaker augmentation."""
        return (
            *weaker("mask", self.mask, what="the masking of features", least=0.05),
            *weaker("noise", self.noise, what="the noise", least=0.02),
            *weaker("scaling", self.scaling, what="the scaling", least=0.02),
        )


def _smallest(draws: Float32[Tensor, "batch dim"], count: int) -> Bool[Tensor, "batch dim"]:
    """The `count` features of each row with the smallest draws."""
    chosen = draws.argsort(dim=1, stable=True)[:, :count]
    return torch.zeros_like(draws, dtype=torch.bool).scatter_(1, chosen, value=True)


def _matrix(
    marginals: Sequence[Sequence[float]], *, features: int
) -> Float32[Tensor, "levels features"]:
    table = torch.as_tensor(np.asarray(marginals), dtype=torch.float32)
    if table.ndim != 2 or table.shape[0] != features or table.shape[1] < 1:
        raise ValueError(
            f"`marginals` must have values for each of {features} features,"
            f" got shape {tuple(table.shape)}"
        )
    return table.T.contiguous()
