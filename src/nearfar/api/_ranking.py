"""Rank runs by how well their representations find the other view of held-out samples."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from jaxtyping import Float
from safetensors import safe_open
from torch import Tensor

from nearfar._student_t import student_quantile, student_tail
from nearfar._verdict_names import VERDICTS, is_good
from nearfar.api._division import Division
from nearfar.api._stored_run import StoredRun
from nearfar.data import Source
from nearfar.data._files import list_names
from nearfar.diagnostics._view_retrieval import nearer_views
from nearfar.inputs import View
from nearfar.inputs._forward_parts import forward_parts
from nearfar.records import RankedRun, RankingRecord

__all__ = ["names_of", "ranked"]

_SUBSAMPLES = 400
_SEED = re.compile(r"[,_-]?seed[=_-]?\d+$")
_SURE = 0.975  # probability from which one run is better than another
_SMALL_ERROR = 1e-12
_FAULTS = (ImportError, OSError, TypeError, ValueError, RuntimeError)


@final
class _RefusedError(Exception):
    """Runs that cannot be ranked, with what would be needed."""

    def __init__(self, why: str, needed: str = "") -> None:
        super().__init__(why)
        self.needed = needed


@dataclass(frozen=True)
class _Setting:
    """Runs that differ in the seed alone, by seed."""

    name: str
    runs: Mapping[int, StoredRun]


def ranked(runs: Sequence[StoredRun], names: Sequence[str], *, data: Any = None) -> RankingRecord:
    """The runs in the order in which they find the other view of held-out samples.

    The reading is the order of retrieval by **representations**, which no objective of a method
    with a projector optimises, on the same two views of the same held-out samples: those that all
    runs were trained on, else the usual ones of the modality. Runs with an alarm are below all
    others. Runs that differ in the seed alone are one setting.

    Differences are paired: every run is read on the same 400 subsamples of half of the samples,
    drawn without replacement, whose spread is that of all samples. With several seeds, the spread
    over seeds counts if it is larger. Runs are tied if the first is better with a probability below
    0.975.

    Args:
        runs: The runs.
        names: Their names.
        data: The data, if the runs were trained on an object in memory.

    Returns:
        The ranking, or why there is none: other data, other held-out samples, other encoders,
        objectives that compare the representations themselves, or data that are no longer there.
    """
    try:
        settings = _settings(runs, names)
        _check_encoders(runs, names)
        read = _Reader(runs, data)
        orders = {s.name: {seed: read(run) for seed, run in s.runs.items()} for s in settings}
    except _RefusedError as why:
        return RankingRecord(refused=str(why), needed=why.needed)
    except _FAULTS as error:
        return RankingRecord(refused=f"{error}")
    return _ranking(settings, orders, samples=read.samples, alike=read.alike)


def names_of(runs: Sequence[StoredRun]) -> list[str]:
    """Names of the directories, with the folder above and the checkpoint where they are needed."""
    short = [run.path.resolve().name for run in runs]
    steps = [run.checkpoint_step for run in runs]
    paths = {run.path.resolve() for run in runs}
    same = len(paths) > len({path.name for path in paths})
    long = [f"{run.path.resolve().parent.name}/{run.path.resolve().name}" for run in runs]
    named = zip(long if same else short, steps, strict=True)
    return [name if step is None else f"{name}@{step}" for name, step in named]


def _settings(runs: Sequence[StoredRun], names: Sequence[str]) -> list[_Setting]:
    """The settings, each with the same seeds and held-out samples.

    Raises:
        _RefusedError: Fewer than two, other data, or other held-out samples.
    """
    recipes = [run.directory.read_recipe() for run in runs]
    marks = [recipe["data"].get("fingerprint") for recipe in recipes]
    other = next((n for n, mark in zip(names, marks, strict=True) if mark != marks[0]), None)
    if other is not None:
        needed = "train both on the same data, or probe both with the same labels"
        raise _RefusedError(f"{names[0]} and {other} are of different data", needed)
    found: dict[str, dict[int, StoredRun]] = {}
    called: dict[str, str] = {}
    for run, name, recipe in zip(runs, names, recipes, strict=True):
        seed = int(recipe["training"]["seed"])
        training = {k: v for k, v in recipe["training"].items() if k != "seed"}
        key = repr({**recipe, "training": training, "at": run.checkpoint_step})
        if seed in found.setdefault(key, {}):
            key = f"{key} {name}"
        found.setdefault(key, {})[seed] = run
        called[key] = name if len(found[key]) == 1 else called[key]
    seeds = {tuple(sorted(held)) for held in found.values()}
    needed = "train each setting with the same seeds"
    if len(seeds) > 1:
        shown = list_names([str(seed) for seed in sorted({s for held in seeds for s in held})])
        raise _RefusedError(f"seeds hold out different samples (seeds {shown})", needed)
    if len(found) < 2:
        raise _RefusedError("there is one setting only", "give runs of another setting")
    for seed in seeds.pop():
        kept = {repr(held[seed].directory.read_division()) for held in found.values()}
        if len(kept) > 1:
            raise _RefusedError(
                "the runs hold out different samples", "train each with the same groups"
            )
    return [
        _Setting(_SEED.sub("", called[key]) if len(held) > 1 else called[key], held)
        for key, held in found.items()
    ]


def _check_encoders(runs: Sequence[StoredRun], names: Sequence[str]) -> None:
    """Check that encoders have one architecture and are not what the objective compares.

    Raises:
        _RefusedError: They differ, or an objective has no projector.
    """
    first = runs[0].description
    for run, name in zip(runs, names, strict=True):
        known = run.description
        if (known.name, known.width, known.arguments) != (first.name, first.width, first.arguments):
            raise _RefusedError(
                f"{names[0]} and {name} have different encoders, {first.name} of width"
                f" {first.width} and {known.name} of width {known.width}, whose untrained"
                " representations already find other views differently",
                "probe both with the same labels: nearfar probe RUN --data LABELLED",
            )
        if known.form != first.form:
            raise _RefusedError(
                f"{names[0]} and {name} are shown the samples in different forms",
                "train both with the same options of the data",
            )
        with safe_open(run.with_heads.path, framework="pt") as file:
            held = [name for name in file.keys() if name.startswith("method.")]  # noqa: SIM118
        if all(key.startswith("method.encoder.") for key in held):
            raise _RefusedError(
                f"the objective of {name} compares the representations themselves, so that how"
                " well they find the other view is what was trained",
                "probe the runs with labels",
            )


@final
class _Reader:
    """Reads which views are nearer than the own one, of held-out samples of each seed."""

    def __init__(self, runs: Sequence[StoredRun], data: Any) -> None:
        setup = runs[0].prepared_on(data)
        self._source: Source = setup.train.source
        recipes = [run.directory.read_recipe() for run in runs]
        trained = {repr([r["method"]["name"], r["views"], r["data"]]) for r in recipes}
        self.alike = len(trained) == 1 and setup.method.positives
        self._make = setup.views if self.alike else setup.kind.two_views(setup.form)
        self._views: dict[int, tuple[View, ...]] = {}
        self.samples = 0

    def __call__(self, run: StoredRun) -> Float[Tensor, "samples samples"]:
        seed = int(run.directory.read_recipe()["training"]["seed"])
        if seed not in self._views:
            record = run.directory.read_division()
            watched = Division.again(self._source, record, seed=seed).parts(self._source)[1]
            batch = watched.read(range(len(watched)))
            made = self._make(batch.inputs, batch.samples, seed=seed, epoch=0)
            self._views[seed] = made[:2]
        one, other = (_encoded(run, view) for view in self._views[seed])
        self.samples = len(one)
        return (nearer_views(one, other) + nearer_views(other, one)) / 2


def _ranking(
    settings: Sequence[_Setting],
    nearer: Mapping[str, Mapping[int, Tensor]],
    *,
    samples: int,
    alike: bool,
) -> RankingRecord:
    """The places, from the orders of all settings on the same subsamples."""
    subsets = _subsets(samples)
    drawn = {
        name: {seed: _orders(matrix, subsets) for seed, matrix in held.items()}
        for name, held in nearer.items()
    }
    whole = {
        name: {
            seed: float(_orders(matrix, [torch.arange(samples)])) for seed, matrix in held.items()
        }
        for name, held in nearer.items()
    }
    rows = [_row(setting, whole[setting.name], drawn[setting.name]) for setting in settings]
    rows.sort(key=lambda row: (row.alarm, -row.order))

    def better(first: RankedRun, second: RankedRun) -> float:
        return _probability(
            [whole[first.name][s] - whole[second.name][s] for s in whole[first.name]],
            [drawn[first.name][s] - drawn[second.name][s] for s in drawn[first.name]],
        )

    placed: list[RankedRun] = []
    leader = rows[0]
    for number, row in enumerate(rows, start=1):
        apart = row.alarm != leader.alarm or better(leader, row) >= _SURE
        if row is leader or apart:
            leader = row
            placed.append(replace(row, place=number))
        else:
            placed.append(replace(row, place=placed[-1].place))
    notes = [] if rows[0].seeds > 1 else ["another seed can change the order: train several"]
    if not alike:
        notes.append("trained on different views, and read on the usual ones of the modality")
    return RankingRecord(
        runs=tuple(placed),
        probability=round(better(rows[0], rows[1]), 3),
        samples=samples,
        notes=tuple(notes),
    )


def _row(setting: _Setting, whole: Mapping[int, float], drawn: Mapping[int, Tensor]) -> RankedRun:
    """A setting with its interval; the place is set later."""
    verdicts = [run.health.verdict for run in setting.runs.values()]
    known = [name for name in VERDICTS if name in verdicts]
    verdict = known[0] if known else verdicts[0]
    mean = statistics.fmean(whole.values())
    error, freedom = _error(list(whole.values()), list(drawn.values()))
    reach = student_quantile(freedom) * error
    return RankedRun(
        name=setting.name,
        place=1,
        order=round(mean, 4),
        low=round(max(0.0, mean - reach), 4),
        high=round(min(1.0, mean + reach), 4),
        verdict=verdict,
        alarm=not is_good(verdict),
        seeds=len(whole),
    )


def _probability(differences: Sequence[float], drawn: Sequence[Tensor]) -> float:
    """Probability that a mean difference is positive, given its subsamples."""
    if len(differences) == 1:
        above = (drawn[0] > _SMALL_ERROR).double() + (drawn[0].abs() <= _SMALL_ERROR).double() / 2
        return float(above.mean())
    mean = statistics.fmean(differences)
    error, freedom = _error(differences, drawn)
    if error <= _SMALL_ERROR:
        return 0.5 if abs(mean) <= _SMALL_ERROR else float(mean > 0)
    return 1 - student_tail(mean / error, freedom)


def _error(values: Sequence[float], drawn: Sequence[Tensor]) -> tuple[float, float]:
    """Standard error of a mean over seeds, and its degrees of freedom.

    The larger of that from subsamples and that from the spread over seeds.
    """
    count = len(values)
    within = sum(float(each.var(correction=0)) for each in drawn) ** 0.5 / count
    if count < 2:
        return within, float("inf")
    between = statistics.stdev(values) / count**0.5
    return max(within, between), count - 1.0


def _subsets(samples: int) -> list[Tensor]:
    """Random halves of the samples, the same in every call."""
    draws = torch.Generator().manual_seed(0)
    half = max(2, samples // 2)
    return [torch.randperm(samples, generator=draws)[:half] for _ in range(_SUBSAMPLES)]


def _orders(nearer: Tensor, subsets: Sequence[Tensor]) -> Tensor:
    """The order of retrieval among the samples of each subset."""
    found = [1 - nearer[rows][:, rows].sum() / (len(rows) * (len(rows) - 1)) for rows in subsets]
    return torch.stack(found)


@torch.no_grad()
def _encoded(run: StoredRun, view: View) -> Tensor:
    parts = forward_parts(view)
    return torch.cat([run.encoder(part).flatten(1).float() for (part,) in parts])
