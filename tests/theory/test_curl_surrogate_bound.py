"""Arora et al.'s bound for hinge and logistic losses."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.theory import CURLSurrogateBound, curl_surrogate_bound
from references import negatives as exact


@pytest.mark.parametrize("surrogate", ["hinge", "logistic"])
def test_one_negative_is_what_going_through_all_triplets_gives(surrogate: str) -> None:
    rows = torch.randn(9, 3, dtype=torch.float64)
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, 2])
    loss, supervised, tau = exact.pairwise_surrogate(
        rows.tolist(), labels.tolist(), surrogate=surrogate
    )
    found = curl_surrogate_bound(rows, labels, surrogate=surrogate, draws=100_000)
    assert found.collision_probability == pytest.approx(tau, rel=1e-12)
    assert found.collisions == pytest.approx(tau, rel=1e-12)
    assert found.unsupervised == pytest.approx(loss, abs=5 * found.standard_error)
    assert found.supervised == pytest.approx(supervised, abs=0.05)
    assert found.bound == pytest.approx((loss - tau) / (1 - tau), rel=0.1)
    assert supervised <= (loss - tau) / (1 - tau)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 10**6),
    surrogate=st.sampled_from(["hinge", "logistic"]),
    num_negatives=st.integers(1, 6),
    block_size=st.integers(1, 4),
    scale=st.floats(0.1, 3),
)
def test_no_world_breaks_the_bound(
    seed: int, surrogate: str, num_negatives: int, block_size: int, scale: float
) -> None:
    draw = torch.Generator().manual_seed(seed)
    labels = torch.cat([torch.arange(4), torch.randint(4, (36,), generator=draw)])
    rows = torch.randn(4, 3, generator=draw)[labels] + torch.randn(40, 3, generator=draw)
    found = curl_surrogate_bound(
        scale * rows,
        labels,
        surrogate=surrogate,
        num_negatives=num_negatives,
        block_size=block_size,
    )
    slack = 5 * found.standard_error / (1 - found.collision_probability)
    assert found.supervised <= found.bound + 2 * slack


def test_blocks_lower_the_loss_and_tighten_the_bound() -> None:
    labels = torch.arange(200) % 4
    rows = 2 * torch.eye(4)[labels] + torch.randn(200, 4)
    single, blocks = (
        curl_surrogate_bound(rows, labels, block_size=size, draws=20_000) for size in (1, 5)
    )
    assert blocks.unsupervised < single.unsupervised
    assert blocks.supervised <= blocks.bound < single.bound
    assert not blocks.vacuous


@pytest.mark.parametrize("surrogate", ["hinge", "logistic"])
@pytest.mark.parametrize("num_negatives", [1, 5])
def test_a_collapsed_encoder_reads_chance_and_its_bound_says_nothing(
    surrogate: str, num_negatives: int
) -> None:
    found = curl_surrogate_bound(
        torch.ones(40, 3),
        torch.arange(40) % 4,
        surrogate=surrogate,
        num_negatives=num_negatives,
        draws=20_000,
    )
    chance = 1.0 if surrogate == "hinge" else math.log2(1 + num_negatives)
    assert found.collapsed == chance
    assert found.supervised == pytest.approx(chance, abs=1e-6)
    assert found.unsupervised == pytest.approx(chance, abs=5 * found.standard_error + 1e-6)
    assert found.bound >= chance - 10 * found.standard_error - 1e-6


def test_many_negatives_take_the_bound_with_them() -> None:
    labels = torch.arange(40) % 4
    bounds = [
        curl_surrogate_bound(torch.eye(4)[labels], labels, num_negatives=k).bound
        for k in (4, 16, 64)
    ]
    assert bounds[0] < bounds[1] < bounds[2]
    assert bounds[2] > 1e6


def test_a_seed_decides_and_the_record_survives_json() -> None:
    rows, labels = torch.randn(40, 3), torch.arange(40) % 4
    first, second = (curl_surrogate_bound(rows, labels, seed=5) for _ in range(2))
    assert first == second == CURLSurrogateBound.from_json(first.to_json())
    assert first.unsupervised != curl_surrogate_bound(rows, labels, seed=6).unsupervised


@pytest.mark.usefixtures("as_users_run_it")
def test_what_makes_no_sense_is_refused() -> None:
    rows, labels = torch.randn(40, 3), torch.arange(40) % 4
    with pytest.raises(ValueError, match="`surrogate` must be one of hinge, logistic, got 'hing'"):
        curl_surrogate_bound(rows, labels, surrogate="hing")
    with pytest.raises(ValueError, match="`num_negatives` must be a whole number of 1 or more"):
        curl_surrogate_bound(rows, labels, num_negatives=0)
    with pytest.raises(ValueError, match="`block_size` must be a whole number of 1 or more"):
        curl_surrogate_bound(rows, labels, block_size=0)
    with pytest.raises(ValueError, match="`draws` must be a whole number of 32 or more, got 8"):
        curl_surrogate_bound(rows, labels, draws=8)
    with pytest.raises(ValueError, match="got 3 classes and the label 3"):
        curl_surrogate_bound(rows, labels, prior=3)
    with pytest.raises(ValueError, match="`embeddings` must be a matrix"):
        curl_surrogate_bound(rows[None], labels)
