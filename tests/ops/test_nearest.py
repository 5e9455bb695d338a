"""Nearest neighbours equal those of scikit-learn, whatever the size of the tiles."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from nearfar.ops import _nearest, nearest_neighbors


def brute(
    queries: torch.Tensor, keys: torch.Tensor | None, k: int
) -> tuple[np.ndarray, np.ndarray]:
    searched = queries if keys is None else keys
    found = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute")
    found.fit(searched.double().numpy())
    asked = None if keys is None else queries.double().numpy()  # None: without themselves
    distances, rows = found.kneighbors(asked)
    return 1 - distances, rows


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("within", [True, False])
@pytest.mark.parametrize("tiles", [(512, 8192), (7, 11)])
def test_rows_and_similarities_are_those_of_scikit_learn(
    dtype: torch.dtype, within: bool, tiles: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_nearest, "_ROWS", tiles[0])
    monkeypatch.setattr(_nearest, "_COLUMNS", tiles[1])
    z = torch.randn(150, 12, generator=torch.Generator().manual_seed(0)).to(dtype)
    queries, keys = (z, None) if within else (z[:40], z[40:])
    found = nearest_neighbors(queries, keys, k=6)
    similar, rows = brute(queries, keys, 6)
    assert found.rows.tolist() == rows.tolist()
    assert found.similarities.dtype == torch.float64
    np.testing.assert_allclose(found.similarities, similar, atol=1e-12)


@pytest.mark.parametrize("tiles", [(512, 8192), (4, 5)])
def test_equal_keys_are_in_the_order_of_their_rows(
    tiles: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_nearest, "_ROWS", tiles[0])
    monkeypatch.setattr(_nearest, "_COLUMNS", tiles[1])
    z = torch.eye(3).repeat(20, 1)  # 20 copies of each
    found = nearest_neighbors(z, k=4)
    for row, near in enumerate(found.rows.tolist()):
        assert near == [other for other in range(row % 3, 60, 3) if other != row][:4]
    assert torch.equal(found.similarities, torch.ones(60, 4, dtype=torch.float64))
    assert nearest_neighbors(torch.ones(30, 2), k=5).rows[29].tolist() == [0, 1, 2, 3, 4]


def test_a_row_of_zeros_has_a_similarity_of_zero() -> None:
    z = torch.tensor([[1.0, 0.0], [0.0, 0.0], [-1.0, 0.1], [0.9, 0.1]])
    found = nearest_neighbors(z, k=3)
    assert found.rows.tolist() == [[3, 1, 2], [0, 2, 3], [1, 3, 0], [0, 1, 2]]
    assert found.similarities[1].tolist() == [0.0, 0.0, 0.0]


def test_close_rows_are_resolved_below_the_rounding_of_float32() -> None:
    angles = torch.tensor([0.0, 3e-5, 1e-5, 2e-5], dtype=torch.float64)
    z = torch.stack([angles.cos(), angles.sin()], dim=1)
    for dtype in (torch.float64, torch.float32):
        found = nearest_neighbors(z.to(dtype), k=3)
        assert found.rows[0].tolist() == [2, 3, 1]
        expected = torch.tensor([1e-5, 2e-5, 3e-5], dtype=torch.float64) ** 2 / 2
        assert torch.allclose(1 - found.similarities[0], expected, rtol=1e-2, atol=0)


def test_wide_rows_and_many_neighbors_stay_in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_nearest, "_GATHERED", 100)
    z = torch.randn(20, 64, generator=torch.Generator().manual_seed(1))
    assert nearest_neighbors(z, k=19).rows.tolist() == brute(z, None, 19)[1].tolist()


@pytest.mark.parametrize(
    ("queries", "keys", "k", "message"),
    [
        (torch.eye(3), None, 3, "`k` must be at most 2, the number of other rows, got 3"),
        (torch.eye(3), torch.eye(3), 4, "`k` must be at most 3, the number of keys, got 4"),
        (torch.eye(3), None, 0, "`k` must be a whole number of 1 or more, got 0"),
        (torch.eye(3) / 0, None, 1, "`queries` must contain only finite numbers"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    queries: torch.Tensor, keys: torch.Tensor | None, k: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        nearest_neighbors(queries, keys, k=k)
