"""Data loaders of PyTorch: the samples of their dataset that the sampler selects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    WeightedRandomSampler,
)

from nearfar.data._files import counted
from nearfar.data._hub_datasets import is_hub

__all__ = ["loaded", "rows_of_batch", "selected"]

WHOLE = (SequentialSampler, RandomSampler, DistributedSampler)
"""Samplers that visit all samples, in an order that training decides itself."""
ROUNDS = 4  # over the dataset, after which a sampler is taken to be endless


def loaded(loader: DataLoader[Any], *, argument: str) -> tuple[Any, str]:
    """The dataset of a loader, or the part that its sampler selects, and a note on the rest.

    Samples are in the order of the dataset. Batches, shuffling, weights and the collate function
    are not used: training has its own.

    Args:
        loader: The loader.
        argument: Name of the argument for messages.

    Raises:
        ValueError: A sampler that never ends, or selects nothing.
    """
    dataset: Any = loader.dataset
    unused = _unused(loader)
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
        return dataset, f"of the DataLoader only its dataset is used; not used: {unused}"
    rows = _rows(loader, len(dataset), argument)
    if rows is None:
        return dataset, (
            f"of the DataLoader only its dataset is used, in its own order; not used: {unused}"
        )
    if not rows:
        raise ValueError(f"`{argument}` must have at least 1 sample, got a sampler without any")
    return selected(dataset, rows), (
        f"of the DataLoader the {len(rows):,} of {counted(len(dataset), 'sample')} are used that"
        f" its sampler selects, in the order of the dataset; not used: {unused}"
    )


def selected(dataset: Any, rows: Sequence[int]) -> Any:
    """Some items of a dataset."""
    return dataset.select(list(rows)) if is_hub(dataset) else Subset(dataset, list(rows))


def rows_of_batch(batch: Any) -> list[Any]:
    """The items of a batch as a collate function makes it: a tensor, a tuple or a mapping of them.

    >>> rows_of_batch((["a", "b"], [1, 2])), rows_of_batch({"x": [3, 4]})
    ([('a', 1), ('b', 2)], [{'x': 3}, {'x': 4}])
    """
    if isinstance(batch, Mapping):
        columns = dict(batch)
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    if isinstance(batch, (tuple, list)) and batch and isinstance(batch[0], (Tensor, list, tuple)):
        return list(zip(*batch, strict=True))
    return list(batch)


def _rows(loader: DataLoader[Any], count: int, argument: str) -> list[int] | None:
    """The positions that a loader reads, sorted; None for all."""
    own = loader.batch_sampler if type(loader.batch_sampler) is not BatchSampler else None
    sampler: Any = getattr(loader.batch_sampler, "sampler", None) or loader.sampler
    if own is not None:
        drawn: Iterable[int] = (row for batch in own for row in batch)
    elif isinstance(sampler, WeightedRandomSampler):
        drawn = [row for row, weight in enumerate(sampler.weights.tolist()) if weight > 0]
    elif isinstance(sampler, WHOLE):
        visited: Any = getattr(sampler, "data_source", loader.dataset)
        drawn = range(len(visited))
    else:
        indices = getattr(sampler, "indices", None)
        drawn = sampler if indices is None else indices
    most = ROUNDS * count
    found = list(islice(map(int, drawn), most + 1))
    if len(found) > most:
        raise ValueError(
            f"`{argument}` must have a sampler that ends, got {type(own or sampler).__name__} of"
            f" more than {most:,} positions: pass {argument}.dataset"
        )
    rows = sorted(set(found))
    return None if rows == list(range(count)) else rows


def _unused(loader: DataLoader[Any]) -> str:
    """What a loader has that is not used."""
    parts = ["batches" if loader.batch_size is None else f"batch_size={loader.batch_size}"]
    endless = isinstance(loader.dataset, IterableDataset)
    if not endless and not isinstance(loader.sampler, SequentialSampler):
        parts.append(type(loader.sampler).__name__)
    if loader.drop_last:
        parts.append("drop_last")
    default = getattr(loader.collate_fn, "__name__", "").startswith("default_")
    if not default:
        parts.append(f"collate_fn={getattr(loader.collate_fn, '__name__', 'an object')}")
    if loader.num_workers:
        parts.append(f"num_workers={loader.num_workers}")
    return ", ".join(parts)
