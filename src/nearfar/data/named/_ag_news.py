"""AG News: titles and descriptions of news articles in four classes."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nearfar.data.named._archives import Archive, Places, obtain
from nearfar.data.named._named_set import NamedSet

__all__ = ["AG_NEWS_FILES", "load_ag_news"]

SERVER = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv"
TRAIN = Archive("ag_news_train.csv", (f"{SERVER}/train.csv",), "b1a00f826fdfbd249f79597b59e1dc12")
TEST = Archive("ag_news_test.csv", (f"{SERVER}/test.csv",), "d52ea96a97a2d943681189a97654912d")
SAMPLE_FILES = ("ag_news_train_sample.csv.gz", "ag_news_test.csv.gz")
AG_NEWS_FILES = ("ag_news_train.csv", "ag-news/ag_news_train.csv", SAMPLE_FILES[0])
_Texts: TypeAlias = tuple[list[str], NDArray[Any]]
CLASSES = ("World", "Sports", "Business", "Sci/Tech")


def load_ag_news(places: Places) -> NamedSet:
    """120,000 training and 7,600 test texts of about 38 words, or a sample of the training set.

    The sample is used if the full set is not on disk. Its column `balanced` marks a class-balanced
    subset, which probes are trained on.
    """
    sample = places.find(SAMPLE_FILES[0])
    if sample is None or places.find(*AG_NEWS_FILES[:2]) is not None:
        train = _read_official(obtain(TRAIN, name="ag-news", places=places))
        test = _read_official(obtain(TEST, name="ag-news", places=places))
        return _named(train, test, np.ones(len(train[0]), dtype=bool))
    held_out = places.find(SAMPLE_FILES[1])
    if held_out is None:
        raise FileNotFoundError(f"ag-news needs {SAMPLE_FILES[1]} next to {SAMPLE_FILES[0]}")
    texts, labels, balanced = _read_sample(sample)
    test_texts, test_labels, _ = _read_sample(held_out)
    return _named((texts, labels), (test_texts, test_labels), balanced)


def _named(train: _Texts, test: _Texts, probed: NDArray[np.bool_]) -> NamedSet:
    from nearfar.data._subset import Subset
    from nearfar.data.text import TextSource

    everything = TextSource(train[0], name="ag-news")
    return NamedSet(
        pretrain=everything,
        train=everything if probed.all() else Subset(everything, np.flatnonzero(probed).tolist()),
        labels={"class": train[1][probed]},
        test=TextSource(test[0], name="ag-news-test"),
        test_labels={"class": test[1]},
        class_names=CLASSES,
    )


def _read_official(path: Path) -> _Texts:
    """Read rows of class (from 1), title and description, without a header."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    return [f"{row[1]} {row[2]}" for row in rows], np.array([int(row[0]) - 1 for row in rows])


def _read_sample(path: Path) -> tuple[list[str], NDArray[Any], NDArray[np.bool_]]:
    from nearfar.data._tables import read_table

    columns = read_table(path).columns
    texts = list(columns["text"])
    balanced = np.array([value == "1" for value in columns.get("balanced", ["1"] * len(texts))])
    return texts, np.array(list(map(int, columns["label"]))), balanced
