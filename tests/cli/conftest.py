"""A short run, made once by the command line itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from nearfar.cli import main


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "run"
    settings = ["--epochs", "2", "--batch-size", "128", "--precision", "32", "--devices", "1"]
    assert main(["train", "simclr", "--data", "digits", "--out", str(path), *settings]) == 0
    return path
