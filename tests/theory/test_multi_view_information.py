"""Information on finite tables: against loops over the definitions, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nearfar.data import ShapeWorld, bit_toy, bit_toy_representations, random_joint
from nearfar.theory import (
    bayes_error,
    is_sufficient,
    minimal_sufficient_representation,
    multi_view_information,
    representation_information,
)
from tests.references import multi_view_information as reference

SEEDS = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def random_channel(inputs: int, codes: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(inputs, codes, generator=generator, dtype=torch.float64).pow(3).softmax(1)


@SEEDS
@given(seed=st.integers(0, 10**6), concentration=st.sampled_from([0.05, 0.5, 5.0]))
def test_information_of_a_table_is_the_definition(seed: int, concentration: float) -> None:
    joint = random_joint(4, 3, 2, concentration=concentration, seed=seed)
    known, world = multi_view_information(joint), reference.world(joint.numpy())
    found = [known.input_task, known.signal_task, known.input_signal]
    found += [known.compression_gap, known.epsilon_info, known.task_noise]
    pairs = [("x", "t"), ("s", "t"), ("x", "s"), ("x", "s", "t"), ("x", "t", "s")]
    expected = [reference.information(world, *names) for names in pairs]
    expected.append(reference.entropy(world, "xt") - reference.entropy(world, "x"))
    assert found == pytest.approx(expected, abs=1e-12)
    entropies = [known.input_entropy, known.signal_entropy, known.task_entropy]
    assert entropies == pytest.approx([reference.entropy(world, v) for v in "xst"], abs=1e-12)


@SEEDS
@given(seed=st.integers(0, 10**6), stochastic=st.booleans())
def test_information_of_a_representation_is_the_definition(seed: int, stochastic: bool) -> None:
    joint = random_joint(5, 3, 3, concentration=0.5, seed=seed)
    codes = torch.randint(0, 3, (5,), generator=torch.Generator().manual_seed(seed))
    channel = random_channel(5, 3, seed)
    kept = representation_information(joint, channel if stochastic else codes)
    world = reference.world(
        joint.numpy(), channel.numpy() if stochastic else reference.as_channel(codes.tolist())
    )
    found = [kept.task, kept.signal, kept.input_given_task, kept.input_given_signal_and_task]
    named = [("z", "t"), ("z", "s"), ("z", "x", "t"), ("z", "x", "st")]
    assert found == pytest.approx([reference.information(world, *n) for n in named], abs=1e-12)
    expected = [
        reference.entropy(world, "z"),
        reference.entropy(world, "zs") - reference.entropy(world, "s"),
        reference.entropy(world, "zt") - reference.entropy(world, "t"),
    ]
    found = [kept.entropy, kept.entropy_given_signal, kept.entropy_given_task]
    assert found == pytest.approx(expected, abs=1e-12)
    assert kept.bayes_error == pytest.approx(reference.bayes_error(world), abs=1e-12)


def test_a_map_written_as_a_channel_keeps_the_same() -> None:
    joint = random_joint(6, 4, 3, seed=2)
    codes = torch.tensor([4, 0, 0, 7, 4, 2])
    channel = torch.from_numpy(reference.as_channel(codes.tolist()))
    one, other = (representation_information(joint, z) for z in (codes, channel))
    assert vars(one) == pytest.approx(vars(other), abs=1e-12)


@pytest.mark.parametrize("target", ["task", "signal"])
@pytest.mark.parametrize("seed", range(4))
def test_the_minimal_representation_is_the_least_of_all_sufficient_maps(
    target: str, seed: int
) -> None:
    base = random_joint(3, 3, 2, seed=seed, task_of_input=target == "task")
    weights = torch.tensor([0.2, 0.8, 1.0, 0.5, 0.5], dtype=torch.float64)
    joint = base[[0, 0, 1, 2, 2]] * weights[:, None, None]  # two pairs of inputs are alike
    conditional = "t" if target == "task" else "s"
    least = minimal_sufficient_representation(joint, target=target)
    found = representation_information(joint, least)
    entropies = []
    for codes in reference.partitions(list(range(5))):
        if is_sufficient(joint, torch.tensor(codes), target=target):
            world = reference.world(joint.numpy(), reference.as_channel(codes))
            given_target = reference.entropy(world, "z" + conditional)
            entropies.append(given_target - reference.entropy(world, conditional))
    mine = found.entropy_given_task if target == "task" else found.entropy_given_signal
    assert is_sufficient(joint, least, target=target)
    assert mine == pytest.approx(min(entropies), abs=1e-9)
    if target == "signal":
        assert least.tolist() == [0, 0, 1, 2, 2]


def test_inputs_that_never_occur_change_nothing() -> None:
    joint = random_joint(4, 3, 2, seed=3)
    padded = torch.cat([joint.new_zeros(1, 3, 2), joint])
    one, other = multi_view_information(padded), multi_view_information(joint)
    assert vars(one) == pytest.approx(vars(other), abs=1e-12)
    codes = minimal_sufficient_representation(padded, target="signal")
    assert codes.tolist() == [0, 0, 1, 2, 3]


def test_representations_of_the_bits_are_the_constructed_ones() -> None:
    toy, maps = bit_toy(0.1), bit_toy_representations()
    signal = minimal_sufficient_representation(toy, target="signal")
    task = minimal_sufficient_representation(toy, target="task")
    assert torch.equal(signal, maps["(T,A)"])
    assert torch.equal(task, maps["T"])
    # A signal that tells nothing of the task leaves the shared style alone.
    assert torch.equal(minimal_sufficient_representation(bit_toy(0.5), target="signal"), maps["A"])


@pytest.mark.parametrize("change", [0.0, 0.2, 0.875])
def test_information_of_shapes_follows_from_their_factors(change: float) -> None:
    world = ShapeWorld(content_change=change, leakage={"size": 0.6, "color": 0.0})
    known = multi_view_information(world.joint("size"))
    assert known.epsilon_info == pytest.approx(world.epsilon_info, abs=1e-9)
    assert known.compression_gap == pytest.approx(world.compression_gap, abs=1e-9)
    assert known.input_task == pytest.approx(world.task_information, abs=1e-9)
    assert known.input_signal == pytest.approx(
        known.signal_task + sum(world.style_information.values()), abs=1e-9
    )


def test_a_record_comes_back_from_json() -> None:
    known = multi_view_information(bit_toy(0.2))
    assert type(known).from_json(known.to_json()) == known


def test_float32_tables_are_taken() -> None:
    joint = random_joint(30, 20, 10, seed=1).float()
    wide = multi_view_information(joint.double() / joint.double().sum())
    assert vars(multi_view_information(joint)) == pytest.approx(vars(wide), abs=1e-9)


@pytest.mark.usefixtures("as_users_run_it")
def test_tables_that_are_none_are_refused_with_words() -> None:
    joint = random_joint(3, 3, 2)
    with pytest.raises(ValueError, match=r"`joint` must sum to 1, got 0\.5"):
        multi_view_information(joint / 2)
    with pytest.raises(ValueError, match=r"`joint` must have the axes inputs × signals × tasks"):
        multi_view_information(joint[0])
    with pytest.raises(ValueError, match=r"0 or above, got -0\.25 at \(1, 0, 1\)"):
        multi_view_information(
            joint.index_put(
                (torch.tensor(1), torch.tensor(0), torch.tensor(1)),
                torch.tensor(-0.25, dtype=torch.float64),
            )
        )
    with pytest.raises(ValueError, match="0 or above, got nan"):
        multi_view_information(joint * math.nan)
    with pytest.raises(TypeError, match=r"`joint` must be floating point, got torch\.int64"):
        multi_view_information(torch.ones(2, 2, 2, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"`target` must be one of signal, task, got 'label'"):
        minimal_sufficient_representation(joint, target="label")


@pytest.mark.usefixtures("as_users_run_it")
def test_representations_that_do_not_fit_are_refused_with_words() -> None:
    joint = random_joint(3, 3, 2)
    with pytest.raises(ValueError, match=r"each of the 3 inputs, got shape \(4,\)"):
        representation_information(joint, torch.arange(4))
    with pytest.raises(ValueError, match=r"integer codes, got torch\.float32"):
        bayes_error(joint, torch.zeros(3))
    with pytest.raises(ValueError, match=r"rows that sum to 1, got 0\.9 in row 2"):
        bayes_error(joint, torch.tensor([[1.0, 0.0], [0.5, 0.5], [0.5, 0.4]]))
    with pytest.raises(ValueError, match=r"0 or above, got -0\.5 at \(0, 1\)"):
        bayes_error(joint, torch.tensor([[1.5, -0.5], [0.5, 0.5], [0.5, 0.5]]))


def test_a_large_table_is_measured_quickly() -> None:
    joint = torch.from_numpy(np.full((200, 200, 100), 1 / 4e6))
    assert multi_view_information(joint).input_signal == pytest.approx(0, abs=1e-9)
