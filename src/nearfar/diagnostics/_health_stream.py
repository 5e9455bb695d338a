"""The verdict over a stream of embeddings that need not fit into memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, Final, Self, final

import torch
from jaxtyping import Int64
from torch import Tensor
from torch.linalg import vector_norm

from nearfar.checks import check_finite_rows, check_integer, check_matrix
from nearfar.diagnostics._alignment_diagnostic import Alignment
from nearfar.diagnostics._effective_rank import EffectiveRank
from nearfar.diagnostics._health import health
from nearfar.diagnostics._judged import judged
from nearfar.diagnostics._judged_measurements import LONG
from nearfar.diagnostics._partners import TwoViews
from nearfar.diagnostics._relative_alignment import RelativeAlignment
from nearfar.diagnostics._reservoir import Reservoir
from nearfar.ops import isotropic_rank, lost_share, to_sphere
from nearfar.records import Finding, HealthRecord, Remedy

__all__ = ["VIEW_NAMES", "HealthStream", "health_of", "views_by_name"]

VIEW_NAMES: Final = ("z1", "z2", "h1", "h2", "raw1", "raw2")
"""Names of the matrices of two views: projections, representations, raw features."""
_MOST, _LEAST, _NUMBERS = 16_384, 2_048, 1 << 25  # rows kept, and numbers in them
_LONGEST = 1_024  # longest rows of which the lengths are kept


def views_by_name(
    z1: Tensor,
    z2: Tensor | None,
    representations: Tensor | TwoViews | None,
    raw: TwoViews | None = None,
) -> dict[str, Tensor]:
    """The matrices that are given, by a name of :data:`VIEW_NAMES`; the reverse of `health_of`.

    Args:
        z1: First view's projections.
        z2: Second view's projections.
        representations: Representations of the first view or of both.
        raw: Raw features of both views.
    """
    h1, h2 = (
        (representations, None)
        if isinstance(representations, Tensor)
        else (representations or (None, None))
    )
    given = zip(VIEW_NAMES, (z1, z2, h1, h2, *(raw or (None, None))), strict=True)
    return {name: view for name, view in given if view is not None}


def health_of(views: Mapping[str, Tensor], **settings: Any) -> HealthRecord:
    """:func:`nearfar.diagnostics.health` of matrices by name.

    The only place where the names of files become arguments of :func:`health`.

    Args:
        views: Matrices by a name of :data:`VIEW_NAMES`, ``z1`` among them.
        settings: Further arguments of :func:`health`.
    """
    return health(
        views["z1"],
        views.get("z2"),
        representations=_pair(views, "h") or views.get("h1"),
        raw=_pair(views, "raw"),
        **settings,
    )


def _pair(views: Mapping[str, Tensor], name: str) -> TwoViews | None:
    first, second = views.get(f"{name}1"), views.get(f"{name}2")
    return None if first is None or second is None else (first, second)


@final
class HealthStream:
    """:func:`nearfar.diagnostics.health` over a stream of rows.

    Means, ranks and agreement are those of all rows. What compares rows with each other is measured
    on a sample: the rows whose positions have the smallest hashes. So streams over the parts of a
    matrix, merged in any order, give the verdict on the whole.

    Args:
        first: Position of the first row in the whole, if the stream is a part of it.
        capacity: Number of rows in the sample; by default 16,384, fewer if rows are so wide that
            they would hold more than 33 million numbers (2,048 at least).

    Cost:
        Time samples · dim². Memory ``capacity · dim`` numbers in float32 for each matrix, and two
        matrices of dim × dim in float64 for projections and for representations.

    Example:
        >>> import torch
        >>> z = torch.randn(900, 16, generator=torch.Generator().manual_seed(0))
        >>> parts = HealthStream(), HealthStream(first=300)
        >>> parts[0].update(z[:300])
        >>> parts[1].update(z[300:])
        >>> parts[1].merge(parts[0]).compute()
        <no collapse seen: 900 samples × 16 dimensions, uniformity −3.51, m_o 0.042,
         effective_rank 16>
    """

    def __init__(self, *, first: int = 0, capacity: int | None = None) -> None:
        check_integer(at_least=0, first=first)
        if capacity is not None:
            check_integer(at_least=2, capacity=capacity)
        self.first, self.capacity = first, capacity
        self._widths: dict[str, int] = {}
        self._kept: Reservoir | None = None
        self._projections, self._representations = _Spread(), _Spread()
        self._alignment, self._relative = Alignment(), RelativeAlignment()
        self._lengths = torch.empty(0, dtype=torch.float64)

    @property
    def seen(self) -> int:
        """Number of rows so far."""
        return 0 if self._kept is None else self._kept.seen

    @property
    def sample(self) -> dict[str, Tensor]:
        """The rows kept of each matrix, in the order of their hashes."""
        if self._kept is None:
            return {}
        parts = torch.split(self._kept.rows, list(self._widths.values()), dim=1)
        return dict(zip(self._widths, parts, strict=True))

    @property
    def positions(self) -> Int64[Tensor, " kept"]:
        """The position in the whole of each row kept."""
        return torch.empty(0, dtype=torch.int64) if self._kept is None else self._kept.ids

    @torch.no_grad()
    def update(
        self,
        z1: Tensor,
        z2: Tensor | None = None,
        *,
        representations: Tensor | TwoViews | None = None,
        raw: TwoViews | None = None,
    ) -> None:
        """Add rows.

        Args:
            z1: First view's projections, samples × dim.
            z2: Second view's projections, in the same order.
            representations: The encoder's representations, of the first view or of both.
            raw: Raw features of both views.

        Raises:
            ValueError: Other matrices than those so far, other numbers of rows or columns, NaN or
                infinity.
        """
        views = views_by_name(z1, z2, representations, raw)
        kept = self._accept(views)
        self._projections.update(z1)
        if z2 is not None:
            self._alignment.update(z1, z2)
            self._relative.update(z1, z2)
        if "h1" in views:
            self._representations.update(views["h1"])
        lengths = torch.cat([self._lengths, z1.double().norm(dim=1).cpu()])
        self._lengths = lengths.topk(min(_LONGEST, len(lengths))).values
        ids = self.first + kept.seen + torch.arange(len(z1))
        kept.update(torch.cat([view.float() for view in views.values()], dim=1), ids=ids)

    def merge(self, other: Self) -> Self:
        """A new stream over the rows of both, which must be different parts of one matrix.

        Raises:
            ValueError: Other matrices, of other widths, or another `capacity`.
        """
        filled = [part for part in (self, other) if part._kept is not None]
        merged = type(self)(first=min(self.first, other.first), capacity=self.capacity)
        if other.capacity != self.capacity:
            raise ValueError(
                f"`other` must have the same `capacity`, {self.capacity}, got {other.capacity}"
            )
        if len(filled) == 2 and self._widths != other._widths:
            raise ValueError(
                f"`other` must have matrices of the widths {self._widths}, got {other._widths}"
            )
        for part in filled:
            merged._widths = part._widths
        kept = [part._kept for part in filled if part._kept is not None]
        if kept:
            merged._kept = reduce(Reservoir.merge, kept, Reservoir(kept[0].capacity))
        merged._projections = self._projections.merge(other._projections)
        merged._representations = self._representations.merge(other._representations)
        merged._alignment = self._alignment.merge(other._alignment)
        merged._relative = self._relative.merge(other._relative)
        lengths = torch.cat([self._lengths, other._lengths])
        merged._lengths = lengths.topk(min(_LONGEST, len(lengths))).values
        return merged

    def compute(
        self,
        *,
        loss: float | None = None,
        chance: float | None = None,
        positives: bool = True,
        course: Mapping[str, float] | None = None,
        remedies: Sequence[Remedy] | None = None,
        modality: str | None = None,
        subsamples: int = 0,
    ) -> HealthRecord:
        """The verdict on all rows so far; arguments as of :func:`health`.

        Findings that are measured on the sample give its size.

        Raises:
            ValueError: Fewer than 2 rows.
        """
        sample, seen = self.sample, self.seen
        if seen < 2:
            raise ValueError(f"`HealthStream` needs at least 2 rows, got {seen}")
        of_sample = health_of(
            sample,
            loss=loss,
            chance=chance,
            positives=positives,
            course=course,
            subsamples=subsamples,
            ids=self.positions,
        )
        known = of_sample.measurements
        exact = {name: value for name, value in self._exact(known).items() if name in known}
        size, dim = sample["z1"].shape
        record = judged(
            known | exact,
            samples=size,
            dim=dim,
            positives=positives,
            remedies=remedies,
            modality=modality,
        )
        findings = tuple(_sized(f, exact, kept=size, seen=seen) for f in record.findings)
        unknown = (line for line in of_sample.not_judged if line.startswith("stability"))
        return replace(
            record,
            findings=findings,
            samples=seen,
            stability=of_sample.stability,
            not_judged=(*record.not_judged, *unknown),
        )

    def _accept(self, views: Mapping[str, Tensor]) -> Reservoir:
        """The reservoir, after checking that the matrices continue the stream."""
        for name, view in views.items():
            check_matrix(min_rows=1, **{name: view})
            check_finite_rows(**{name: view})
        rows = len(views["z1"])
        for name, view in views.items():
            if len(view) != rows:
                raise ValueError(f"`{name}` must have {rows} rows, as `z1`, got {len(view)}")
        widths = {name: view.shape[1] for name, view in views.items()}
        if self._kept is None:
            numbers = sum(widths.values())
            most = min(_MOST, max(_LEAST, _NUMBERS // numbers))
            self._kept, self._widths = Reservoir(self.capacity or most), widths
        if widths != self._widths:
            raise ValueError(f"rows must have the widths {self._widths}, as so far, got {widths}")
        return self._kept

    def _exact(self, of_sample: Mapping[str, float]) -> dict[str, float]:
        """The measurements on all rows, by name."""
        found = self._projections.measurements()
        found["free_dimensions"] = float(min(self.seen, self._widths["z1"]) - 1)
        if "z2" in self._widths:
            found["alignment"] = float(self._alignment.compute())
            found["random_distance"] = float(self._relative.distances()[1])
            found["relative_alignment"] = float(self._relative.compute())
        if "h1" in self._widths:
            inner = self._representations.measurements()
            inner["rank"] = inner["effective_rank"]
            found |= {f"representation_{name}": value for name, value in inner.items()}
        usual = self._kept_median()
        found["longest"] = float(self._lengths.max() / usual)
        found["long_rows"] = float((self._lengths > LONG * usual).sum())
        return found

    def _kept_median(self) -> Tensor:
        lengths = vector_norm(self.sample["z1"].double(), dim=1)
        median: Tensor = lengths.median()
        return median.clamp_min(torch.finfo(torch.float64).tiny)


@final
class _Spread:
    """Ranks and centre of all rows of a matrix, from second moments of raw and of unit rows."""

    def __init__(self) -> None:
        self.raw, self.units = EffectiveRank(), EffectiveRank()

    def update(self, rows: Tensor) -> None:
        exact = rows.double()
        self.raw.update(exact)
        self.units.update(to_sphere(exact))

    def merge(self, other: _Spread) -> _Spread:
        merged = _Spread()
        merged.raw, merged.units = self.raw.merge(other.raw), self.units.merge(other.units)
        return merged

    def measurements(self) -> dict[str, float]:
        """Those of :func:`health`, by name."""
        samples, dim = self.units.count, len(self.units.mean)
        free = min(samples - 1, dim)  # centring removes one direction
        covariance = self.units.covariance
        centered = self.units.eigenvalues(covariance, most=free).sqrt()
        variances = covariance.diagonal().clamp_min(0) * ((samples - 1) / samples)
        return {
            "feature_std": float(variances.sqrt().mean()),
            "effective_rank": float(self.raw.compute()),
            "spherical_rank": float(self.units.compute()),
            "isotropic_rank": isotropic_rank(samples, dim),
            "lost_share": lost_share(centered),
            "m_o": float(self.units.mean.norm()),
        }


def _sized(finding: Finding, exact: Mapping[str, float], *, kept: int, seen: int) -> Finding:
    """A finding with the number of rows that it was measured on, if these are not all."""
    if kept == seen or finding.name == "loss":
        return finding
    if finding.name not in exact:
        return replace(finding, reading=f"{finding.reading} (of {kept:,} of {seen:,} rows)")
    if finding.name == "m_o":  # the mean of so many random directions
        return replace(finding, anchors=finding.anchors | {"centred": seen**-0.5})
    return finding
