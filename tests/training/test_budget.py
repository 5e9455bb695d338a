"""Settings chosen from measured costs, and the costs as measured."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.data import Subset, open_source
from nearfar.training import Engine, TrainingOptions, _measured_updates, plan
from nearfar.training._budget import (
    LEAST_UPDATES,
    Choice,
    Cost,
    Extent,
    choose,
    run_memory,
    run_seconds,
)
from nearfar.training._measured_updates import measure
from nearfar.views import ImageViews
from tests.every import every
from tests.training.worlds import build

GIB = 1 << 30
USUAL = TrainingOptions()
EXTENT = Extent(samples=540, watched=60)
FREE = ("epochs", "batch_size", "micro_batch", "max_updates")
SIDES = (224, 160, 128, 96, 64, 48, 32)


def photographs(place: int, *, of_largest: float = 0.14) -> Cost:
    """Costs that fall with the area of a picture."""
    share = (SIDES[place] / SIDES[0]) ** 2
    return Cost(
        update=0.01,
        sample=of_largest * share,
        memory=1e7,
        sample_memory=44e6 * share,
    )


def chosen(
    minutes: float,
    *,
    memory: float | None = 16 * GIB,
    free: tuple[str, ...] = FREE,
    options: TrainingOptions = USUAL,
    extent: Extent = EXTENT,
) -> Choice:
    return choose(
        len(SIDES),
        photographs,
        options,
        extent,
        free=free,
        seconds=lambda: 60 * minutes,
        memory=memory,
    )


def test_what_fits_is_left_as_it_is() -> None:
    found = chosen(1_000, memory=100 * GIB)
    assert (found.rung, found.options) == (0, USUAL)
    assert found.in_time
    assert found.in_memory


def test_only_the_usual_setting_is_measured_if_it_fits() -> None:
    asked = []

    def cost(place: int) -> Cost:
        asked.append(place)
        return photographs(place, of_largest=1e-4)

    choose(7, cost, USUAL, EXTENT, free=FREE, seconds=lambda: 600.0, memory=None)
    assert set(asked) == {0}


def test_ten_minutes_for_photographs_mean_smaller_pictures_and_batches_but_many_updates() -> None:
    found = chosen(10)
    steps = plan(EXTENT.samples, found.options).steps
    assert found.usual_seconds > 60 * 60
    assert 48 <= SIDES[found.rung] <= 160
    assert found.options.batch_size == 64
    assert steps >= 200
    assert found.in_time
    assert found.in_memory
    assert found.seconds == run_seconds(photographs(found.rung), found.options, EXTENT)


@settings(max_examples=25)
@given(st.floats(0.001, 500.0), st.floats(0.2, 64.0))
def test_a_setting_said_to_be_in_time_is_and_nothing_grows(minutes: float, gib: float) -> None:
    found = chosen(minutes, memory=gib * GIB)
    options = found.options
    if found.in_time:
        assert run_seconds(photographs(found.rung), options, EXTENT) <= 60 * minutes
    if found.in_memory:
        assert run_memory(photographs(found.rung), options, EXTENT) <= 0.6 * gib * GIB
    assert options.epochs <= USUAL.epochs
    assert options.batch_size <= USUAL.batch_size
    assert plan(EXTENT.samples, options).steps >= LEAST_UPDATES


@settings(max_examples=25)
@given(st.sets(st.sampled_from(FREE)))
def test_options_that_are_not_free_stay(free: set[str]) -> None:
    found = chosen(1.0, free=tuple(free))
    for name, value in vars(USUAL).items():
        if name not in free:
            assert getattr(found.options, name) == value


def test_the_smallest_setting_is_said_to_be_late_and_has_a_handful_of_updates() -> None:
    found = chosen(0.01)
    assert found.rung == len(SIDES) - 1
    assert not found.in_time
    assert plan(EXTENT.samples, found.options).steps in range(LEAST_UPDATES, 2 * LEAST_UPDATES)


def test_more_time_never_means_smaller_pictures() -> None:
    rungs = [chosen(minutes).rung for minutes in (0.1, 0.5, 2, 5, 10, 20, 60, 240)]
    assert rungs == sorted(rungs, reverse=True)


def test_a_large_set_is_cut_within_its_first_epoch() -> None:
    million = Extent(samples=1_000_000, watched=256)
    found = chosen(10, extent=million)
    steps = plan(million.samples, found.options).steps
    assert found.options.epochs == 1
    assert found.options.max_updates == steps < 1_000_000 // found.options.batch_size
    assert found.in_time
    assert found.seconds > 0.7 * 600  # the time is used


def test_a_batch_that_does_not_fit_is_divided_and_one_that_was_given_is_not() -> None:
    divided = chosen(1_000, memory=4 * GIB)
    micro = divided.options.micro_batch
    assert divided.rung == 0
    assert divided.options.batch_size == USUAL.batch_size
    assert micro is not None
    assert divided.in_memory
    doubled = TrainingOptions(micro_batch=2 * micro)
    assert run_memory(photographs(0), doubled, EXTENT) > 0.6 * 4 * GIB
    kept = chosen(1_000, memory=4 * GIB, free=("epochs", "micro_batch", "max_updates"))
    assert kept.options == USUAL
    assert not kept.in_memory


def test_a_setting_that_is_chosen_is_modest_and_a_usual_one_that_fits_is_left() -> None:
    def choice(minutes: float, most: float) -> Choice:
        extent = Extent(samples=540, watched=60, resident=GIB / 2)
        limits = {"free": FREE, "seconds": lambda: 60 * minutes, "memory": 64.0 * GIB, "most": most}
        return choose(len(SIDES), photographs, USUAL, extent, **limits)

    free, modest = choice(60, math.inf), choice(60, 2.0 * GIB)
    assert free.memory > 2 * GIB >= modest.memory
    assert modest.in_time
    assert modest.options.micro_batch is not None
    assert choice(1e4, 2.0 * GIB).options == USUAL


def test_whole_batches_only_become_fewer() -> None:
    whole = Extent(samples=2_000, watched=256, least_batch=None)
    usual = TrainingOptions(batch_size=2_000, epochs=180)
    cost = Cost(update=1.0, sample=0.0, sample_memory=1e9)
    found = choose(1, lambda place: cost, usual, whole, free=FREE, seconds=lambda: 60.0, memory=GIB)
    assert found.options.batch_size == 2_000
    assert found.options.micro_batch is None
    assert found.options.epochs < 60
    assert not found.in_memory


def test_updates_end_where_they_are_told_to() -> None:
    short = plan(1_000, TrainingOptions(batch_size=100, epochs=3, max_updates=25))
    assert (short.steps, short.updates_per_epoch, short.warmup) == (25, 10, 2)
    assert plan(1_000, TrainingOptions(batch_size=100, epochs=3, max_updates=99)).steps == 30
    with pytest.raises(
        ValueError, match="`max_updates` must be a whole number of 1 or more, got 0"
    ):
        TrainingOptions(max_updates=0)


def test_measuring_finds_a_cost_and_changes_nothing() -> None:
    method = build("simclr")
    before = {name: value.clone() for name, value in method.state_dict().items()}
    state = torch.get_rng_state()
    cost = measure(
        method,
        Subset(open_source("digits"), torch.arange(96)),
        ImageViews(size=16, channels=1),
        options=TrainingOptions(batch_size=32),
        engine=Engine(devices=1, precision="32"),
        longest=10.0,
    )
    assert 0 <= cost.update < 60
    assert 0 < cost.sample < 10
    # at least the images and the first feature map of both views are kept for the backward pass
    assert cost.sample_memory > 2 * 4 * (16 * 16 + 4 * 8 * 8)
    assert math.isclose(
        cost.memory, 3 * 4 * sum(p.numel() for p in method.parameters() if p.requires_grad)
    )
    assert torch.equal(torch.get_rng_state(), state)
    assert every(torch.equal(before[name], value) for name, value in method.state_dict().items())


@pytest.mark.parametrize(("most", "largest"), [(1 << 40, 64), (0, 8)])
def test_measuring_takes_little_memory(
    monkeypatch: pytest.MonkeyPatch, most: int, largest: int
) -> None:
    monkeypatch.setattr(_measured_updates, "_MOST", most)
    sizes = []
    own = _measured_updates._Trial.seconds
    monkeypatch.setattr(
        _measured_updates._Trial,
        "seconds",
        lambda trial, samples: (sizes.append(samples), own(trial, samples))[1],
    )
    measure(
        build("simclr"),
        Subset(open_source("digits"), torch.arange(96)),
        ImageViews(size=16, channels=1),
        options=TrainingOptions(batch_size=64),
        engine=Engine(devices=1, precision="32"),
        longest=10.0,
    )
    assert max(sizes) == largest
