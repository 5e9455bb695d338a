"""Sources that the user opened are checked against the range of a run's images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nearfar
from nearfar.data import open_source
from tests.older_runs import as_older

RNG = np.random.default_rng(5)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> nearfar.Run:
    values = RNG.integers(-1000, 3000, (24, 12, 12)).astype(np.int16)
    folder = tmp_path_factory.mktemp("runs")
    return nearfar.pretrain("simclr", values, epochs=1, batch_size=12, out=folder / "run")


def test_a_source_of_another_range_is_refused(run: nearfar.Run) -> None:
    few = RNG.integers(-500, 200, (4, 12, 12)).astype(np.int16)
    with pytest.raises(ValueError, match="open it with `value_range`="):
        run.embed(open_source(few))
    stored = run.opening()["value_range"]
    same = open_source(few, value_range=stored)
    assert np.array_equal(run.embed(same), run.embed(few))


def test_refusing_a_split_shows_how_to_resume(tmp_path: Path) -> None:
    from PIL import Image

    for name in ("Training/a", "Training/b", "Testing/a", "Testing/b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for i in range(4):
            noise = RNG.integers(0, 256, (12, 12, 3), dtype=np.uint8)
            Image.fromarray(noise).save(tmp_path / "data" / name / f"{i}.png")
    path = tmp_path / "run"
    nearfar.pretrain(
        "simclr", tmp_path / "data", epochs=1, batch_size=4, out=path, split_folder="none"
    )
    recipe = as_older(path) / "recipe.toml"
    lines = recipe.read_text().splitlines(keepends=True)
    recipe.write_text("".join(line for line in lines if "split_folder" not in line))
    with pytest.raises(ValueError, match='add split_folder = "none"'):
        nearfar.resume(path)
