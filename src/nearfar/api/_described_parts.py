"""What a run's record states of a method's parts, where they have it."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from nearfar.methods import Method

__all__ = ["projection_dim", "temperature_of"]


@runtime_checkable
class _HasTemperature(Protocol):
    temperature: Any


@runtime_checkable
class _HasOutputs(Protocol):
    outputs: int


def temperature_of(method: Method) -> float | None:
    """The temperature of a method's objective; None for an objective without one."""
    objective: object = method.objective
    value = objective.temperature if isinstance(objective, _HasTemperature) else None
    return None if value is None else float(value)


def projection_dim(method: Method, *, width: int) -> int:
    """The dimension of the projections; the representation's for a projector that has none."""
    projector: object = method.projector
    return int(projector.outputs if isinstance(projector, _HasOutputs) else width)
