"""Five worlds of 8,192 × 512 embeddings, read by the published definitions.

The readings were computed apart from this package, from the singular values of the raw matrix and
from the definitions of centre, residual and uniformity. Packages that centre first or use another
offset read 496 for the collapsed world, where the definition reads 2.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nearfar.diagnostics import measurements

SAMPLES, DIM = 8192, 512


def world(name: str, seed: int) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    cloud = torch.randn(SAMPLES, DIM, generator=source)
    if name == "isotropic":
        return cloud
    if name == "rank 8":
        directions = torch.randn(8, DIM, generator=source)
        return torch.randn(SAMPLES, 8, generator=source) @ directions + 1e-3 * cloud
    if name == "constant":
        return 3 + 0.01 * cloud
    power = cloud * torch.arange(1, DIM + 1).float().rsqrt()
    if name == "power law":
        return power
    turn = torch.linalg.qr(torch.randn(DIM, DIM, generator=source))[0]
    return (power @ turn).relu()


READINGS = {
    "isotropic": (508.0, 0.011, 1.000, -3.98),
    "power law": (405.7, 0.011, 1.000, -3.77),
    "ReLU": (420.4, 0.569, 0.823, -2.64),
    "rank 8": (8.2, 0.013, 1.000, -3.08),
    "constant": (2.0, 1.000, 0.003, 0.00),
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", READINGS)
def test_readings_are_those_of_the_published_definitions(name: str, seed: int) -> None:
    rank, m_o, m_r, uniformity = READINGS[name]
    measured = measurements(world(name, seed))
    assert measured["effective_rank"] == pytest.approx(rank, rel=0.01)
    assert measured["m_o"] == pytest.approx(m_o, abs=0.005)
    assert measured["m_r"] == pytest.approx(m_r, abs=0.001)
    assert measured["uniformity"] == pytest.approx(uniformity, abs=0.03)
