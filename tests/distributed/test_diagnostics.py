"""Diagnostics of several processes: gathered, they measure the rows of all of them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nearfar.diagnostics import (
    Alignment,
    EffectiveRank,
    FeatureStd,
    Uniformity,
    alignment,
    effective_rank,
    feature_std,
    uniformity,
)
from nearfar.parallel import rank
from tests.distributed.harness import run_processes

SHARDS = ((0, 10), (10, 33))  # uneven


def rows() -> tuple[Tensor, Tensor]:
    source = torch.Generator().manual_seed(0)
    z1 = torch.randn(33, 6, generator=source)
    return z1, z1 + 0.3 * torch.randn(33, 6, generator=source)


def measured(second_has_rows: bool) -> list[float]:
    z1, z2 = rows()
    start, end = SHARDS[rank()]
    single = [FeatureStd(), EffectiveRank(), Uniformity()]
    paired = Alignment()
    if second_has_rows or rank() == 0:
        for at in range(start, end, 4):
            part = slice(at, min(at + 4, end))
            paired.update(z1[part], z2[part])
            for stream in single:
                stream.update(z1[part])
    gathered = [stream.gather() for stream in (*single, paired)]
    return [float(stream.compute()) for stream in gathered]


@pytest.mark.parametrize("second_has_rows", [True, False])
def test_gathered_diagnostics_measure_the_rows_of_all_processes(second_has_rows: bool) -> None:
    z1, z2 = rows()
    kept = 33 if second_has_rows else 10
    z1, z2 = z1[:kept], z2[:kept]
    expected = [feature_std(z1), effective_rank(z1), uniformity(z1), alignment(z1, z2)]
    first, second = run_processes(measured, 2, second_has_rows)
    assert first == second
    torch.testing.assert_close(first, [float(value) for value in expected], rtol=1e-6, atol=1e-9)


def measured_inside_a_model() -> tuple[list[float], list[str]]:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.rank = nn.Linear(6, 6), EffectiveRank()

        def forward(self, z: Tensor) -> Tensor:
            self.rank.update(z)
            out: Tensor = self.layer(z)
            return out

    model = nn.parallel.DistributedDataParallel(Model())
    z1, _ = rows()
    start, end = SHARDS[rank()]
    for part in z1[start:end].split(4):
        model(part).sum().backward()
    for _ in range(3 * (1 - rank())):  # as many steps in each process
        model(z1[:2]).sum().backward()
    stream = model.module.rank
    return [float(stream.compute()), float(stream.gather().compute())], [*stream.state_dict()]


def test_a_parallel_model_leaves_each_process_its_own_rows() -> None:
    z1, _ = rows()
    here = torch.cat([z1[:10], z1[:2], z1[:2], z1[:2]])
    (first, names), (second, _) = run_processes(measured_inside_a_model, 2)
    whole = float(effective_rank(torch.cat([here, z1[10:]])))
    torch.testing.assert_close(first, [float(effective_rank(here)), whole], rtol=1e-6, atol=0)
    torch.testing.assert_close(second, [float(effective_rank(z1[10:])), whole], rtol=1e-6, atol=0)
    assert names == ["_width", "_sum", "_moment", "_count"]
