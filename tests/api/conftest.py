"""One small run that every test of the API may read."""

from __future__ import annotations

import numpy as np
import pytest

import nearfar


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "digits"
    return nearfar.pretrain("simclr", "digits", epochs=2, out=out)


@pytest.fixture
def pictures():
    """60 random colour images of 20×24 pixels, each a noisy copy of one of six."""
    generator = np.random.default_rng(0)
    kinds = generator.integers(0, 256, size=(6, 20, 24, 3))
    noise = generator.integers(-20, 20, size=(60, 20, 24, 3))
    return np.clip(np.repeat(kinds, 10, axis=0) + noise, 0, 255).astype(np.uint8)


@pytest.fixture
def quick():
    """Options that make a run short."""
    return {"epochs": 1, "batch_size": 16, "precision": "32"}
