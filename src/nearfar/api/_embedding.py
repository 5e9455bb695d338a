"""Embeddings of whole samples: no augmentation, evaluation mode, in the order of the source."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

from nearfar.api._origin import Origin
from nearfar.data import OmittedSamplesWarning, Source
from nearfar.inputs import move
from nearfar.inputs._forward_parts import forward_parts
from nearfar.training._devices import find_device
from nearfar.training._guest import usual_settings
from nearfar.views import Views

__all__ = [
    "Embedded",
    "EmbeddedSteps",
    "embed_source",
    "embed_steps",
    "on_device",
    "row_names",
    "warn_omitted",
]


class _Rows(NamedTuple):
    embeddings: NDArray[np.float32]
    ids: tuple[str, ...]


class Embedded(_Rows):
    """Representations (samples × width) and the name of each row.

    Attributes:
        notes: Notes on the data, such as samples that were left out.
        origin: The run, which a file of the embeddings remembers.
    """

    notes: tuple[str, ...]
    origin: Origin | None

    def __new__(
        cls,
        embeddings: NDArray[np.float32],
        ids: tuple[str, ...],
        notes: tuple[str, ...] = (),
        origin: Origin | None = None,
    ) -> Self:
        made = super().__new__(cls, embeddings, ids)
        made.notes, made.origin = notes, origin
        return made


class _Sequences(NamedTuple):
    embeddings: list[NDArray[np.float32]]
    ids: tuple[str, ...]


class EmbeddedSteps(_Sequences):
    """Representations (steps × width) of each sequence and the name of each sequence.

    Attributes:
        notes: Notes on the data, such as sequences that were left out.
        origin: The run, which a file of the embeddings remembers.
    """

    notes: tuple[str, ...]
    origin: Origin | None

    def __new__(
        cls,
        embeddings: list[NDArray[np.float32]],
        ids: tuple[str, ...],
        notes: tuple[str, ...] = (),
        origin: Origin | None = None,
    ) -> Self:
        made = super().__new__(cls, embeddings, ids)
        made.notes, made.origin = notes, origin
        return made


def row_names(source: Source) -> tuple[str, ...]:
    """The name of each sample of a source: file, row or line."""
    return tuple(source.identify(int(sample)) for sample in source.samples)


def warn_omitted(source: Source, *, stacklevel: int) -> None:
    """Warn if samples of the data have no embedding."""
    left_out = source.omissions
    if left_out:
        warnings.warn(
            f"{len(source):,} rows for {source.name}, as samples are left out:"
            f" {'; '.join(left_out)}",
            OmittedSamplesWarning,
            stacklevel=stacklevel,
        )


@torch.no_grad()
def embed_source(
    encoder: nn.Module, source: Source, views: Views, *, batch_size: int | None = None
) -> Float[Tensor, "samples dim"]:
    """The encoder's output for each sample of a source, float32 on the CPU.

    Large pictures pass the encoder in smaller parts, unless a batch size is given.
    """
    with _at_rest(encoder) as device:
        found = []
        for batch in source.chunks(batch_size):
            parts = [(batch.inputs,)] if batch_size else forward_parts(batch.inputs)
            shown = (views.plain(part) for (part,) in parts)
            found += [encoder(move(view, device)).float().cpu() for view in shown]
        return torch.cat(found)


@contextmanager
def on_device(encoder: nn.Module, device: str | None) -> Iterator[None]:
    """Inside, the encoder is on this device; on the one it was on if the device is None.

    Raises:
        ValueError: This computer has no such device.
    """
    before = next((p.device for p in encoder.parameters()), None)
    if device is None or before is None:
        yield
        return
    encoder.to(find_device(device))
    try:
        yield
    finally:
        encoder.to(before)


@contextmanager
def _at_rest(encoder: nn.Module) -> Iterator[torch.device]:
    """Evaluation mode and the usual settings inside the context; yields the encoder's device."""
    training = encoder.training
    encoder.eval()
    try:
        with usual_settings():
            yield next((p.device for p in encoder.parameters()), torch.device("cpu"))
    finally:
        encoder.train(training)


@torch.no_grad()
def embed_steps(encoder: nn.Module, source: Source, views: Views) -> list[Float[Tensor, "_ dim"]]:
    """The encoder's output at each time step of each sequence of a source.

    Raises:
        ValueError: The encoder has no time steps.
    """
    steps = getattr(encoder, "steps", None)
    if steps is None:
        raise ValueError(f"`steps` needs an encoder of sequences, got {type(encoder).__name__}")
    embeddings = []
    with _at_rest(encoder) as device:
        for batch in source.chunks():
            values, lengths = steps(move(views.plain(batch.inputs), device))
            rows = zip(values.float().cpu(), lengths.tolist(), strict=True)
            embeddings += [value[:length] for value, length in rows]
    return embeddings
