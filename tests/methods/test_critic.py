"""The bilinear critic: its shape, its start, its refusals."""

from __future__ import annotations

import math

import pytest
import torch

from nearfar.modules import BilinearCritic


def test_queries_of_any_axes_are_mapped_into_the_space_of_the_keys() -> None:
    critic = BilinearCritic(3, 4)
    for axes in ((), (5,), (2, 5), (2, 5, 7)):
        queries = torch.randn(*axes, 3)
        assert critic(queries).shape == (*axes, 4)
        torch.testing.assert_close(critic(queries), queries @ critic.weight)


def test_the_map_starts_with_variance_two_over_both_widths() -> None:
    weight = BilinearCritic(300, 500).weight
    assert weight.var().item() == pytest.approx(2 / 800, rel=0.02)
    assert weight.abs().max() <= math.sqrt(6 / 800)


@pytest.mark.parametrize("dims", [(0, 4), (4, 0)], ids=str)
def test_widths_below_one_are_refused(dims: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"_dim` must be a whole number of 1 or more, got"):
        BilinearCritic(*dims)
