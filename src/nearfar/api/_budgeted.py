"""Fit a run into a number of minutes: measure the usual setting, choose another if needed."""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, final

import torch
from torch import nn

from nearfar._allocator import return_freed_memory
from nearfar._free_memory import free_memory
from nearfar._platform import resident_memory
from nearfar.api._budget_notes import Budget, Found, changed_notes, unchanged_notes
from nearfar.api._choices import fit_training
from nearfar.api._division import Division
from nearfar.api._method_listing import Preset
from nearfar.api._published_settings import Published
from nearfar.api._recipe import Recipe
from nearfar.api._setup import Setup
from nearfar.api._starting_weights import Start
from nearfar.data import Source
from nearfar.modalities import EncoderFactory
from nearfar.training import Engine, TrainingOptions
from nearfar.training._budget import Cost, Extent, choose, run_memory, run_seconds
from nearfar.training._measured_updates import measure
from nearfar.views import Views

__all__ = ["prepared"]

_LONGEST = 1.5  # seconds of a measured update
_SURE, _CLOSE = 0.5, 0.05  # shares of the time that an overestimate may take up
_MODEST = 2 << 30  # bytes of a run whose setting is chosen unasked
_SLOW = 0.03  # share of the time that the preparation of a rung may take
_FREE = ("epochs", "batch_size", "micro_batch", "max_updates")
_REFUSED = (ValueError, RuntimeError, AssertionError)  # a size that an encoder does not take


Build: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, Any]], Setup]
"""From changed settings of data and encoder, and of training, to a prepared run."""


def prepared(
    recipe: Recipe,
    source: Source,
    encoder: str | nn.Module | EncoderFactory,
    width: int | None,
    views: Views | None,
    *,
    preset: Preset,
    notes: tuple[str, ...],
    budget: Budget | None,
    published: Published | None,
    given: Mapping[str, Any],
    device: torch.device,
    division: Division,
    start: Start | None = None,
) -> Setup:
    """A prepared run; with a budget, one that is expected to end in time and to fit in memory.

    Args:
        recipe: The recipe as the user gave it.
        source: The data.
        encoder: Name of an encoder, a module, or a function that builds one.
        width: Dimensions of the representation, for a module.
        views: Views to use instead of the method's.
        preset: The preset that builds the method.
        notes: Further notes.
        budget: The time that the run may take.
        published: The published setting that the user asked for.
        given: Options that the user gave, which are not changed; None stands for none.
        device: Where to train.
        division: Which samples to hold out.
        start: Puts weights that training starts from into the encoder; random by default.
    """
    kind = recipe.kind
    said: dict[str, Any] = {"preset": preset, "notes": notes, "division": division, "start": start}

    def build(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> Setup:
        if not settings and not changes:
            return Setup.prepare(recipe, source, encoder, width, views, **said)
        asked = {k: v for k, v in given.items() if k in vars(recipe.training)} | {**changes}
        chosen = settings.get("encoder", encoder)
        changed = replace(
            recipe,
            encoder=chosen if isinstance(chosen, str) else recipe.encoder,
            options=recipe.options | {k: v for k, v in settings.items() if k != "encoder"},
            training=fit_training(
                published.train(asked) if published else asked,
                kind=kind,
                preset=preset,
                source=source,
                samples=len(division.trained),
            ),
        )
        return Setup.prepare(changed, source, chosen, width, views, **said)

    begun = time.monotonic()
    usual = build({}, {})
    slow = time.monotonic() - begun
    if budget is None or (budget.default and (published or device.type != "cpu")):
        return usual
    kept = {name for name, value in given.items() if value is not None}
    if published:
        kept |= {"batch_size", "micro_batch"}
    fixed = not isinstance(encoder, str) or views is not None or published is not None
    rungs = () if fixed else kind.rungs(source, kind.options(**usual.recipe.options))
    if slow > _SLOW * 60 * budget.minutes:  # each rung that is measured is prepared first
        rungs = rungs[-1:]
    return _fitted(
        budget,
        usual,
        build,
        rungs=rungs,
        given=kept,
        device=str(device),
    )


def _fitted(
    budget: Budget,
    usual: Setup,
    build: Build,
    *,
    rungs: Sequence[Mapping[str, Any]],
    given: Collection[str],
    device: str,
) -> Setup:
    """The usual setting if it ends in time and fits in memory, else one that does."""
    training = usual.recipe.training
    ladder = _Ladder(usual, build, _without(rungs, given), device)
    try:
        found = _shared(training, device, lambda: _find(budget, ladder, given=frozenset(given)))
    except _REFUSED:  # if it is an error of the setting, training raises it
        return usual
    changes = {
        name: value
        for name, value in vars(found.choice.options).items()
        if value != getattr(training, name)
    }
    if not found.settings and not changes:
        return replace(usual, notes=(*unchanged_notes(budget, training, found), *usual.notes))
    made = build(found.settings, changes)
    return replace(made, notes=(*changed_notes(budget, usual, found, changes), *made.notes))


def _find(budget: Budget, ladder: _Ladder, *, given: frozenset[str]) -> Found:
    training = ladder.usual.recipe.training
    free = {name for name in _FREE if name not in given}
    if "epochs" in given:
        free.discard("max_updates")
    engine = ladder.engine()
    extent, memory = ladder.extent(engine), _free(engine)

    def fits(cost: Cost) -> bool:
        """Whether even an overestimate leaves no doubt that the usual setting fits."""
        light = memory is None or run_memory(cost, training, extent) < _SURE / 2 * memory
        share = _SURE if budget.default else _CLOSE  # a time that is asked for is shown
        return light and run_seconds(cost, training, extent) < share * budget.left()

    choice = choose(
        len(ladder),
        lambda place: ladder.cost(place, enough=fits),
        training,
        extent,
        free=free,
        seconds=budget.left,
        memory=memory,
        most=_MODEST if budget.default and engine.device.type == "cpu" else math.inf,
    )
    return Found(ladder.settings(choice.rung), choice, memory)


@final
class _Ladder:
    """The rungs with their costs, each measured when it is first asked for."""

    def __init__(
        self, usual: Setup, build: Build, rungs: Sequence[Mapping[str, Any]], device: str
    ) -> None:
        self.usual = usual
        self._build, self._device = build, device
        self._rungs: list[Mapping[str, Any]] = [{}, *rungs]
        self._costs: dict[int, Cost] = {}

    def __len__(self) -> int:
        return len(self._rungs)

    def engine(self) -> Engine:
        """One device, for one measurement."""
        precision = self.usual.recipe.training.precision
        return Engine(devices=1, precision=precision, device=self._device)

    def settings(self, place: int) -> Mapping[str, Any]:
        """What differs from the usual setting."""
        return self._rungs[place]

    def extent(self, engine: Engine) -> Extent:
        """The size of the run."""
        setup = self.usual
        gpus = torch.cuda.device_count() if engine.device.type == "cuda" else 0
        return Extent(
            samples=len(setup.train),
            watched=len(setup.watched),
            least_batch=_least_batch(setup),
            devices=(setup.recipe.training.devices or gpus) if gpus else 1,
            resident=0 if gpus else resident_memory(),
        )

    def cost(self, place: int, *, enough: Callable[[Cost], bool]) -> Cost:
        """The measured cost of a rung; a rung that cannot be built becomes the one above."""
        if place not in self._costs:
            try:
                self._costs[place] = self._measured(place, enough=enough)
            except _REFUSED:
                if not place:
                    raise
                self._costs[place] = self.cost(place - 1, enough=enough)
                self._rungs[place] = self._rungs[place - 1]
        return self._costs[place]

    def _measured(self, place: int, *, enough: Callable[[Cost], bool]) -> Cost:
        setup = self._build(self._rungs[place], {}) if place else self.usual
        options = setup.recipe.training
        cost = measure(
            setup.method,
            setup.train,
            setup.training_views,
            options=options,
            engine=self.engine(),
            longest=_LONGEST,
            whole=_least_batch(setup) is None,
            enough=enough if not place else lambda cost: False,
        )
        gc.collect()
        return_freed_memory()  # blocks of this size are of little use to another setting
        return cost


def _least_batch(setup: Setup) -> int | None:
    options = setup.kind.options(**setup.recipe.options)
    return setup.kind.smallest_batch(setup.train.source, options)


def _without(rungs: Sequence[Mapping[str, Any]], given: Collection[str]) -> list[Mapping[str, Any]]:
    """The rungs without what the user gave."""
    found: list[Mapping[str, Any]] = []
    for rung in rungs:
        free = {name: value for name, value in rung.items() if name not in given}
        if free and free not in found:
            found.append(free)
    return found


def _shared(training: TrainingOptions, device: str, find: Callable[[], Found]) -> Found:
    """What the first process finds, in every process that a launcher started."""
    started = int(os.environ.get("WORLD_SIZE") or os.environ.get("SLURM_NTASKS") or 1)
    engine = Engine(devices=training.devices, precision=training.precision, device=device)
    if started == 1 or engine.devices == 1:
        return find()
    found: Found = engine.launch(_first_finds, find)
    return found


def _first_finds(engine: Engine, find: Callable[[], Found]) -> Found:
    found: Found = engine.broadcast(find() if engine.rank == 0 else None)
    return found


def _free(engine: Engine) -> int | None:
    if engine.device.type == "cuda":
        return int(torch.cuda.mem_get_info(engine.device)[0])
    return free_memory()
