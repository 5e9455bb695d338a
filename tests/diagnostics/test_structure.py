"""Readings of structure equal loops over their formulas, and known worlds read as they should."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from nearfar.diagnostics import (
    dimension_correlation,
    hubness,
    intrinsic_dimension,
    lidar,
    linear_cka,
    neighbor_overlap,
    participation_ratio,
    power_law_exponent,
    stable_rank,
    view_ranks,
    view_retrieval,
)
from tests import references
from tests.references.neighbor_distances import apart, unit

Rows = NDArray[np.float64]


def samples(count: int, dim: int, seed: int = 0) -> torch.Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=source, dtype=torch.float64)


@pytest.mark.parametrize(("dim", "k"), [(2, 5), (6, 10), (40, 20)])
def test_intrinsic_dimension_is_the_published_estimate(dim: int, k: int) -> None:
    z = samples(150, dim)
    found = intrinsic_dimension(z, neighbors=k)
    by_hand = references.intrinsic_dimension.intrinsic_dimension(z.numpy(), k=k)
    assert tuple(map(float, found)) == pytest.approx(by_hand, rel=1e-6)


@pytest.mark.parametrize(("sheet", "low", "high"), [(1, 0.9, 1.1), (2, 1.8, 2.2), (5, 4.3, 5.5)])
def test_a_curved_sheet_reads_its_own_dimension(sheet: int, low: float, high: float) -> None:
    numbers = torch.rand(2_000, sheet, generator=torch.Generator().manual_seed(1)).double()
    angles = numbers @ samples(sheet, 64, seed=2) * 2
    wound = torch.cat([angles.sin(), angles.cos()], dim=1)
    found = intrinsic_dimension(wound)
    assert low < float(found.two_nn) < high
    assert low - 0.4 < float(found.local_median) < high + 0.4


def test_a_curve_wound_too_often_to_follow_is_one_where_samples_are_close() -> None:
    angle = torch.rand(500, 1, generator=torch.Generator().manual_seed(1)).double() * 6.283
    waves = angle * torch.arange(1, 1_025)
    found = intrinsic_dimension(torch.cat([waves.sin(), waves.cos()], dim=1))
    assert found.two_nn > 2
    assert 0.5 < found.closest < 1.3
    assert intrinsic_dimension(samples(500, 8)).closest > 5


def test_copies_and_zeros_leave_the_intrinsic_dimension_as_it_is() -> None:
    z = samples(300, 6)
    copied = torch.cat([z, 2 * z, torch.zeros(5, 6, dtype=torch.float64), z[:50]])
    assert [float(v) for v in intrinsic_dimension(copied)] == pytest.approx(
        [float(v) for v in intrinsic_dimension(z)]
    )
    assert [float(v) for v in intrinsic_dimension(z[:8].repeat(40, 1))] == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("k", [1, 7])
def test_hubness_counts_neighbors(k: int) -> None:
    z = samples(90, 12) + 0.5
    by_hand = references.hubness.hubness(z.numpy(), k=k)
    assert tuple(map(float, hubness(z, k=k))) == pytest.approx(by_hand)


def test_a_planted_hub_is_found() -> None:
    z = torch.cat([samples(400, 64), torch.zeros(1, 64, dtype=torch.float64)]) + 0.4
    assert float(hubness(z).largest) > 0.5 > 5 * float(hubness(z[:-1]).largest)


def recall_by_galleries(z1: torch.Tensor, z2: torch.Tensor, gallery: int, k: int) -> float:
    """The mean over every gallery of that size, with the own view in it."""
    found = []
    for one, other in ((unit(z1.numpy()), unit(z2.numpy())), (unit(z2.numpy()), unit(z1.numpy()))):
        cosines = one @ other.T
        for i, row in enumerate(cosines):
            rest = [j for j in range(len(row)) if j != i]
            for chosen in itertools.combinations(rest, gallery - 1):
                nearer = sum(row[j] > row[i] for j in chosen)
                found.append(nearer < k)
    return float(np.mean(found))


@pytest.mark.parametrize("gallery", [2, 4, 7, 9])
def test_recall_is_the_mean_over_all_galleries(gallery: int) -> None:
    z1 = samples(9, 5)
    z2 = z1 + 1.5 * samples(9, 5, seed=1)
    found = view_retrieval(z1, z2, gallery=gallery)
    assert found.gallery == gallery
    assert float(found.recall_1) == pytest.approx(recall_by_galleries(z1, z2, gallery, 1))
    assert float(found.recall_5) == pytest.approx(recall_by_galleries(z1, z2, gallery, 5))
    ranks = [float(view_ranks(*pair).mean()) for pair in ((z1, z2), (z2, z1))]
    assert float(found.order) == pytest.approx(1 - np.mean(ranks))


def test_unrelated_views_and_collapse_read_chance() -> None:
    one, other = samples(2_000, 16), samples(2_000, 16, seed=1)
    unrelated = view_retrieval(one, other)
    assert [float(v) for v in unrelated[:3]] == pytest.approx(unrelated.chance, abs=0.012)
    point = torch.ones(50, 4)
    collapsed = view_retrieval(point, point)
    assert [float(v) for v in collapsed[:3]] == pytest.approx(collapsed.chance)
    assert collapsed.chance == (0.02, 0.1, 0.5)


def test_a_gallery_beyond_the_samples_is_refused() -> None:
    z = samples(20, 4)
    with pytest.raises(ValueError, match="`gallery` must be at most 20, the number of samples"):
        view_retrieval(z, z, gallery=21)


@pytest.mark.parametrize(("count", "delta"), [(2, 1e-4), (10, 1e-4), (5, 0.1)])
def test_lidar_is_the_published_formula(count: int, delta: float) -> None:
    mixed = samples(12, 12, seed=3)
    views = samples(40, 12)[:, None] @ mixed + torch.stack(
        [samples(40, 12, seed=5 + place) for place in range(count)], dim=1
    )
    found = float(lidar(views, delta=delta))
    by_hand = references.lidar.lidar(*views.unbind(1), delta=delta)
    assert float(lidar(*views.unbind(1), delta=delta)) == found
    assert found == pytest.approx(by_hand, rel=1e-6)


def test_lidar_counts_shared_directions_only() -> None:
    shared = torch.cat([samples(2_000, 16), torch.zeros(2_000, 48, dtype=torch.float64)], dim=1)
    views = torch.stack([shared + 0.1 * samples(2_000, 64, seed=s) for s in (1, 2)], dim=1)
    noise = torch.cat([torch.zeros(2_000, 2, 16), torch.ones(2_000, 2, 48)], dim=2)
    noise = noise * torch.stack([samples(2_000, 64, seed=s) for s in (3, 4)], dim=1)
    assert 15 < float(lidar(views + noise)) < 24


@pytest.mark.usefixtures("as_users_run_it")
@pytest.mark.parametrize(
    ("views", "words"),
    [
        (torch.ones(10, 4), "`views` must be floating point of shape samples × views × dim"),
        (torch.ones(10, 1, 4), "2 views or more"),
        (torch.ones(10, 2, 10), r"samples × \(views − 1\) above dim = 10, got 10 × 1 = 10"),
        (torch.ones(10, 2, 4, dtype=torch.int64), "floating point"),
        (torch.ones(10, 2, 4) * float("nan"), "`views`"),
    ],
)
def test_lidar_refuses_what_it_cannot_measure(views: torch.Tensor, words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        lidar(views)


@pytest.mark.parametrize(("first", "last"), [(1, 20), (3, 100), (5, 11)])
def test_the_power_law_is_a_line_through_the_logarithms(first: int, last: int) -> None:
    z = samples(300, 60) * torch.arange(1, 61, dtype=torch.float64).pow(-0.7)
    by_hand = references.eigenvalue_decay.power_law_exponent(z.numpy(), first=first, last=last)
    found = tuple(map(float, power_law_exponent(z, first=first, last=last)))
    assert found == pytest.approx(by_hand, rel=1e-4)


def test_two_eigenvalues_have_no_power_law() -> None:
    law = power_law_exponent(samples(100, 4))
    assert (float(law.exponent), float(law.error), law.first, law.last) == (0, 0, 3, 4)


def test_participation_ratio_and_stable_rank_follow_from_the_eigenvalues() -> None:
    z = samples(80, 20) + 0.3
    decay = references.eigenvalue_decay
    assert float(participation_ratio(z)) == pytest.approx(decay.participation_ratio(z.numpy()))
    assert float(stable_rank(z)) == pytest.approx(decay.stable_rank(z.numpy()))
    assert float(participation_ratio(torch.ones(9, 3))) == 0
    assert float(stable_rank(torch.zeros(9, 3))) == 0


def test_dimension_correlation_is_that_of_numpy() -> None:
    z = samples(70, 9) @ samples(9, 9, seed=1)
    z[:, 4] = 0
    found = dimension_correlation(z)
    by_hand = references.dimension_correlation.dimension_correlation(z.numpy())
    assert tuple(map(float, found)) == pytest.approx(by_hand)
    assert found.constant == 1
    with pytest.raises(ValueError, match="at least 2 columns"):
        dimension_correlation(z[:, :1])


def cka_by_loops(x: Rows, y: Rows) -> float:
    def dependence(a: Rows, b: Rows) -> float:
        k, m = a @ a.T, b @ b.T
        np.fill_diagonal(k, 0)
        np.fill_diagonal(m, 0)
        n, one = len(a), np.ones(len(a))
        middle = (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
        last = 2 / (n - 2) * (one @ k @ m @ one)
        return float((np.trace(k @ m) + middle - last) / (n * (n - 3)))

    return dependence(x, y) / math.sqrt(dependence(x, x) * dependence(y, y))


@pytest.mark.usefixtures("as_users_run_it")
def test_alignment_of_kernels_is_the_unbiased_one() -> None:
    x = samples(60, 7)
    y = x @ samples(7, 11, seed=1) + samples(60, 11, seed=2) + 3
    assert float(linear_cka(x, y)) == pytest.approx(cka_by_loops(x.numpy(), y.numpy()), rel=1e-6)
    rotation = torch.linalg.qr(samples(7, 7, seed=4))[0]
    assert float(linear_cka(x, 3 * x @ rotation + 5)) == pytest.approx(1)
    assert abs(float(linear_cka(samples(100, 90), samples(100, 90, seed=1)))) < 0.1
    with pytest.raises(ValueError, match="`y` must have 60 rows, as `x`, got 59"):
        linear_cka(x, y[:-1])


@pytest.mark.usefixtures("as_users_run_it")
@pytest.mark.parametrize("k", [1, 6])
def test_neighbor_overlap_counts_common_neighbors(k: int) -> None:
    x = samples(80, 5)
    y = torch.cat([x + 0.4 * samples(80, 5, seed=1), x[:, :2]], dim=1)
    shares = []
    away = [apart(z.numpy()) for z in (x, y)]
    for i in range(80):
        near = [set(np.argsort(a[i])[:k].tolist()) for a in away]
        shares.append(len(near[0] & near[1]) / k)
    assert float(neighbor_overlap(x, y, k=k)) == pytest.approx(np.mean(shares))
    unrelated = neighbor_overlap(samples(1_000, 8), samples(1_000, 8, seed=1), k=k)
    assert float(unrelated) == pytest.approx(k / 999, abs=0.004)
    with pytest.raises(ValueError, match="`y` must have 80 rows, as `x`, got 79"):
        neighbor_overlap(x, y[:-1], k=k)
