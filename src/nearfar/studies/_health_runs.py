"""The runs of the calibration: their settings, and which source has which."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, final

from nearfar.studies._health_sources import VIEWS, HealthSource
from nearfar.studies._train_cell import TrainCell

__all__ = ["CONDITIONS", "METHODS", "Condition", "PlannedRun", "planned"]

METHODS = (
    "simclr",
    "moco_v1",
    "moco_v2",
    "swav",
    "byol",
    "simsiam",
    "barlow_twins",
    "vicreg",
    "alignment_uniformity",
)
"""All methods with two views of a sample."""
_TEMPERED = ("simclr", "moco_v1", "moco_v2", "swav")
_MARKABLE = ("images", "sequences")
_BROKEN = "nearfar.studies._broken_methods"
_LOW, _HIGH, _ZERO, _HUGE = 1e-4, 5e-3, 1e-9, 1.0  # learning rates
_FEW = 6  # updates of the shortest runs


@final
@dataclass(frozen=True, kw_only=True)
class Condition:
    """Settings of runs.

    Attributes:
        name: Name of the condition.
        intended: ``sound``, or ``broken`` on purpose; what a run is, its probes decide.
        methods: Methods of which each source has one.
        options: Options of the method.
        views: Which views, in place of the usual ones.
        training: Options of the training loop.
        length: Number of epochs, as a multiple of the usual.
        modalities: Modalities with this condition; all if empty.
        seed: Random seed.
    """

    name: str
    intended: str
    methods: tuple[str, ...] = METHODS
    options: Mapping[str, Any] = field(default_factory=dict)
    views: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    length: float = 1.0
    modalities: tuple[str, ...] = ()
    seed: int = 0


def _usual() -> list[Condition]:
    return [Condition(name="usual", intended="sound", methods=(method,)) for method in METHODS]


def _varied() -> list[Condition]:
    def sound(name: str, **settings: Any) -> Condition:
        return Condition(name=name, intended="sound", **settings)

    return [
        sound("temperature 0.05", methods=_TEMPERED, options={"temperature": 0.05}),
        sound("temperature 1", methods=_TEMPERED, options={"temperature": 1.0}),
        sound("low rate", training={"learning_rate": _LOW}),
        sound("high rate", training={"learning_rate": _HIGH}),
        sound("weak views", views="weak"),
        sound("strong views", views="strong"),
        sound("twice as long", length=2.0),
        sound("a third as long", length=1 / 3),
        sound("few updates", training={"max_updates": _FEW}),
        sound("another seed", seed=1),
    ]


def _broken() -> list[Condition]:
    def broken(name: str, *methods: str, **settings: Any) -> Condition:
        return Condition(name=name, intended="broken", methods=methods or METHODS, **settings)

    marked = tuple(f"{_BROKEN}:marked_{name}" for name in ("simclr", "byol", "vicreg"))
    marks = [
        broken(f"mark: {mark}", *marked, options={}, views=f"mark {mark}", modalities=_MARKABLE)
        for mark in ("patch", "frame", "shade")
    ]
    return [
        broken("no stop-gradient", "simsiam", options={"stop_gradient": False}),
        broken("naive", "simsiam", options={"stop_gradient": False, "predictor": "none"}),
        broken("no variance", "vicreg", options={"variance_weight": 0.0}),
        broken("no covariance", "vicreg", options={"covariance_weight": 0.0}),
        broken("no predictor", "byol", options={"predictor": "none"}),
        broken("no momentum", "moco_v1", "moco_v2", options={"decay": 0.0}),
        broken("no equal partition", "swav", options={"iterations": 0}),
        broken("no uniformity", "alignment_uniformity", options={"uniformity_weight": 0.0}),
        broken("rate 0", training={"learning_rate": _ZERO}),
        broken("rate far too large", training={"learning_rate": _HUGE, "optimizer": "sgd"}),
        broken("identical views", views="identical"),
        broken("identical views, again", views="identical", seed=1),
        broken("views that keep nothing", views="nothing"),
        broken("views that keep nothing, again", views="nothing", seed=1),
        *marks,
    ]


CONDITIONS: tuple[Condition, ...] = (*_usual(), *_varied(), *_broken())
"""All conditions."""


@final
@dataclass(frozen=True)
class PlannedRun:
    """A run of the calibration.

    Attributes:
        source: Its source.
        condition: Its condition.
        method: Its method, drawn from those of the condition.
        length: Number of epochs, as a multiple of that of source and condition.
    """

    source: HealthSource
    condition: Condition
    method: str
    length: float = 1.0

    @property
    def name(self) -> str:
        """Source, method and condition."""
        method = self.method.rpartition(":")[2].removeprefix("marked_")
        return f"{self.source.name} · {method} · {self.condition.name}"

    def cell(self, *, checkpoints: int) -> TrainCell:
        """The cell of the run.

        Args:
            checkpoints: Number of measured checkpoints.
        """
        source, condition = self.source, self.condition
        training: dict[str, Any] = {
            "precision": "32",
            "epochs": max(1, round(source.epochs * condition.length * self.length)),
            **({} if source.modality == "graphs" else {"batch_size": 128}),
            **condition.training,
        }
        views = VIEWS.get(condition.views, {}).get(source.modality, {})
        if condition.views.startswith("mark "):
            views = {"mark": condition.views.removeprefix("mark ")}
        return TrainCell(
            method=self.method,
            data=source.data,
            seed=condition.seed,
            method_options=condition.options,
            view_options=views,
            training=training,
            checkpoints=checkpoints,
        )

    def baseline(self, method: str) -> TrainCell:
        """The cell of raw features, or of the untrained encoder with the same initial weights.

        Args:
            method: ``raw`` or ``untrained``.
        """
        seed = 0 if method == "raw" else self.condition.seed
        return TrainCell(method=method, data=self.source.data, seed=seed)


def planned(
    sources: Sequence[HealthSource],
    conditions: Sequence[Condition],
    *,
    seed: int = 0,
    length: float = 1.0,
) -> list[PlannedRun]:
    """Every condition on every source, with methods in turn, in an order that balances every part.

    Where a condition has several methods, their order is drawn, and the sources take them in turn:
    each method is as frequent as any other. Of each source, conditions meant to be sound and broken
    alternate in a drawn order, and sources alternate: the first runs are a sample of all.

    Args:
        sources: Sources.
        conditions: Conditions.
        seed: Seed of the draws.
        length: Number of epochs, as a multiple of the usual.

    Example:
        >>> from nearfar.studies._health_sources import SOURCES
        >>> runs = planned(SOURCES, CONDITIONS)
        >>> len(runs) >= 240, len({run.name for run in runs}) == len(runs)
        (True, True)
        >>> [run.source.name for run in runs[:3]]
        ['digits', 'fsdd', 'ag-news']
    """
    drawn = random.Random(seed)
    orders = {c.name + str(c.methods): drawn.sample(c.methods, len(c.methods)) for c in conditions}
    columns = []
    for place, source in enumerate(sources):
        runs: dict[str, list[PlannedRun]] = {"sound": [], "broken": []}
        for condition in conditions:
            if not condition.modalities or source.modality in condition.modalities:
                order = orders[condition.name + str(condition.methods)]
                method = order[place % len(order)]
                runs[condition.intended].append(PlannedRun(source, condition, method, length))
        for some in runs.values():
            drawn.shuffle(some)
        columns.append(_in_turn(list(runs.values())))
    return _in_turn(columns)


def _in_turn(lists: Sequence[Sequence[PlannedRun]]) -> list[PlannedRun]:
    """The first of each list, then the second of each, as long as there are any."""
    rounds = zip_longest(*lists)
    return [run for some in rounds for run in some if run is not None]
