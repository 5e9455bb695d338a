"""Open data of any kind."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar._deprecation import renamed_options
from nearfar.checks import check_choice, suggest
from nearfar.data._absent_data import absent_data
from nearfar.data._array_files import array_ending
from nearfar.data._data_kind import DataKind
from nearfar.data._fitted_objects import carried_labels, fitted, labels_of_rows
from nearfar.data._foreign_objects import Taken
from nearfar.data._hub_datasets import has_test, is_hub
from nearfar.data._kinds import HasDataKind, as_given, data_for, find_kind, modality_of
from nearfar.data._label_files import LabelFile, column_of_file, is_label_file, read_labels
from nearfar.data._label_tasks import as_task
from nearfar.data._label_values import Task
from nearfar.data._labeled_data import LabeledData, with_labels
from nearfar.data._noted import noted
from nearfar.data._reading_failures import readable
from nearfar.data._source import Source
from nearfar.data._specs import Spec, Split
from nearfar.data.named import Places, is_name, named_set

__all__ = ["open_labeled", "open_source", "opening_options", "path_of_labels"]


def open_source(
    spec: Spec,
    *,
    modality: str | DataKind | HasDataKind | None = None,
    split: Split = "train",
    data_dir: Path | None = None,
    **options: Any,
) -> Source:
    """Open a source of unlabelled samples.

    Args:
        spec: A name (``digits``, ``cifar10``, ``fsdd``, ``cora``), a folder of images or audio, a
            file of arrays, texts, pairs or a graph, a source, or an object in memory: arrays,
            tensors, sparse matrices, lists of images, arrays or texts, a table or a column of
            pandas or polars, a dataset of PyTorch or Hugging Face or a part of one, a data loader,
            an iterable of samples, a dictionary of arrays, or a graph of PyTorch Geometric or
            NetworkX.
        modality: Modality of the data: ``images``, ``sequences``, ``text``, ``graphs``,
            ``vectors``, ``pairs``, the name of one of an installed package, or a
            :class:`DataKind` or ``Modality`` object; by default inferred from the data.
        split: Samples to open if the data have an official test set: all others (``train``), the
            test set (``test``), or both (``all``). Data without a test set are all ``train``.
        data_dir: Folder searched first for named datasets; ``$NEARFAR_DATA`` by default.
        options: Options of the modality, such as ``channels`` for images, ``sample_rate`` for
            sequences, ``column`` for texts, ``x`` and ``s`` for pairs; see :func:`opening_options`.

    Raises:
        FileNotFoundError: No such file, folder or name; the message suggests the closest name.
        TypeError: An object that is not data, or a file that only unpickling could read.
        ValueError: Unusable data, or an option that their modality does not have; the message gives
            the reason.

    Example:
        >>> open_source("digits")
        <digits: 1,797 grey images 8×8>
    """
    check_choice(("train", "test", "all"), split=split)
    if isinstance(spec, Source):
        return spec
    with readable(spec):
        return _opened(spec, modality, split=split, data_dir=data_dir, options=options)


def _opened(
    spec: Any,
    modality: str | DataKind | HasDataKind | None,
    *,
    split: Split,
    data_dir: Path | None,
    options: dict[str, Any],
) -> Source:
    """Samples of any kind."""
    spec = data_for(spec, modality)
    kind = _kind(spec, modality, options)
    if is_name(spec):
        return _open_named(str(spec), split, Places.here(data_dir), options)
    fitting = _fitting(options, kind)
    if kind.composite:
        fitting["open_part"] = open_source
    found, notes = fitted(_found(spec), kind.name, split=split, options=fitting)
    if kind.name in ("vectors", "pairs") and is_hub(as_given(spec)):
        split = "train"  # selected
    return noted(kind.open(found, split=split, **fitting), notes)


def open_labeled(
    spec: Spec,
    *,
    labels: str | Path | Sequence[Any] | NDArray[Any] | Tensor | Any = None,
    modality: str | DataKind | HasDataKind | None = None,
    data_dir: Path | None = None,
    task: Task | Literal["any"] | None = "classification",
    **options: Any,
) -> LabeledData:
    """Open samples with their labels, for evaluation.

    Classes come from a named dataset, the subfolders of a folder (below ``train`` and ``test`` or
    ``val`` where these are an official split), the array ``y`` of a ``.npz`` file, a column of a
    table, the second entry of a dataset's items, or `labels`.

    Args:
        spec: Data, as in :func:`open_source`.
        labels: The class of each sample, if `spec` has no labels: a list, an array, a tensor or a
            column of pandas or polars with words or whole numbers, or a file with one label per
            sample (``.npy`` or another file of arrays, ``.txt``, a table, or one of its columns:
            ``labels.csv:species``). Or the name of a set of
            labels or of a column if `spec` has several (``speaker``).
        modality: Modality of the data, as in :func:`open_source`.
        data_dir: Folder of named datasets, as in :func:`open_source`.
        task: What the labels are: ``classification``, ``regression`` (numbers) or ``multilabel``;
            None infers it, with a note, and ``any`` gives classes wherever labels can be classes.
        options: Options of the modality, as in :func:`open_source`.

    Raises:
        ValueError: No labels, only one class, or labels that do not match the samples.

    Example:
        >>> data = open_labeled("digits")
        >>> data.train, data.train_labels[:3].tolist(), data.test
        (<digits: 1,797 grey images 8×8>, [0, 1, 2], None)
    """
    with readable(spec):
        found = _labeled(spec, labels, modality, data_dir, options)
    return found if task == "any" else as_task(found, task, infer=not is_name(spec))


def _labeled(
    spec: Spec,
    labels: Any,
    modality: str | DataKind | HasDataKind | None,
    data_dir: Path | None,
    options: dict[str, Any],
) -> LabeledData:
    """Samples with labels of any kind."""
    spec = data_for(spec, modality)
    labels = path_of_labels(labels)
    if isinstance(labels, Path):
        labels = read_labels(labels)
    if labels is not None and not isinstance(labels, str):
        source = open_source(spec, modality=modality, data_dir=data_dir, **options)
        if not isinstance(labels, LabelFile):
            return with_labels(source, labels)
        values, notes = labels.in_order_of(source)
        data = with_labels(source, values)
        return replace(data, notes=(*notes, *data.notes))
    if isinstance(spec, Source):
        raise ValueError(f"{type(spec).__name__} has no labels: pass them as `labels`")
    kind = _kind(spec, modality, options)
    if is_name(spec):
        return _label_named(str(spec), labels, Places.here(data_dir))
    carried = carried_labels(spec, kind.name, labels)
    if carried is not None:
        return _label_items(spec, kind, carried, labels, options)
    found, notes = fitted(_found(spec), kind.name, split="train", options=options)
    labeled = kind.label(found, labels=labels, **_fitting(options, kind))
    return replace(labeled, train=noted(labeled.train, notes))


def _label_items(
    spec: Any, kind: DataKind, labels: Any, key: str | None, options: dict[str, Any]
) -> LabeledData:
    """Samples with the labels that their items carry."""
    source = open_source(spec, modality=kind, **options)
    train_labels = labels_of_rows(source, labels)
    if not has_test(as_given(spec)):
        return with_labels(source, train_labels)
    test = open_source(spec, modality=kind, split="test", **options)
    tested = carried_labels(spec, kind.name, key, split="test")
    return with_labels(source, train_labels, test, labels_of_rows(test, tested))


def path_of_labels(labels: Any) -> Any:
    """The path of a file of labels, or the column of ``FILE:COLUMN``; anything else as it is.

    >>> path_of_labels("speaker"), path_of_labels("labels.npy")
    ('speaker', PosixPath('labels.npy'))
    """
    if not isinstance(labels, str):
        return labels
    column = column_of_file(labels)
    if column is not None:
        return column
    path = Path(labels).expanduser()
    arrays = bool(array_ending(path))  # no names of columns
    is_path = arrays or path.is_absolute() or labels.startswith(("./", "../"))
    return path if is_path or (is_label_file(path) and path.is_file()) else labels


def opening_options(modality: str | DataKind | HasDataKind) -> dict[str, inspect.Parameter]:
    """The options for opening data of a modality, by name.

    >>> list(opening_options("images"))
    ['channels', 'value_range', 'missing_value', 'short_side', 'memory', 'split_folder', 'key']
    """
    parameters = inspect.signature(find_kind(modality).open).parameters
    return {
        name: parameter
        for name, parameter in parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY and name != "split"
    }


def _kind(
    spec: Spec, modality: str | DataKind | HasDataKind | None, options: dict[str, Any]
) -> DataKind:
    if modality is None:
        modality = modality_of(spec, given=[k for k, v in options.items() if v is not None])
    return find_kind(modality)


def _fitting(options: dict[str, Any], kind: DataKind) -> dict[str, Any]:
    """Check that the modality has each of the given options."""
    known = opening_options(kind)
    options = renamed_options(options, known, stacklevel=3)
    for name, value in options.items():
        if name not in known and value is not None:
            raise ValueError(
                f"`{name}` is not an option of {kind.name}{suggest(name, known)};"
                f" the options are {', '.join(known)}"
            )
    return {name: value for name, value in options.items() if value is not None}


def _open_named(name: str, split: Split, places: Places, options: dict[str, Any]) -> Source:
    loaded = named_set(name, places=places)
    source = {"train": loaded.pretrain, "test": loaded.test, "all": None}[split]
    if split == "all":
        source = loaded.all()
    if source is None:
        raise ValueError(f"{name} has no official test set: use `split`='train'")
    for option, value in options.items():  # fixed by the name; repeating the same value is allowed
        if option in ("value_range", "missing_value", "center", "scale"):  # of an encoder
            continue
        fixed = getattr(source.root, option, value)
        if value is not None and fixed is not None and value != fixed:
            raise ValueError(f"`{option}` of {name} is {fixed}, got {value}")
    return source


def _label_named(name: str, labels: str | None, places: Places) -> LabeledData:
    loaded = named_set(name, places=places)
    if not loaded.labels:
        raise ValueError(f"{name} has no labels: probe with other data of the same modality")
    wanted = labels or next(iter(loaded.labels))
    check_choice(loaded.labels, labels=wanted)
    train = loaded.labels[wanted]
    test = loaded.test_labels[wanted] if loaded.test_labels else None
    if wanted == next(iter(loaded.labels)) and loaded.class_names:  # keep its numbering
        numbers = [None if part is None else torch.from_numpy(part) for part in (train, test)]
        assert numbers[0] is not None
        return LabeledData(loaded.train, numbers[0], loaded.class_names, loaded.test, numbers[1])
    return with_labels(loaded.train, train, loaded.test, test)


def _found(spec: Spec) -> Any:
    """Check that a path exists, with ``~`` expanded; objects are returned unchanged."""
    path = spec if is_name(spec) or isinstance(spec, Taken) else as_given(spec)
    if not isinstance(path, Path) or path.exists():
        return path
    raise FileNotFoundError(absent_data(str(spec)))
