"""Probes of embeddings from any source, without a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import torch
from torch import Tensor

from nearfar.api._diagnosing import opened_embeddings
from nearfar.api._embedding_files import EmbeddingFile
from nearfar.api._probe_labels import groups_of, with_task
from nearfar.api._probes_of_runs import Progress, Represented, probed
from nearfar.checks import check_choice
from nearfar.data import Batch, LabeledData, Source, with_labels
from nearfar.data._array_files import array_ending, open_array_file
from nearfar.data._content_hash import hash_contents
from nearfar.data._files import file_ending, list_names
from nearfar.data._fitted_objects import carried_labels
from nearfar.data._foreign_objects import taken
from nearfar.data._label_files import LabelFile, read_labels
from nearfar.data._label_names import LABELS
from nearfar.data._label_values import Task
from nearfar.data._open_source import path_of_labels
from nearfar.data._tables import TABLE_ENDINGS, is_frame, read_table, table_of_frame
from nearfar.records import ProbeRecord

__all__ = ["probe_embeddings"]


@final
class _Rows(Source):
    """The rows of a file of embeddings, by their names."""

    modality: ClassVar = "embeddings"

    def __init__(self, held: EmbeddingFile, name: str) -> None:
        self.name = name
        self._held = held

    def __len__(self) -> int:
        return len(self._held.embeddings)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        rows = torch.as_tensor(positions)
        return Batch(self._held.embeddings[rows], rows)

    def identify(self, sample: int) -> str:
        return self._held.ids[sample]

    def describe(self) -> str:
        samples, dim = self._held.embeddings.shape
        return f"{samples:,} embeddings of {dim:,} dimensions"

    @property
    def fingerprint(self) -> str:
        names = "\0".join(self._held.ids).encode()
        return hash_contents([self._held.embeddings.numpy().tobytes(), names]).hex()

    @property
    def notes(self) -> tuple[str, ...]:
        return self._held.notes


def probe_embeddings(
    embeddings: Any,
    *,
    labels: Any = None,
    task: Task | None = None,
    groups: Any = None,
    shares: Sequence[float] = (),
    progress: Progress | None = None,
) -> ProbeRecord:
    """Probe a matrix of embeddings or a file of them; see :func:`nearfar.probe`."""
    path = Path(embeddings) if isinstance(embeddings, (str, Path)) else None
    if path is None:
        embeddings = taken(embeddings, argument="run")
    held, name = opened_embeddings(embeddings, argument="run"), path.name if path else "embeddings"
    if held.embeddings.ndim != 2:
        raise ValueError(
            f"`run` must be a run, a file or a matrix, got {held.embeddings.ndim} axes"
        )
    if path is None:
        held = replace(held, embeddings=held.embeddings.float())
    stored = _carried(embeddings) if path is None else _stored(path)
    known = [key for key in stored if key.strip().lower() in LABELS]
    unused = [n for n in held.notes if not n.startswith("arrays not used")]
    source = _Rows(replace(held, notes=tuple(unused)), name)

    def opened(wanted: Any) -> LabeledData:
        where = path_of_labels(wanted)
        if isinstance(where, (Path, LabelFile)):
            file = where if isinstance(where, LabelFile) else read_labels(where)
            values, notes = file.in_order_of(source)
            found = with_labels(source, values)
            return replace(found, notes=(*notes, *found.notes))
        if isinstance(wanted, str):
            if not stored:
                raise ValueError(
                    f"`labels` must be a file with one label per row of {name}, got {wanted!r}"
                )
            check_choice(stored, labels=wanted)
            return with_labels(source, stored[wanted])
        if wanted is not None:
            return with_labels(source, wanted)
        if not known:
            others = f"; it has {list_names(list(stored))}" if stored else ""
            raise ValueError(
                f"`labels` must be given, as {name} has no array or column called"
                f" {', '.join(LABELS[:4])}{others}: a file with one label per row"
            )
        return with_labels(source, stored[known[0]])

    data = with_task(opened, labels, task)
    notes: tuple[str, ...] = ()
    index = None
    if groups is not None:
        data, index, notes = groups_of(data, groups, labels=labels, opened=opened)
    features = Represented("embeddings", "embeddings", held.embeddings, None)
    return probed(
        data, [lambda: features], groups=index, shares=shares, notes=notes, progress=progress
    )


def _carried(embeddings: Any) -> dict[str, Any]:
    """Columns of a table in memory, or the labels that the items of other objects carry."""
    if is_frame(embeddings):
        return dict(table_of_frame(embeddings).columns)
    try:
        labels = carried_labels(embeddings, "vectors", None)
    except ValueError:  # items without labels
        return {}
    return {} if labels is None else {"labels": labels}


def _stored(path: Path) -> dict[str, Any]:
    """Arrays or columns of a file with one entry per row of something."""
    if array_ending(path) and array_ending(path) != ".npy":
        with open_array_file(path) as arrays:
            names = [n for n in arrays if n not in ("embeddings", "embeddings2", "ids", "notes")]
            return {n: np.asarray(arrays[n]) for n in names if arrays[n].ndim in (1, 2)}
    if file_ending(path) in TABLE_ENDINGS:
        columns = read_table(path).columns
        return {n: c for n, c in columns.items() if n not in ("id", "embedding", "embedding2")}
    return {}
