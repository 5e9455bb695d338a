"""Fixtures every test may use."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch; see docs/decisions/0003
os.environ.setdefault("NEARFAR_KEEP_MEMORY", "0")  # the process of the tests is not the library's
os.environ.setdefault("NEARFAR_MINUTES", "none")  # measuring takes longer than most runs of tests

import jaxtyping
import numpy as np
import pytest
import torch

from tests.forked import forked

if "forkserver" in multiprocessing.get_all_start_methods():  # it imports once for all processes
    multiprocessing.set_forkserver_preload(["torch._dynamo", "tests.distributed.preload"])


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data sets; without it a test skips, in CI it fails."""
    folder = os.environ.get("NEARFAR_DATA")
    if folder and Path(folder).is_dir():
        return Path(folder)
    if os.environ.get("CI"):
        pytest.fail("NEARFAR_DATA must name the folder of data sets in CI")
    pytest.skip("needs real data: set NEARFAR_DATA to the folder of data sets")


@pytest.fixture(scope="session")
def few_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 300 digits with their classes, where a probe of all 1,797 takes too long."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = (digits.images[:300] * 255 / 16).round().astype(np.uint8)
    path = tmp_path_factory.mktemp("digits") / "few.npz"
    np.savez(path, x=pixels, y=digits.target[:300])
    return path


@pytest.fixture
def as_users_run_it() -> Iterator[None]:
    """Without the annotations' run-time checks, which would answer first."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def forked_processes() -> Iterator[None]:
    """Processes of a run are forked from a server that has imported everything."""
    with forked():
        yield
