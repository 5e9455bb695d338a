"""SimSiam and its anatomy on two processes: loss, gradient and memory of one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, distributed

from nearfar.methods import (
    Method,
    RunFacts,
    simsiam,
    simsiam_anatomy,
    simsiam_expectation,
    simsiam_gradient,
)
from nearfar.parallel import is_distributed, rank, synchronize_batch_norm, world_size
from tests.cases.method_cases import BATCH, WIDTH, encoder, indexed_views
from tests.distributed.harness import run_processes

METHODS: dict[str, Callable[[], Method]] = {
    "simsiam": lambda: simsiam(encoder(), WIDTH),
    "inverse": lambda: simsiam_anatomy(encoder(), WIDTH),
    "symmetric": lambda: simsiam_anatomy(encoder(), WIDTH, place="symmetric"),
    "memory": lambda: simsiam_expectation(encoder(), WIDTH, facts=RunFacts(samples=12)),
    "batch": lambda: simsiam_expectation(encoder(), WIDTH, over="batch"),
    "centre": lambda: simsiam_gradient(encoder(), WIDTH, keep_residual=False),
    "triplet": lambda: simsiam_gradient(encoder(), WIDTH, extra="triplet"),
}


def stepped(name: str) -> dict[str, Tensor]:
    """Gradients, averaged over processes, and the state after a batch."""
    torch.manual_seed(0)
    method = synchronize_batch_norm(METHODS[name]().double())
    views = tuple(v.double() if v.is_floating_point() else v for v in indexed_views())
    shown = views if method.indexed else views[:2]
    part = BATCH // world_size()
    mine = tuple(view[rank() * part : (rank() + 1) * part] for view in shown)
    step = method(mine)
    step.loss.backward()
    method.after_batch(step)
    found = {key: parameter.grad for key, parameter in method.named_parameters()}
    for gradient in found.values() if is_distributed() else ():
        distributed.all_reduce(gradient)
        gradient.div_(world_size())
    return found | dict(method.named_buffers())


def every_method() -> dict[str, dict[str, Tensor]]:
    return {name: stepped(name) for name in METHODS}


def test_two_processes_have_gradients_statistics_and_memory_of_one():
    expected = every_method()
    for found in run_processes(every_method, 2):
        for name, values in expected.items():
            for key, value in values.items():
                torch.testing.assert_close(
                    found[name][key], value, rtol=1e-8, atol=1e-10, msg=f"{name}: {key}"
                )
