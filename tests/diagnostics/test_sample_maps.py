"""Readings of single samples, and the map that keeps neighbours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError
from sklearn.datasets import load_digits
from sklearn.manifold import trustworthiness

from nearfar.diagnostics import (
    geometry,
    intrinsic_dimension,
    local_dimensions,
    neighbor_overlap,
    neighbors_kept,
    view_ranks,
)
from nearfar.diagnostics._neighbor_map import neighbor_map
from nearfar.records import GeometryRecord


def cloud(count: int, dim: int = 16, seed: int = 0) -> torch.Tensor:
    source = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=source, dtype=torch.float64)


def principal(z: torch.Tensor) -> torch.Tensor:
    units = torch.nn.functional.normalize(z.double(), dim=1)
    centered = units - units.mean(dim=0)
    directions: torch.Tensor = torch.linalg.svd(centered, full_matrices=False)[2]
    return centered @ directions[:2].T


def test_local_dimensions_have_the_quantiles_of_the_intrinsic_dimension() -> None:
    z = cloud(300)
    each = local_dimensions(z, neighbors=8)
    found = intrinsic_dimension(z, neighbors=8)
    expected = [found.local_low, found.local_median, found.local_high]
    levels = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    torch.testing.assert_close(each.quantile(levels), torch.stack(expected))


def test_equal_rows_have_the_same_local_dimension_and_zeros_have_none() -> None:
    z = cloud(100)
    more = torch.cat([z, 3 * z[20:25], torch.zeros(2, 16, dtype=torch.float64)])
    each = local_dimensions(more)
    torch.testing.assert_close(each[:100], local_dimensions(z))
    torch.testing.assert_close(each[100:105], each[20:25])
    assert each[105:].isnan().all()
    assert local_dimensions(z[:5].repeat(10, 1)).isnan().all()


def test_neighbors_kept_has_the_overlap_as_its_mean_and_counts_by_hand() -> None:
    x, y = cloud(80), cloud(80) + 0.8 * cloud(80, seed=1)
    each = neighbors_kept(x, y, k=7)
    assert float(each.mean()) == pytest.approx(float(neighbor_overlap(x, y, k=7)))
    sides = []
    for z in (x, y):
        units = torch.nn.functional.normalize(z, dim=1)
        similar = (units @ units.T).fill_diagonal_(-2)
        sides.append([set(row.tolist()) for row in similar.topk(7, dim=1).indices])
    by_hand = [len(one & other) / 7 for one, other in zip(*sides, strict=True)]
    assert each.tolist() == pytest.approx(by_hand)
    with pytest.raises((ValueError, TypeCheckError), match="79"):
        neighbors_kept(x, y[:79])


def test_the_geometry_has_the_readings_of_its_points() -> None:
    z1 = cloud(120) * torch.linspace(1, 3, 120)[:, None]
    z2 = z1 + cloud(120, seed=1)
    inner = cloud(120, dim=40, seed=2).relu()
    record = geometry(z1, z2, ids=[str(row) for row in range(120)], representations=inner)
    assert (record.samples, record.representation_dim, len(record.layout)) == (120, 40, 120)
    lengths = z1.norm(dim=1)
    expected = {
        "length": lengths / lengths.median(),
        "local_dimension": local_dimensions(z1),
        "neighbors_kept": neighbors_kept(z1, z2),
        "partner_rank": view_ranks(z1, z2),
    }
    assert record.readings.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(record.readings[name], values.numpy(), rtol=6e-3, atol=1e-9)
    covariance = np.cov(torch.nn.functional.normalize(inner, dim=1).numpy().T, bias=True)
    eigenvalues = np.linalg.eigvalsh(covariance)[::-1]
    np.testing.assert_allclose(record.representation_eigenvalues, eigenvalues, atol=1e-6)
    assert GeometryRecord.from_json(record.to_json()) == record


def test_one_view_and_few_samples_have_what_they_can() -> None:
    names = [str(row) for row in range(120)]
    assert geometry(cloud(120), ids=names).readings.keys() == {"length", "local_dimension"}
    few = geometry(cloud(8), cloud(8, seed=1), ids=names[:8])
    assert few.readings.keys() == {"length", "partner_rank"}
    assert few.layout == ()
    assert geometry(torch.zeros(4, 3), ids=names[:4]).readings == {}


def test_a_map_keeps_neighbors_better_than_two_principal_directions() -> None:
    z = torch.tensor(load_digits().data[:240])
    start = principal(z)
    placed, again = (neighbor_map(z, start=start) for _ in range(2))
    assert placed is not None
    assert again is not None
    assert torch.equal(placed, again)
    units = torch.nn.functional.normalize(z, dim=1).numpy()
    kept = trustworthiness(units, placed.numpy(), n_neighbors=10)
    assert kept > 0.97 > trustworthiness(units, start.numpy(), n_neighbors=10) + 0.05
    assert float(placed.abs().max()) == 1.0


def test_samples_beyond_a_thousand_are_placed_near_their_neighbors() -> None:
    groups = 6 * torch.eye(8).repeat_interleave(150, dim=0)
    z = groups + torch.randn(1_200, 8, generator=torch.Generator().manual_seed(0))
    placed = neighbor_map(z, start=principal(z))
    assert placed is not None
    nearest = torch.cdist(placed, placed).fill_diagonal_(9).argmin(dim=1)
    assert float((nearest // 150 == torch.arange(1_200) // 150).double().mean()) > 0.97


def test_few_and_constant_samples_have_no_map() -> None:
    assert neighbor_map(cloud(11), start=cloud(11)[:, :2]) is None
    assert neighbor_map(torch.ones(50, 4), start=torch.zeros(50, 2)) is None
    copies = cloud(20).repeat(20, 1)
    placed = neighbor_map(copies, start=principal(copies))
    assert placed is not None
    assert placed.isfinite().all()
