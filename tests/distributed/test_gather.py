"""Gathering: order, gradient, and what is refused."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch import Tensor, distributed

from nearfar.parallel import gather, is_distributed, rank, world_size
from tests.distributed.harness import run_processes


def gathered() -> list[Tensor]:
    dtypes = [torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.int64]
    return [gather(torch.full((2, 3), rank(), dtype=dtype)) for dtype in dtypes]


def test_shards_stand_in_order_of_rank_in_every_process_and_type() -> None:
    for answers in run_processes(gathered, 3):
        for whole in answers:
            assert whole.shape == (6, 3)
            assert whole[:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def gradient_of_own_weights() -> Tensor:
    shard = torch.ones(2, 2, dtype=torch.float64, requires_grad=True)
    weights = torch.arange(8, dtype=torch.float64).reshape(4, 2) * 10 ** rank()
    (gather(shard) * weights).sum().backward()
    assert shard.grad is not None
    return shard.grad


def test_a_shard_gets_the_gradients_of_all_processes() -> None:
    first, second = run_processes(gradient_of_own_weights, 2)
    assert first.tolist() == [[0, 11], [22, 33]]
    assert second.tolist() == [[44, 55], [66, 77]]


def unequal(by_axis: int) -> str:
    shape = [4, 4]
    shape[by_axis] += rank()
    try:
        gather(torch.zeros(shape))
    except ValueError as error:
        distributed.barrier()
        return str(error)
    return "nothing was raised"


@pytest.mark.parametrize("axis", [0, 1])
def test_unequal_shards_are_refused_in_every_process(axis: int) -> None:
    here, there = run_processes(unequal, 2, axis)
    one, other = ("(4, 4)", "(5, 4)") if axis == 0 else ("(4, 4)", "(4, 5)")
    expectation = "`tensor` must have the same shape in every process"
    assert here == f"{expectation}, got {one} in process 0 and {other} in process 1"
    assert there == f"{expectation}, got {other} in process 1 and {one} in process 0"


def other_axes() -> str:
    with pytest.raises(ValueError, match="must have the same shape in every process") as error:
        gather(torch.zeros(2) if rank() else torch.zeros(2, 3))
    return str(error.value)


def test_different_numbers_of_axes_are_refused() -> None:
    assert "(2, 3) in process 0 and (2,) in process 1" in run_processes(other_axes, 2)[0]


def test_one_process_gathers_nothing() -> None:
    tensor = torch.ones(2, requires_grad=True)
    assert gather(tensor) is tensor
    assert (rank(), world_size(), is_distributed()) == (0, 1, False)


def test_a_scalar_is_refused() -> None:
    with pytest.raises(ValueError, match="must have a first axis to gather along"):
        inspect.unwrap(gather)(torch.tensor(1.0))


def group_of_one() -> tuple[bool, bool]:
    tensor = torch.ones(2)
    return gather(tensor) is tensor, is_distributed()


def test_a_group_of_one_process_gathers_nothing() -> None:
    assert run_processes(group_of_one, 1) == [(True, False)]
