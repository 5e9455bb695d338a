"""Multi30k: five independently written English captions per image."""

from __future__ import annotations

from pathlib import Path

from nearfar.data._tables import read_table
from nearfar.data.named._archives import Places
from nearfar.data.named._named_set import NamedSet
from nearfar.data.pairs import GroupSource, PairSource
from nearfar.data.text import TextSource

__all__ = ["MULTI30K_FILES", "load_multi30k"]

MULTI30K_FILES = ("multi30k_captions_en5.tsv.gz",)
ORIGIN = "https://github.com/multi30k/dataset"
CAPTIONS = 5


def load_multi30k(places: Places) -> NamedSet:
    """Captions of 29,000 training, 1,014 validation and 1,000 test images, without the images.

    A training sample is the group of an image's five captions, from which two are drawn as views. A
    test sample is the pair of an image's first two captions: caption 1 is the query, caption 2 the
    key.

    Raises:
        FileNotFoundError: The file is missing; the message says where to get the captions.
        ValueError: An image lacks a caption.
    """
    path = places.find(*MULTI30K_FILES)
    if path is None:
        raise FileNotFoundError(
            f"multi30k needs {MULTI30K_FILES[0]} in the folder given by $NEARFAR_DATA: columns"
            f" split, image, cap1 to cap{CAPTIONS}, separated by tabs; the captions are"
            f" data/task2/raw of {ORIGIN}, for non-commercial research"
        )
    return read_captions(path)


def read_captions(path: Path) -> NamedSet:
    """Read the dataset from its file."""
    columns = read_table(path).columns
    captions = list(zip(*(columns[f"cap{i}"] for i in range(1, CAPTIONS + 1)), strict=True))
    parts: dict[str, list[tuple[str, ...]]] = {"train": [], "val": [], "test": []}
    for row, (part, texts) in enumerate(zip(columns["split"], captions, strict=True)):
        if not all(text.strip() for text in texts):
            raise ValueError(f"{path.name}: row {row + 1} lacks a caption")
        parts[part].append(texts)

    def grouped(rows: list[tuple[str, ...]]) -> GroupSource:
        members = TextSource([text for texts in rows for text in texts], name="multi30k")
        return GroupSource(members, size=CAPTIONS, noun="picture")

    train = grouped(parts["train"])
    first, second = (
        TextSource([texts[i] for texts in parts["test"]], name="multi30k-test") for i in (0, 1)
    )
    return NamedSet(
        pretrain=train,
        train=train,
        labels={},
        test=PairSource(first, second),
        everything=grouped([texts for rows in parts.values() for texts in rows]),
    )
