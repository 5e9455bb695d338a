"""A file that is cut short or rewritten while it is in use ends in an error that names it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import nearfar
from nearfar.data import open_source
from nearfar.data._unchanged_file import ChangedFileError, unchanged
from nearfar.training import latest_checkpoint


@pytest.mark.parametrize("change", ["cut", "rewritten", "removed"])
def test_a_changed_file_is_named_before_it_is_read(tmp_path: Path, change: str) -> None:
    file = tmp_path / "pictures.npy"
    np.save(file, np.random.default_rng(0).integers(0, 256, (400, 40, 40), dtype=np.uint8))
    source = unchanged(open_source(file), str(file))
    assert len(source.read([0, 399]).samples) == 2
    if change == "cut":
        os.truncate(file, 300)
    elif change == "rewritten":
        np.save(file, np.zeros((400, 40, 40), np.uint8))
    else:
        file.unlink()
    with pytest.raises(ChangedFileError, match=r"pictures\.npy was changed"):
        source.read([399])


class CutAfter:
    """Cuts a file short after an update."""

    def __init__(self, file: Path, step: int) -> None:
        self.file, self.step = file, step

    def start(self, record: object) -> None: ...

    def update(self, *, step: int, **others: object) -> None:
        if step == self.step:
            os.truncate(self.file, 1_000)

    def finish(self, health: object) -> None: ...


@pytest.mark.slow
def test_training_saves_its_state_when_its_file_is_cut(tmp_path: Path) -> None:
    file, out = tmp_path / "pictures.npy", tmp_path / "run"
    np.save(file, np.random.default_rng(0).integers(0, 256, (120, 12, 12), dtype=np.uint8))
    with pytest.raises(OSError, match=r"pictures\.npy was changed"):
        nearfar.pretrain(
            "simclr", file, epochs=2, batch_size=16, out=out, progress=CutAfter(file, 4)
        )
    assert latest_checkpoint(out / "checkpoints").step >= 4
