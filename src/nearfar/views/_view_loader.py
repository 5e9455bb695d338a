"""Batches of views of anyone's dataset, for plain PyTorch loops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast, final

import torch
from jaxtyping import Int64
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from nearfar.checks import check_integer
from nearfar.inputs import View, move
from nearfar.ops import permutation
from nearfar.views._views import Views

__all__ = ["ViewLoader", "loader"]


def loader(
    dataset: Dataset[Any] | Sequence[Any] | Tensor,
    views: Views,
    *,
    batch_size: int = 256,
    seed: int = 0,
    num_workers: int = 0,
    device: str | torch.device | None = None,
) -> ViewLoader:
    """Batches of views of a dataset, one tuple of views per batch, for plain PyTorch loops.

    Each iteration is an epoch: the samples in another order, with other views. Order and views are
    those of a run with the same seed, whatever the number of workers. Views are made of whole
    batches, on `device`.

    Args:
        dataset: A map-style dataset of inputs, or of tuples whose first part is the input; labels
            are not used. Images of any size, as PIL pictures, arrays or tensors.
        views: The views, such as :func:`simclr_views`.
        batch_size: Samples per batch; the last incomplete batch is dropped.
        seed: Random seed.
        num_workers: Processes that read samples.
        device: Device on which views are made; by default that of the inputs.

    Raises:
        ValueError: Fewer samples than `batch_size`, or a number out of range.

    Example:
        >>> from nearfar.views import simclr_views
        >>> images = torch.randint(0, 256, (64, 3, 40, 40), dtype=torch.uint8)
        >>> for first, second in loader(images, simclr_views(size=32, channels=3), batch_size=32):
        ...     print(tuple(first.shape))
        (32, 3, 32, 32)
        (32, 3, 32, 32)
    """
    check_integer(at_least=1, batch_size=batch_size)
    check_integer(at_least=0, seed=seed, num_workers=num_workers)
    samples = _Numbered(dataset)
    if len(samples) < batch_size:
        raise ValueError(
            f"`batch_size` must be at most the {len(samples)} samples of the dataset,"
            f" got {batch_size}"
        )
    return ViewLoader(
        samples, views, batch_size=batch_size, seed=seed, num_workers=num_workers, device=device
    )


@final
class ViewLoader:
    """The batches of :func:`loader`.

    Attributes:
        epoch: Number of the next epoch; set it to continue a run.
    """

    def __init__(
        self,
        samples: _Numbered,
        views: Views,
        *,
        batch_size: int,
        seed: int,
        num_workers: int,
        device: str | torch.device | None,
    ) -> None:
        self.epoch, self._seed = 0, seed
        self._views, self._device = views, device
        self._order = _Order(samples, seed)
        self._batches: DataLoader[Any] = DataLoader(
            samples,
            batch_size=batch_size,
            sampler=self._order,
            drop_last=True,
            num_workers=num_workers,
            collate_fn=_joined,
            generator=torch.Generator(),  # that of workers: the global one stays as it is
        )

    def __len__(self) -> int:
        """Number of batches of an epoch."""
        return len(self._batches)

    def __iter__(self) -> Iterator[tuple[View, ...]]:
        """The batches of the next epoch."""
        epoch, self.epoch = self.epoch, self.epoch + 1
        self._order.epoch = epoch
        for inputs, indices in self._batches:
            here = inputs
            if self._device is not None and isinstance(inputs, Tensor):
                here = move(inputs, self._device)
            made = self._views(here, indices, seed=self._seed, epoch=epoch)
            yield made if self._device is None else tuple(move(v, self._device) for v in made)


@final
class _Order(Sampler[int]):
    """The order of an epoch, that of a run with this seed."""

    def __init__(self, samples: _Numbered, seed: int) -> None:
        self._samples, self._seed, self.epoch = samples, seed, 0

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[int]:
        order = permutation(len(self._samples), seed=self._seed, epoch=self.epoch)
        return iter(order.tolist())


@final
class _Numbered(Dataset[tuple[int, Any]]):
    """The inputs of a dataset, with their indices."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, index: int) -> tuple[int, Any]:
        item = self._dataset[index]
        return index, item[0] if isinstance(item, (tuple, list)) else item


def _joined(items: list[tuple[int, Any]]) -> tuple[Any, Int64[Tensor, " batch"]]:
    """A batch: one tensor if all samples have the same shape, else a list."""
    indices, inputs = zip(*items, strict=True)
    shapes = {tuple(one.shape) if isinstance(one, Tensor) else None for one in inputs}
    alike = len(shapes) == 1 and None not in shapes
    joined = torch.stack(cast(tuple[Tensor, ...], inputs)) if alike else list(inputs)
    return joined, torch.tensor(indices)
