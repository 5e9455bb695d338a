"""Readings of structure equal loops over their formulas, and known worlds read as they should."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.stats import linregress, skew

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

Rows = NDArray[np.float64]


def samples(count: int, dim: int, seed: int = 0) -> torch.Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=source, dtype=torch.float64)


def unit(z: torch.Tensor) -> Rows:
    rows: Rows = z.double().numpy()
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def two_nn_by_hand(rows: Rows) -> float:
    away = cdist(rows, rows)
    np.fill_diagonal(away, np.inf)
    nearest = np.sort(away, axis=1)[:, :2]
    ratios = sorted(nearest[:, 1] / nearest[:, 0])
    count = len(ratios)
    kept = ratios[: int(count * 0.9)]
    top = bottom = 0.0
    for number, ratio in enumerate(kept, 1):
        top += math.log(ratio) * -math.log(1 - number / count)
        bottom += math.log(ratio) ** 2
    return top / bottom


def local_by_hand(rows: Rows, k: int) -> list[float]:
    away = cdist(rows, rows)
    np.fill_diagonal(away, np.inf)
    found = []
    for row in away:
        near = sorted(row)[:k]
        found.append(1 / np.mean([math.log(near[-1] / near[j]) for j in range(k - 1)]))
    return [float(value) for value in np.quantile(found, (0.1, 0.5, 0.9))]


@pytest.mark.parametrize(("dim", "k"), [(2, 5), (6, 10), (40, 20)])
def test_intrinsic_dimension_is_the_published_estimate(dim: int, k: int) -> None:
    z = samples(150, dim)
    found = intrinsic_dimension(z, neighbors=k)
    assert float(found.two_nn) == pytest.approx(two_nn_by_hand(unit(z)), rel=1e-6)
    assert [float(v) for v in found[1:]] == pytest.approx(local_by_hand(unit(z), k), rel=1e-6)


@pytest.mark.parametrize(("sheet", "low", "high"), [(1, 0.9, 1.1), (2, 1.8, 2.2), (5, 4.3, 5.5)])
def test_a_curved_sheet_reads_its_own_dimension(sheet: int, low: float, high: float) -> None:
    numbers = torch.rand(2_000, sheet, generator=torch.Generator().manual_seed(1)).double()
    angles = numbers @ samples(sheet, 64, seed=2) * 2
    wound = torch.cat([angles.sin(), angles.cos()], dim=1)
    found = intrinsic_dimension(wound)
    assert low < float(found.two_nn) < high
    assert low - 0.4 < float(found.local_median) < high + 0.4


def test_copies_and_zeros_leave_the_intrinsic_dimension_as_it_is() -> None:
    z = samples(300, 6)
    copied = torch.cat([z, 2 * z, torch.zeros(5, 6, dtype=torch.float64), z[:50]])
    assert [float(v) for v in intrinsic_dimension(copied)] == pytest.approx(
        [float(v) for v in intrinsic_dimension(z)]
    )
    assert [float(v) for v in intrinsic_dimension(z[:8].repeat(40, 1))] == [0, 0, 0, 0]


@pytest.mark.parametrize("k", [1, 7])
def test_hubness_counts_neighbours(k: int) -> None:
    z = samples(90, 12) + 0.5
    away = cdist(unit(z), unit(z))
    np.fill_diagonal(away, np.inf)
    counts = np.zeros(90)
    for row in away:
        counts[np.argsort(row)[:k]] += 1
    found = hubness(z, k=k)
    assert float(found.skew) == pytest.approx(skew(counts))
    assert float(found.largest) == pytest.approx(counts.max() / 89)
    assert float(found.anti_hubs) == pytest.approx(np.mean(counts == 0))


def test_a_planted_hub_is_found() -> None:
    z = torch.cat([samples(400, 64), torch.zeros(1, 64, dtype=torch.float64)]) + 0.4
    assert float(hubness(z).largest) > 0.5 > 5 * float(hubness(z[:-1]).largest)


def recall_by_galleries(z1: torch.Tensor, z2: torch.Tensor, gallery: int, k: int) -> float:
    """The mean over every gallery of that size, with the own view in it."""
    found = []
    for one, other in ((unit(z1), unit(z2)), (unit(z2), unit(z1))):
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


def lidar_by_hand(views: Rows, delta: float) -> float:
    samples, count, dim = views.shape
    total = views.reshape(-1, dim).mean(0)
    between, within = np.zeros((dim, dim)), delta * np.eye(dim)
    for one in views:
        center = one.mean(0)
        between += np.outer(center - total, center - total) / samples
        for view in one:
            within += np.outer(view - center, view - center) / (samples * count)
    values, vectors = np.linalg.eigh(within)
    half = vectors @ np.diag(values**-0.5) @ vectors.T
    eigenvalues = np.linalg.eigvalsh(half @ between @ half)
    shares = np.abs(eigenvalues) / np.abs(eigenvalues).sum() + 1e-7
    return float(np.exp(-(shares * np.log(shares)).sum()))


@pytest.mark.parametrize(("count", "delta"), [(2, 1e-4), (10, 1e-4), (5, 0.1)])
def test_lidar_is_the_published_formula(count: int, delta: float) -> None:
    mixed = samples(12, 12, seed=3)
    views = samples(40, 12)[:, None] @ mixed + torch.stack(
        [samples(40, 12, seed=5 + place) for place in range(count)], dim=1
    )
    found = float(lidar(views, delta=delta))
    assert found == pytest.approx(lidar_by_hand(views.numpy(), delta), rel=1e-6)


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
    values = np.linalg.eigvalsh(np.cov(z.numpy().T))[::-1]
    last_used = min(last, 60)
    number = np.arange(first, last_used + 1)
    line = linregress(np.log(number), np.log(values[first - 1 : last_used]))
    found = power_law_exponent(z, first=first, last=last)
    assert (found.first, found.last) == (first, last_used)
    assert float(found.exponent) == pytest.approx(-line.slope, rel=1e-6)
    assert float(found.error) == pytest.approx(line.stderr, rel=1e-4)


def test_a_power_law_needs_three_eigenvalues() -> None:
    with pytest.raises(ValueError, match="3 eigenvalues from number 3 or more, got 2"):
        power_law_exponent(samples(100, 4))


def test_participation_ratio_and_stable_rank_follow_from_the_eigenvalues() -> None:
    z = samples(80, 20) + 0.3
    values = np.linalg.eigvalsh(np.cov(z.numpy().T))
    assert float(participation_ratio(z)) == pytest.approx(values.sum() ** 2 / (values**2).sum())
    sigma = np.linalg.svd(z.numpy(), compute_uv=False)
    assert float(stable_rank(z)) == pytest.approx((sigma**2).sum() / sigma[0] ** 2)
    assert float(participation_ratio(torch.ones(9, 3))) == 0
    assert float(stable_rank(torch.zeros(9, 3))) == 0


def test_dimension_correlation_is_that_of_numpy() -> None:
    z = samples(70, 9) @ samples(9, 9, seed=1)
    z[:, 4] = 0
    rows = unit(z)
    varied = [i for i in range(9) if i != 4]
    correlations = np.corrcoef(rows[:, varied].T)[~np.eye(8, dtype=bool)]
    covariances = np.cov(rows.T)[~np.eye(9, dtype=bool)]
    found = dimension_correlation(z)
    assert float(found.correlation) == pytest.approx(np.sqrt((correlations**2).mean()))
    assert float(found.covariance) == pytest.approx(np.abs(covariances).mean())
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
def test_neighbour_overlap_counts_common_neighbours(k: int) -> None:
    x = samples(80, 5)
    y = torch.cat([x + 0.4 * samples(80, 5, seed=1), x[:, :2]], dim=1)
    shares = []
    away = [cdist(unit(z), unit(z)) for z in (x, y)]
    for i in range(80):
        near = [set(np.argsort(np.where(np.arange(80) == i, 9, a[i]))[:k].tolist()) for a in away]
        shares.append(len(near[0] & near[1]) / k)
    assert float(neighbor_overlap(x, y, k=k)) == pytest.approx(np.mean(shares))
    unrelated = neighbor_overlap(samples(1_000, 8), samples(1_000, 8, seed=1), k=k)
    assert float(unrelated) == pytest.approx(k / 999, abs=0.004)
    with pytest.raises(ValueError, match="`y` must have 80 rows, as `x`, got 79"):
        neighbor_overlap(x, y[:-1], k=k)
