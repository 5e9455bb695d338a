"""Standardised rows in their principal axes, by the smaller of two eigenproblems."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self, final

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["PrincipalAxes", "few_threads"]

_USED = 1e-9  # of the largest variance: along the other axes a penalty gives weight 0
_BLOCK = 1 << 23  # elements in double precision at a time, 64 MiB
_SMALL = 1 << 24  # elements below which the threads of a matrix product wait more than they work


@final
@dataclass(frozen=True)
class PrincipalAxes:
    """Rows with standardised columns, rotated to their principal axes.

    A penalty on the norm of weights is the same in both systems. With fewer rows than columns the
    axes follow from the rows × rows products, in n² · dim + n³ operations instead of dim³.

    Attributes:
        mean: Mean of each column.
        scale: Standard deviation of each column; 1 for constant columns.
        variances: Variance along each axis, ascending; only axes with some variance.
        scores: The rows in these axes.
        columns: Standardised rows, or axes, from which weights of columns follow.
        dual: Whether `columns` are the standardised rows.
    """

    mean: Float[Tensor, " dim"]
    scale: Float[Tensor, " dim"]
    variances: Float[Tensor, " axes"]
    scores: Float[Tensor, "samples axes"]
    columns: Tensor
    dual: bool

    @classmethod
    def of(cls, embeddings: Float[Tensor, "samples dim"], *, dual: bool | None = None) -> Self:
        """The principal axes of embeddings.

        Args:
            embeddings: Rows without NaN.
            dual: Whether to solve the rows × rows problem; by default where it is the smaller.
        """
        samples, dim = embeddings.shape
        mean = embeddings.mean(dim=0)
        scale = embeddings.std(dim=0, correction=0)
        scale = torch.where(scale > 0, scale, torch.ones_like(scale))
        rows = (embeddings - mean).div_(scale)
        dual = samples < dim if dual is None else dual
        products = _products(rows) if dual else (rows.T @ rows).cpu().double()
        variances, vectors = torch.linalg.eigh(products / samples)
        used = variances > _USED * variances[-1]
        variances, vectors = variances[used], vectors[:, used]
        if not dual:
            axes = vectors.to(rows)
            return cls(mean, scale, variances.to(rows), rows @ axes, axes, dual)
        scores = vectors * (samples * variances).sqrt()
        return cls(mean, scale, variances.to(rows), scores.to(rows), rows, dual)

    def standardized(self, embeddings: Float[Tensor, "tests dim"]) -> Float[Tensor, "tests dim"]:
        """Other rows with columns on the scale of these."""
        return (embeddings.to(self.mean.dtype) - self.mean) / self.scale

    def in_columns(self, weights: Float[Tensor, "outputs axes"]) -> Float[Tensor, "outputs dim"]:
        """Weights of the axes as weights of the standardised columns."""
        if not self.dual:
            return weights @ self.columns.T
        spread = self.variances * self.scores.shape[0]
        return (weights / spread) @ (self.scores.T @ self.columns)

    def without_scores(self) -> Self:
        """Only what :meth:`standardized` needs, so that a fitted probe is small."""
        none = self.scores[:0]
        return replace(self, scores=none.clone(), columns=none.clone())


def _products(rows: Float[Tensor, "samples dim"]) -> Float[Tensor, "samples samples"]:
    """Inner products of rows, in double precision on the CPU, block by block of columns."""
    samples = rows.shape[0]
    total = torch.zeros(samples, samples, dtype=torch.float64)
    for block in torch.split(rows, max(1, _BLOCK // samples), dim=1):
        wide = block.cpu().double()
        total.addmm_(wide, wide.T)
    return total


@contextmanager
def few_threads(embeddings: Tensor) -> Iterator[None]:
    """One thread for small problems, whose barriers cost more than the work between them."""
    before = torch.get_num_threads()
    small = embeddings.device.type == "cpu" and embeddings.numel() <= _SMALL
    if small:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if small:
            torch.set_num_threads(before)
