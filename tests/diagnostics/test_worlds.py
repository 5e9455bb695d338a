"""Faults that a good rank and good agreement hide are found, and nothing else is called one."""

from __future__ import annotations

import itertools

import pytest
import torch

from nearfar.diagnostics import health, repetition, samples_per_point
from tests.diagnostics.embedding_worlds import FAULTY, SOUND, drawn, views

SIZES = [(500, 32), (2_000, 128), (500, 768)]
LARGE = [  # the others of the grid; half a minute each where both are largest
    pytest.param(*size, marks=pytest.mark.full)
    for size in itertools.product((500, 2_000, 25_000), (32, 128, 768, 2_048))
    if size not in SIZES
]


@pytest.mark.parametrize(("samples", "dim"), [*SIZES, *LARGE])
@pytest.mark.parametrize("world", FAULTY)
def test_a_fault_is_named(world: str, samples: int, dim: int) -> None:
    record = health(*FAULTY[world](samples, dim))
    assert record.verdict == world.partition(" of ")[0].partition(" as ")[0]
    assert record.verdicts[0] == record.verdict
    assert record.summary.startswith(f"{record.verdict}: ")
    assert bool(record.advice) == (record.verdict != "no collapse seen")


@pytest.mark.parametrize(("samples", "dim"), [*SIZES, *LARGE])
@pytest.mark.parametrize("world", SOUND)
def test_no_alarm_without_a_fault(world: str, samples: int, dim: int) -> None:
    record = health(*SOUND[world](samples, dim))
    assert record.verdicts == ("healthy",)
    assert record.advice == ()


def test_a_lost_representation_behind_a_good_projection_is_named() -> None:
    one, other = views(drawn(2_000, 128))
    lost = drawn(2_000, 3, seed=7) @ drawn(3, 512, seed=8)
    record = health(one, other, representations=lost)
    assert record.verdict == "representation lost"
    assert "before the projector: few directions carry the variance" in record.summary
    assert health(one, other, representations=drawn(2_000, 512)).verdict == "healthy"


def test_a_few_long_rows_are_named_and_decide_nothing() -> None:
    z = drawn(2_000, 128)
    z[[7, 30, 999]] *= 1e4
    record = health(z + 1e-3 * drawn(2_000, 128, seed=1), z)
    assert record.verdict == "healthy"
    assert record.measurements["effective_rank"] < 10 < record.measurements["spherical_rank"]
    reading = next(found.reading for found in record.findings if found.name == "longest")
    assert reading == "3 rows are over 100 times as long as the median"


def test_several_verdicts_hold_at_once_and_all_are_listed() -> None:
    one, other = views(drawn(1_000, 128) * (torch.arange(128) < 64))
    alive = (torch.arange(128) < 64).float()
    record = health((one * alive).repeat(2, 1), (other * alive).repeat(2, 1))
    assert record.verdicts == ("dead dimensions", "duplicates")
    assert "also duplicates" in record.summary


def test_what_embeddings_cannot_show_is_said() -> None:
    z = drawn(200, 16)
    two = health(*views(z)).not_judged
    assert [line.partition(":")[0] for line in two] == [
        "gain over the untrained encoder",
        "structure",
        "shortcuts",
        "confidence",
    ]
    assert [line.partition(":")[0] for line in health(z).not_judged] == [
        "agreement of views",
        "gain over the untrained encoder",
        "structure",
        "shortcuts",
        "confidence",
    ]


@pytest.mark.parametrize(("copies", "distinct"), [(1, 1.0), (2, 0.5), (20, 0.05)])
def test_repetition_counts_points(copies: int, distinct: float) -> None:
    points = drawn(400 // copies, 24).repeat(copies, 1)
    found = repetition(points, points + 0.1 * drawn(400, 24, seed=1))
    assert float(found.distinct) == pytest.approx(distinct)
    assert float(found.repeated) == float(copies > 1)
    on_points = samples_per_point(points)
    assert on_points.sizes.tolist() == [copies] * 400
    assert on_points.rows.tolist() == list(range(400))
    assert float(found.confused) == pytest.approx(0.5 if copies > 1 else 0, abs=0.05)
    assert repetition(points).confused.isnan()


def test_samples_on_a_point_that_views_distinguish_are_not_confused() -> None:
    groups = 10 * drawn(20, 24).repeat(20, 1) + 0.1 * drawn(400, 24, seed=1)
    told = repetition(groups, groups + 0.01 * drawn(400, 24, seed=2))
    assert float(told.distinct) == pytest.approx(0.05)
    assert float(told.confused) < 0.02
    assert health(groups, groups + 0.01 * drawn(400, 24, seed=2)).verdict != "few points"


@pytest.mark.parametrize("rows", [2, 3, 11])
def test_few_rows_are_counted_as_well(rows: int) -> None:
    found = repetition(drawn(rows, 8))
    assert float(found.distinct) == 1
    assert float(repetition(torch.ones(rows, 8)).distinct) <= 1
