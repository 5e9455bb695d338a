"""The harness itself: results by rank, and the failure that matters."""

from __future__ import annotations

import os

import pytest
import torch
from torch import distributed

from tests.distributed.harness import run_processes


def whoami(offset: int) -> tuple[int, int]:
    total = torch.tensor(distributed.get_rank() + offset)
    distributed.all_reduce(total)
    return distributed.get_rank(), int(total)


def only_the_last_fails() -> None:
    if distributed.get_rank() == distributed.get_world_size() - 1:
        raise ValueError("the root of it")
    distributed.barrier()


def dies() -> None:
    if distributed.get_rank() == 0:
        os._exit(7)


def test_results_come_back_by_rank() -> None:
    assert run_processes(whoami, 3, 10) == [(0, 33), (1, 33), (2, 33)]


def test_the_first_failure_is_raised_with_its_traceback() -> None:
    with pytest.raises(RuntimeError, match=r"process 1 of 2 failed first(.|\n)*the root of it"):
        run_processes(only_the_last_fails, 2)


def test_a_process_that_dies_is_noticed() -> None:
    with pytest.raises(RuntimeError, match="failed first"):
        run_processes(dies, 2)
