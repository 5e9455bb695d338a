"""Batches as other training loops have them: lists of pictures or clips, without sample indices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from PIL import Image, ImageOps
from torch import Tensor

from nearfar.checks import check_indices
from nearfar.inputs import Images, Sequences

__all__ = ["gathered_images", "gathered_sequences", "settled_draws"]

_EIGHT_BITS = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")


def settled_draws(
    count: int, samples: Tensor | None, *, seed: int | None, epoch: int | None
) -> tuple[Int64[Tensor, " batch"], int, int]:
    """What a call draws its views from: as given, else from PyTorch's global generator.

    Args:
        count: Number of samples in the batch.
        samples: Indices of the samples; None for a new draw in each call.
        seed: Random seed of the run.
        epoch: Epoch, from 0.

    Raises:
        ValueError: Only some of the three are given, or a wrong number of indices.
    """
    given = {"samples": samples, "seed": seed, "epoch": epoch}
    missing = [name for name, value in given.items() if value is None]
    if samples is not None and seed is not None and epoch is not None:
        check_indices(count, samples=samples)
        return samples, seed, epoch
    if len(missing) < len(given):
        names = ", ".join(f"`{name}`" for name in given if name not in missing)
        raise ValueError(
            "`samples`, `seed` and `epoch` must be given together, or none of them for a new draw"
            f" in each call; got {names} only"
        )
    return torch.arange(count), int(torch.randint(2**31, ())), 0


def gathered_images(images: Tensor | Images | Sequence[Any], *, channels: int) -> Tensor | Images:
    """A batch of images, from a list of pictures of any size as well.

    Args:
        images: A batch, or a list of PIL pictures, NumPy arrays (height × width, or height × width
            × channels) or tensors (channels × height × width).
        channels: Number of channels that PIL pictures are converted to: 1 or 3.

    Raises:
        TypeError: An element of another type.
        ValueError: No elements, an element of another shape, or a picture that cannot be converted.
    """
    if isinstance(images, (Tensor, Images)):
        return images
    if isinstance(images, Image.Image) or not isinstance(images, (list, tuple)):
        raise TypeError(
            "`images` must be a tensor (batch × channels × height × width) or a list of pictures,"
            f" arrays or tensors, got {type(images).__name__}"
        )
    if not images:
        raise ValueError("`images` must have at least one picture, got an empty list")
    tensors = [_tensor(image, place, channels) for place, image in enumerate(images)]
    kinds = sorted({str(tensor.dtype).removeprefix("torch.") for tensor in tensors})
    if len(kinds) > 1:
        raise TypeError(
            f"`images` must be all uint8 or all floats in [0, 1], got {' and '.join(kinds)}"
        )
    return Images.of(tensors)


def gathered_sequences(sequences: Tensor | Sequences | Sequence[Any]) -> Tensor | Sequences:
    """A batch of sequences, from a list of arrays or tensors (channels × time, or time) as well.

    Raises:
        TypeError: An element of another type.
        ValueError: No elements, or elements with different numbers of channels.
    """
    if isinstance(sequences, (Tensor, Sequences)):
        return sequences
    if not isinstance(sequences, (list, tuple)):
        raise TypeError(
            "`sequences` must be a tensor (batch × channels × time) or a list of arrays or tensors,"
            f" got {type(sequences).__name__}"
        )
    if not sequences:
        raise ValueError("`sequences` must have at least one element, got an empty list")
    rows: list[Tensor] = []
    for place, given in enumerate(sequences):
        if not isinstance(given, (Tensor, np.ndarray)):
            raise TypeError(
                f"`sequences[{place}]` must be an array or a tensor, got {type(given).__name__}"
            )
        row = torch.as_tensor(given)
        row = row if row.ndim > 1 else row[None]
        if row.ndim != 2 or row.shape[0] != (rows[0].shape[0] if rows else row.shape[0]):
            raise ValueError(
                f"`sequences[{place}]` must be channels × time with the channels of the others,"
                f" got shape {tuple(row.shape)}"
            )
        rows.append(row)
    return Sequences.of(rows)


def _tensor(image: Any, place: int, channels: int) -> Tensor:
    """One image as channels × height × width."""
    if isinstance(image, Image.Image):
        return _of_picture(image, place, channels)
    if isinstance(image, Tensor):
        found = image if image.ndim != 2 else image[None]
    elif isinstance(image, np.ndarray):
        rows = image if image.ndim != 2 else image[..., None]
        found = torch.from_numpy(np.ascontiguousarray(np.moveaxis(rows, -1, 0)))
    else:
        raise TypeError(
            f"`images[{place}]` must be a PIL picture, an array or a tensor,"
            f" got {type(image).__name__}"
        )
    if found.ndim != 3 or len(found) != channels:
        form = "channels × height × width"
        if isinstance(image, np.ndarray):
            form = "height × width × channels"
        raise ValueError(
            f"`images[{place}]` must be {form} with {channels} channels, got shape"
            f" {tuple(image.shape)}"
        )
    return found


def _of_picture(image: Image.Image, place: int, channels: int) -> Tensor:
    """A PIL picture, upright, in grey or colour."""
    if channels not in (1, 3) or image.mode not in _EIGHT_BITS:
        raise ValueError(
            f"`images[{place}]` must be an array or a tensor with {channels} channels, as a PIL"
            f" picture of mode {image.mode} is not converted to them"
        )
    picture = ImageOps.exif_transpose(image).convert("L" if channels == 1 else "RGB")
    return _tensor(np.array(picture), place, channels)
