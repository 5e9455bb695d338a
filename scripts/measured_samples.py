"""Small files of every modality, bit-identical in every call, on which commits are measured."""

from __future__ import annotations

import csv
import io
import json
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Sample", "image_array", "read_files", "trained_files", "viewed_files"]

COUNT = 40
COLORS, ANIMALS = ("red", "blue", "green", "violet"), ("wolf", "bear", "horse", "eagle")


@dataclass(frozen=True)
class Sample:
    """A file or a folder, and the options to open it.

    Attributes:
        path: Path of the file or folder.
        modality: Modality of its samples.
        options: Keyword arguments for opening it.
        labels: Column of the labels; empty if there is only one set of labels.
        encoder: Keyword arguments for a small encoder.
    """

    path: Path
    modality: str
    options: dict[str, Any] = field(default_factory=dict)
    labels: str | None = None
    encoder: dict[str, Any] = field(default_factory=dict)


def image_array(content: str, *, channels: int, size: int) -> NDArray[np.uint8]:
    """Images (samples × height × width × channels) of strokes on black, or of smooth noise."""
    generator = np.random.default_rng([size, channels])
    rows, columns = np.mgrid[:size, :size] / size
    images = np.zeros((COUNT, size, size, channels))
    for image in images:
        if content == "glyphs":
            for _ in range(3):
                (y, x), angle = generator.uniform(0.3, 0.7, size=2), generator.uniform(0, np.pi)
                across = np.abs((rows - y) * np.cos(angle) - (columns - x) * np.sin(angle))
                along = np.abs((rows - y) * np.sin(angle) + (columns - x) * np.cos(angle))
                image[(across < 0.06) & (along < 0.3)] = 255
        else:
            for channel in range(channels):
                fast, slow = generator.uniform(1, 12, size=2), generator.uniform(0, 2, size=2)
                image[..., channel] = np.sin(fast[0] * rows + slow[0]) * np.cos(fast[1] * columns)
            image[:] = 128 + 90 * image + generator.normal(0, 12, image.shape)
    return images.clip(0, 255).astype(np.uint8)


def viewed_files(folder: Path) -> dict[str, Sample]:
    """Files for measuring views, by case: every modality, look, size and number of channels.

    Images of each look are also stored under the name of a data set of the other look, as older
    versions chose views by name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for content in ("glyphs", "natural"):
        for channels in (1, 3):
            for size in (28, 32, 96):
                images = image_array(content, channels=channels, size=size)
                path = folder / f"images-{content}-{channels}x{size}" / "photos.npy"
                found[path.parent.name] = Sample(_array(path, images), "images")
        images = image_array(content, channels=1, size=28)
        path = folder / f"images-{content}-called-mnist" / "mnist.npy"
        found[path.parent.name] = Sample(_array(path, images), "images")
    found["images-digits"] = Sample(Path("digits"), "images")
    wide = np.random.default_rng(1).normal(size=(COUNT, 3, 120)).cumsum(2).astype(np.float32)
    series = _array(folder / "series" / "series.npy", wide)
    found["sequences-series"] = Sample(series, "sequences")
    drawn = image_array("glyphs", channels=1, size=28), image_array("natural", channels=1, size=28)
    found["pairs-images"] = Sample(
        _arrays(folder / "omniglot.npz", a=drawn[0], b=drawn[1]), "pairs"
    )
    left, right = np.random.default_rng(2).normal(size=(2, COUNT, 6)).astype(np.float32)
    found["pairs-vectors"] = Sample(_arrays(folder / "two.npz", a=left, b=right), "pairs")
    found["pairs-image-text"] = _captions(folder / "captions.parquet")
    for kind, sample in trained_files(folder / "trained").items():
        found.setdefault(f"{kind}-trained", sample)
    return found


def trained_files(folder: Path) -> dict[str, Sample]:
    """Files for training a small encoder for a few updates, by modality."""
    folder.mkdir(parents=True, exist_ok=True)
    generator, labels = np.random.default_rng(0), np.arange(COUNT) % 2
    images = image_array("natural", channels=3, size=16) // 2 + 100 * labels[:, None, None, None]
    lengths = generator.integers(1_600, 3_200, size=COUNT)
    waves = [
        np.sin(np.arange(n) * (0.1 + 0.3 * label)) + 0.1 * generator.standard_normal(n)
        for n, label in zip(lengths, labels, strict=True)
    ]
    sounds = {
        "samples": (8_000 * np.concatenate(waves)).astype(np.int16),
        "offsets": np.cumsum([0, *lengths]),
    }
    edges = np.stack([np.arange(COUNT).repeat(3), generator.integers(0, COUNT, size=3 * COUNT)])
    features = (generator.random((COUNT, 6)) + labels[:, None]).astype(np.float32)
    vectors = (generator.standard_normal((COUNT, 6)) + 3 * labels[:, None]).astype(np.float32)
    texts = [
        {"text": " ".join(generator.choice((COLORS, ANIMALS)[label], size=6)), "label": int(label)}
        for label in labels
    ]
    small = {"units": 16}
    paths = {
        "images": _arrays(folder / "images.npz", x=images.astype(np.uint8), y=labels),
        "sequences": _arrays(folder / "sounds.npz", **sounds, sample_rate=8_000, y=labels),
        "text": _table(folder / "texts.csv", texts),
        "graphs": _arrays(folder / "graph.npz", edge_index=edges, x=features, y=labels),
        "vectors": _arrays(folder / "vectors.npz", x=vectors, y=labels),
    }
    encoders = dict.fromkeys(paths, small) | {
        "images": {},
        "sequences": {"conv_width": 16, "context": 16},
    }
    found = {kind: Sample(path, kind, {}, "", encoders[kind]) for kind, path in paths.items()}
    pairs = _lines(folder / "pairs.jsonl", [_translation(row) for row in range(COUNT)])
    columns = {"x": "english", "s": "again"}
    return found | {"pairs": Sample(pairs, "pairs", columns, encoder=small)}


def read_files(folder: Path) -> dict[str, Sample]:
    """Files in every format that a source reads, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    images = image_array("natural", channels=3, size=20)[:6]
    floats = images[..., 0] / np.float32(7)
    vectors = np.random.default_rng(3).normal(size=(8, 4)).astype(np.float32)
    rows = [
        {
            "row": row,
            "width": round(float(a), 3),
            "height": round(float(b), 3),
            "label": "ab"[row % 2],
        }
        for row, (a, b, *_) in enumerate(vectors)
    ]
    sentences = [
        "The red wolf runs.",
        "A bear sleeps, again.",
        "",
        "Two eagles.",
        "The sea is blue.",
    ]
    edges = folder / "graph.edges"
    edges.write_text("0 1\n1 2\n2 3\n3 0\n2 2\n1 0\n4 1\n", encoding="utf-8")
    lines = folder / "lines.txt"
    lines.write_text("\n".join(sentences), encoding="utf-8")
    nodes = _array(folder / "nodes.npy", vectors[:5])
    split = _arrays(
        folder / "split.npz", x=images, y=[0, 1, 2, 0, 1, 2], x_test=images[:2], y_test=[0, 1]
    )
    side = _arrays(folder / "sides.npz", x=vectors, s=vectors[:, ::-1])
    series = _array(folder / "steps.npy", np.tile(vectors, 4).reshape(4, 2, 16))
    texts = [{"text": text, "label": "xy"[row % 2]} for row, text in enumerate(sentences * 2)]
    found = {
        "folder-png": Sample(_pictures(folder / "png", images, "png"), "images", {}, ""),
        "folder-jpeg": Sample(_pictures(folder / "jpeg", images, "jpg"), "images", {}, ""),
        "folder-grey": Sample(folder / "png", "images", {"channels": 1}, ""),
        "images-npy": Sample(_array(folder / "images.npy", images), "images"),
        "images-floats": Sample(_array(folder / "floats.npy", floats), "images"),
        "images-npz": Sample(split, "images", {}, ""),
        "folder-wav": Sample(_sounds(folder / "wav"), "sequences", {}, ""),
        "folder-wav-resampled": Sample(folder / "wav", "sequences", {"sample_rate": 4_000}, ""),
        "series-npy": Sample(series, "sequences"),
        "text-lines": Sample(lines, "text"),
        "text-csv": Sample(_table(folder / "texts.csv", texts), "text", {}, ""),
        "text-jsonl": Sample(_lines(folder / "texts.jsonl", texts), "text", {"column": "text"}, ""),
        "text-parquet": Sample(_parquet(folder / "texts.parquet", texts), "text", {}, ""),
        "graph-edges": Sample(edges, "graphs", {"features": nodes}),
        "vectors-npy": Sample(_array(folder / "vectors.npy", vectors), "vectors"),
        "vectors-csv": Sample(
            _table(folder / "table.csv", rows), "vectors", {"exclude": ("row",)}, "label"
        ),
        "vectors-parquet": Sample(_parquet(folder / "table.parquet", rows), "vectors", {}, "label"),
        "pairs-npz": Sample(side, "pairs"),
        "pairs-adjacent": Sample(lines, "pairs", {"adjacent": True}),
        "pairs-parquet": _captions(folder / "captions.parquet"),
    }
    trained = trained_files(folder / "trained").items()
    return found | {f"trained-{kind}": sample for kind, sample in trained}


def _translation(row: int) -> dict[str, Any]:
    color, animal = COLORS[row % 4], ANIMALS[row // 4 % 4]
    return {"english": f"the {color} {animal} runs", "again": f"{animal} {color} {row * 7 % 5}"}


def _captions(path: Path) -> Sample:
    images = image_array("natural", channels=3, size=20)
    rows = [{"image": _encoded(image, "png"), **_translation(i)} for i, image in enumerate(images)]
    return Sample(_parquet(path, rows), "pairs", {"x": "image", "s": "english"})


def _array(path: Path, values: NDArray[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, values)
    return path


def _arrays(path: Path, **values: Any) -> Path:
    np.savez(path, **values)
    return path


def _table(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    from pyarrow import Table, parquet

    parquet.write_table(Table.from_pylist(rows), path)
    return path


def _encoded(image: NDArray[np.uint8], ending: str) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, {"jpg": "jpeg"}.get(ending, ending))
    return file.getvalue()


def _pictures(folder: Path, images: NDArray[np.uint8], ending: str) -> Path:
    """Two classes; one image is grey, one is wider than the others."""
    for row, image in enumerate(images):
        shown = (
            image[..., 0] if row == 1 else np.concatenate([image, image], 1) if row == 2 else image
        )
        path = folder / "ab"[row % 2] / f"{row}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_encoded(shown, ending))
    return folder


def _sounds(folder: Path) -> Path:
    """Two classes; one file has twice the sampling rate, one has two channels."""
    for row in range(6):
        rate, channels = (16_000 if row == 1 else 8_000), (2 if row == 2 else 1)
        times = np.arange((400 + 50 * row) * channels) / rate
        values = (12_000 * np.sin(2 * np.pi * (200 + 100 * row) * times)).astype("<i2")
        path = folder / "ab"[row % 2] / f"{row}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setparams((channels, 2, rate, 0, "NONE", "not compressed"))
            file.writeframes(values.tobytes())
    return folder
