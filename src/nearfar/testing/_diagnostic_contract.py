"""The declared properties of a diagnostic."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, final

import torch
from torch import Tensor

from nearfar.checks import check_choice, check_integer
from nearfar.diagnostics import Diagnostic
from nearfar.testing._check import Contract

__all__ = ["ANCHORS", "DIM", "SAMPLES", "DiagnosticContract", "reading"]

Tensors = tuple[Tensor, ...]
Reading = list[float]
SAMPLES, DIM = 60, 12
ANCHORS = "complete collapse", "isotropic", "unrelated views"


@final
@dataclass(frozen=True)
class DiagnosticContract(Contract):
    """A diagnostic and its declared properties.

    Args:
        make: Constructs a new instance; usually the class itself, a
            :class:`nearfar.diagnostics.Diagnostic`.
        function: The same measurement as a function of whole matrices of embeddings; by default a
            single update of the class.
        reference: A slow, straightforward implementation over NumPy arrays.
        views: Number of matrices that it takes.
        unmoved_by: Transformations under which the value is invariant: ``lengths`` (each row times
            its own positive number), ``rotation`` of the space, ``scale`` (all rows times the same
            number).
        inputs: For your own reference values, by name: functions from the dimension to matrices
            with that value. Predefined are ``complete collapse`` (a single point), ``isotropic``
            (uniform on the sphere) and ``unrelated views`` (two independent isotropic matrices).
        anchor_samples: Number of rows for checks of reference values; reduce it if the cost is
            quadratic.
        anchor_tolerance: Tolerance for reference values, relative and absolute.
        tolerance: Relative tolerance between streamed updates and all rows at once.
        name: Name in messages; by default that of the class.
        skip: Names of checks to skip.

    Raises:
        ValueError: An unknown transformation in `unmoved_by`, or no views.

    Example:
        >>> from nearfar.diagnostics import Alignment, alignment
        >>> from nearfar.testing import check_diagnostic
        >>> check_diagnostic(
        ...     Alignment, function=alignment, views=2, unmoved_by=("lengths", "rotation", "scale")
        ... )
    """

    make: Callable[[], Diagnostic]
    _: KW_ONLY
    function: Callable[..., Tensor | tuple[Tensor, ...]] | None = None
    reference: Callable[..., Any] | None = None
    views: int = 1
    unmoved_by: Collection[str] = ()
    inputs: Mapping[str, Callable[[int], Tensors]] = field(default_factory=dict)
    anchor_samples: int = 8192
    anchor_tolerance: float = 0.03
    tolerance: float = 1e-9
    name: str = ""
    skip: Collection[str] = ()

    def __post_init__(self) -> None:
        check_integer(at_least=1, views=self.views, anchor_samples=self.anchor_samples)
        for change in self.unmoved_by:
            check_choice(("lengths", "rotation", "scale"), unmoved_by=change)

    @property
    def subject(self) -> str:
        """Name in messages."""
        return self.name or type(self.make()).__name__

    def __call__(self, *embeddings: Tensor) -> Reading:
        """The value for all rows at once."""
        if self.function is not None:
            return reading(self.function(*embeddings))
        return reading(self.streamed(embeddings, [len(embeddings[0])]).compute())

    def streamed(self, views: Tensors, cuts: list[int]) -> Diagnostic:
        """An instance after updates with parts of these sizes."""
        stream = self.make()
        for parts in zip(*(torch.split(view, cuts) for view in views), strict=True):
            stream.update(*parts)
        return stream

    def drawn(self, *, samples: int = SAMPLES, dim: int = DIM, seed: int = 0) -> Tensors:
        """Views of random samples that are not centred."""
        source = torch.Generator().manual_seed(seed)
        z = torch.randn(samples, dim, generator=source, dtype=torch.float64) + 0.4
        others = [
            z + 0.3 * torch.randn(samples, dim, generator=source, dtype=torch.float64)
            for _ in range(self.views - 1)
        ]
        return (z, *others)

    def known(self, name: str, dim: int) -> Tensors:
        """The matrices for a reference value."""
        if name in self.inputs:
            return self.inputs[name](dim)
        source = torch.Generator().manual_seed(0)
        if name == "complete collapse":
            point = torch.randn(dim, generator=source, dtype=torch.float64).expand(64, dim)
            return (point,) * self.views
        shape = self.views, self.anchor_samples, dim
        spheres = torch.randn(shape, generator=source, dtype=torch.float64)
        return (spheres[0],) * self.views if name == "isotropic" else tuple(spheres)


def reading(value: Any) -> Reading:
    """Convert one or several numbers to a list."""
    return [float(v) for v in (value if isinstance(value, tuple) else (value,))]
