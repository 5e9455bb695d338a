"""What a diagnostic promises, as a record."""

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
    """A diagnostic and what it promises.

    Args:
        make: Builds one that has seen nothing; usually the class, a
            :class:`nearfar.diagnostics.Diagnostic`.
        function: The same measurement of matrices of embeddings at once; if not given, one update
            of the class is taken for it.
        reference: A slow, obvious implementation over NumPy arrays.
        views: How many matrices it reads.
        unmoved_by: Which changes leave the reading: ``lengths`` (each row times a positive number
            of its own), ``rotation`` of the space, ``scale`` (all rows times the same number).
        inputs: For anchors with names of your own: from the dimension to the matrices that must
            read them. Known are ``complete collapse`` (one point), ``isotropic`` (uniform on the
            sphere) and ``unrelated views`` (two independent ones of these).
        anchor_samples: Rows on the spheres; fewer where the cost grows with their square.
        anchor_tolerance: Of the anchors, relative and absolute.
        tolerance: Of a stream against all rows at once, relative.
        name: How messages call it; the name of the class if not given.
        skip: Names of checks to leave out.

    Raises:
        ValueError: An unknown change in `unmoved_by`, or no view.

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
        """How messages call it."""
        return self.name or type(self.make()).__name__

    def __call__(self, *embeddings: Tensor) -> Reading:
        """The reading of all rows at once."""
        if self.function is not None:
            return reading(self.function(*embeddings))
        return reading(self.streamed(embeddings, [len(embeddings[0])]).compute())

    def streamed(self, views: Tensors, cuts: list[int]) -> Diagnostic:
        """One that has seen the rows in parts of these sizes."""
        stream = self.make()
        for parts in zip(*(torch.split(view, cuts) for view in views), strict=True):
            stream.update(*parts)
        return stream

    def drawn(self, *, samples: int = SAMPLES, dim: int = DIM, seed: int = 0) -> Tensors:
        """Views of random samples that lie off the origin."""
        source = torch.Generator().manual_seed(seed)
        z = torch.randn(samples, dim, generator=source, dtype=torch.float64) + 0.4
        others = [
            z + 0.3 * torch.randn(samples, dim, generator=source, dtype=torch.float64)
            for _ in range(self.views - 1)
        ]
        return (z, *others)

    def known(self, name: str, dim: int) -> Tensors:
        """The matrices that must read an anchor."""
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
    """One number or several, as a list."""
    return [float(v) for v in (value if isinstance(value, tuple) else (value,))]
