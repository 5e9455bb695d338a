"""The embedding of a sample does not depend on the others: the first k of n, also k = 1."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from PIL import Image

import nearfar
from nearfar.data import Subset, open_source
from nearfar.inputs import Nodes
from tests.api.kinds import KINDS
from tests.thirdparty import POINT_CLOUDS, installed

MANY, FEW = 12, (1, 2, 5)
RATE = 8_000

Road = Callable[[Path, Path, int], Any]
"""From the file of a kind, a folder and a number to data with the first samples."""


def image_arrays(data: Path, folder: Path, count: int) -> Path:
    np.savez(folder / "few.npz", x=np.load(data)["x"][:count])
    return folder / "few.npz"


def image_folder(data: Path, folder: Path, count: int) -> Path:
    for row, pixels in enumerate(np.load(data)["x"][:count]):
        Image.fromarray(pixels).save(folder / f"{row:03}.png")
    return folder


def image_tensor(data: Path, folder: Path, count: int) -> torch.Tensor:
    return torch.from_numpy(np.load(data)["x"][:count])[:, None]


def waves(data: Path, count: int) -> list[np.ndarray]:
    with np.load(data) as arrays:
        return np.split(arrays["samples"], arrays["offsets"][1:-1])[:count]


def sound_arrays(data: Path, folder: Path, count: int) -> Path:
    some = waves(data, count)
    offsets = np.cumsum([0, *map(len, some)])
    path = folder / "few.npz"
    np.savez(path, samples=np.concatenate(some), offsets=offsets, sample_rate=RATE)
    return path


def sound_folder(data: Path, folder: Path, count: int) -> Path:
    for row, wave in enumerate(waves(data, count)):
        soundfile.write(folder / f"{row:03}.wav", wave, RATE)
    return folder


def texts(data: Path, count: int) -> list[str]:
    with data.open(encoding="utf-8", newline="") as file:
        return [row["text"] for row in csv.DictReader(file)][:count]


def text_table(data: Path, folder: Path, count: int) -> Path:
    pd.DataFrame({"text": texts(data, count)}).to_csv(folder / "few.csv", index=False)
    return folder / "few.csv"


def text_lines(data: Path, folder: Path, count: int) -> Path:
    (folder / "few.txt").write_text("\n".join(texts(data, count)) + "\n", encoding="utf-8")
    return folder / "few.txt"


def text_list(data: Path, folder: Path, count: int) -> list[str]:
    return texts(data, count)


def vector_array(data: Path, folder: Path, count: int) -> np.ndarray:
    return np.load(data)["x"][:count]


def vector_table(data: Path, folder: Path, count: int) -> Path:
    columns = list(map(str, range(6)))
    table = pd.DataFrame(np.load(data)["x"][:count].astype(float), columns=columns)
    table.to_parquet(folder / "few.parquet")
    return folder / "few.parquet"


def pair_lines(data: Path, folder: Path, count: int) -> Path:
    lines = data.read_text(encoding="utf-8").splitlines()[:count]
    (folder / "few.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "few.jsonl"


def nodes(data: Path, folder: Path, count: int) -> Subset:
    return Subset(open_source(data), range(count))


def clouds(data: Path, folder: Path, count: int) -> Path:
    with np.load(data) as arrays:
        offsets = arrays["offsets"][: count + 1]
        path = folder / "few.clouds"
        with path.open("wb") as file:
            np.savez(file, points=arrays["points"][: offsets[-1]], offsets=offsets)
    return path


ROADS: dict[str, tuple[Road, ...]] = {
    "images": (image_arrays, image_folder, image_tensor),
    "sequences": (sound_arrays, sound_folder),
    "text": (text_table, text_lines, text_list),
    "graphs": (nodes,),
    "vectors": (vector_array, vector_table),
    "pairs": (pair_lines,),
    "pointclouds": (clouds,),
}
CASES = [
    pytest.param(kind, road, count, id=f"{road.__name__}-{count}")
    for kind in ROADS
    for road in ROADS[kind]
    for count in FEW
]


@pytest.fixture(scope="module", autouse=True)
def kinds_of_other_packages(tmp_path_factory):
    with installed(POINT_CLOUDS, tmp_path_factory.mktemp("site")):
        yield


@pytest.fixture(scope="module")
def run_of(tmp_path_factory):
    """A run of one epoch of a kind, and the file it was trained on."""
    made: dict[str, tuple[Any, Path]] = {}

    def find(kind: str) -> tuple[Any, Path]:
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            data, known = KINDS[kind].make(folder), KINDS[kind]
            more = {"method_options": known.method_options, **known.options}
            settings = {"epochs": 1, "batch_size": 8, "precision": "32"}
            made[kind] = (
                nearfar.pretrain(known.method, data, out=folder / "run", **more, **settings),
                data,
            )
        return made[kind]

    return find


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "road", "count"), CASES)
def test_the_first_samples_are_embedded_as_among_all(run_of, kind, road, count, tmp_path):
    run, data = run_of(kind)

    def embedded(number: int) -> np.ndarray:
        folder = tmp_path / str(number)
        folder.mkdir()
        made: np.ndarray = run.embed(road(data, folder, number))
        return made

    everyone = embedded(MANY)
    assert everyone.shape == (MANY, run.description.width)
    np.testing.assert_allclose(embedded(count), everyone[:count], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ROADS)
def test_one_sample_is_too_few_to_train_on(kind, tmp_path):
    known = KINDS[kind]
    road = ROADS[kind][0]
    with pytest.raises(
        ValueError, match=r"at least [2-6] .*samples|least 2 .* are needed"
    ) as raised:
        nearfar.pretrain(
            known.method,
            road(known.make(tmp_path), tmp_path, 1),
            out=tmp_path / "run",
            **known.options,
        )
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_a_node_alone_is_a_graph(run_of, tmp_path):
    run, _ = run_of("graphs")
    path = tmp_path / "alone.npz"
    np.savez(path, x=np.ones((1, 6)), edge_index=np.zeros((2, 0), np.int64))
    found = run.embed(path)
    alone = Nodes(torch.full((1, 6), 1 / 6), torch.zeros(2, 0, dtype=torch.int64), torch.arange(1))
    np.testing.assert_allclose(found, run.encoder(alone).detach(), atol=1e-6)
