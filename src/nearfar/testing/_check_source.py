"""Checks of sources."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Collection
from dataclasses import KW_ONLY, dataclass
from functools import partial
from itertools import islice
from typing import final

import torch
from torch import Tensor

from nearfar.data import Batch, Source
from nearfar.inputs import count, join, move, select
from nearfar.testing._check import Contract, Promise, listing, require, running
from nearfar.testing._compared_samples import leaves, one_by_one, same_samples, undisturbed
from nearfar.testing._refusal import refuses

__all__ = ["SOURCE_PROMISES", "SourceContract", "check_source", "source_checks"]

MOST = 12  # number of samples that a check reads


@final
@dataclass(frozen=True)
class SourceContract(Contract):
    """A source and its declared properties.

    Args:
        source: The source; a few samples are read from its beginning, middle and end.
        again: Function that opens the same data again; the fingerprint must be the same.
        other: A source with different data, if only in one value; its fingerprint must be
            different.
        name: Name in messages; by default class and name of the source.
        skip: Names of checks to skip.

    Example:
        >>> from nearfar.data import VectorSource
        >>> from nearfar.testing import check_source
        >>> x = torch.arange(24.0).reshape(8, 3)
        >>> source = VectorSource(x.numpy(), name="mine")
        >>> check_source(source, other=VectorSource(x.numpy() + 1, name="mine"))
    """

    source: Source
    _: KW_ONLY
    again: Callable[[], Source] | None = None
    other: Source | None = None
    name: str = ""
    skip: Collection[str] = ()

    @property
    def subject(self) -> str:
        """Name in messages."""
        return self.name or f"{type(self.source).__name__} {self.source.name}"

    @property
    def positions(self) -> Tensor:
        """Some positions, including the first and the last, not in order."""
        length = len(self.source)
        spread: Tensor = torch.unique(torch.linspace(0, length - 1, min(MOST, length)).long())
        return spread[torch.randperm(len(spread), generator=torch.Generator().manual_seed(0))]


def source_declares_itself(contract: SourceContract) -> None:
    """It declares its name, modality, notes and size of reads."""
    source = contract.source
    require(isinstance(source, Source), f"it must be a Source, got {type(source).__mro__}")
    for name in ("name", "modality"):
        value = getattr(source, name, None)
        require(isinstance(value, str) and bool(value), f"`{name}` must be a string, got {value!r}")
    notes = source.notes
    require(
        isinstance(notes, tuple) and not any(not isinstance(note, str) for note in notes),
        f"`notes` must be a tuple of strings, got {notes!r}",
    )
    require(
        isinstance(source.at_once, int) and source.at_once > 0,
        f"`at_once` must be an integer above 0, got {source.at_once!r}",
    )
    require(isinstance(source.root, Source), f"`root` must be a Source, got {source.root!r}")


def samples_are_numbered(contract: SourceContract) -> None:
    """``samples`` has a distinct non-negative integer for every position."""
    source = contract.source
    samples, length = source.samples, len(source)
    require(length > 0, f"it must have at least one sample, got {length}")
    require(
        samples.dtype == torch.int64 and samples.shape == (length,),
        f"`samples` must be {length} numbers of int64, got {samples.dtype} of shape"
        f" {tuple(samples.shape)}",
    )
    require(int(samples.min()) >= 0, f"`samples` must be 0 or more, got {int(samples.min())}")
    distinct = len(torch.unique(samples))
    require(distinct == length, f"`samples` must be {length} distinct numbers, got {distinct}")


def reading_gives_the_samples_asked_for(contract: SourceContract) -> None:
    """A batch has one row per position, and the indices of its samples."""
    index = contract.positions
    batch = contract.source.read(index)
    require(isinstance(batch, Batch), f"`read` must return a Batch, got {type(batch).__name__}")
    rows = count(batch.inputs)
    require(rows == len(index), f"{len(index)} positions must give that number of rows, got {rows}")
    expected = contract.source.samples[index]
    require(
        torch.equal(batch.samples, expected),
        f"the batch must have the samples {expected.tolist()}, got {batch.samples.tolist()}",
    )


def positions_may_be_any_sequence(contract: SourceContract) -> None:
    """A list, a range and a tensor of the same positions are equivalent, also with repetitions."""
    source, index = contract.source, contract.positions
    expected = source.read(index).inputs
    same_samples(source.read(index.tolist()).inputs, expected, "positions as a list")
    few = min(3, len(source))
    ranged = source.read(range(few)).inputs
    same_samples(ranged, source.read(list(range(few))).inputs, "positions as a range")
    first = index[:1]
    twice = source.read(torch.cat([first, first])).inputs
    same_samples(twice, join([source.read(first).inputs] * 2), "a repeated position")


def batch_does_not_matter(contract: SourceContract) -> None:
    """A sample does not depend on the order of reading or on its batch."""
    source, index = contract.source, contract.positions
    whole = source.read(index).inputs
    order = torch.randperm(len(index))
    turned = source.read(index[order]).inputs
    same_samples(turned, select(whole, order), "samples read in another order")
    for row in range(len(index)):
        alone = source.read(index[row : row + 1]).inputs
        same_samples(alone, select(whole, torch.tensor([row])), f"only position {index[row]}")


def reading_is_pure(contract: SourceContract) -> None:
    """Reading again returns the same samples, and no global random generator is used."""
    source, index = contract.source, contract.positions
    with undisturbed("reading"):
        first = source.read(index).inputs
    torch.manual_seed(1)
    same_samples(source.read(index).inputs, first, "the same positions again")


def bad_positions_are_refused(contract: SourceContract) -> None:
    """A position before the first or after the last is an IndexError that shows it."""
    source = contract.source
    for bad in (-1, len(source)):
        what = f"position {bad} of {len(source)} samples"
        refuses(partial(source.read, [0, bad]), IndexError, words=str(bad), what=what)


def chunks_are_the_samples_in_order(contract: SourceContract) -> None:
    """``chunks`` returns all samples in order, each once."""
    source = contract.source
    size = max(1, min(5, len(source) - 1))
    start = 0
    for batch in islice(source.chunks(size), 4):
        expected = source.samples[start : start + size]
        require(
            torch.equal(batch.samples, expected),
            f"the chunk from position {start} must be the samples {expected.tolist()}, got"
            f" {batch.samples.tolist()}",
        )
        start += len(batch)
    wanted = min(len(source), 4 * size)
    require(start == wanted, f"4 chunks of {size} must have {wanted} samples, got {start}")


def samples_have_names(contract: SourceContract) -> None:
    """``identify`` returns a distinct name for each sample."""
    source = contract.source
    samples = source.samples[contract.positions].tolist()
    names = [source.identify(sample) for sample in samples]
    for sample, name in zip(samples, names, strict=True):
        require(isinstance(name, str) and bool(name), f"sample {sample} must have a name: {name!r}")
    distinct = len(set(names))
    require(
        distinct == len(names), f"{len(names)} samples must have unique names, got {sorted(names)}"
    )


def description_counts_the_samples(contract: SourceContract) -> None:
    """``describe`` contains the number of samples."""
    expected, found = f"{len(contract.source):,}", contract.source.describe()
    require(expected in found, f"`describe` must contain {expected}, got {found!r}")


def fingerprint_is_of_the_content(contract: SourceContract) -> None:
    """``fingerprint`` is 16 hexadecimal digits, equal if and only if the data are equal."""
    found = contract.source.fingerprint
    require(
        bool(re.fullmatch("[0-9a-f]{16}", found)),
        f"`fingerprint` must be 16 hexadecimal digits, got {found!r}",
    )
    if contract.again is not None:
        again = contract.again().fingerprint
        require(again == found, f"the same data must have the fingerprint {found}, got {again}")
    if contract.other is not None:
        other = contract.other.fingerprint
        require(other != found, f"other data must have a different fingerprint, got {other}")


def pickling_keeps_it(contract: SourceContract) -> None:
    """A pickled source, as sent to another process, returns the same samples."""
    source, index = contract.source, contract.positions
    copy = pickle.loads(pickle.dumps(source))
    same_samples(copy.read(index).inputs, source.read(index).inputs, "samples of a pickled source")
    require(
        copy.fingerprint == source.fingerprint,
        f"a pickled source must have the fingerprint {source.fingerprint}, got {copy.fingerprint}",
    )


def inputs_are_cut_joined_and_moved(contract: SourceContract) -> None:
    """Its inputs can be split into rows, concatenated and moved, as in the training loop."""
    inputs = contract.source.read(contract.positions).inputs
    rows = count(inputs)
    parts = [select(inputs, slice(0, 1)), select(inputs, torch.arange(1, rows))]
    same_samples(join([p for p in parts if count(p)]), inputs, "rows that were split and joined")
    moved = move(inputs, "cpu", torch.float64)
    require(count(moved) == rows, f"{rows} rows must stay {rows} when moved, got {count(moved)}")
    same_samples(move(inputs, "cpu"), inputs, "rows that were moved")
    for before, after in zip(leaves(inputs), leaves(moved), strict=True):
        wanted = torch.float64 if before.is_floating_point() else before.dtype
        require(
            after.dtype == wanted,
            f"{before.dtype} must become {wanted} when moved, got {after.dtype}",
        )
    require(len(one_by_one(moved)) == rows, "each row must be a sample")


SOURCE_PROMISES = (
    Promise(source_declares_itself),
    Promise(samples_are_numbered),
    Promise(reading_gives_the_samples_asked_for),
    Promise(positions_may_be_any_sequence),
    Promise(batch_does_not_matter),
    Promise(reading_is_pure),
    Promise(bad_positions_are_refused),
    Promise(chunks_are_the_samples_in_order),
    Promise(samples_have_names),
    Promise(description_counts_the_samples),
    Promise(fingerprint_is_of_the_content),
    Promise(pickling_keeps_it),
    Promise(inputs_are_cut_joined_and_moved),
)

source_checks = listing("source_checks", SourceContract, SOURCE_PROMISES)
check_source = running(
    "check_source",
    SourceContract,
    SOURCE_PROMISES,
    summary="Check the required properties of a source; AssertionError at the first violation.",
)
