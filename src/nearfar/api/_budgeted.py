"""Fit a run into a number of minutes: measure, choose, and say what was chosen."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Literal, TypeAlias, final

import torch
from torch import nn

from nearfar._free_memory import free_memory, process_age, resident_memory
from nearfar.api._choices import fit_training
from nearfar.api._method_listing import Preset
from nearfar.api._published_settings import PUBLISHED_FOR, Published, published_settings
from nearfar.api._recipe import Recipe
from nearfar.api._setup import Setup
from nearfar.data import Source
from nearfar.modalities import EncoderFactory
from nearfar.training import Engine, TrainingOptions
from nearfar.training._budget import Choice, Cost, Extent, choose, run_memory, run_seconds
from nearfar.training._measured_updates import measure
from nearfar.views import Views

__all__ = ["DEFAULT_MINUTES", "Budget", "Minutes", "prepared"]

DEFAULT_MINUTES = 10
"""Budget of the command line on a CPU."""
Minutes: TypeAlias = float | Literal["auto"] | None
_YOUNG = 60.0  # seconds within which a process is taken to have been started for this run
_LONGEST = 1.5  # seconds of a measured update
_SURE, _CLOSE = 0.5, 0.05  # shares of the time that an overestimate may take up
_SLOW = 0.03  # share of the time that the preparation of a rung may take
_FREE = ("epochs", "batch_size", "micro_batch", "max_updates")
_REFUSED = (ValueError, RuntimeError, AssertionError)  # a size that an encoder does not take


@final
@dataclass(frozen=True, kw_only=True)
class Budget:
    """The time that a run may take, from the start of the program to the verdict.

    Attributes:
        minutes: The time.
        default: Whether it was not asked for, and applies to a CPU only.
        began: Time of ``time.monotonic()`` from which it counts.
    """

    minutes: float
    default: bool = False
    began: float

    @classmethod
    def of(cls, minutes: Minutes) -> Budget | None:
        """The budget that an argument asks for; None for no budget.

        Raises:
            ValueError: Neither a number of minutes nor ``auto``.
        """
        if minutes is None:
            return None
        default = minutes == "auto"
        if not default and (
            isinstance(minutes, (bool, str))
            or not isinstance(minutes, Real)
            or not 0 <= minutes < math.inf
        ):
            raise ValueError(
                f"`minutes` must be a number of minutes, 0 or None for no limit, or 'auto',"
                f" got {minutes!r}"
            )
        if minutes == 0:
            return None
        age = process_age()
        spent = age if age is not None and age < _YOUNG else 0.0
        length = DEFAULT_MINUTES if default else float(minutes)
        return cls(minutes=length, default=default, began=time.monotonic() - spent)

    def left(self) -> float:
        """Seconds that remain."""
        return self.began + 60 * self.minutes - time.monotonic()


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
    """
    kind = recipe.kind

    def build(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> Setup:
        if not settings and not changes:
            return Setup.prepare(recipe, source, encoder, width, views, preset=preset, notes=notes)
        asked = {k: v for k, v in given.items() if k in vars(recipe.training)} | changes
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
            ),
        )
        return Setup.prepare(changed, source, chosen, width, views, preset=preset, notes=notes)

    start = time.monotonic()
    usual = build({}, {})
    slow = time.monotonic() - start
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
        return replace(usual, notes=(*_unchanged(budget, training, found), *usual.notes))
    made = build(found.settings, changes)
    return replace(made, notes=(*_changed(budget, usual, found, changes), *made.notes))


@final
@dataclass(frozen=True)
class _Found:
    """What was chosen, as sent to other processes.

    Attributes:
        settings: Settings of data and encoder that differ from the usual ones.
        choice: The training options, with what they are expected to cost.
        memory: Free memory in bytes; None if unknown.
    """

    settings: Mapping[str, Any]
    choice: Choice
    memory: int | None


def _find(budget: Budget, ladder: _Ladder, *, given: frozenset[str]) -> _Found:
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
    )
    return _Found(ladder.settings(choice.rung), choice, memory)


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
        return measure(
            setup.method,
            setup.train,
            setup.training_views,
            options=options,
            engine=self.engine(),
            longest=_LONGEST,
            whole=_least_batch(setup) is None,
            enough=enough if not place else lambda cost: False,
        )


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


def _shared(training: TrainingOptions, device: str, find: Callable[[], _Found]) -> _Found:
    """What the first process finds, in every process that a launcher started."""
    started = int(os.environ.get("WORLD_SIZE") or os.environ.get("SLURM_NTASKS") or 1)
    engine = Engine(devices=training.devices, precision=training.precision, device=device)
    if started == 1 or engine.devices == 1:
        return find()
    found: _Found = engine.launch(_first_finds, find)
    return found


def _first_finds(engine: Engine, find: Callable[[], _Found]) -> _Found:
    found: _Found = engine.broadcast(find() if engine.rank == 0 else None)
    return found


def _free(engine: Engine) -> int | None:
    if engine.device.type == "cuda":
        return int(torch.cuda.mem_get_info(engine.device)[0])
    return free_memory()


def _unchanged(budget: Budget, training: TrainingOptions, found: _Found) -> tuple[str, ...]:
    """Notes on a run that keeps its settings; none on one that fits without having been asked."""
    choice, notes = found.choice, []
    if not choice.in_time:
        notes.append(
            f"expected to take {_clock(choice.seconds)}, more than the {_minutes(budget)}, as what"
            " could be changed was given or is at its least"
        )
    elif not budget.default:
        notes.append(f"expected to take {_clock(choice.seconds)}: nothing was made smaller")
    if not choice.in_memory and found.memory is not None:
        half = max(2, training.batch_size // 2)
        notes.append(
            f"expected to need {_size(choice.memory)} of memory with batches of"
            f" {training.batch_size:,}, and {_size(found.memory)} are free: --micro-batch {half}"
            " needs less"
        )
    return tuple(notes)


def _changed(
    budget: Budget,
    usual: Setup,
    found: _Found,
    changes: Mapping[str, Any],
) -> tuple[str, ...]:
    """What was chosen, why, and how to train with the usual setting instead."""
    before = vars(usual.recipe.training)
    form = vars(usual.form)
    usually = vars(usual.kind.options(**usual.recipe.options)) | {"encoder": usual.recipe.encoder}
    shown = []
    for name, value in {**found.settings, **changes}.items():
        old = before[name] if name in before else usually.get(name) or form.get(name)
        shown.append(f"{_flag(name)} {value}" + (f" (usually {old})" if old is not None else ""))
    choice = found.choice
    late = (
        ""
        if choice.in_time
        else f"; more than the {_minutes(budget)}, as this is the smallest setting"
    )
    default = ", the default on a CPU" if budget.default else ""
    method = usual.recipe.method
    published = next((name for name, of in published_settings().items() if method in of), "")
    published = published if usual.kind.name == PUBLISHED_FOR else ""
    paper = f"; --setting {published} is that of the paper" if published else ""
    return (
        f"to end within {_minutes(budget)}{default}: {', '.join(shown)}",
        f"measured: {_clock(choice.usual_seconds)} and {_size(choice.usual_memory)} of memory at"
        f" the usual setting, {_clock(choice.seconds)} and {_size(choice.memory)} at this one"
        f"{late}",
        f"--minutes none trains at the usual setting{paper}; any flag that is given is kept",
    )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _minutes(budget: Budget) -> str:
    return f"{budget.minutes:g} minute{'' if budget.minutes == 1 else 's'}"


def _clock(seconds: float) -> str:
    """A time in two significant digits.

    >>> [_clock(seconds) for seconds in (8, 75, 500, 5_600, 300_000)]
    ['8 s', '75 s', '8 min', '1.6 h', '3.5 days']
    """
    for most, unit, text in ((100, 1, "s"), (5_400, 60, "min"), (172_800, 3_600, "h")):
        if seconds < most:
            value = seconds / unit
            return f"{value:.1f} {text}" if unit == 3_600 else f"{value:.0f} {text}"
    return f"{seconds / 86_400:.1f} days"


def _size(number: float) -> str:
    return f"{number / (1 << 30):.1f} GiB"
