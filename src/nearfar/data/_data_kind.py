"""What a kind of data is to whoever opens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from nearfar.data._labelled_data import LabelledData
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source

__all__ = ["DataKind", "Sureness"]


class Sureness(IntEnum):
    """How sure a kind is that data are of it. The surest kind opens them.

    >>> max(Sureness.LIKELY, Sureness.PERHAPS).name
    'LIKELY'
    """

    NO = 0
    """Data of this type or file cannot be of this kind."""
    PERHAPS = 1
    """They can be, as arrays of three axes can be images."""
    LIKELY = 2
    """Shape, ending or names of files suggest it."""
    CERTAIN = 3
    """A name in the header or a type that no other kind has."""


def _unlabelled(spec: Any, **options: Any) -> LabelledData:
    raise ValueError("data of this kind come without labels: give them as `labels`")


def _never(preview: DataPreview) -> Sureness:
    return Sureness.NO


@dataclass(frozen=True, kw_only=True)
class DataKind:
    """How data of a kind are recognised and opened.

    Attributes:
        name: ``images``, ``sequences``, …: :attr:`nearfar.data.Source.modality` of its sources.
        open: ``(spec, *, split, **options) -> Source``. Its keyword-only parameters are the options
            that data of this kind are opened with. `spec` is a path that exists, or an object.
        label: ``(spec, *, labels, **options) -> LabelledData``, for evaluation; an error if the
            kind has no labels of its own.
        recognises: How sure the kind is that data are of it, by a :class:`DataPreview`.
        endings: Of its files, for messages.
        prefixes: Texts that begin so are no paths and are handed to `open` as they are: ``hf:``.
        telling: Options of `open` that only data of this kind have: to name one is to name the
            kind.
        composite: Whether samples are made of samples of other kinds, as pairs are. `open` is then
            handed ``open_part``, which opens data of any kind, and `telling` options take
            precedence over those of others.

    Example:
        >>> from nearfar.data import DataKind, Sureness, open_source
        >>> kind = DataKind(
        ...     name="readings",
        ...     open=lambda spec, *, split="train": open_source(spec, modality="vectors"),
        ...     recognises=lambda preview: Sureness(2 * (preview.ending == ".readings")),
        ... )
        >>> kind.recognises(DataPreview("12.readings")).name
        'NO'
    """

    name: str
    open: Callable[..., Source]
    label: Callable[..., LabelledData] = _unlabelled
    recognises: Callable[[DataPreview], Sureness] = _never
    endings: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    telling: tuple[str, ...] = ()
    composite: bool = False
