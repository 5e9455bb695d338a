"""How data of a modality are recognised and opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from nearfar._deprecation import renamed_members
from nearfar.data._labeled_data import LabeledData
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source

__all__ = ["Confidence", "DataKind"]


class Confidence(IntEnum):
    """Confidence that data are of a modality. The one with the highest confidence opens them.

    >>> max(Confidence.LIKELY, Confidence.PERHAPS).name
    'LIKELY'
    """

    NO = 0
    """Data of this type, or this file, cannot be of the modality."""
    PERHAPS = 1
    """Possible: an array with three axes can be images."""
    LIKELY = 2
    """Suggested by the shape, the file extension or the file names."""
    CERTAIN = 3
    """A name in the file header, or a type, that no other modality has."""


def _unlabeled(spec: Any, **options: Any) -> LabeledData:
    raise ValueError("data of this modality have no labels: pass them as `labels`")


def _never(preview: DataPreview) -> Confidence:
    return Confidence.NO


def _none(preview: DataPreview) -> bool:
    return False


@renamed_members(recognises="recognizes", telling="implied_by")
@dataclass(frozen=True, kw_only=True)
class DataKind:
    """How data of a modality are recognised and opened.

    Attributes:
        name: Name of the modality, such as ``images``; equals
            :attr:`nearfar.data.Source.modality` of its sources.
        open: Opens unlabelled data, ``(spec, *, split, **options) -> Source``. `spec` is an
            existing path or an object; the other keyword-only parameters are the options for data
            of this modality.
        label: Opens labelled data for evaluation, ``(spec, *, labels, **options) -> LabeledData``;
            by default raises a ValueError that asks for `labels`.
        recognizes: Confidence that the data of a :class:`DataPreview` are of this modality.
        admits: Whether the data of a :class:`DataPreview` can be of this modality, so that a method
            that takes no other trains on them as such.
        endings: Extensions of its files, for error messages.
        prefixes: Strings with one of these prefixes, such as ``hf:``, are not paths and are passed
            to `open` unchanged.
        implied_by: Options of `open` that no other modality has; giving one of them selects this
            modality.
        own_files: Options that name a file of particular data, such as the features of a graph's
            nodes; a run does not apply them to other data.
        own_options: Options that describe one file, such as its encoding; a run does not apply them
            to other data.
        row_options: Options that select the rows to train on; a run embeds all rows.
        composite: Whether samples are composed of samples of other modalities, as pairs are. `open`
            then receives ``open_part``, which opens data of any modality, and `implied_by` options
            take precedence over those of other modalities.

    Example:
        >>> from nearfar.data import Confidence, DataKind, open_source
        >>> kind = DataKind(
        ...     name="readings",
        ...     open=lambda spec, *, split="train": open_source(spec, modality="vectors"),
        ...     recognizes=lambda preview: Confidence(2 * (preview.ending == ".readings")),
        ... )
        >>> kind.recognizes(DataPreview("12.readings")).name
        'NO'
    """

    name: str
    open: Callable[..., Source]
    label: Callable[..., LabeledData] = _unlabeled
    recognizes: Callable[[DataPreview], Confidence] = _never
    admits: Callable[[DataPreview], bool] = _none
    endings: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    implied_by: tuple[str, ...] = ()
    own_files: tuple[str, ...] = ()
    own_options: tuple[str, ...] = ()
    row_options: tuple[str, ...] = ()
    composite: bool = False
