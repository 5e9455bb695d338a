"""Runs that are broken on purpose, and what their verdict says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

import nearfar

SAME = {
    "crop_scale": (1.0, 1.0),
    "crop_ratio": (1.0, 1.0),
    "rotation": 0.0,
    "flip": 0.0,
    "jitter": 0.0,
    "blur": (0.0,),
}
DESTROYING = {"crop_scale": (0.02, 0.02), "jitter": 1.0, "brightness": 0.9, "contrast": 0.9}
WEAK = SAME | {"crop_scale": (0.8, 1.0)}


def pictures() -> np.ndarray:
    return (load_digits().images * 16).clip(0, 255).astype(np.uint8)


def marked() -> np.ndarray:
    """Each picture under a pattern of its own."""
    random = np.random.default_rng(0)
    patterns = np.kron(random.integers(0, 2, (1797, 4, 4)) * 255, np.ones((2, 2)))
    return (0.35 * pictures() + 0.65 * patterns).astype(np.uint8)


def verdicts(out: Path, data: Any, *, epochs: int = 10, **options: Any) -> tuple[str, ...]:
    method = options.pop("method", "simclr")
    run = nearfar.pretrain(
        method, data, epochs=epochs, batch_size=128, out=out / "run", progress=False, **options
    )
    found = run.health
    assert found.verdict == found.verdicts[0]
    return found.verdicts


@pytest.mark.slow
def test_views_that_are_the_same_picture(tmp_path: Path) -> None:
    found = verdicts(tmp_path, pictures(), view_options=SAME)
    assert found[0] == "shortcut suspected"


@pytest.mark.slow
def test_a_pattern_that_names_the_picture(tmp_path: Path) -> None:
    assert "shortcut suspected" in verdicts(tmp_path, marked(), view_options=WEAK)


@pytest.mark.full
def test_the_same_views_without_a_pattern(tmp_path: Path) -> None:
    assert verdicts(tmp_path, pictures(), view_options=WEAK) == ("healthy",)


@pytest.mark.full
def test_views_that_keep_nothing(tmp_path: Path) -> None:
    found = verdicts(tmp_path, pictures(), view_options=DESTROYING)
    assert found[0] == "views too strong"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["simclr", "byol"])
def test_the_first_updates(tmp_path: Path, method: str) -> None:
    assert "not yet" in verdicts(tmp_path, pictures(), epochs=1, method=method)


@pytest.mark.slow
def test_a_network_without_stop_gradient(tmp_path: Path) -> None:
    found = verdicts(
        tmp_path, pictures(), method="simsiam", method_options={"stop_gradient": False}
    )
    assert found[0] == "complete collapse"
