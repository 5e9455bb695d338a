"""Multi30k: five English captions of each picture, written independently."""

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
    """Captions of 29,000 + 1,014 + 1,000 photographs; the photographs are not part of it.

    A training sample is a picture's five captions, of which views draw two. The test set is pairs
    of its first two captions: caption 1 asks, caption 2 answers.

    Raises:
        FileNotFoundError: The file is not there; it says where the captions come from.
        ValueError: A picture without all its captions.
    """
    path = places.find(*MULTI30K_FILES)
    if path is None:
        raise FileNotFoundError(
            f"multi30k needs {MULTI30K_FILES[0]} in the folder that $NEARFAR_DATA names: columns"
            f" split, image, cap1 to cap{CAPTIONS}, separated by tabs; the captions are"
            f" data/task2/raw of {ORIGIN}, for non-commercial research"
        )
    return read_captions(path)


def read_captions(path: Path) -> NamedSet:
    """The set out of its file."""
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
