"""A tiny labelled data set of each kind, as a file that a user might have."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

SAMPLES = 40


@dataclass(frozen=True)
class Kind:
    """What a test must know of a kind of samples.

    Attributes:
        make: Writes the file.
        options: What must be said when the file is opened.
        method: One that is published for it.
        method_options: Its options for samples this small.
        flag: A flag of ``nearfar train`` that this kind has.
    """

    make: Callable[[Path], Path]
    options: dict[str, Any] = field(default_factory=dict)
    method: str = "simclr"
    method_options: dict[str, Any] = field(default_factory=dict)
    flag: str = "--views."


def labels() -> np.ndarray:
    return np.arange(SAMPLES) % 2


def images(folder: Path) -> Path:
    path = folder / "images.npz"
    generator = np.random.default_rng(0)
    x = generator.integers(0, 128, size=(SAMPLES, 12, 12)) + 100 * labels()[:, None, None]
    np.savez(path, x=x.astype(np.uint8), y=labels())
    return path


def sounds(folder: Path) -> Path:
    path = folder / "sounds.npz"
    generator = np.random.default_rng(0)
    lengths = generator.integers(1_600, 3_200, size=SAMPLES)
    waves = [
        np.sin(np.arange(n) * (0.1 + 0.3 * label)) + 0.1 * generator.standard_normal(n)
        for n, label in zip(lengths, labels(), strict=True)
    ]
    samples = (8_000 * np.concatenate(waves)).astype(np.int16)
    offsets = np.cumsum([0, *lengths])
    np.savez(path, samples=samples, offsets=offsets, sample_rate=8_000, y=labels())
    return path


def texts(folder: Path) -> Path:
    path = folder / "texts.csv"
    words = ["red blue green colour paint", "wolf bear horse forest animal"]
    generator = np.random.default_rng(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        for label in labels():
            writer.writerow([" ".join(generator.choice(words[label].split(), size=6)), label])
    return path


def graph(folder: Path) -> Path:
    path = folder / "graph.npz"
    generator = np.random.default_rng(0)
    edges = generator.integers(0, SAMPLES // 2, size=(2, 100)) * 2 + generator.integers(
        0, 2, size=100
    )
    x = generator.random((SAMPLES, 6)).astype(np.float32) + labels()[:, None]
    np.savez(path, edge_index=edges, x=x, y=labels())
    return path


def vectors(folder: Path) -> Path:
    path = folder / "vectors.npz"
    generator = np.random.default_rng(0)
    x = generator.standard_normal((SAMPLES, 6)) + 3 * labels()[:, None]
    np.savez(path, x=x.astype(np.float32), y=labels())
    return path


def pairs(folder: Path) -> Path:
    path = folder / "pairs.jsonl"
    generator = np.random.default_rng(0)
    colors, animals = ["red", "blue", "green", "violet"], ["wolf", "bear", "horse", "eagle"]
    with path.open("w", encoding="utf-8") as file:
        for row in range(SAMPLES):
            said = {
                "english": f"the {colors[row % 4]} {animals[row // 4 % 4]} runs",
                "again": f"{animals[row // 4 % 4]} {colors[row % 4]} {generator.integers(5)}",
            }
            file.write(json.dumps(said) + "\n")
    return path


def clouds(folder: Path) -> Path:
    """Of another package; points along a line or over a plane."""
    path = folder / "scans.clouds"
    generator = np.random.default_rng(0)
    counts = generator.integers(20, 40, size=SAMPLES)
    shapes = [
        generator.standard_normal((n, 3)) * ((2, 1, 0.1) if label else (2, 0.1, 0.1))
        for n, label in zip(counts, labels(), strict=True)
    ]
    with path.open("wb") as file:
        np.savez(file, points=np.concatenate(shapes), offsets=np.cumsum([0, *counts]), y=labels())
    return path


KINDS = {
    "images": Kind(images, flag="--image-size"),
    "sequences": Kind(sounds, method="cpc", method_options={"steps": 2}, flag="--sample-rate"),
    "text": Kind(texts, flag="--column"),
    "graphs": Kind(graph, method="dgi", flag="--features"),
    "vectors": Kind(vectors),
    "pairs": Kind(pairs, {"x": "english", "s": "again"}, method="multiview", flag="--shared"),
    "pointclouds": Kind(clouds, method="multiview", flag="--every"),
}
