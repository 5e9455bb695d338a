"""Readings of diagnostics that other packages declare: reported with a run, never judged."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Collection
from typing import Any

from jaxtyping import Float
from torch import Tensor

from nearfar._plugins import load_all
from nearfar.diagnostics._diagnostic import Better, Diagnostic
from nearfar.records import Finding

__all__ = ["extra_findings"]

GROUP = "nearfar.diagnostics"
"""The entry points by which other packages add diagnostics."""


def extra_findings(
    z1: Float[Tensor, "samples dim"],
    z2: Float[Tensor, "samples dim"] | None = None,
    *,
    taken: Collection[str] = (),
) -> tuple[Finding, ...]:
    """One finding for each :class:`Diagnostic` of another package; they do not affect the verdict.

    Args:
        z1: One view of each sample.
        z2: A second view of the same samples.
        taken: Names of other measurements, which must not be used again.

    Warns:
        RuntimeWarning: For each diagnostic that is skipped because it cannot be imported or fails.
    """
    views = (z1.detach(),) if z2 is None else (z1.detach(), z2.detach())
    found = []
    for name, kind in load_all(GROUP).items():
        try:
            if name in taken:
                raise ValueError("nearfar has a measurement of this name")
            found.append(_measured(name, kind, views))
        except Exception as error:
            warnings.warn(
                f"the diagnostic {name!r} of another package is skipped:"
                f" {type(error).__name__}: {error}",
                RuntimeWarning,
                stacklevel=2,
            )
    return tuple(found)


def _measured(name: str, kind: Any, views: tuple[Tensor, ...]) -> Finding:
    diagnostic = kind() if inspect.isclass(kind) else kind
    if not isinstance(diagnostic, Diagnostic):
        raise TypeError(f"it must be a nearfar.diagnostics.Diagnostic, got {kind!r}")
    diagnostic.reset()
    diagnostic.update(*views)
    value = diagnostic.compute()
    if isinstance(value, tuple):
        raise TypeError(f"its value must be one number, got {len(value)}")
    dim = views[0].shape[1]
    ways = {None: "Neither direction", Better.LOWER: "Lower", Better.HIGHER: "Higher"}
    way = f"{ways[diagnostic.better]} is better"
    about = (inspect.getdoc(type(diagnostic)) or name).partition("\n")[0]
    return Finding(
        name=name,
        value=float(value),
        reading=f"{about} {way}; it does not enter the verdict.",
        anchors={world: float(anchor(dim)) for world, anchor in diagnostic.anchors.items()},
    )
