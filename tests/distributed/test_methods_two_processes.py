"""Every method in two processes is the method in one: loss, gradients, queues, copies."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
import torch
from torch import Tensor, distributed

from nearfar.parallel import rank, synchronise_batch_norm, world_size
from tests.cases.method_cases import BATCH, CASES, MethodCase
from tests.distributed.harness import run_processes

Found = dict[str, Tensor]


def shard(views: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """This process's rows, numbers in double precision."""
    share = BATCH // world_size()
    rows = slice(share * rank(), share * (rank() + 1))
    return tuple((v.double() if v.is_floating_point() else v)[rows] for v in views)


def average(value: Tensor) -> Tensor:
    if world_size() > 1:
        distributed.all_reduce(value)
    return value / world_size()


def two_updates(case: MethodCase) -> Found:
    """Losses and gradients of two updates by gradient descent, and the state after them."""
    torch.manual_seed(0)
    method = synchronise_batch_norm(case.make().double())
    trained = {name: p for name, p in method.named_parameters() if p.requires_grad}
    optimizer = torch.optim.SGD(trained.values(), lr=0.1)
    found: Found = {}
    views = case.views()
    for number, shown in enumerate((views, tuple(view.flip(0) for view in views))):
        step = method(shard(shown))
        step.loss.backward()
        found[f"loss {number}"] = average(step.loss.detach().clone())
        for name, parameter in trained.items():
            parameter.grad = average(parameter.grad)
            found[f"gradient {number} of {name}"] = parameter.grad.clone()
        method.after_batch(step)
        optimizer.step()
        optimizer.zero_grad()
        method.after_update((number + 1) / 4)
    return found | dict(method.state_dict())


def of_all() -> dict[str, Any]:
    """Of every method what was found, or what went wrong."""
    assert world_size() == 2
    results: dict[str, Any] = {}
    for case in CASES:
        try:
            results[case.name] = two_updates(case)
        except Exception:
            results[case.name] = traceback.format_exc()
    return results


@pytest.fixture(scope="module")
def halves() -> list[dict[str, Any]]:
    return run_processes(of_all, 2)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_two_processes_are_one(case: MethodCase, halves: list[dict[str, Any]]) -> None:
    expected = two_updates(case)
    for half in halves:
        found = half[case.name]
        assert not isinstance(found, str), found
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(
                found[name],
                value,
                rtol=1e-8,
                atol=1e-9,
                msg=lambda text, name=name: f"{name}: {text}",
            )
