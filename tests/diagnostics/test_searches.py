"""Near duplicates and outliers equal loops over all pairs, and find what was planted."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.neighbors import NearestNeighbors

from nearfar.diagnostics import _near_duplicates as module
from nearfar.diagnostics import near_duplicates, outlier_scores


def samples(count: int, dim: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


def groups_by_loops(z: torch.Tensor, threshold: float) -> list[list[int]]:
    unit = torch.nn.functional.normalize(z.double(), dim=1)
    close = (unit @ unit.T >= threshold).tolist()
    left, found = set(range(len(z))), []
    while left:
        reached = [left.pop()]
        for row in reached:
            near = [other for other in left if close[row][other]]
            left -= set(near)
            reached += near
        if len(reached) > 1:
            found.append(sorted(reached))
    return sorted(found)


@pytest.mark.parametrize("threshold", [0.86, 0.9, 0.94])
@pytest.mark.parametrize("tile", [1 << 22, 300])
def test_groups_are_connected_components(
    threshold: float, tile: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TILE", tile)
    z = samples(200, 6)
    found = near_duplicates(z, threshold=threshold)
    expected = groups_by_loops(z, threshold)
    assert len(expected) > 3
    assert sorted(list(group.rows) for group in found.groups) == expected
    unit = torch.nn.functional.normalize(z.double(), dim=1)
    for group in found.groups:
        rows = unit[list(group.rows)]
        assert group.lowest == pytest.approx(float((rows @ rows.T).min()), abs=1e-6)


def test_the_order_of_rows_does_not_matter() -> None:
    z = torch.cat([samples(80, 6), samples(20, 6) + 0.01 * samples(20, 6, seed=1)])
    order = torch.randperm(100, generator=torch.Generator().manual_seed(2))
    plain, mixed = near_duplicates(z), near_duplicates(z[order])
    assert mixed.threshold == pytest.approx(plain.threshold)
    back = [sorted(order[list(group.rows)].tolist()) for group in mixed.groups]
    assert sorted(back) == sorted(list(group.rows) for group in plain.groups)
    assert len(back) >= 15


def test_planted_near_duplicates_of_digits_are_found_without_a_threshold() -> None:
    x = load_digits().images.reshape(-1, 64)
    rng = np.random.default_rng(0)
    source = rng.choice(len(x), 14, replace=False)
    near = np.clip((x[source] + rng.normal(0, 0.5, (14, 64))) * 1.05, 0, 16)
    z = torch.from_numpy(np.concatenate([x, near, x[source[:3]]]))
    found = near_duplicates(z)
    together = {row: place for place, group in enumerate(found.groups) for row in group.rows}
    recalled = [
        together.get(int(row), -1) == together.get(1797 + i, -2) for i, row in enumerate(source)
    ]
    assert sum(recalled) == 14
    assert len(found.groups) <= 21  # two thirds of the groups at least were planted
    equal = [(row, first) for g in found.groups for row, first in zip(g.rows, g.first, strict=True)]
    assert {pair for pair in equal if pair[0] != pair[1]} == {
        (1811 + i, int(row)) for i, row in enumerate(source[:3])
    }


@pytest.mark.parametrize(("dim", "most"), [(2, 0.02), (4, 0.02), (16, 0.0), (256, 0.0)])
def test_samples_without_structure_have_few_near_duplicates(dim: int, most: float) -> None:
    found = near_duplicates(samples(1000, dim))
    assert sum(len(group.rows) for group in found.groups) <= most * 1000


@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_the_threshold_follows_embeddings_with_a_common_direction(scale: float) -> None:
    common = torch.zeros(16)
    common[0] = 1 / scale
    z = samples(300, 16, seed=3)
    z[:, 0] = 0
    found = near_duplicates(torch.cat([z, z[:5] + 0.05 * samples(5, 16, seed=4)]) + common)
    assert {(row, 300 + row) for row in range(5)} <= {group.rows for group in found.groups}


def test_equal_rows_are_separate_from_scaled_ones() -> None:
    z = torch.cat([torch.eye(30), torch.eye(30)[[3, 3]], 2 * torch.eye(30)[[5]]])
    first, second = near_duplicates(z, threshold=0.99).groups
    assert (first.rows, first.first, first.copies) == ((3, 30, 31), (3, 3, 3), True)
    assert (second.rows, second.first, second.copies) == ((5, 32), (5, 32), False)
    collapsed = near_duplicates(torch.ones(300, 4))
    assert [len(group.rows) for group in collapsed.groups] == [300]
    assert collapsed.groups[0].copies


def test_rows_of_zeros_are_left_out_and_counted() -> None:
    z = torch.cat([torch.eye(12), torch.zeros(3, 12)])
    assert near_duplicates(z) == ((), near_duplicates(z).threshold, 3)
    assert near_duplicates(torch.zeros(3, 2)).zeros == 3
    scores = outlier_scores(z, k=2)
    assert scores.distances.isnan().tolist() == [False] * 12 + [True] * 3
    assert scores.neighbors[:12].max() < 12


@pytest.mark.parametrize(
    ("z", "threshold", "message"),
    [
        (torch.ones(1, 3), None, "`z` needs at least 2 rows"),
        (torch.full((3, 3), torch.nan), None, "`z` must contain only finite numbers"),
        (torch.eye(3), 1.5, "`threshold` must be above −1 and at most 1, got 1.5"),
        (torch.eye(3), -1, "`threshold` must be above −1"),
        (torch.eye(3), float("nan"), "`threshold` must be above −1"),
    ],
)
def test_near_duplicates_refuse(z: torch.Tensor, threshold: float | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        near_duplicates(z, threshold=threshold)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
def test_distances_of_outliers_are_those_of_scikit_learn(dtype: torch.dtype) -> None:
    z = samples(120, 8).to(dtype)
    nearest = NearestNeighbors(n_neighbors=7, metric="cosine", algorithm="brute")
    expected, rows = nearest.fit(z.double().numpy()).kneighbors()
    scores = outlier_scores(z, k=7)
    np.testing.assert_allclose(scores.distances, expected.mean(axis=1), atol=1e-10)
    assert scores.neighbors.tolist() == rows.tolist()
    logs = np.log(expected.mean(axis=1))
    above = logs - np.median(logs)
    np.testing.assert_allclose(
        scores.deviations, above / (1.4826 * np.median(np.abs(above))), rtol=1e-6
    )


def test_planted_outliers_come_first_and_are_unusual() -> None:
    centers = samples(5, 32, seed=1).repeat(60, 1)
    z = torch.cat([centers + 0.2 * samples(300, 32), samples(6, 32, seed=2)])
    scores = outlier_scores(z)
    assert set(scores.distances.topk(6).indices.tolist()) == set(range(300, 306))
    assert (scores.deviations[300:] > 3.5).sum() == 6
    assert (scores.deviations[:300] > 3.5).sum() <= 3


def test_equal_distances_are_not_unusual() -> None:
    assert outlier_scores(torch.eye(20), k=3).deviations.abs().max() == 0


def test_too_many_neighbors_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`k` must be below .* 3, got 3"):
        outlier_scores(torch.cat([torch.eye(3), torch.zeros(2, 3)]), k=3)
