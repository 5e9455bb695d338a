"""Which arrays in a file are the samples, and which are their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.checks import suggest
from nearfar.data._array_entries import UNNAMED, ArrayFile
from nearfar.data._labeled_data import LABELS, TEST_LABELS

__all__ = ["ChosenArrays", "choose_arrays"]

MATLAB_NOTE = "samples are on the last axis, as in MATLAB: {shape} read as {became}"


@dataclass(frozen=True)
class ChosenArrays:
    """The arrays of a file that are samples and labels.

    Attributes:
        values: The samples, along the first axis.
        labels: Sets of labels by name; the first is the default.
        test_values: The samples of an official test set; None without one.
        test_labels: Sets of labels of the test set by name.
        notes: Notes for the user.
        names: Name of each sample, if it has a file of its own.
    """

    values: NDArray[Any]
    labels: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    test_values: NDArray[Any] | None = None
    test_labels: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] | None = None


def choose_arrays(
    file: ArrayFile,
    *,
    names: Sequence[str],
    test_names: Sequence[str],
    axes: tuple[int, ...],
    noun: str,
    key: str | None = None,
    others: Sequence[str] = (),
) -> ChosenArrays:
    """Choose the arrays of samples and labels by name, or as the only one that fits.

    Args:
        file: The open file.
        names: Usual names of the samples, without case; the first that exists is chosen.
        test_names: Usual names of the test set.
        axes: Numbers of axes that samples can have.
        noun: What the samples are, for messages: ``images``.
        key: Name of the array of samples; chosen by default.
        others: Usual names of arrays that are neither samples nor labels.

    Raises:
        TypeError: An array of Python objects.
        ValueError: No array of the name `key`, or several arrays that fit.
    """
    chosen = _name_of_samples(file, names, axes, noun=noun, key=key, others=others)
    values = file[chosen]
    if not values.ndim:
        raise ValueError(f"{chosen or 'the array'} in {file.name} must be {noun}, got one number")
    known = find_name(file, LABELS)
    labels = {} if known is None or known == chosen else {"class": _flat(file[known])}
    notes = file.notes
    values, note = _samples_first(file, values, labels)
    notes += () if note is None else (note,)
    test_values, test_labels = None, {}
    test_name = find_name(file, test_names) if key is None else None
    if test_name is not None:
        test_values = file[test_name]
        named = find_name(file, TEST_LABELS)
        if named is not None:
            test_labels = {"class": _flat(file[named])}
        test_values, _ = _samples_first(file, test_values, test_labels)
    return ChosenArrays(values, labels, test_values, test_labels, notes, file.names)


def find_name(file: ArrayFile, names: Sequence[str]) -> str | None:
    """The first of these names that a file has, without case; None if there is none.

    In groups, ``data/x`` is ``x`` if no other group has an ``x``, and ``train/x`` is ``x_train``.
    """
    known: dict[str, list[str]] = {}
    for key in file:
        *groups, base = key.casefold().split("/")
        aliases = {key.casefold(), base}
        if groups:
            aliases |= {f"{base}_{groups[-1]}", f"{groups[-1]}_{base}"}
        for alias in aliases:
            known.setdefault(alias, []).append(key)
    wanted = (known.get(name.casefold(), []) for name in names)
    return next((keys[0] for keys in wanted if len(keys) == 1), None)


def _name_of_samples(
    file: ArrayFile,
    names: Sequence[str],
    axes: tuple[int, ...],
    *,
    noun: str,
    key: str | None,
    others: Sequence[str],
) -> str:
    if key is not None and list(file) != [UNNAMED]:
        if key not in file:
            raise ValueError(
                f"`key` must be an array in {file.name}, got {key!r}{suggest(key, list(file))};"
                f" the file contains {file.listed()}"
            )
        return key
    if list(file) == [UNNAMED]:
        return UNNAMED
    if not file:
        raise ValueError(f"{file.name} contains no array of numbers")
    known = find_name(file, names)
    if known is not None:
        return known
    reserved = {find_name(file, names) for names in (LABELS, TEST_LABELS, others)}
    fitting = [k for k, shape in file.shapes.items() if len(shape) in axes and k not in reserved]
    numeric = [k for k in fitting if file[k].dtype.kind in "buif"] if len(fitting) > 1 else fitting
    if len(numeric) != 1:
        raise ValueError(
            f"the array of {noun} in {file.name} is ambiguous: name it {names[0]}, or give its name"
            f" as `key`; the file contains {file.listed()}"
        )
    return numeric[0]


def _flat(labels: NDArray[Any]) -> NDArray[Any]:
    """One label per sample; whole floating-point numbers, as MATLAB has them, become integers."""
    flat = labels.reshape(-1) if labels.ndim == 2 and 1 in labels.shape else labels
    if flat.dtype.kind == "f" and flat.size and (flat == np.rint(flat)).all():
        return flat.astype(np.int64)
    return flat


def _samples_first(
    file: ArrayFile, values: NDArray[Any], labels: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[Any], str | None]:
    """The samples along the first axis: MATLAB's users often have them along the last."""
    if not file.columns_first or values.ndim < 2:
        return values, None
    counts = {len(each) for each in labels.values()}
    first, last = values.shape[0], values.shape[-1]
    by_labels = last in counts and first not in counts
    by_shape = not counts and values.ndim == 4 and values.shape[2] in (1, 3)
    if not (by_labels or by_shape):
        return values, None
    moved = np.moveaxis(values, -1, 0)
    shapes = ("×".join(map(str, array.shape)) for array in (values, moved))
    note = MATLAB_NOTE.format(shape=next(shapes), became=next(shapes))
    return moved, note
