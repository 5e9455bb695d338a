"""The task that labels suggest: classification, regression, or several labels per sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import torch
from torch import Tensor

from nearfar.checks import check_choice
from nearfar.data._files import counted, list_names
from nearfar.data._label_values import Task, read_numbers, read_separated
from nearfar.data._labeled_data import LabeledData

__all__ = ["as_task"]

_MANY, _PER_CLASS = 20, 10  # of whole numbers, more distinct ones and fewer samples each: numbers


def as_task(data: LabeledData, task: Task | None, *, infer: bool = True) -> LabeledData:
    """Labelled data for a task; by default the one that the labels suggest, with a note.

    Args:
        data: Labelled data.
        task: What a probe is to predict; None to infer it.
        infer: Whether whole numbers and words may be something else than classes.

    Raises:
        ValueError: Labels that do not suit the task.
        TypeError: Numbers with fractions as classes.
    """
    if task is not None:
        check_choice(get_args(Task), task=task)
    if data.task != "classification":
        if task == data.task:
            return data
        if task is None:
            return replace(data, notes=(*data.notes, _inferred(data)))
        if task == "classification":
            raise (TypeError if data.task == "regression" else ValueError)(data.no_classes)
        raise ValueError(f"`task` must be {data.task} for these labels, got {task!r}")
    words = [str(name) for name in data.class_names]
    if task == "regression" or (task is None and infer and _many_numbers(words, data)):
        numbers = read_numbers(words)
        if numbers is None:
            raise ValueError(
                f"`task` can be regression for numbers alone, got labels such as {words[0]!r}"
            )
        changed = _each(data, torch.from_numpy(numbers.values), "regression", ())
    elif task == "multilabel" or (task is None and infer):
        several = read_separated(words, sure=task == "multilabel")
        if several is None:
            return data
        table = torch.from_numpy(several.values)
        changed = _each(data, table, "multilabel", several.names)
    else:
        return data
    return changed if task else replace(changed, notes=(*changed.notes, _inferred(changed)))


def _each(data: LabeledData, table: Tensor, task: Task, names: tuple[str, ...]) -> LabeledData:
    """Labels looked up by class."""
    return replace(
        data,
        train_labels=table[data.train_labels],
        test_labels=None if data.test_labels is None else table[data.test_labels],
        class_names=names,
        task=task,
    )


def _many_numbers(words: Sequence[str], data: LabeledData) -> bool:
    """Whether labels are numbers with fractions, or whole and too many for classes.

    Whole numbers that count from 0 or 1 without a gap are classes.
    """
    if not all(re.fullmatch(r"[+-]?[0-9]+", word) for word in words):
        found = read_numbers(words)
        return found is not None and bool((found.values != found.values.round()).any())
    if len(words) <= _MANY:
        return False
    wholes = {int(word) for word in words}
    numbered = max(wholes) - min(wholes) == len(wholes) - 1 and min(wholes) in (0, 1)
    return not numbered and _PER_CLASS * len(words) > len(data.train_labels)


def _inferred(data: LabeledData) -> str:
    if data.task == "regression":
        low, high = float(data.train_labels.min()), float(data.train_labels.max())
        return f"labels are numbers from {low:g} to {high:g}: regression, as no `task` is given"
    several = float(data.train_labels.sum(dim=1).mean())
    return (
        f"{counted(len(data.class_names), 'label')}, {several:.1f} per sample"
        f" ({list_names(data.class_names)}): multilabel, as no `task` is given"
    )
