"""Checks of a method's training: micro-batches, saved states, the loop, several processes."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, final

import torch
from torch import Tensor, distributed

from nearfar.data import Batch, Source
from nearfar.inputs import View, select
from nearfar.methods import Method, Step
from nearfar.parallel import rank, synchronize_batch_norm, world_size
from nearfar.records import RunDirectory
from nearfar.testing._check import Promise, close, require
from nearfar.testing._method_contract import (
    MethodContract,
    descend,
    joined_backward,
    state_of,
)
from nearfar.testing._spawned_processes import run_processes
from nearfar.training import Engine, Silent, TrainingOptions, Watch, cached_backward, train

__all__ = ["TRAINING_PROMISES"]

MICRO_BATCH = 3  # does not divide a batch of 8, so that parts differ in size


def projecting_gives_rows(contract: MethodContract) -> None:
    """``project`` returns tensors with one row per sample, independent of the batch.

    In evaluation mode, as batch-norm depends on the batch.
    """
    method = contract.exact().eval()
    whole = method.project(contract.exact_views)
    part = method.project(contract.rows(contract.exact_views, slice(0, 3)))
    for group, (tensors, others) in enumerate(zip(whole, part, strict=True)):
        for tensor, other in zip(tensors, others, strict=True):
            require(
                tensor.shape[:1] == (contract.batch,),
                f"group {group} of `project` must have one row per sample, {contract.batch},"
                f" got shape {tuple(tensor.shape)}",
            )
            what = f"group {group} of `project` for 3 samples and for the whole batch"
            close(other, tensor[:3], what, rtol=contract.tolerance, atol=contract.tolerance)


def micro_batches_are_the_whole_batch(contract: MethodContract) -> None:
    """Micro-batches give the loss, gradients and update of the whole batch.

    In evaluation mode, as batch-norm depends on the batch.
    """
    method, other = contract.exact().eval(), contract.exact().eval()
    views = contract.exact_views
    step = cached_backward(method, views, micro_batch=MICRO_BATCH)
    expected = other(views)
    expected.loss.backward()
    _same_update(contract, (method, step), (other, expected))


def micro_batches_are_exact_with_batch_norm(contract: MethodContract) -> None:
    """In training mode, micro-batches give the gradients of one graph over the same parts."""
    method, other = contract.exact(), contract.exact()
    views = contract.exact_views
    step = cached_backward(method, views, micro_batch=MICRO_BATCH)
    parts = torch.arange(contract.batch).tensor_split(math.ceil(contract.batch / MICRO_BATCH))
    expected = joined_backward(other, *(contract.rows(views, part) for part in parts))
    _same_update(contract, (method, step), (other, expected))


def state_dict_brings_everything_back(contract: MethodContract) -> None:
    """A new instance with the saved state continues identically, including queues and copies."""
    method = contract.made()
    _update(method, contract.views, progress=0.5)
    other = contract.made()
    other.load_state_dict(method.state_dict(), strict=True)
    close(state_of(other), state_of(method), "state after loading", rtol=0, atol=0)
    for resumed in (method, other):
        torch.manual_seed(2)
        _update(resumed, contract.views, progress=0.75)
    what = "state after one more update, with the saved state and without interruption"
    close(state_of(other), state_of(method), what, rtol=1e-6, atol=1e-7)


def loop_trains_it(contract: MethodContract) -> None:
    """The loop trains it, calling ``after_batch`` per batch and ``after_update`` per update."""
    method = contract.made()
    calls = _counted(method)
    watched = contract.views[:2] if method.positives else (contract.views[0],) * 2
    options = TrainingOptions(
        epochs=3,
        batch_size=contract.batch // 2,
        accumulate=2,  # both batches of an epoch in one update
        precision="32",
        devices=1,
        watch_every=0,
    )
    before = state_of(method)
    with tempfile.TemporaryDirectory() as folder:
        train(
            method,
            _Numbers(contract.batch),
            _Shown(contract.views),
            options=options,
            engine=Engine(devices=1, precision="32"),
            directory=RunDirectory(Path(folder)),
            watch=Watch(watched),
            progress=Silent(),
        )
    require(
        calls == {"after_batch": 6, "after_update": 3},
        "6 batches in 3 updates must call `after_batch` 6 times and `after_update` 3 times, got"
        f" {dict(calls)}",
    )
    still = [n for n, p in method.named_parameters() if p.requires_grad and before[n].equal(p)]
    require(not still, f"training must change every trained parameter, but {still} did not change")


def several_processes_are_one(contract: MethodContract) -> None:
    """Several processes with a part of the batch each have the losses, gradients, state of one."""
    expected = two_updates(contract)
    for process, found in enumerate(run_processes(two_updates, contract.processes, contract)):
        what = f"process {process} of {contract.processes} and one process"
        close(found, expected, what, rtol=1e-8, atol=contract.tolerance)


def two_updates(contract: MethodContract) -> dict[str, Tensor]:
    """Losses and gradients of two updates on this process's part of the batch, and final state."""
    torch.manual_seed(0)
    method: Any = synchronize_batch_norm(contract.exact())
    trained = {name: p for name, p in method.named_parameters() if p.requires_grad}
    optimizer = torch.optim.SGD(trained.values(), lr=0.1)
    found: dict[str, Tensor] = {}
    share = contract.batch // world_size()
    mine = slice(share * rank(), share * (rank() + 1))
    order = torch.arange(contract.batch)
    for number, rows in enumerate((order, order.flip(0))):
        step = method(contract.rows(contract.exact_views, rows[mine]))
        step.loss.backward()
        found[f"loss {number}"] = _average(step.loss.detach().clone())
        for name, parameter in trained.items():
            parameter.grad = _average(parameter.grad)
            found[f"gradient {number} of {name}"] = parameter.grad.clone()
        method.after_batch(step)
        optimizer.step()
        optimizer.zero_grad()
        method.after_update((number + 1) / 4)
    return found | state_of(method)


def _average(value: Tensor | None) -> Tensor:
    assert value is not None
    if world_size() > 1:
        distributed.all_reduce(value)
    return value / world_size()


def _update(method: Method, views: tuple[View, ...], *, progress: float) -> None:
    step = method(views)
    step.loss.backward()
    descend(method, step, progress=progress)


def _same_update(
    contract: MethodContract, cut: tuple[Method, Step], whole: tuple[Method, Step]
) -> None:
    """Compare the step, its gradients, and all weights, queues and copies after an update."""
    (method, step), (other, expected) = cut, whole
    pairs: dict[str, tuple[Any, Any]] = {
        "loss": (step.loss, expected.loss.detach()),
        "terms": (dict(step.terms), {n: term.detach() for n, term in expected.terms.items()}),
        "representations": (
            step.representations,
            tuple(h.detach() for h in expected.representations),
        ),
        "projections": (step.projections, tuple(z.detach() for z in expected.projections)),
        "gradients": (_gradients(method), _gradients(other)),
    }
    descend(method, step)
    descend(other, expected)
    pairs["state after the update"] = state_of(method), state_of(other)
    for name, (found, wanted) in pairs.items():
        what = f"{name} in micro-batches of {MICRO_BATCH} and of the whole batch"
        close(found, wanted, what, rtol=contract.tolerance, atol=contract.tolerance)


def _gradients(method: Method) -> dict[str, Tensor]:
    return {n: p.grad.clone() for n, p in method.named_parameters() if p.grad is not None}


def _counted(method: Method) -> Counter[str]:
    """Count the calls of both hooks without changing their effect."""
    calls: Counter[str] = Counter()

    def count_calls(name: str) -> None:
        hook = getattr(method, name)

        def counting(value: Any) -> None:
            calls[name] += 1
            hook(value)

        setattr(method, name, counting)

    count_calls("after_batch")
    count_calls("after_update")
    return calls


@final
class _Numbers(Source):
    """A source whose samples are their indices."""

    name = "numbers"
    modality: ClassVar = "vectors"
    fingerprint = "0" * 16

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = torch.as_tensor(positions)
        return Batch(index[:, None].float(), index)

    def identify(self, sample: int) -> str:
        return f"row {sample}"

    def describe(self) -> str:
        return f"{self.length} numbers"


@final
class _Shown:
    """The views of a contract, by sample index."""

    notes: tuple[str, ...] = ()

    def __init__(self, views: tuple[View, ...]) -> None:
        self.views = views
        self.num_views = len(views)

    def __call__(
        self, inputs: Any, samples: Tensor, /, *, seed: int, epoch: int
    ) -> tuple[View, ...]:
        return tuple(select(view, samples.cpu()) for view in self.views)

    def plain(self, inputs: Any, /) -> View:
        return self.views[0]


TRAINING_PROMISES = (
    Promise(projecting_gives_rows),
    Promise(micro_batches_are_the_whole_batch),
    Promise(micro_batches_are_exact_with_batch_norm),
    Promise(state_dict_brings_everything_back),
    Promise(loop_trains_it),
    Promise(several_processes_are_one, lambda c: c.processes > 1),
)
