"""All checks of objectives, including the equivalence of several processes and one."""

from __future__ import annotations

from torch import Tensor

from nearfar.parallel import gather, rank, world_size
from nearfar.testing._check import Promise, close, listing, running
from nearfar.testing._objective_class import CLASS_PROMISES
from nearfar.testing._objective_contract import ObjectiveContract
from nearfar.testing._objective_gradients import GRADIENT_PROMISES
from nearfar.testing._objective_values import VALUE_PROMISES
from nearfar.testing._spawned_processes import run_processes

__all__ = ["OBJECTIVE_PROMISES", "check_objective", "objective_checks"]


def several_processes_are_one(contract: ObjectiveContract) -> None:
    """On gathered inputs, each process has the value, and its part of the gradient, of one process.

    This fails if the objective itself gathers, reduces or uses its rank.
    """
    whole, *gradients = contract.gradients(contract.inputs)
    answers = run_processes(_sharded, contract.processes, contract)
    for process, (value, shards) in enumerate(answers):
        close(value, whole, f"value in process {process} and in one process")
        for i, (found, gradient) in enumerate(zip(shards, gradients, strict=True)):
            close(found, gradient, f"gradient {i} in process {process} and in one process")


def _sharded(contract: ObjectiveContract) -> tuple[Tensor, list[Tensor]]:
    """Value and gradients of the whole batch, of which this process has a part."""
    inputs, leaves = [], []
    for i, x in enumerate(contract.inputs):
        axis = contract.sample_axes.get(i, 0)
        shared = i in contract.shared_inputs
        part = x if shared else x.movedim(axis, 0).tensor_split(world_size())[rank()]
        leaf = part.clone()
        if leaf.is_floating_point() and i not in contract.frozen_inputs:
            leaves.append((leaf.requires_grad_(), axis, shared))
        inputs.append(leaf if shared else gather(leaf).movedim(0, axis))
    loss = contract(*inputs)
    loss.backward()  # type: ignore[no-untyped-call]
    found = []
    for leaf, axis, shared in leaves:
        assert leaf.grad is not None
        found.append(leaf.grad if shared else gather(leaf.grad / world_size()).movedim(0, axis))
    return loss.detach(), found


OBJECTIVE_PROMISES = (
    *GRADIENT_PROMISES,
    *VALUE_PROMISES,
    *CLASS_PROMISES,
    Promise(several_processes_are_one, lambda c: c.processes > 1),
)

objective_checks = listing("objective_checks", ObjectiveContract, OBJECTIVE_PROMISES)
check_objective = running(
    "check_objective",
    ObjectiveContract,
    OBJECTIVE_PROMISES,
    summary="Check the required properties of an objective; AssertionError at the first violation.",
)
