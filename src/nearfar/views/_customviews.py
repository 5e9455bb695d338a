"""Views of images from a custom transform."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, final

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.inputs import Images
from nearfar.ops._random import Stream, random_bits
from nearfar.views._image_checks import (
    check_images,
    check_normalization,
    check_sizes,
    pixels_and_sizes,
    plain_view,
)
from nearfar.views._loose_inputs import gathered_images, settled_draws

__all__ = ["CustomViews"]


@final
class CustomViews:
    """Views from any callable: torchvision v2, kornia, a function.

    The global generators of PyTorch and Python are seeded by (seed, epoch, sample, view) before
    each call and restored afterwards, so that a view is a pure function of these four. A batched
    callable samples for a whole batch at once, so its views also depend on the other samples in the
    batch.

    Args:
        transform: Maps a uint8 or float image (channels × height × width, without padding) to a
            float image, channels × size × size; with `batched`, a batch to a batch. A tuple has one
            transform per view.
        size: Side length of a view in pixels.
        channels: Number of channels of the images and the views.
        num_views: Number of views per sample.
        batched: Call `transform` once per batch; all images must then have the same size.
        mean: Mean subtracted from the plain view, one number or one per channel.
        std: Standard deviation the plain view is divided by, one number or one per channel.

    Raises:
        TypeError: A transform is not callable.
        ValueError: A number is out of range.

    Example:
        >>> def noisy(image):
        ...     return image / 255 + torch.rand(image.shape)
        >>> views = CustomViews(noisy, size=8, channels=1)
        >>> images = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
        >>> first, second = views(images, torch.tensor([4, 5]), seed=0, epoch=0)
        >>> alone, _ = views(images[1:], torch.tensor([5]), seed=0, epoch=0)
        >>> torch.equal(first[1:], alone), torch.equal(first, second)
        (True, False)
    """

    def __init__(
        self,
        transform: Callable[[Tensor], Tensor] | tuple[Callable[[Tensor], Tensor], ...],
        *,
        size: int,
        channels: int = 3,
        num_views: int = 2,
        batched: bool = False,
        mean: tuple[float, ...] = (0.5,),
        std: tuple[float, ...] = (0.5,),
    ) -> None:
        check_integer(at_least=1, size=size, channels=channels, num_views=num_views)
        check_normalization(mean, std, channels=channels)
        transforms = transform if isinstance(transform, tuple) else (transform,) * num_views
        if len(transforms) != num_views:
            raise ValueError(
                f"`transform` must be one callable or {num_views}, one per view,"
                f" got {len(transforms)}"
            )
        for one in transforms:
            if not callable(one):
                raise TypeError(f"`transform` must be callable, got {type(one).__name__}")
        self.transforms, self.size, self.channels = transforms, size, channels
        self.num_views, self.batched = num_views, batched
        self.mean, self.std = mean, std

    @property
    def notes(self) -> tuple[str, ...]:
        """None: custom transforms are always applied."""
        return ()

    def __repr__(self) -> str:
        settings = {name: value for name, value in vars(self).items() if name != "transforms"}
        shown = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        return f"CustomViews({self.transforms!r}, {shown})"

    def __call__(
        self,
        images: Tensor | Images | Sequence[Any],
        samples: Int64[Tensor, " batch"] | None = None,
        *,
        seed: int | None = None,
        epoch: int | None = None,
    ) -> tuple[Float[Tensor, "batch channels size size"], ...]:
        """The views of a batch, with the arguments of :class:`ImageViews`.

        Raises:
            TypeError: `images` are neither uint8 nor floating point, or a view is not floating
                point.
            ValueError: A shape or value is out of range, or a view has another shape.
        """
        images, sizes = pixels_and_sizes(gathered_images(images, channels=self.channels))
        check_images(images, channels=self.channels)
        samples, seed, epoch = settled_draws(len(images), samples, seed=seed, epoch=epoch)
        extents = [(height, width) for height, width in check_sizes(images, sizes).tolist()]
        if self.batched and len(set(extents)) > 1:
            raise ValueError("`sizes` must be equal for a batched transform, got mixed sizes")
        views = []
        for view, transform in enumerate(self.transforms):
            bits = random_bits(
                samples.cpu(), seed=seed, epoch=epoch, view=view, count=2, stream=Stream.TRANSFORMS
            )
            seeds = ((bits[:, 0] << 31) | (bits[:, 1] >> 1)).tolist()
            views.append(self._view(transform, images, extents, seeds))
        return tuple(views)

    def plain(self, images: Tensor | Images | Sequence[Any]) -> Tensor:
        """The view for embedding: :func:`plain_view` with this size and normalisation."""
        images = gathered_images(images, channels=self.channels)
        return plain_view(images, size=self.size, mean=self.mean, std=self.std)

    def _view(
        self,
        transform: Callable[[Tensor], Tensor],
        images: Tensor,
        extents: list[tuple[int, int]],
        seeds: list[int],
    ) -> Tensor:
        """Compute and check one view of all images."""
        if not seeds:
            return torch.empty((0, self.channels, self.size, self.size), device=images.device)
        shape: tuple[int, ...] = (self.channels, self.size, self.size)
        if self.batched:
            height, width = extents[0]
            with _seeded(_fold(seeds), images.device):
                view = transform(images[:, :, :height, :width])
            _check_view(view, (len(images), *shape))
        else:
            rows = []
            for image, (height, width), seed in zip(images, extents, seeds, strict=True):
                with _seeded(seed, images.device):
                    rows.append(transform(image[:, :height, :width]))
                _check_view(rows[-1], shape)
            view = torch.stack(rows)
        return view.contiguous(memory_format=torch.channels_last)


def _fold(seeds: list[int]) -> int:
    """Combine the seeds of all samples in a batch into one."""
    return int.from_bytes(hashlib.blake2b(repr(seeds).encode(), digest_size=7).digest(), "big")


def _check_view(view: Any, shape: tuple[int, ...]) -> None:
    """Check that the output of a transform is a float tensor of the expected shape."""
    if not isinstance(view, Tensor) or not view.is_floating_point():
        kind = view.dtype if isinstance(view, Tensor) else type(view).__name__
        raise TypeError(f"`transform` must return a floating-point tensor, got {kind}")
    if view.shape != shape:
        raise ValueError(f"`transform` must return shape {shape}, got {tuple(view.shape)}")


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed PyTorch's and Python's global generators inside the context, and restore them after."""
    state = random.getstate()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)
