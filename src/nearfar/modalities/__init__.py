"""The modalities: images, audio and time series, texts, graphs, vectors, pairs, and others."""

from __future__ import annotations

from typing import Any

from nearfar.modalities._encoder_construction import make_encoder, rebuild_encoder
from nearfar.modalities._exhibits import png_text
from nearfar.modalities._form import Form
from nearfar.modalities._graph_modality import GraphForm, GraphModality
from nearfar.modalities._image_modality import ImageForm, ImageModality
from nearfar.modalities._modality import Modality, OnnxCall, small_batch
from nearfar.modalities._own_encoders import EncoderFactory
from nearfar.modalities._pair_modality import PairForm, PairModality
from nearfar.modalities._sequence_modality import SequenceForm, SequenceModality
from nearfar.modalities._single_kinds import single_kind
from nearfar.modalities._text_modality import TextForm, TextModality
from nearfar.modalities._vector_modality import VectorForm, VectorModality

__all__ = [
    "EncoderFactory",
    "Form",
    "GraphForm",
    "GraphModality",
    "ImageForm",
    "ImageModality",
    "Modality",
    "OnnxCall",
    "PairForm",
    "PairModality",
    "SequenceForm",
    "SequenceModality",
    "TextForm",
    "TextModality",
    "VectorForm",
    "VectorModality",
    "make_encoder",
    "modality",
    "png_text",
    "rebuild_encoder",
    "single_kind",
    "small_batch",
]

_PAIRS = PairModality()


def modality(kind: str | Modality[Any, Any]) -> Modality[Any, Any]:
    """The modality of a given name; a modality passed as an object is returned unchanged.

    Args:
        kind: ``images``, ``sequences``, ``text``, ``graphs``, ``vectors``, ``pairs``, the name of
            an entry point in the group ``nearfar.modalities``, or a modality object.

    Raises:
        TypeError: Neither a name nor a modality.
        ValueError: Unknown name; the message suggests the closest one.

    >>> modality("images").encoder
    'convnet'
    """
    if isinstance(kind, Modality):
        return kind
    if not isinstance(kind, str):
        raise TypeError(f"`modality` must be a name or a nearfar.modalities.Modality, got {kind!r}")
    return _PAIRS if kind == _PAIRS.name else single_kind(kind)
