"""Remedies that several methods declare, each with its reason written once."""

from __future__ import annotations

import math
from typing import Any, Final

from torch import Tensor, nn

from nearfar._verdict_names import COMPLETE, DIMENSIONAL, NOTHING
from nearfar.modules import PerceptronHead
from nearfar.modules._siamese_heads import Bias
from nearfar.records import Remedy
from nearfar.records._remedy_record import lowered, raised

__all__ = [
    "add_projector",
    "compare_over_batch",
    "lower_temperature",
    "raise_decay",
    "raise_predictor_rate",
    "raise_weight",
    "restore",
    "restore_norms",
    "restore_predictor",
    "widen_projector",
]

COLLAPSED: Final = (COMPLETE, DIMENSIONAL)
_WIDEST, _PROJECTED = 8192, 128
_UNLIMITED = math.inf


def lower_temperature(now: float | Tensor, *, least: float = 0.1) -> Remedy:
    """Halve the temperature, but not below `least`."""
    return Remedy(
        option="temperature",
        now=float(now),
        to=lowered(float(now), by=2, least=least),
        why="lower the temperature, so that different samples are pushed apart more strongly",
        against=(*COLLAPSED, NOTHING),
    )


def widen_projector(head: nn.Module) -> tuple[Remedy, ...]:
    """Double the hidden width of a projector that has one, up to 8,192."""
    now = head.hidden if isinstance(head, PerceptronHead) else None
    if now is None:
        return ()
    wider = Remedy(
        option="hidden",
        now=now,
        to=raised(now, by=2, most=_WIDEST),
        why="use a wider projector, so that fewer directions are lost in it",
        against=(DIMENSIONAL,),
    )
    return (wider,)


def add_projector(projector: nn.Module) -> tuple[Remedy, ...]:
    """Add a projector to a method without one, else widen it."""
    if not isinstance(projector, nn.Identity):
        return widen_projector(projector)
    added = Remedy(
        option="dim",
        now=None,
        to=_PROJECTED,
        why="add a projector, so that the objective shapes its outputs and not the representation",
        against=(DIMENSIONAL,),
    )
    return (added,)


def raise_weight(
    option: str,
    now: float,
    *,
    why: str,
    against: tuple[str, ...],
    by: float = 2,
    most: float = _UNLIMITED,
    start: float = 1.0,
) -> Remedy:
    """Multiply the weight of a term; a term without weight gets `start`."""
    new = raised(float(now), by=by, most=most, start=start)
    return Remedy(option=option, now=float(f"{now:.4g}"), to=new, why=why, against=against)


def raise_decay(now: float) -> Remedy:
    """Halve the distance of a moving average's decay to 1, unless it is above 0.998."""
    new = float(f"{1 - (1 - now) / 2:.3g}")
    return Remedy(
        option="decay",
        now=float(f"{now:.3g}"),
        to=new if now < 0.998 else None,
        why="raise the decay, so that targets change more slowly",
        against=(COMPLETE,),
    )


def raise_predictor_rate(now: float) -> Remedy:
    """A learning rate of the predictor ten times that of the encoder."""
    return Remedy(
        option="predictor_rate",
        now=float(now),
        to=10.0 if now < 10 else None,
        why="raise the predictor's learning rate, so that it keeps up with the encoder",
        against=(COMPLETE,),
    )


def restore(
    option: str, now: Any, to: Any, *, why: str, against: tuple[str, ...] = (COMPLETE,)
) -> Remedy:
    """A published value of a setting that prevents collapse."""
    return Remedy(option=option, now=now, to=to, why=why, against=against)


def restore_predictor(predictor: nn.Module) -> Remedy:
    """The published two-layer predictor instead of a simplification."""
    return restore(
        "predictor",
        _kind(predictor),
        "perceptron",
        why="use the published predictor, which prevents collapse",
        against=COLLAPSED,
    )


def restore_norms(projector: nn.Module) -> tuple[Remedy, ...]:
    """Batch-norm after the projector's hidden layers and output, if it has less."""
    if not isinstance(projector, PerceptronHead) or projector.normalize_output:
        return ()
    now = "hidden" if projector.normalize else "none"
    why = "use batch-norm in the whole projector, which spreads samples out"
    return (restore("norms", now, "projector", why=why, against=COLLAPSED),)


def compare_over_batch(now: str) -> Remedy:
    """Candidates from the whole batch instead of a part of it."""
    return restore(
        "candidates",
        now,
        "batch",
        why="take candidates from the whole batch, as there are more of them",
        against=(*COLLAPSED, NOTHING),
    )


def _kind(predictor: nn.Module) -> str:
    """Name of a predictor's architecture (:data:`nearfar.modules.PredictorKind`)."""
    kinds: tuple[tuple[type[nn.Module], str], ...] = (
        (nn.Identity, "none"),
        (Bias, "bias"),
        (PerceptronHead, "perceptron"),
        (nn.Linear, "linear"),
    )
    return next((name for kind, name in kinds if isinstance(predictor, kind)), "tanh")
