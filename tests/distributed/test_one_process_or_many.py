"""Several processes, each with a shard, have the loss and the gradient of one with the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from nearfar.parallel import gather, rank, synchronise_batch_norm, world_size
from tests.cases.objective_cases import OBJECTIVE_CASES, ObjectiveCase
from tests.distributed.harness import run_processes

COUPLED = [i for i, case in enumerate(OBJECTIVE_CASES) if case.couples_batch and case.make]
SAMPLES = 6
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
            nn.Linear(27, 5),
            nn.BatchNorm1d(5),
        )
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out


def network() -> Network:
    torch.manual_seed(1)
    return Network()


def views(case: ObjectiveCase) -> list[Tensor]:
    source = torch.Generator().manual_seed(2)
    return [
        torch.randn(SAMPLES, 1, 4, 4, generator=source, dtype=torch.float64) for _ in case.inputs
    ]


def measure(model: nn.Module, case: ObjectiveCase, shards: list[Tensor]) -> Measured:
    """Two steps' loss, the last gradient, and the buffers."""
    for _ in range(2):
        model.zero_grad()
        loss = case(*(gather(model(shard)) for shard in shards))
        loss.backward()
    plain = model.module if isinstance(model, DistributedDataParallel) else model
    assert isinstance(plain, nn.Module)
    gradients = {n: p.grad.numpy() for n, p in plain.named_parameters() if p.grad is not None}
    return loss.item(), gradients, {n: b.numpy() for n, b in plain.named_buffers()}


def sharded(indices: list[int]) -> list[Measured]:
    found = []
    for i in indices:
        case = OBJECTIVE_CASES[i]
        model = synchronise_batch_norm(network())
        shards = [view.chunk(world_size())[rank()] for view in views(case)]
        found.append(measure(DistributedDataParallel(model), case, shards))
    return found


@pytest.mark.parametrize("processes", [2, 3])
def test_value_gradient_and_statistics_equal_those_of_one_process(processes: int) -> None:
    by_rank = run_processes(sharded, processes, COUPLED)
    for place, i in enumerate(COUPLED):
        case = OBJECTIVE_CASES[i]
        loss, gradients, buffers = measure(network(), case, views(case))
        for measured in (answers[place] for answers in by_rank):
            np.testing.assert_allclose(measured[0], loss, rtol=1e-10)
            assert measured[1].keys() == gradients.keys()
            for name in gradients:
                np.testing.assert_allclose(
                    measured[1][name], gradients[name], rtol=1e-8, atol=1e-10, err_msg=name
                )
            assert measured[2].keys() == buffers.keys()
            for name in buffers:
                np.testing.assert_allclose(measured[2][name], buffers[name], err_msg=name)


def local_norms() -> list[Measured]:
    case = OBJECTIVE_CASES[COUPLED[0]]
    shards = [view.chunk(world_size())[rank()] for view in views(case)]
    return [measure(DistributedDataParallel(network()), case, shards)]


def test_without_synchronised_batch_norm_the_gradients_differ() -> None:
    """The comparison above can fail."""
    case = OBJECTIVE_CASES[COUPLED[0]]
    _, expected, _ = measure(network(), case, views(case))
    _, gradients, _ = run_processes(local_norms, 2)[0][0]
    assert not np.allclose(gradients["layers.0.weight"], expected["layers.0.weight"], rtol=1e-3)
