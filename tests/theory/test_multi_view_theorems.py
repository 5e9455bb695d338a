"""The four theorems: the published toy to its digits, and random worlds."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nearfar.data import bit_toy, bit_toy_representations, random_joint
from nearfar.theory import (
    InequalityChain,
    bayes_error_bound,
    bayes_error_chain,
    compression_chain,
    estimation_error,
    minimal_sufficient_representation,
    multi_view_information,
    representation_information,
    supervised_relative_bounds,
    supervised_relative_chain,
    task_information_chain,
)
from tests.every import every

SEEDS = settings(max_examples=60, deadline=None, derandomize=True, database=None)
WORLDS = st.builds(
    random_joint,
    st.integers(1, 6),
    st.integers(1, 5),
    st.integers(2, 4),
    concentration=st.sampled_from([0.05, 0.3, 1.0]),
    task_of_input=st.booleans(),
    seed=st.integers(0, 10**6),
)
# flip, what is kept, I(Z;T), I(Z;S), I(Z;X|T), I(Z;X|S,T), Bayes error, theorem 3
TOY = [
    (0.0, "X", 0.6931, 1.3863, 1.3863, 0.6931, 0.0, 0.5),
    (0.0, "(T,A)", 0.6931, 1.3863, 0.6931, 0.0, 0.0, 0.0),
    (0.0, "T", 0.6931, 0.6931, 0.0, 0.0, 0.0, 0.5),
    (0.0, "A", 0.0, 0.6931, 0.6931, 0.0, 0.5, 0.5),
    (0.1, "X", 0.6931, 1.0612, 1.3863, 0.6931, 0.0, 0.6388),
    (0.1, "(T,A)", 0.6931, 1.0612, 0.6931, 0.0, 0.0, 0.2775),
]


def split_at_random(codes: Tensor, seed: int) -> Tensor:
    """A finer map: what was told apart still is."""
    generator = torch.Generator().manual_seed(seed)
    return codes * 2 + torch.randint(0, 2, codes.shape, generator=generator)


@pytest.mark.parametrize("row", TOY, ids=lambda row: f"{row[1]} at {row[0]}")
def test_the_toy_of_bits_reads_as_published(row: tuple[Any, ...]) -> None:
    flip, name, task, signal, beside, private, error, bound = row
    joint, representation = bit_toy(flip), bit_toy_representations()[name]
    kept = representation_information(joint, representation)
    known = multi_view_information(joint)
    found = [kept.task, kept.signal, kept.input_given_task, kept.input_given_signal_and_task]
    assert found == pytest.approx([task, signal, beside, private], abs=5e-5)
    assert kept.bayes_error == pytest.approx(error, abs=1e-12)
    assert known.compression_gap == pytest.approx(math.log(2), abs=1e-12)
    assert known.epsilon_info == pytest.approx(0.3251 if flip else 0.0, abs=5e-5)
    unclipped = -math.expm1(
        kept.signal - known.task_entropy - known.compression_gap - kept.input_given_signal_and_task
    )
    assert unclipped == pytest.approx(bound, abs=5e-5)
    chain = bayes_error_chain(joint, representation)
    assert chain.holds
    assert chain.values[-1] == pytest.approx(min(bound, 0.5), abs=5e-5)


def test_all_theorems_hold_on_the_toy_with_their_assumptions() -> None:
    for flip in (0.0, 0.1, 0.3, 0.5):
        chains = [task_information_chain(bit_toy(flip)), compression_chain(bit_toy(flip))]
        chains.append(supervised_relative_chain(bit_toy(flip)))
        assert every(chain.holds for chain in chains)
        assert every(chain.applies for chain in chains)


@SEEDS
@given(joint=WORLDS, seed=st.integers(0, 99))
def test_theorem_1_holds_on_random_worlds(joint: Tensor, seed: int) -> None:
    finer = split_at_random(minimal_sufficient_representation(joint, target="signal"), seed)
    assert task_information_chain(joint).holds
    assert task_information_chain(joint, self_supervised=finer).holds


@SEEDS
@given(joint=WORLDS, seed=st.integers(0, 99))
def test_theorem_2_holds_wherever_its_assumptions_do(joint: Tensor, seed: int) -> None:
    finer = split_at_random(minimal_sufficient_representation(joint, target="signal"), seed)
    chain = compression_chain(joint, self_supervised=finer)
    assert chain.holds or not chain.applies
    if chain.assumptions["the task is a function of the input"]:
        assert chain.holds_at(0)
        assert chain.holds_at(1)
        assert chain.holds_at(4)
        assert chain.values[2] >= chain.values[3] - 1e-9  # the equality that a noisy signal breaks


def test_theorem_2_fails_where_the_signal_is_noisy_or_the_task_is_no_function() -> None:
    noisy_signal = compression_chain(random_joint(4, 4, 2, task_of_input=True))
    assert [noisy_signal.holds_at(i) for i in range(5)] == [True, True, False, True, True]
    assert list(noisy_signal.assumptions.values()) == [True, False]
    noisy_task = compression_chain(random_joint(4, 4, 2))
    assert not noisy_task.holds_at(4)
    assert list(noisy_task.assumptions.values()) == [False, False]


@SEEDS
@given(joint=WORLDS, seed=st.integers(0, 99), stochastic=st.booleans())
def test_theorem_3_holds_for_any_representation(joint: Tensor, seed: int, stochastic: bool) -> None:
    generator = torch.Generator().manual_seed(seed)
    inputs = len(joint)
    channel = torch.randn(inputs, 3, generator=generator, dtype=torch.float64).mul(3).softmax(1)
    codes = torch.randint(0, 3, (inputs,), generator=generator)
    assert bayes_error_chain(joint, channel if stochastic else codes).holds


@SEEDS
@given(joint=WORLDS, seed=st.integers(0, 99))
def test_theorem_4_holds_on_random_worlds(joint: Tensor, seed: int) -> None:
    finer = split_at_random(minimal_sufficient_representation(joint, target="signal"), seed)
    assert supervised_relative_chain(joint).holds
    assert supervised_relative_chain(joint, self_supervised=finer).holds


def test_the_supervised_error_bounds_at_their_ends() -> None:
    perfect = supervised_relative_bounds(0.0, num_tasks=10)
    assert (perfect.lower, perfect.upper) == pytest.approx((0.0, 0.5))
    hopeless = supervised_relative_bounds(0.9, num_tasks=10)
    assert hopeless.lower == pytest.approx((math.log(10) - math.log(2)) / math.log(10))
    assert hopeless.upper == pytest.approx(0.9)
    assert supervised_relative_bounds(0.3, num_tasks=10, epsilon_info=5.0).upper == 0.9


@pytest.mark.parametrize("missing", [0.0, 0.5, 3.0])
def test_the_bound_grows_with_what_is_missing_and_ends_at_a_guess(missing: float) -> None:
    task = math.log(100)
    bound = bayes_error_bound(
        task - missing + 0.7, task_entropy=task, num_tasks=100, compression_gap=0.7
    )
    assert bound == pytest.approx(1 - math.exp(-missing))
    sampled = bayes_error_bound(
        task - missing + 0.7,
        task_entropy=task,
        num_tasks=100,
        compression_gap=0.7,
        sample_term=estimation_error(10, 1000),
    )
    assert bound < sampled < 0.99
    assert bayes_error_bound(0.0, task_entropy=task, num_tasks=100, compression_gap=9.0) == 0.99


def test_estimation_error_falls_with_the_root_of_the_samples() -> None:
    assert estimation_error(50, 400) == pytest.approx(2 * estimation_error(50, 1600))
    assert estimation_error(50, 400, delta=1e-6) > estimation_error(50, 400)


def test_a_chain_says_which_relation_fails_and_survives_json() -> None:
    chain = InequalityChain(("a", "b", "c"), (1.0, 2.0, 2.5), ("≤", "="), {"fair weather": False})
    assert not chain.holds
    assert [chain.holds_at(i) for i in (0, 1)] == [True, False]
    assert not chain.applies
    assert InequalityChain.from_json(chain.to_json()) == chain


def test_bad_arguments_are_refused_with_words() -> None:
    with pytest.raises(
        ValueError, match=r"must be sufficient for the signal, .* 1\.0612 nats, got 0\.3681"
    ):
        task_information_chain(bit_toy(0.1), self_supervised=bit_toy_representations()["T"])
    with pytest.raises(ValueError, match=r"`task_entropy` must be at most 0\.6931 for 2 tasks"):
        bayes_error_bound(1.0, task_entropy=1.0, num_tasks=2)
    with pytest.raises(ValueError, match="`signal_information` must be a finite number of 0"):
        bayes_error_bound(-1.0, task_entropy=0.1, num_tasks=2)
    with pytest.raises(ValueError, match="`num_tasks` must be a whole number of 2 or more"):
        supervised_relative_bounds(0.1, num_tasks=1)
    with pytest.raises(ValueError, match=r"at most 0\.7500, .* among 4 tasks, got 0\.8"):
        supervised_relative_bounds(0.8, num_tasks=4)
    with pytest.raises(ValueError, match=r"`delta` must be a finite number above 0, got 0.0"):
        estimation_error(5, 5, delta=0.0)
    with pytest.raises(ValueError, match="got 2 sides, 1 values and 1 relations"):
        InequalityChain(("a", "b"), (1.0,), ("≤",))
    with pytest.raises(ValueError, match="`relations` must be among = ≤ ≥, got '<'"):
        InequalityChain(("a", "b"), (1.0, 2.0), ("<",))
