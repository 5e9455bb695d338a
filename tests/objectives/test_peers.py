"""Our losses against other packages', up to the scale that the documentation states.

Those packages are no dependency of nearfar: without one its tests are skipped.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest
import torch
from benchmarks.scales import BATCH, COMPARISONS, DIM, OTHERS, PAGE, Batch, Comparison, page
from torch import Tensor

PACKAGES = sorted({one.package for one in COMPARISONS})


def needs(package: str) -> pytest.MarkDecorator:
    reason = f"{package} is not installed"
    return pytest.mark.skipif(find_spec(package) is None, reason=reason)


def comparisons() -> list[object]:
    return [
        pytest.param(one, id=f"{one.name} of {one.package}", marks=needs(one.package))
        for one in COMPARISONS
    ]


def random_batch(length: float) -> tuple[Batch, list[Tensor]]:
    """A batch and what of it wants a gradient."""
    z1 = length * torch.randn(BATCH, DIM, dtype=torch.float64)
    z2 = z1 + length * 0.5 * torch.randn(BATCH, DIM, dtype=torch.float64)
    others = torch.randn(OTHERS, DIM, dtype=torch.float64)
    critic = 0.3 * torch.randn(DIM, DIM, dtype=torch.float64)
    learnt = [z1.requires_grad_(), z2.requires_grad_()]
    return Batch(z1, z2, others, critic, torch.rand(BATCH) < 0.5), learnt


@pytest.mark.filterwarnings("ignore::UserWarning")  # of packages that are not ours
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("length", [0.3, 1.0])
@pytest.mark.parametrize("one", comparisons())
def test_a_peer_differs_as_the_page_says_in_value_and_gradient(
    one: Comparison, length: float
) -> None:
    batch, learnt = random_batch(length)
    if one.factor is not None:
        expected = one.factor * one.ours(batch) + one.offset
    else:
        assert one.translated is not None
        expected = one.translated(batch)
        assert (one.theirs(batch) - one.ours(batch)).abs() > 1e-3
    theirs = one.theirs(batch)
    torch.testing.assert_close(theirs, expected, rtol=1e-5, atol=1e-6)
    for gradients in zip(
        torch.autograd.grad(theirs, learnt), torch.autograd.grad(expected, learnt), strict=True
    ):
        torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_page_of_numbers_is_what_its_command_writes() -> None:
    missing = [package for package in PACKAGES if find_spec(package) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    assert PAGE.read_text(encoding="utf-8") == page()
