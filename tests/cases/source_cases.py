"""One source of every class, and what it promises; each is written into a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import Dataset

from nearfar.data import MODALITIES, DatasetSource, GroupSource, Joined, Source, Subset, open_source
from nearfar.data.graphs import Graph, GraphSource, NodeFeatures
from nearfar.testing._check_source import SourceContract
from tests.api.kinds import KINDS
from tests.data import pictures, sounds


class Pictures(Dataset):
    """As a user has them: an image and its label."""

    def __len__(self) -> int:
        return 7

    def __getitem__(self, row: int) -> tuple[np.ndarray, int]:
        return np.array(pictures.picture(row)), row % 2


def kind(name: str) -> Callable[[Path], SourceContract]:
    """The tiny file of a kind."""

    def build(folder: Path) -> SourceContract:
        path, options = KINDS[name].make(folder), KINDS[name].options
        source = open_source(path, **options)
        return SourceContract(
            source,
            again=lambda: open_source(path, **options),
            other=Subset(source, range(1, len(source))),
        )

    return build


def changed_files(
    folder: Path, fill: Callable[[Path, int], object], *, endings: str
) -> SourceContract:
    """A folder, and one in which the content of a file differs."""
    fill(folder / "mine", 5)
    fill(folder / "other", 6)
    first, *_, last = sorted((folder / "other").glob(endings))
    last.replace(first)
    return SourceContract(
        open_source(folder / "mine"),
        again=lambda: open_source(folder / "mine"),
        other=open_source(folder / "other"),
    )


def fill_with_tones(folder: Path, count: int) -> None:
    for number in range(count):
        tone = sounds.tone(200 + 100 * number, seconds=0.2 + 0.1 * number)
        sounds.save(folder / f"{number}.wav", tone)


def folder_of_pictures(folder: Path) -> SourceContract:
    return changed_files(folder, pictures.fill, endings="*.jpg")


def folder_of_sounds(folder: Path) -> SourceContract:
    return changed_files(folder, fill_with_tones, endings="*.wav")


def folder_of_unequal_pictures(folder: Path) -> SourceContract:
    for number, size in enumerate([(40, 30), (20, 31), (9, 9), (30, 12), (8, 50)]):
        pictures.picture(number, size=size).save(folder / f"{number}.png")
    return SourceContract(open_source(folder))


def array(values: np.ndarray) -> Source:
    return open_source(values)


def array_of_images(folder: Path) -> SourceContract:
    values = np.random.default_rng(0).random((9, 12, 11))
    other = values.copy()
    other[3, 4, 5] /= 2
    return SourceContract(array(values), again=lambda: array(values), other=array(other))


def dataset(folder: Path) -> SourceContract:
    return SourceContract(DatasetSource(Pictures(), name="mine"))


def selected(folder: Path) -> SourceContract:
    digits = open_source("digits")
    chosen = [1000, 3, 17, 4, 1796]
    return SourceContract(
        Subset(digits, chosen),
        again=lambda: Subset(open_source("digits"), chosen),
        other=Subset(digits, [3, 1000, 17, 4, 1796]),
    )


def joined(folder: Path) -> SourceContract:
    images = KINDS["images"].make(folder)
    parts = [open_source(images), Subset(open_source(images), range(3, 9))]
    return SourceContract(Joined(parts, name="both"), other=Joined(parts[::-1], name="both"))


def grouped(folder: Path) -> SourceContract:
    digits = open_source("digits")
    members = Subset(digits, range(60))
    return SourceContract(GroupSource(members, size=3), other=GroupSource(members, size=4))


def neighborhoods(folder: Path) -> SourceContract:
    generator = np.random.default_rng(0)
    pairs = generator.integers(0, 50, (2, 200))
    values = generator.normal(size=(50, 4))

    def source(hops: int) -> GraphSource:
        graph = Graph("random", NodeFeatures(values, name="random"), pairs)
        return GraphSource(graph, neighbors=3, hops=hops)

    return SourceContract(source(2), again=lambda: source(2), other=source(1))


def series(folder: Path) -> SourceContract:
    values = np.random.default_rng(0).normal(size=(7, 2, 30)).astype(np.float32)
    other = values + np.float32(0.5)
    return SourceContract(
        open_source(values, modality="sequences"),
        other=open_source(other, modality="sequences"),
    )


def texts(folder: Path) -> SourceContract:
    lines = [f"text number {number}" for number in range(8)]
    return SourceContract(open_source(lines), other=open_source([*lines[:-1], "another text"]))


def tensors(folder: Path) -> SourceContract:
    images = torch.randint(0, 256, (6, 3, 10, 8), dtype=torch.uint8)
    return SourceContract(open_source(images), other=open_source(images.flip(0)))


def iterated(folder: Path) -> SourceContract:
    def source(start: int) -> Source:
        return open_source(pictures.picture(n, size=(30 + n, 20)) for n in range(start, 9))

    return SourceContract(source(0), again=lambda: source(0), other=source(1))


def sparse_rows(folder: Path) -> SourceContract:
    values = torch.from_numpy(np.random.default_rng(0).normal(size=(9, 5))).relu()
    return SourceContract(
        open_source(values.to_sparse()),
        again=lambda: open_source(values.to_sparse()),
        other=open_source((2 * values).to_sparse()),
    )


SOURCE_CASES: dict[str, Callable[[Path], SourceContract]] = {
    # those of other packages are tested where these are installed
    **{f"a file of {name}": kind(name) for name in KINDS if name in MODALITIES},
    "array of images": array_of_images,
    "data set of PyTorch": dataset,
    "folder of pictures": folder_of_pictures,
    "folder of pictures of different sizes": folder_of_unequal_pictures,
    "folder of sounds": folder_of_sounds,
    "groups": grouped,
    "iterated": iterated,
    "joined": joined,
    "neighbourhoods of a graph": neighborhoods,
    "selected": selected,
    "series": series,
    "sparse rows": sparse_rows,
    "tensors": tensors,
    "texts": texts,
}
