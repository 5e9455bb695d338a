"""Several processes, each with a shard, have the loss and the gradient of one with the batch."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from nearfar.parallel import gather, rank, synchronize_batch_norm, world_size
from nearfar.testing._objective_contract import ObjectiveContract
from tests.cases.objective_case import rows
from tests.cases.objective_cases import OBJECTIVE_CASES
from tests.distributed.harness import run_processes
from tests.slow import mostly_slow

COUPLED = [i for i, case in enumerate(OBJECTIVE_CASES) if case.couples_batch and case.loss_class]
SAMPLES, WIDTH = 6, 5
Measured = tuple[float, dict[str, np.ndarray], dict[str, np.ndarray]]


class Network(nn.Module):
    """Convolution, every kind of batch-norm, a head; float64."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 3, 2),
            nn.BatchNorm2d(3, momentum=None),
            nn.Tanh(),
            nn.Unflatten(2, (3, 1)),
            nn.BatchNorm3d(3, affine=False),
            nn.Flatten(),
            nn.Linear(27, WIDTH),
            nn.BatchNorm1d(WIDTH),
        )
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out


def network() -> Network:
    torch.manual_seed(1)
    return Network()


def batch(case: ObjectiveContract) -> list[Tensor]:
    """By input, with samples first: pictures to compute it from, or what no network computes."""
    source = torch.Generator().manual_seed(2)
    found = []
    for i, x in enumerate(case.inputs):
        if x.is_floating_point() and i not in case.shared_inputs:
            numbers = x.numel() / x.shape[case.sample_axes.get(i, 0)]
            shape = (SAMPLES, math.ceil(numbers / WIDTH), 1, 4, 4)
            found.append(torch.randn(shape, generator=source, dtype=torch.float64))
        else:
            found.append(x)
    return found


def gathered(model: nn.Module, case: ObjectiveContract, shards: list[Tensor]) -> Iterator[Tensor]:
    """The inputs for the whole batch, from this process's share of it."""
    for i, (x, shard) in enumerate(zip(case.inputs, shards, strict=True)):
        if i in case.shared_inputs:
            yield shard
        elif not x.is_floating_point():
            yield gather(shard)
        else:
            axis = case.sample_axes.get(i, 0)
            shape = x.select(axis, 0).shape  # of one sample
            numbers = model(shard.flatten(0, 1)).reshape(len(shard), -1)[:, : shape.numel()]
            yield gather(numbers).reshape(-1, *shape).movedim(0, axis)


def share(case: ObjectiveContract) -> list[Tensor]:
    """This process's part of every input that has samples."""
    return [
        x if i in case.shared_inputs else x.chunk(world_size())[rank()]
        for i, x in enumerate(batch(case))
    ]


def measure(model: nn.Module, case: ObjectiveContract, shards: list[Tensor]) -> Measured:
    """Two steps' loss, the last gradient, and the buffers."""
    for _ in range(2):
        model.zero_grad()
        loss = case(*gathered(model, case, shards))
        loss.backward()
    plain = model.module if isinstance(model, DistributedDataParallel) else model
    assert isinstance(plain, nn.Module)
    gradients = {n: p.grad.numpy() for n, p in plain.named_parameters() if p.grad is not None}
    return loss.item(), gradients, {n: b.numpy() for n, b in plain.named_buffers()}


def sharded(indices: list[int]) -> list[Measured]:
    found = []
    for i in indices:
        case = OBJECTIVE_CASES[i]
        model = synchronize_batch_norm(network())
        found.append(measure(DistributedDataParallel(model), case, share(case)))
    return found


@pytest.mark.parametrize("processes", mostly_slow([2, 3], quick=[2]))
def test_value_gradient_and_statistics_equal_those_of_one_process(processes: int) -> None:
    by_rank = run_processes(sharded, processes, COUPLED)
    for place, i in enumerate(COUPLED):
        case = OBJECTIVE_CASES[i]
        loss, gradients, buffers = measure(network(), case, batch(case))
        for measured in (answers[place] for answers in by_rank):
            np.testing.assert_allclose(measured[0], loss, rtol=1e-10, err_msg=str(case))
            assert measured[1].keys() == gradients.keys()
            for name in gradients:
                np.testing.assert_allclose(
                    measured[1][name],
                    gradients[name],
                    rtol=1e-8,
                    atol=1e-10,
                    err_msg=f"{case} {name}",
                )
            assert measured[2].keys() == buffers.keys()
            for name in buffers:
                np.testing.assert_allclose(measured[2][name], buffers[name], err_msg=name)


def local_norms() -> list[Measured]:
    case = OBJECTIVE_CASES[COUPLED[0]]
    return [measure(DistributedDataParallel(network()), case, share(case))]


def test_without_synchronized_batch_norm_the_gradients_differ() -> None:
    """The comparison above can fail."""
    case = OBJECTIVE_CASES[COUPLED[0]]
    _, expected, _ = measure(network(), case, batch(case))
    _, gradients, _ = run_processes(local_norms, 2)[0][0]
    assert not np.allclose(gradients["layers.0.weight"], expected["layers.0.weight"], rtol=1e-3)


def uneven(i: int) -> str:
    shard = rows(3 + rank())[0]
    with pytest.raises(ValueError, match="`tensor` must have the same shape") as error:
        OBJECTIVE_CASES[i](gather(shard), gather(shard))
    return str(error.value)


def test_shards_of_different_sizes_are_refused_before_any_loss() -> None:
    here, there = run_processes(uneven, 2, COUPLED[0])
    assert here.endswith("got (3, 5) in process 0 and (4, 5) in process 1")
    assert there.endswith("got (4, 5) in process 1 and (3, 5) in process 0")
