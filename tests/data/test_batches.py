"""Batches read ahead: what is in them, how they are shared, how they end."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nearfar.data import Batch, ImageSource, Subset, batches, open_source
from nearfar.inputs import Images


def reading_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("nearfar-batches")]


def test_a_pass_reads_the_order_in_whole_batches() -> None:
    digits = open_source("digits")
    order = torch.randperm(len(digits))
    read = list(batches(digits, batch_size=500, order=order))
    assert torch.cat([batch.samples for batch in read]).equal(order[:1500])
    for batch in read:
        assert batch.inputs.pixels.equal(digits.read(batch.samples).inputs.pixels)
    assert reading_threads() == []


@settings(deadline=None, max_examples=30)
@given(
    world_size=st.integers(1, 4),
    share=st.integers(1, 5),
    start=st.integers(0, 12),
    length=st.integers(20, 50),
)
def test_processes_share_every_batch_and_a_resumed_pass_goes_on(
    world_size: int, share: int, start: int, length: int
) -> None:
    source = Subset(open_source("digits"), torch.arange(length))
    order, size = torch.randperm(length), world_size * share
    whole = [b.samples for b in batches(source, batch_size=size, order=order)]
    shares = [
        [
            b.samples
            for b in batches(
                source,
                batch_size=size,
                order=order,
                rank=rank,
                world_size=world_size,
                start=start,
            )
        ]
        for rank in range(world_size)
    ]
    together = [torch.cat(parts) for parts in zip(*shares, strict=True)]
    # nothing is left where a pass starts behind its end
    assert [part.tolist() for part in together] == [part.tolist() for part in whole[start:]]


def test_batches_of_a_subset_carry_the_parents_numbers() -> None:
    some = Subset(open_source("digits"), [30, 20, 10])
    (batch,) = batches(some, batch_size=3, order=torch.tensor([2, 0, 1]))
    assert batch.samples.tolist() == [10, 30, 20]


def test_a_batch_larger_than_the_data_is_refused_with_both_numbers() -> None:
    digits = open_source("digits")
    with pytest.raises(ValueError, match=r"at most the number of samples, 1,797, got 2,048"):
        batches(digits, batch_size=2048, order=torch.arange(1797))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "`batch_size` must be a whole number of 1 or more, got 0"),
        ({"batch_size": 9, "world_size": 2}, "multiple of the number of processes, 2, got 9"),
        ({"batch_size": 8, "rank": 1}, "`rank` must be below `world_size`, 1, got 1"),
        ({"batch_size": 8, "start": -1}, "`start` must be"),
        ({"batch_size": 8, "order": torch.arange(5)}, "each of the 1,797 samples once, got 5"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        batches(open_source("digits"), **{"order": torch.arange(1797), **arguments})


class Failing(ImageSource):
    """Cannot read one of its samples."""

    name, channels, image_size, fingerprint = "failing", 1, 16, "0" * 16

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __len__(self) -> int:
        return 100

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = torch.as_tensor(positions)
        self.asked += index.tolist()
        if 50 in index:
            raise OSError("the disk is gone")
        return Batch(Images(torch.zeros(len(index), 1, 8, 8, dtype=torch.uint8)), index)

    def identify(self, sample: int) -> str:
        return str(sample)

    def describe(self) -> str:
        return "100 images"


def test_an_error_while_reading_is_raised_where_its_batch_is_asked_for() -> None:
    iterator = batches(Failing(), batch_size=10, order=torch.arange(100))
    assert [int(next(iterator).samples[0]) for _ in range(5)] == [0, 10, 20, 30, 40]
    with pytest.raises(OSError, match="the disk is gone"):
        next(iterator)
    assert reading_threads() == []


def test_closing_early_leaves_no_thread_and_reads_little_ahead() -> None:
    source = Failing()
    iterator = batches(source, batch_size=10, order=torch.arange(100))
    next(iterator)
    assert len(reading_threads()) == 1
    iterator.close()
    assert reading_threads() == []
    assert max(source.asked) < 30


def test_an_iterator_that_is_never_used_starts_no_thread() -> None:
    batches(open_source("digits"), batch_size=10, order=torch.arange(1797))
    assert reading_threads() == []
