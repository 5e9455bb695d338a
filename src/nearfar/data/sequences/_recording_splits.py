"""Recordings in a dictionary of datasets of Hugging Face's library, one per split."""

from __future__ import annotations

from typing import Any

import numpy as np

from nearfar.data._hub_splits import hub_split, test_name
from nearfar.data._joined import Joined
from nearfar.data._labeled_data import LabeledData, with_labels
from nearfar.data._source import Source
from nearfar.data._specs import Split
from nearfar.data.sequences._recording_lists import audio_column, dataset_labels, open_recordings
from nearfar.data.sequences._sequence_source import SequenceSource

__all__ = ["is_splits", "label_splits", "open_splits"]


def is_splits(spec: Any) -> bool:
    """Whether an object is a dictionary of datasets with audio."""
    return isinstance(spec, dict) and audio_column(spec) is not None


def open_splits(spec: Any, split: Split, **options: Any) -> Source:
    """Open a split, at the sampling rate of the training set.

    Args:
        spec: A dictionary of datasets with a column of audio.
        split: The split, as in :func:`nearfar.data.open_source`.
        options: Options of :func:`open_recordings`.

    Raises:
        ValueError: Unusable data, or no such split.
    """
    parts = hub_split(spec, split)
    first = open_recordings(hub_split(spec, "train")[0], **options)
    options["sample_rate"] = first.sample_rate
    opened = [open_recordings(part, **options) for part in parts]
    return opened[0] if len(opened) == 1 else Joined(opened, name=f"recordings-{split}")


def label_splits(spec: Any, labels: str | None, options: dict[str, Any]) -> LabeledData:
    """Open the training set with its classes, and the test set if there is one.

    Raises:
        ValueError: Unusable data, or no column of labels.
    """
    given = {"sample_rate": None, "seconds": 10.0} | {
        key: value
        for key, value in options.items()
        if key in ("sample_rate", "seconds", "center", "scale")
    }
    train = open_splits(spec, "train", **given)
    classes = _classes(hub_split(spec, "train"), train, labels)
    if test_name(spec) is None:
        return with_labels(train, classes)
    test = open_splits(spec, "test", **given)
    return with_labels(train, classes, test, _classes(hub_split(spec, "test"), test, labels))


def _classes(parts: list[Any], source: Source, labels: str | None) -> Any:
    """The class of each segment."""
    sources = source.sources if isinstance(source, Joined) else [source]
    found = []
    for part, opened in zip(parts, sources, strict=True):
        known = dataset_labels(part, labels)
        if known is None:
            raise ValueError(f"no column of labels in {', '.join(part.features)}")
        assert isinstance(opened, SequenceSource)
        found.append(np.asarray(known)[opened.rows.numpy()])
    return np.concatenate(found)
