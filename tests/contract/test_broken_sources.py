"""Each check of a source catches a source that breaks its promise."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from nearfar.data import Batch, Source
from nearfar.inputs import Inputs
from nearfar.testing import check_source, source_checks
from nearfar.testing._check_source import SOURCE_PROMISES
from tests.contract.broken import fails

NUMBERS = torch.arange(60.0).reshape(20, 3)


class Rows(Source):
    """Rows of a matrix; keeps every promise."""

    modality: ClassVar[str] = "vectors"

    def __init__(self, values: Tensor = NUMBERS) -> None:
        self.name = "rows"
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = torch.as_tensor(positions, dtype=torch.int64)
        for position in index.tolist():
            if not 0 <= position < len(self):
                raise IndexError(f"`positions` must lie between 0 and {len(self) - 1}: {position}")
        return Batch(self.inputs(index), index)

    def inputs(self, index: Tensor) -> Any:
        return self.values[index]

    def identify(self, sample: int) -> str:
        return f"row {sample}"

    def describe(self) -> str:
        return f"{len(self):,} rows"

    @property
    def fingerprint(self) -> str:
        return hashlib.blake2b(self.values.numpy().tobytes(), digest_size=8).hexdigest()


HEALTHY: dict[str, Any] = {"source": Rows(), "again": Rows, "other": Rows(NUMBERS + 1)}


def test_a_source_that_keeps_its_promises_passes() -> None:
    check_source(**HEALTHY)


def test_a_source_of_one_sample_passes() -> None:
    check_source(Rows(NUMBERS[:1]))


# --- sources that break one -----------------------------------------------------------------------


class ListOfNotes(Rows):
    notes: ClassVar = ["two rows left out"]


class Nameless(Rows):
    def __init__(self) -> None:
        super().__init__()
        self.name = ""


class NumberedTwice(Rows):
    @property
    def samples(self) -> Tensor:
        return torch.arange(len(self)) // 2


class NegativeNumbers(Rows):
    @property
    def samples(self) -> Tensor:
        return torch.arange(len(self)) - 1


class OtherNumbers(Rows):
    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        batch = super().read(positions)
        return Batch(batch.inputs, batch.samples + 1)


class SetOfPositions(Rows):
    """Reads each position once."""

    def inputs(self, index: Tensor) -> Any:
        return self.values[index.unique()] if len(index) == 2 else self.values[index]


class Sorted(Rows):
    def inputs(self, index: Tensor) -> Any:
        return self.values[index.sort().values]


class Centered(Rows):
    """Subtracts the mean of the batch."""

    def inputs(self, index: Tensor) -> Any:
        return self.values[index] - self.values[index].mean()


class Noisy(Rows):
    def inputs(self, index: Tensor) -> Any:
        return self.values[index] + torch.rand(1)


class Drifts(Rows):
    reads = 0

    def inputs(self, index: Tensor) -> Any:
        self.reads += 1
        return self.values[index] + self.reads


class Wraps(Rows):
    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = torch.as_tensor(positions, dtype=torch.int64) % len(self)
        return Batch(self.values[index], index)


class ShortChunks(Rows):
    def chunks(self, size: int | None = None) -> Iterator[Batch]:
        for batch in super().chunks(size):
            yield self.read(batch.samples[:-1])


class LastChunkFirst(Rows):
    def chunks(self, size: int | None = None) -> Iterator[Batch]:
        yield from reversed(list(super().chunks(size)))


class OneName(Rows):
    def identify(self, sample: int) -> str:
        return "a row"


class Uncounted(Rows):
    def describe(self) -> str:
        return "some rows"


class LongFingerprint(Rows):
    @property
    def fingerprint(self) -> str:
        return super().fingerprint * 2


class ShapeFingerprint(Rows):
    """Looks at the shape alone."""

    @property
    def fingerprint(self) -> str:
        return hashlib.blake2b(str(self.values.shape).encode(), digest_size=8).hexdigest()


class PickledWithoutValues(Rows):
    def __reduce__(self) -> Any:
        return PickledWithoutValues, (0 * self.values,)


class Boxes(Inputs):
    """Forgets a sample when it is joined."""

    def __init__(self, values: Tensor) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def select(self, rows: slice | Tensor) -> Boxes:
        return Boxes(self.values[rows])

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Boxes:
        return Boxes(self.values.to(device, dtype))

    @classmethod
    def join(cls, parts: Sequence[Any]) -> Boxes:
        return Boxes(torch.cat([part.values for part in parts])[:-1])


class Halves(Boxes):
    """Takes no notice of the precision asked for."""

    def select(self, rows: slice | Tensor) -> Halves:
        return Halves(self.values[rows])

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Halves:
        return self

    @classmethod
    def join(cls, parts: Sequence[Any]) -> Halves:
        return Halves(torch.cat([part.values for part in parts]))


class Boxed(Rows):
    def inputs(self, index: Tensor) -> Any:
        return Boxes(self.values[index])


class Halved(Rows):
    def inputs(self, index: Tensor) -> Any:
        return Halves(self.values[index].half())


def another(kind: type[Rows]) -> dict[str, Any]:
    return {"source": kind(), "again": None, "other": None}


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    (
        "source_declares_itself",
        another(ListOfNotes),
        r"`notes` must be a tuple of strings, got \['two rows left out'\]",
    ),
    ("source_declares_itself", another(Nameless), "`name` must be a string, got ''"),
    ("samples_are_numbered", another(NumberedTwice), "must be 20 distinct numbers, got 10"),
    ("samples_are_numbered", another(NegativeNumbers), "`samples` must be 0 or more, got -1"),
    (
        "reading_gives_the_samples_asked_for",
        another(OtherNumbers),
        r"the batch must have the samples \[.*\], got \[",
    ),
    (
        "positions_may_be_any_sequence",
        another(SetOfPositions),
        "a repeated position must have 2 samples, got 1",
    ),
    (
        "batch_does_not_matter",
        another(Sorted),
        "samples read in another order: the sample",
    ),
    ("batch_does_not_matter", another(Centered), r"(?s)only position \d+: .* must be the same"),
    (
        "reading_is_pure",
        another(Noisy),
        "reading must not use the global random generator of PyTorch, but did",
    ),
    ("reading_is_pure", another(Drifts), "the same positions again: .* must be the same"),
    (
        "bad_positions_are_refused",
        another(Wraps),
        "position -1 of 20 samples must be refused with a IndexError about '-1', but gave Batch",
    ),
    (
        "chunks_are_the_samples_in_order",
        another(LastChunkFirst),
        r"the chunk from position 0 must be the samples \[0, 1, 2, 3, 4\], got \[15, 16",
    ),
    (
        "chunks_are_the_samples_in_order",
        another(ShortChunks),
        r"the chunk from position 0 must be the samples \[0, 1, 2, 3, 4\], got \[0, 1, 2, 3\]",
    ),
    (
        "samples_have_names",
        another(OneName),
        r"12 samples must have unique names, got \['a row'",
    ),
    (
        "description_counts_the_samples",
        another(Uncounted),
        "`describe` must contain 20, got 'some rows'",
    ),
    (
        "fingerprint_is_of_the_content",
        another(LongFingerprint),
        "`fingerprint` must be 16 hexadecimal digits, got '[0-9a-f]{32}'",
    ),
    (
        "fingerprint_is_of_the_content",
        {**HEALTHY, "again": lambda: Rows(NUMBERS * 2)},
        "the same data must have the fingerprint [0-9a-f]{16}, got [0-9a-f]{16}",
    ),
    (
        "fingerprint_is_of_the_content",
        {"source": ShapeFingerprint(), "other": ShapeFingerprint(NUMBERS + 1)},
        "other data must have a different fingerprint, got [0-9a-f]{16}",
    ),
    (
        "pickling_keeps_it",
        another(PickledWithoutValues),
        "samples of a pickled source: the sample in row 0 must be the same",
    ),
    (
        "inputs_are_cut_joined_and_moved",
        another(Boxed),
        "rows that were split and joined must have 12 samples, got 11",
    ),
    (
        "inputs_are_cut_joined_and_moved",
        another(Halved),
        "torch.float16 must become torch.float64 when moved, got torch.float16",
    ),
]


@pytest.mark.parametrize(("name", "changes", "words"), BROKEN, ids=[name for name, *_ in BROKEN])
def test_a_broken_source_fails_its_check(name: str, changes: dict[str, Any], words: str) -> None:
    fails(source_checks(**changes), name, words)


def test_every_check_has_a_broken_source() -> None:
    assert {name for name, *_ in BROKEN} == {promise.name for promise in SOURCE_PROMISES}
