"""Files of embeddings whose numbers would give a wrong verdict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nearfar


@pytest.mark.parametrize(("kind", "factor"), [("f8", 1e200), ("f8", 1e-200), ("f4", 1e25)])
def test_numbers_whose_squares_overflow_are_refused(
    tmp_path: Path, kind: str, factor: float
) -> None:
    values = np.random.default_rng(0).normal(size=(30, 8)) * factor
    np.save(tmp_path / "a.npy", values.astype(kind))
    with pytest.raises(ValueError, match="divide all by a constant"):
        nearfar.diagnose(tmp_path / "a.npy")
