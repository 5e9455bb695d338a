"""The folder in which a reader of the pages types: their data, in small."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docs.shell import Shell

TOPICS = {"sport": "goal team match coach ball", "money": "stock market price bank rate"}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Everything that the pages name, with a few samples each."""
    folder = tmp_path_factory.mktemp("reader")
    data = folder / "data"
    data.mkdir()
    rng = np.random.default_rng(0)
    write_images(data, rng)
    write_sounds(data, rng)
    write_tables(data, rng)
    write_graphs(data, rng)
    yield folder
    shutil.rmtree(folder)  # its reports are megabytes each


@pytest.fixture(scope="session")
def shell(prepared: Path) -> Shell:
    """One for all pages: what two of them show is run once."""
    (prepared / "runs").mkdir()
    return Shell(prepared / "runs")


@pytest.fixture
def workplace(
    prepared: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A reader's own folder is the current one; the named data sets are there too."""
    folder = prepared / re.sub(r"\W+", "-", request.node.name)
    shutil.copytree(prepared / "data", folder, copy_function=os.link)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))  # where a script of the reader's would stand
    monkeypatch.setenv("NEARFAR_DATA", str(folder / "named"))
    monkeypatch.setenv("NEARFAR_CACHE", str(folder / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    return folder


def write_images(folder: Path, rng: np.random.Generator) -> None:
    """A folder, arrays, and CIFAR-10 as the cache holds it."""
    for number in range(24):
        path = folder / "photos" / f"album{number % 2}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels(rng, 40, 48, 3)).save(path)
    np.save(folder / "images.npy", pixels(rng, 24, 28, 28))
    cifar = folder / "cache" / "cifar10" / "unpacked"
    cifar.mkdir(parents=True)
    for part, count in (("train", 40), ("test", 20)):
        np.save(cifar / f"{part}_images.npy", pixels(rng, count, 3, 32, 32))
        np.save(cifar / f"{part}_labels.npy", np.arange(count) % 10)
    (cifar / "classes.json").write_text(json.dumps([f"class {number}" for number in range(10)]))


def write_sounds(folder: Path, rng: np.random.Generator) -> None:
    """Clips of a second, once without and once with labels; series of one length."""
    for name in ("recordings", "labelled/low", "labelled/high"):
        place = folder / name
        place.mkdir(parents=True)
        for number in range(10):
            pitch = 300 if name.endswith("high") else 100
            tone = np.sin(np.arange(6_000) * pitch / 8_000 + number)
            sound = (tone + rng.normal(0, 0.1, 6_000)) * 8_000
            with wave.open(str(place / f"{number}.wav"), "wb") as file:
                file.setparams((1, 2, 8_000, 0, "NONE", ""))
                file.writeframes(sound.astype("<i2").tobytes())
    np.savez(folder / "series.npz", x=rng.normal(size=(24, 64)).astype(np.float32))


def write_tables(folder: Path, rng: np.random.Generator) -> None:
    """Texts, vectors, and pairs of a picture and a caption."""
    texts = [(topic, sentence(words, rng)) for topic, words in TOPICS.items() for _ in range(20)]
    lines = ["headline", *(text for _, text in texts)]
    (folder / "news.csv").write_text("\n".join(lines), encoding="utf-8")
    lines = ["headline,topic", *(f"{text},{topic}" for topic, text in texts)]
    (folder / "labelled-news.csv").write_text("\n".join(lines), encoding="utf-8")
    np.save(folder / "table.npy", rng.normal(size=(40, 12)).astype(np.float32))
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pytest.importorskip("pyarrow").table
    pictures = [png(pixels(rng, 32, 32, 3)) for _ in texts]
    columns = {"photo": pictures, "caption": [text for _, text in texts]}
    parquet.write_table(table(columns), folder / "pairs.parquet")


def write_graphs(folder: Path, rng: np.random.Generator) -> None:
    """A list of edges with features, and a small Cora."""
    edges = rng.integers(0, 40, size=(2, 160))
    features = rng.random((40, 16)).astype(np.float32)
    np.savetxt(folder / "edges.csv", edges.T, fmt="%d", delimiter=",")
    np.save(folder / "features.npy", features)
    (folder / "named").mkdir()
    np.savez(
        folder / "named" / "planetoid_cora.npz",
        edge_index=edges,
        x=features,
        y=np.arange(40) % 2,
        train_idx=np.arange(0, 20),
        test_idx=np.arange(20, 40),
    )


def pixels(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(0, 256, size=shape, dtype=np.uint8)


def png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def sentence(words: str, rng: np.random.Generator) -> str:
    return " ".join(rng.choice(words.split(), size=6))
