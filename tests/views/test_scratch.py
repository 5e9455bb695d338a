"""Buffers: used again, and matrices that begin where every other begins."""

from __future__ import annotations

import pytest
import torch
from tests.every import every

from nearfar.views._scratch import Scratch, aligned_matrices

CPU = torch.device("cpu")


@pytest.mark.parametrize("side", [1, 5, 7, 9, 16, 21, 32])
def test_each_matrix_begins_at_64_bytes(side: int) -> None:
    """Sums of products depend on it on other processors than Intel's."""
    scratch = Scratch(CPU)
    for matrices in (
        aligned_matrices(3, side, side + 1, device=CPU),
        scratch.matrices("a", 3, side, side + 1),
        *scratch.planes("b", 2, 3, side),
    ):
        assert every(matrix.data_ptr() % 64 == 0 for matrix in matrices)
        assert every(matrix.is_contiguous() for matrix in matrices)


def test_a_buffer_is_used_again_whatever_its_shape() -> None:
    scratch = Scratch(CPU)
    large = scratch.planes("a", 3, 4, 8)
    assert large.shape == (3, 4, 8, 8)
    assert scratch.planes("a", 3, 4, 8).data_ptr() == large.data_ptr()
    assert scratch("a", 5).data_ptr() == large.data_ptr()
