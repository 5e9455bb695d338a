"""The counter-based generator: known answers, purity, uniformity."""

from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from nearfar.ops._random import Stream, permutation, philox, random_bits, uniform

# Published known answers of Philox4x32-10: counter, key, output
KNOWN = [
    (
        "00000000 00000000 00000000 00000000",
        "00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def philox_in_plain_integers(counter: list[int], key: list[int]) -> list[int]:
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_philox_gives_the_published_known_answers(counter: str, key: str, expected: str) -> None:
    low, high = words(key)
    assert philox(torch.tensor(words(counter)), (low, high)).tolist() == words(expected)


@given(st.lists(st.integers(0, 2**32 - 1), min_size=6, max_size=6))
def test_philox_equals_unbounded_integer_arithmetic(numbers: list[int]) -> None:
    counter, (low, high) = numbers[:4], numbers[4:]
    expected = philox_in_plain_integers(counter, [low, high])
    assert philox(torch.tensor([counter]), (low, high)).tolist() == [expected]


def test_uniform_numbers_have_24_bits_and_stay_below_one() -> None:
    numbers = uniform(torch.arange(1000), seed=1, epoch=2, count=30)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert torch.equal((numbers * 2**24).round() / 2**24, numbers)


def test_uniform_numbers_are_uniform() -> None:
    numbers = uniform(torch.arange(20_000), seed=5, epoch=0, count=4).flatten().numpy()
    assert stats.kstest(numbers, "uniform").pvalue > 0.01


def test_columns_rows_and_epochs_are_uncorrelated() -> None:
    samples = torch.arange(20_000)
    numbers = uniform(samples, seed=5, epoch=0, count=6)
    later = uniform(samples, seed=5, epoch=1, count=6)
    both = torch.cat((numbers, later, numbers.roll(1, 0)), dim=1)
    correlation = torch.corrcoef(both.T) - torch.eye(18)
    assert correlation.abs().max() < 5 / 20_000**0.5


def test_a_row_depends_on_its_own_sample_alone() -> None:
    samples = torch.tensor([5, 2**40 + 7, 0, 5])
    together = uniform(samples, seed=3, epoch=4, count=9)
    for row, sample in zip(together, samples, strict=True):
        assert torch.equal(uniform(sample[None], seed=3, epoch=4, count=9)[0], row)
    assert torch.equal(together[0], together[3])


def test_first_numbers_do_not_depend_on_how_many_are_asked_for() -> None:
    samples = torch.arange(7)
    many = uniform(samples, seed=3, epoch=4, count=37)
    assert torch.equal(uniform(samples, seed=3, epoch=4, count=5), many[:, :5])


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"seed": 2**32},
        {"epoch": 1},
        {"view": 1},
        {"stream": Stream.ORDER},
    ],
)
def test_seed_epoch_view_and_stream_each_change_the_numbers(other: dict[str, int]) -> None:
    samples = torch.arange(50)
    asked = {"seed": 0, "epoch": 0, "view": 0, "stream": Stream.VIEWS, "count": 8}
    assert not torch.isin(uniform(samples, **asked), uniform(samples, **asked | other)).all(1).any()


def test_one_view_per_row_equals_one_view_for_all() -> None:
    samples = torch.arange(6)
    mixed = random_bits(samples, seed=1, epoch=1, count=5, view=torch.tensor([0, 1, 2, 0, 1, 2]))
    for view in range(3):
        alone = random_bits(samples[view::3], seed=1, epoch=1, count=5, view=view)
        assert torch.equal(mixed[view::3], alone)


def test_large_samples_do_not_fall_together() -> None:
    bits = random_bits(torch.tensor([1, 2**32 + 1, 2**33 + 1]), seed=0, epoch=0, count=4)
    assert len(set(map(tuple, bits.tolist()))) == 3


@given(st.integers(0, 300), st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
def test_permutation_holds_every_index_once(n: int, seed: int, epoch: int) -> None:
    assert permutation(n, seed=seed, epoch=epoch).sort().values.tolist() == list(range(n))


def test_a_permutation_sorts_by_63_bits_of_two_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # 32 bits of the first number, then the upper 31 of the second
    numbers = [[1, 2**31], [1, 2], [2, 0], [0, 2**32 - 1], [1, 3], [2**32 - 1, 0]]
    monkeypatch.setattr("nearfar.ops._random.random_bits", lambda *_, **__: torch.tensor(numbers))
    assert permutation(6, seed=0, epoch=0).tolist() == [3, 1, 4, 0, 2, 5]


def test_permutations_of_four_are_equally_likely() -> None:
    seen = [tuple(permutation(4, seed=0, epoch=epoch).tolist()) for epoch in range(2400)]
    counts = [seen.count(order) for order in set(seen)]
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize(
    ("argument", "value", "expected"),
    [
        ("seed", -1, "0 or more"),
        ("seed", 2**64, "below 2^64"),
        ("epoch", -1, "0 or more"),
        ("epoch", 2**32, "below 2^32"),
        ("view", 256, "below 2^8"),
        ("count", 0, "1 or more"),
        ("stream", 256, "below 2^8"),
    ],
)
def test_numbers_out_of_range_are_refused_by_name(argument: str, value: int, expected: str) -> None:
    asked = {"seed": 0, "epoch": 0, "view": 0, "count": 1} | {argument: value}
    message = f"`{argument}` must be .*{re.escape(expected)}, got {value}"
    with pytest.raises(ValueError, match=message):
        random_bits(torch.arange(2), **asked)
