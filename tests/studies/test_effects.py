"""Effects: paired by seed, against numpy and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from nearfar.records import Column, StudyRecord, StudyRow
from nearfar.studies import (
    AllOf,
    Difference,
    Exactly,
    Interior,
    Largest,
    Level,
    Monotone,
    RankCorrelation,
    Slope,
)
from nearfar.studies._effects import Effect
from nearfar.studies._estimates import NormalEstimate, SignFlips
from nearfar.studies._test_samples import packed
from tests.studies.made_up import record, row


def values(effect: Effect, found: StudyRecord) -> list[float]:
    return [pytest.approx(one.value) for one in effect.estimates(found)]


def sweep(curves: dict[int, list[float]], settings: list[float]) -> StudyRecord:
    """A sweep whose rows have one value per seed."""
    rows = [
        StudyRow(
            f"at {x}",
            values={"x": (x,) * len(curves), "y": tuple(curve[i] for curve in curves.values())},
            seeds=len(curves),
            seed_numbers=tuple(curves),
        )
        for i, x in enumerate(settings)
    ]
    return record(rows, [Column("x", "x"), Column("y", "y")])


def test_differences_are_paired_by_seed_and_in_points() -> None:
    rows = [
        row("a", 0.5, 0.7, seed_numbers=(0, 2)),
        row("b", 0.4, 0.9, 0.5, seed_numbers=(0, 1, 2)),
    ]
    effect = Difference("linear", "a", "b")
    (found,) = effect.estimates(record(rows))
    assert found.value == pytest.approx(100 * np.mean([0.1, 0.2]))
    assert found.seeds == 2
    assert effect.unit(record(rows)) == "points"
    assert effect.rows == ("a", "b")


def test_raw_features_have_no_seed_and_are_compared_with_all() -> None:
    rows = [row("a", 0.5, 0.7), row("raw", 0.4, baseline=True)]
    (found,) = Difference("linear", "a", "raw").estimates(record(rows))
    assert (found.value, found.seeds) == (pytest.approx(20), 2)
    once = [row("a", 0.5, 0.7), row("b", 0.4)]  # not a baseline: seed 0 only
    (found,) = Difference("linear", "a", "b").estimates(record(once))
    assert found.seeds == 1


def test_what_was_not_measured_has_no_estimate() -> None:
    assert Difference("linear", "a", "b").estimates(record([row("a", 0.5)])) == []
    assert Difference("knn", "a", "a").estimates(record([row("a", 0.5)])) == []
    both = AllOf([Level("linear", "a"), Level("linear", "b")])
    assert both.estimates(record([row("a", 0.5)])) == []
    assert both.rows == ("a", "b")


def test_a_level_is_above_or_below_a_number() -> None:
    found = record([row("a", 0.5, 0.6)])
    assert values(Level("linear", "a", minus=0.4), found) == [15]
    assert values(Level("linear", "a", minus=0.4, sign=-1), found) == [-15]


def test_signs_can_be_flipped() -> None:
    found = record([row("a", 0.5, 0.7, 0.6), row("b", 0.4, 0.4, 0.4)])
    (estimate,) = Difference("linear", "a", "b", test="signs").estimates(found)
    assert isinstance(estimate, SignFlips)


def test_a_slope_is_that_of_least_squares_per_seed() -> None:
    curves = {0: [1.0, 2.5, 2.8], 3: [0.0, 1.0, 2.5]}
    found = sweep(curves, [32.0, 64.0, 128.0])
    (estimate,) = Slope("y", over="x", log2=True).estimates(found)
    slopes = [stats.linregress([5, 6, 7], curve).slope for curve in curves.values()]
    assert estimate.value == pytest.approx(np.mean(slopes))
    assert estimate.interval(0.95) == pytest.approx(
        stats.ttest_1samp(slopes, 0).confidence_interval(0.95)
    )


def test_the_slope_of_one_seed_has_the_error_of_its_residuals() -> None:
    found = sweep({0: [1.0, 2.5, 2.8, 4.4]}, [1.0, 2.0, 3.0, 4.0])
    (estimate,) = Slope("y", over="x").estimates(found)
    expected = stats.linregress([1, 2, 3, 4], [1.0, 2.5, 2.8, 4.4])
    assert estimate.value == pytest.approx(expected.slope)
    assert 2 * estimate.exceeds(0) == pytest.approx(expected.pvalue)


def test_an_optimum_inside_rises_and_falls() -> None:
    inside = sweep({0: [0.0, 3.0, 4.0, 3.0, 0.0], 1: [0.1, 3.0, 4.2, 3.0, 0.1]}, [0, 1, 2, 3, 4])
    effect = Interior("y", over="x")
    rise, fall = effect.estimates(inside)
    assert rise.value == pytest.approx(fall.value)
    assert rise.value == pytest.approx(16, rel=0.02)  # 4x − x²: slope 4 at 0, over a width of 4
    optimum = effect.optimum(inside)
    assert optimum is not None
    assert optimum.value == pytest.approx(2)
    rising = sweep({0: [0.0, 1.0, 2.0, 3.0], 1: [0.0, 1.1, 2.1, 3.2]}, [0, 1, 2, 3])
    rise, fall = effect.estimates(rising)
    assert rise.value > 0 > fall.value


def test_a_monotone_sweep_rises_at_every_step() -> None:
    found = sweep({0: [0.0, 1.0, 0.5], 1: [0.0, 1.2, 0.7]}, [1, 2, 3])
    assert values(Monotone("y", over="x"), found) == [1.1, -0.5]
    assert values(Monotone("y", over="x", sign=-1), found) == [-1.1, 0.5]


def test_only_the_rows_of_a_group_are_a_sweep() -> None:
    found = sweep({0: [0.0, 1.0, 0.5]}, [1, 2, 3])
    assert Slope("y", over="x", group="other").estimates(found) == []


def test_rank_correlations_are_those_of_scipy() -> None:
    draw = np.random.default_rng(0)
    z = draw.normal(size=40)
    x, y = z + draw.normal(size=40), z + draw.normal(size=40)
    rows = [StudyRow(str(i), values={"x": (x[i],), "y": (y[i],), "z": (z[i],)}) for i in range(40)]
    found = record(rows, [Column(name, name) for name in "xyz"])
    (plain,) = RankCorrelation("x", "y").estimates(found)
    assert plain.value == pytest.approx(stats.spearmanr(x, y).statistic)
    (given,) = RankCorrelation("x", "y", given="z").estimates(found)
    ranks = [stats.rankdata(v) for v in (x, y, z)]
    left = [
        r - np.polyval(np.polyfit(ranks[2], r, 1), ranks[2]) for r in ranks[:2]
    ]  # residuals of a regression on the third
    assert given.value == pytest.approx(np.corrcoef(left)[0, 1])
    assert abs(given.value) < plain.value
    ends = plain.interval(0.95)
    assert ends is not None
    error = math.sqrt((1 + plain.value**2 / 2) / 37)
    assert ends[0] == pytest.approx(math.tanh(math.atanh(plain.value) - 1.959964 * error))


def test_tied_ranks_are_means() -> None:
    rows = [
        StudyRow(str(i), values={"x": (v,), "y": (w,)})
        for i, (v, w) in enumerate([(1, 1), (1, 2), (2, 2), (3, 5), (3, 4), (4, 6)])
    ]
    found = record(rows, [Column("x", "x"), Column("y", "y")])
    (estimate,) = RankCorrelation("x", "y").estimates(found)
    expected = stats.spearmanr([1, 1, 2, 3, 3, 4], [1, 2, 2, 5, 4, 6]).statistic
    assert estimate.value == pytest.approx(expected)


def test_the_largest_value_of_all_rows_is_exact() -> None:
    rows = [
        StudyRow("a", values={"error": (1.0, 3.0), "bound": (2.0, 2.5)}),
        StudyRow("b", values={"error": (2.0,), "bound": (7.0,)}),
    ]
    found = record(rows, [Column("error", ""), Column("bound", "")])
    assert values(Largest("error"), found) == [3]
    assert values(Largest("error", "b"), found) == [2]
    assert values(Largest("error", minus="bound"), found) == [5]
    assert Largest("other").estimates(found) == []
    (one,) = Largest("error").estimates(found)
    assert one.interval(0.95) == (3.0, 3.0)


def test_any_number_can_be_an_effect() -> None:
    effect = Exactly(lambda record: float(len(record.rows)), label="rows", of_unit="rows")
    assert values(effect, record([row("a", 1.0)])) == [1]
    assert effect.unit(record([])) == "rows"
    assert Exactly(lambda record: None).estimates(record([])) == []


def with_samples(name: str, *right: list[bool], baseline: bool = False) -> StudyRow:
    """A row whose seeds are right on these test samples."""
    return StudyRow(
        name,
        values={"linear": tuple(float(np.mean(bits)) for bits in right)},
        words={"linear right": tuple(packed(bits) for bits in right)},
        seeds=len(right),
        baseline=baseline,
    )


def test_the_error_of_the_test_samples_is_added() -> None:
    draw = np.random.default_rng(0)
    a = [(draw.random(400) < p).tolist() for p in (0.60, 0.62, 0.63)]
    b = [(draw.random(400) < p).tolist() for p in (0.50, 0.53, 0.50)]
    rows = [with_samples("a", *a), with_samples("b", *b)]
    (found,) = Difference("linear", "a", "b").estimates(record(rows))
    assert isinstance(found, NormalEstimate)
    per_seed = 100 * (np.mean(a, axis=1) - np.mean(b, axis=1))
    over_seeds = np.var(per_seed, ddof=1) / 3
    per_sample = 100 * (np.mean(a, axis=0) - np.mean(np.asarray(b, float), axis=0))
    over_samples = np.var(per_sample, ddof=1) / 400
    assert found.value == pytest.approx(per_seed.mean())
    assert found.error == pytest.approx(math.sqrt(over_seeds + over_samples))
    assert found.fixed == pytest.approx(math.sqrt(over_samples))
    expected = (over_seeds + over_samples) ** 2 / (over_seeds**2 / 2 + over_samples**2 / 399)
    assert found.freedom == math.floor(expected)


def test_the_interval_covers_new_test_samples() -> None:
    """Of many made-up studies whose samples are drawn, 95 % have the true difference inside."""
    draw = np.random.default_rng(1)
    inside = 0
    for _ in range(300):
        hard = draw.random(100)  # how hard each sample is, for both rows
        rows = [
            with_samples(
                name, *[(hard < p + 0.02 * draw.standard_normal()).tolist() for _ in "123"]
            )
            for name, p in (("a", 0.6), ("b", 0.5))
        ]
        (found,) = Difference("linear", "a", "b").estimates(record(rows))
        ends = found.interval(0.95)
        assert ends is not None
        inside += ends[0] <= 10 <= ends[1]
    assert inside / 300 > 0.92


def test_samples_of_raw_features_are_compared_with_every_seed() -> None:
    rows = [
        with_samples("a", [True, True, True, False], [True, True, False, True]),
        with_samples("raw", [True, False, False, False], baseline=True),
    ]
    (found,) = Difference("linear", "a", "raw").estimates(record(rows))
    assert isinstance(found, NormalEstimate)
    # both seeds have the same accuracy, so the error is that of the samples alone
    means = np.asarray([0.0, 1.0, 0.5, 0.5])
    assert found.error == pytest.approx(100 * np.std(means, ddof=1) / 2)
    assert found.freedom == 3


def test_other_test_samples_are_not_paired() -> None:
    rows = [
        with_samples("a", [True, True, True], [True, False, True]),
        with_samples("b", [True, False], [False, False]),
    ]
    (found,) = Difference("linear", "a", "b").estimates(record(rows))
    assert isinstance(found, NormalEstimate)
    assert found.fixed == 0
