"""Diagnostics as metrics of torchmetrics."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, reduce
from inspect import signature
from typing import TYPE_CHECKING, Any

from torch import Tensor

from nearfar.checks import require
from nearfar.diagnostics import Better, Diagnostic
from nearfar.diagnostics._diagnostic import StreamState
from nearfar.monitor._installed import installed

if TYPE_CHECKING:
    from torchmetrics import Metric

__all__ = ["metric_of"]


def metric_of(diagnostic: Diagnostic) -> Metric:
    """A ``torchmetrics.Metric`` whose states are those of a diagnostic.

    It is updated with ``z1`` and ``z2``, of which a diagnostic of one view takes the first, so that
    a ``MetricCollection`` may have both. Across processes torchmetrics gathers the states, which
    are merged: the value is that of the rows of all processes, the same as of
    :meth:`nearfar.diagnostics.Diagnostic.gather`. Moving, storing and resetting are torchmetrics'.

    Args:
        diagnostic: Any diagnostic; its settings are used, its rows are not.

    Raises:
        TypeError: No diagnostic.
        ImportError: torchmetrics is not installed.

    Example:
        .. code-block:: python

            metrics = torchmetrics.MetricCollection(
                {"alignment": metric_of(Alignment()), "rank": metric_of(EffectiveRank())}
            )
            for z1, z2 in batches:
                metrics.update(z1, z2)
            print(metrics.compute())
    """
    return _class_for(type(require(Diagnostic, diagnostic=diagnostic)))(diagnostic)


@cache
def _class_for(kind: type[Diagnostic]) -> Any:
    """The class of metrics of a kind of diagnostic, whose direction torchmetrics wants there."""
    higher = {None: None, Better.HIGHER: True, Better.LOWER: False}[kind.better]
    known = {
        "higher_is_better": higher,
        "is_differentiable": False,
        "full_state_update": True,  # `forward` measures a batch by itself, then adds it
        "__module__": __name__,
        "__doc__": kind.__doc__,
    }
    return type(
        f"{kind.__name__}Metric",
        (_OfDiagnostic, installed("torchmetrics", extra="torchmetrics").Metric),
        known,
    )


class _OfDiagnostic:
    """A metric whose states are lists of one tensor, of several where processes were gathered."""

    device: Any

    def __init__(self, diagnostic: Diagnostic, **options: Any) -> None:
        super().__init__(**options)
        self.__dict__["_stream"] = diagnostic.empty()  # no submodule: torchmetrics has the states
        self.__dict__["_views"] = len(signature(diagnostic.update).parameters)
        self._initial = {name: tensor.clone() for name, tensor in _states(self._stream).items()}
        for name in self._initial:
            self.add_state(_attribute(name), [], dist_reduce_fx=None)  # type: ignore[attr-defined]
        self._hold(self._initial)

    _stream: Diagnostic
    _views: int

    def update(self, z1: Tensor, z2: Tensor | None = None) -> None:
        """Add rows; a diagnostic of one view takes the first."""
        stream = self._stream_of(0)
        stream.update(*[z for z in (z1, z2)[: self._views] if z is not None])
        self._hold(_states(stream))

    def compute(self) -> Any:
        """The value of the rows of all processes."""
        first = _attribute(next(iter(self._initial)))
        parts = [self._stream_of(part) for part in range(len(getattr(self, first)))]
        return reduce(lambda merged, part: merged.merge(part), parts).compute()

    def reset(self) -> None:
        """Discard all rows."""
        super().reset()  # type: ignore[misc]
        self._hold(self._initial)

    def merge_state(self, incoming_state: Any) -> None:
        """Add the rows of another metric of the same diagnostic."""
        merged = self._stream_of(0).merge(
            require(type(self), incoming_state=incoming_state)._stream_of(0)
        )
        self._hold(_states(merged))
        self._computed = None  # torchmetrics keeps the last value

    def __reduce__(self) -> tuple[Any, ...]:
        return metric_of, (self._stream.empty(),), self.__getstate__()

    def _hold(self, states: Mapping[str, Tensor]) -> None:
        for name, tensor in states.items():
            setattr(self, _attribute(name), [tensor.to(self.device)])

    def _stream_of(self, part: int) -> Diagnostic:
        """The diagnostic with the states of one of the processes gathered."""
        stream = self._stream.empty()
        for name in self._initial:
            place, _, attribute = name.rpartition(".")
            tensor = getattr(self, _attribute(name))[part]
            setattr(stream.get_submodule(place), attribute, tensor)
        if int(stream._width):
            stream.to(self.device)
        return stream


def _states(stream: Diagnostic) -> dict[str, Tensor]:
    """The tensors of a diagnostic by name, not copied."""
    return {
        f"{place}.{name}" if place else name: getattr(part, name)
        for place, part in stream.named_modules()
        if isinstance(part, StreamState)
        for name in part._initial
    }


def _attribute(name: str) -> str:
    return "state_" + name.replace(".", "_").strip("_")
