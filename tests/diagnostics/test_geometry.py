"""The drawing of a cloud says what the cloud is."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nearfar.diagnostics import geometry
from nearfar.ops import to_sphere
from nearfar.records import GeometryRecord
from tests.every import every


def names(count: int) -> list[str]:
    return [f"sample {row}" for row in range(count)]


def test_two_dimensions_are_the_exact_circle() -> None:
    z = torch.randn(50, 2)
    record = geometry(z, z, ids=names(50))
    np.testing.assert_allclose(record.points, to_sphere(z).numpy(), atol=1e-5)
    assert sum(record.explained) == pytest.approx(1, abs=1e-4)
    assert set(record.positive_distances) == {0.0}


def test_three_coordinates_are_the_principal_ones() -> None:
    z = torch.randn(400, 20) * torch.arange(20, 0, -1)
    record = geometry(z, ids=names(400))
    units = to_sphere(z).double().numpy()
    axes = np.linalg.eigh(units.T @ units)[1][:, ::-1][:, :3]
    np.testing.assert_allclose(np.abs(record.points), np.abs(units @ axes), atol=1e-4)
    covariance = np.cov(units.T, bias=True)
    expected = np.linalg.eigvalsh(covariance)[::-1]
    np.testing.assert_allclose(record.eigenvalues, expected, atol=1e-5)
    assert every(a >= b for a, b in zip(record.eigenvalues, record.eigenvalues[1:], strict=False))
    shares = np.asarray(record.explained) * sum(record.eigenvalues)
    np.testing.assert_allclose(shares, (units @ axes).var(axis=0), atol=1e-4)
    assert record.positive_distances == ()


@pytest.mark.parametrize("rank", [1, 2, 5, 30])
def test_more_dimensions_than_samples_give_the_same_points(rank: int) -> None:
    flat = torch.randn(30, rank, dtype=torch.float64)
    basis = torch.linalg.qr(torch.randn(200, rank, dtype=torch.float64))[0]
    record = geometry(flat @ basis.T, ids=names(30))
    units = to_sphere(flat)
    _, _, directions = torch.linalg.svd(units)
    found = torch.tensor(record.points, dtype=torch.float64)
    expected = units @ directions[:3].T
    expected = expected * expected.pow(3).sum(dim=0).sign()
    shown = min(rank, 3)
    torch.testing.assert_close(found[:, :shown], expected[:, :shown], atol=1e-4, rtol=0)
    assert found.shape == (30, 3)
    assert not found[:, shown:].abs().gt(1e-6).any()


def test_a_large_cloud_is_drawn_small_and_the_same_each_time() -> None:
    z1 = torch.randn(5000, 64)
    z2 = z1 + 0.1 * torch.randn(5000, 64)
    record = geometry(z1, z2, ids=names(5000))
    assert len(record.points) == len(record.ids) == len(record.positive_distances) == 2000
    assert len(record.random_distances) == 2000
    assert (record.ids[0], record.ids[-1]) == ("sample 0", "sample 4999")
    assert np.mean(record.random_distances) == pytest.approx(math.sqrt(2), abs=0.02)
    assert np.mean(record.positive_distances) < 0.2
    assert record.samples == 5000
    assert len(record.to_json()) < 400_000
    some = geometry(z1[:300], z2[:300], ids=names(300))
    assert geometry(z1[:300], z2[:300], ids=names(300)) == some
    assert GeometryRecord.from_json(record.to_json()) == record


@pytest.mark.parametrize("shape", [(2, 1), (2, 2), (2, 3), (3, 100), (5, 3)])
def test_small_clouds_are_drawn(shape: tuple[int, int]) -> None:
    record = geometry(torch.randn(*shape), torch.randn(*shape), ids=names(shape[0]))
    assert record.dim == shape[1]
    assert len(record.points[0]) == min(shape[1], 3)
    assert len(record.random_distances) == shape[0] * (shape[0] - 1) // 2
    assert every(math.isfinite(value) for value in record.explained + record.eigenvalues)


def test_a_constant_cloud_is_drawn_without_nan() -> None:
    record = geometry(torch.ones(30, 5), ids=names(30))
    assert set(record.random_distances) == {0.0}
    assert every(value == pytest.approx(0, abs=1e-9) for value in record.eigenvalues)
    assert every(math.isfinite(value) for value in record.explained)


def test_names_must_match_the_rows() -> None:
    with pytest.raises(ValueError, match="`ids` must have one name per row, 4, got 3"):
        geometry(torch.randn(4, 3), ids=names(3))
    with pytest.raises(
        ValueError, match="`z` must contain only finite numbers, got NaN or infinity in row 1"
    ):
        geometry(torch.tensor([[1.0, 0.0], [float("nan"), 0.0]]), ids=names(2))
