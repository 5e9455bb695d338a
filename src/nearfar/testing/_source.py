"""The checks of a source."""

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
from nearfar.testing._refusal import refuses
from nearfar.testing._samples import leaves, one_by_one, same_samples, undisturbed

__all__ = ["SOURCE_PROMISES", "SourceContract", "check_source", "source_checks"]

MOST = 12  # samples that a check reads


@final
@dataclass(frozen=True)
class SourceContract(Contract):
    """A source and what it promises.

    Args:
        source: The source; a few samples are read from its beginning, middle and end.
        again: Opens the same data once more; the fingerprint must be the same.
        other: A source of data that differ, if only in one value; the fingerprint must differ.
        name: How messages call it; class and name of the source if not given.
        skip: Names of checks to leave out.

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
        """How messages call it."""
        return self.name or f"{type(self.source).__name__} {self.source.name}"

    @property
    def positions(self) -> Tensor:
        """Some positions: the first, the last, and between them; not in order."""
        length = len(self.source)
        spread: Tensor = torch.unique(torch.linspace(0, length - 1, min(MOST, length)).long())
        return spread[torch.randperm(len(spread), generator=torch.Generator().manual_seed(0))]


def source_declares_itself(contract: SourceContract) -> None:
    """Name, kind, notes and size of a read are what every source says of itself."""
    source = contract.source
    require(isinstance(source, Source), f"it must be a Source, got {type(source).__mro__}")
    for name in ("name", "modality"):
        value = getattr(source, name, None)
        require(isinstance(value, str) and bool(value), f"`{name}` must be a word, got {value!r}")
    notes = source.notes
    require(
        isinstance(notes, tuple) and not any(not isinstance(note, str) for note in notes),
        f"`notes` must be a tuple of sentences, got {notes!r}",
    )
    require(
        isinstance(source.at_once, int) and source.at_once > 0,
        f"`at_once` must be a whole number above 0, got {source.at_once!r}",
    )
    require(isinstance(source.root, Source), f"`root` must be a Source, got {source.root!r}")


def samples_are_numbered(contract: SourceContract) -> None:
    """``samples`` numbers every position with a whole number of its own, 0 or more."""
    source = contract.source
    samples, length = source.samples, len(source)
    require(length > 0, f"it must hold a sample or more, got {length}")
    require(
        samples.dtype == torch.int64 and samples.shape == (length,),
        f"`samples` must be {length} numbers of int64, got {samples.dtype} of shape"
        f" {tuple(samples.shape)}",
    )
    require(int(samples.min()) >= 0, f"`samples` must be 0 or more, got {int(samples.min())}")
    distinct = len(torch.unique(samples))
    require(distinct == length, f"`samples` must be {length} different numbers, got {distinct}")


def reading_gives_the_samples_asked_for(contract: SourceContract) -> None:
    """A batch has a row for each position, and carries the numbers of its samples."""
    index = contract.positions
    batch = contract.source.read(index)
    require(isinstance(batch, Batch), f"`read` must give a Batch, got {type(batch).__name__}")
    rows = count(batch.inputs)
    require(rows == len(index), f"{len(index)} positions must give as many rows, got {rows}")
    expected = contract.source.samples[index]
    require(
        torch.equal(batch.samples, expected),
        f"the batch must carry the samples {expected.tolist()}, got {batch.samples.tolist()}",
    )


def positions_may_be_any_sequence(contract: SourceContract) -> None:
    """A list, a range and a tensor of the same positions read the same, repeated ones too."""
    source, index = contract.source, contract.positions
    expected = source.read(index).inputs
    same_samples(source.read(index.tolist()).inputs, expected, "positions as a list")
    few = min(3, len(source))
    ranged = source.read(range(few)).inputs
    same_samples(ranged, source.read(list(range(few))).inputs, "positions as a range")
    first = index[:1]
    twice = source.read(torch.cat([first, first])).inputs
    same_samples(twice, join([source.read(first).inputs] * 2), "a position asked for twice")


def batch_does_not_matter(contract: SourceContract) -> None:
    """A sample is the same in any order of reading, in any batch, and alone."""
    source, index = contract.source, contract.positions
    whole = source.read(index).inputs
    order = torch.randperm(len(index))
    turned = source.read(index[order]).inputs
    same_samples(turned, select(whole, order), "samples read in another order")
    for row in range(len(index)):
        alone = source.read(index[row : row + 1]).inputs
        same_samples(alone, select(whole, torch.tensor([row])), f"position {index[row]} alone")


def reading_is_pure(contract: SourceContract) -> None:
    """Reading again gives the same, and no global random generator is read or moved."""
    source, index = contract.source, contract.positions
    with undisturbed("reading"):
        first = source.read(index).inputs
    torch.manual_seed(1)
    same_samples(source.read(index).inputs, first, "the same positions again")


def bad_positions_are_refused(contract: SourceContract) -> None:
    """A position before the first or behind the last is an IndexError that shows it."""
    source = contract.source
    for bad in (-1, len(source)):
        what = f"position {bad} of {len(source)} samples"
        refuses(partial(source.read, [0, bad]), IndexError, words=str(bad), what=what)


def chunks_are_the_samples_in_order(contract: SourceContract) -> None:
    """``chunks`` gives all samples in their order, each once."""
    source = contract.source
    size = max(1, min(5, len(source) - 1))
    start = 0
    for batch in islice(source.chunks(size), 4):
        expected = source.samples[start : start + size]
        require(
            torch.equal(batch.samples, expected),
            f"the chunk from position {start} on must be the samples {expected.tolist()}, got"
            f" {batch.samples.tolist()}",
        )
        start += len(batch)
    wanted = min(len(source), 4 * size)
    require(start == wanted, f"4 chunks of {size} must hold {wanted} samples, got {start}")


def samples_have_names(contract: SourceContract) -> None:
    """``identify`` gives different words for different samples."""
    source = contract.source
    samples = source.samples[contract.positions].tolist()
    names = [source.identify(sample) for sample in samples]
    for sample, name in zip(samples, names, strict=True):
        require(isinstance(name, str) and bool(name), f"sample {sample} must have a name: {name!r}")
    distinct = len(set(names))
    require(
        distinct == len(names), f"{len(names)} samples must have as many names, got {sorted(names)}"
    )


def description_counts_the_samples(contract: SourceContract) -> None:
    """``describe`` says how many samples there are."""
    expected, found = f"{len(contract.source):,}", contract.source.describe()
    require(expected in found, f"`describe` must count {expected} samples, got {found!r}")


def fingerprint_is_of_the_content(contract: SourceContract) -> None:
    """Sixteen hexadecimal digits, the same for the same data, others for others."""
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
        require(other != found, f"other data must have another fingerprint, got {other} for both")


def pickling_keeps_it(contract: SourceContract) -> None:
    """A pickled source, as another process gets it, reads the same."""
    source, index = contract.source, contract.positions
    copy = pickle.loads(pickle.dumps(source))
    same_samples(copy.read(index).inputs, source.read(index).inputs, "samples of a pickled source")
    require(
        copy.fingerprint == source.fingerprint,
        f"a pickled source must have the fingerprint {source.fingerprint}, got {copy.fingerprint}",
    )


def inputs_are_cut_joined_and_moved(contract: SourceContract) -> None:
    """What it hands out can be cut into rows, joined and moved, as the training loop does."""
    inputs = contract.source.read(contract.positions).inputs
    rows = count(inputs)
    parts = [select(inputs, slice(0, 1)), select(inputs, torch.arange(1, rows))]
    same_samples(join([p for p in parts if count(p)]), inputs, "rows that were cut and joined")
    moved = move(inputs, "cpu", torch.float64)
    require(count(moved) == rows, f"{rows} rows must stay {rows} when moved, got {count(moved)}")
    same_samples(move(inputs, "cpu"), inputs, "rows that were moved")
    for before, after in zip(leaves(inputs), leaves(moved), strict=True):
        wanted = torch.float64 if before.is_floating_point() else before.dtype
        require(
            after.dtype == wanted,
            f"{before.dtype} must become {wanted} when moved, got {after.dtype}",
        )
    require(len(one_by_one(moved)) == rows, "every row must be a sample")


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
    summary="Check what a source promises; AssertionError at the first promise it breaks.",
)
