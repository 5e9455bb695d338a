"""Groups of samples that belong together, from names of columns, files or arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias, final

import numpy as np
import torch
from jaxtyping import Int64
from numpy.typing import NDArray
from torch import Tensor

from nearfar.checks import check_choice
from nearfar.data import LabeledData, Source
from nearfar.data._class_labels import read_classes
from nearfar.data._files import printable
from nearfar.data._label_files import LabelFile, read_labels
from nearfar.data._open_source import path_of_labels
from nearfar.records import write_text

__all__ = ["Groups", "SampleGroups", "group_values", "groups_of_source", "numbered"]

Groups: TypeAlias = str | Path | Sequence[Any] | NDArray[Any] | Tensor | None
"""The group of each sample: a column, a file with one value per sample, or an array."""
Opened: TypeAlias = Callable[[Any], LabeledData]
"""Opens data with the labels of a name."""


@final
@dataclass(frozen=True)
class SampleGroups:
    """The group of each sample, such as the patient.

    Attributes:
        index: Number of each sample's group.
        names: Name of each group, sorted.
        said: What the groups are: the column or the file as it was given.
    """

    index: Int64[Tensor, " samples"]
    names: tuple[str, ...]
    said: str

    def save(self, path: Path) -> None:
        """Write the name of each sample's group, one per line."""
        lines = [" ".join(name.split()) for name in self.names]
        write_text(path, "".join(f"{lines[group]}\n" for group in self.index.tolist()))


def groups_of_source(source: Source, groups: Any, opened: Opened) -> SampleGroups:
    """The groups of samples without labels.

    Args:
        source: The samples.
        groups: One group per sample, a file with them, or the name of a column or set of labels.
        opened: Opens the data with the labels of a name.

    Raises:
        FileNotFoundError: No such file.
        ValueError: No such column, a number of groups other than that of the samples, or only one.
    """

    def trained(name: Any) -> LabeledData:
        return replace(opened(name), test=None, test_labels=None)

    try:
        values, _ = group_values(groups, source, opened=trained)
        names, index = numbered(values, source)
    except (OSError, TypeError, ValueError) as error:
        said = str(error)
        if said.startswith("`groups`"):
            raise
        raise type(error)(f"`groups`: {said.removeprefix('`labels`').lstrip(': ')}") from error
    shown = str(groups) if isinstance(groups, (str, Path)) else "an array"
    return SampleGroups(index, names, printable(shown))


def numbered(values: Any, source: Source) -> tuple[tuple[str, ...], Int64[Tensor, " samples"]]:
    """Names of the groups, and the number of each sample's group.

    Raises:
        TypeError: Groups that are neither words nor whole numbers.
        ValueError: A missing group, only one, or a number other than that of the samples.
    """
    found = read_classes(values, identify=lambda row: _identify(source, row))
    if len(found.values) != len(source):
        raise ValueError(
            f"`groups` must be one per sample, {len(source):,} in {source.name},"
            f" got {len(found.values):,}"
        )
    names, numbers = np.unique(found.values, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"`groups` must be at least 2, got only {names[0]!s}")
    return tuple(map(str, names)), torch.from_numpy(numbers.astype(np.int64))


def _identify(source: Source, row: int) -> str:
    return source.identify(int(source.samples[row])) if row < len(source) else f"row {row}"


def group_values(
    groups: Any, source: Source, *, labels: Any = None, opened: Opened | None = None
) -> tuple[Any, tuple[str, ...]]:
    """Groups in the order of the samples, and notes.

    Args:
        groups: One group per sample (of the training samples, then of the test samples), a file
            with them, or the name of a column: of the file of labels, or else of the data.
        source: The samples.
        labels: Labels as they were given, for their file's other columns.
        opened: Opens the data with the labels of a name.
    """
    where = path_of_labels(groups)
    if isinstance(where, (Path, LabelFile)):
        return (where if isinstance(where, LabelFile) else read_labels(where)).in_order_of(source)
    if not isinstance(groups, str):
        return groups, ()
    held = path_of_labels(labels)
    held = read_labels(held) if isinstance(held, Path) else held
    columns = held.others if isinstance(held, LabelFile) else {}
    if groups in columns:
        others = {name: cells for name, cells in columns.items() if name != groups}
        return replace(held, values=columns[groups], others=others, notes=()).in_order_of(source)
    if opened is None:
        raise ValueError(f"`groups` must be one group per sample or a file, got {groups!r}")
    try:
        given = opened(groups)
    except ValueError:
        if columns:
            check_choice(columns, groups=groups)
        raise
    if given.task == "multilabel":
        raise ValueError(f"`groups` must be one per sample, got several in {groups!r}")
    parts = [given.train_labels] + ([] if given.test_labels is None else [given.test_labels])
    whole = torch.cat(parts)
    if given.task == "classification":
        return [given.class_names[place] for place in whole.tolist()], ()
    return [str(value) for value in whole.tolist()], ()
