"""The loss at which nothing was learnt."""

from __future__ import annotations

import math

import pytest

from nearfar.diagnostics import chance_loss
from nearfar.objectives import InfoNCELoss, NTXentLoss, VICRegLoss


def test_chance_is_the_logarithm_of_the_candidates() -> None:
    assert chance_loss(NTXentLoss(temperature=0.2), batch_size=256) == pytest.approx(math.log(511))
    queue = chance_loss(InfoNCELoss(temperature=0.2), batch_size=256, num_negatives=65_536)
    assert queue == pytest.approx(math.log(65_537))


def test_an_objective_without_candidates_has_no_chance() -> None:
    assert chance_loss(VICRegLoss(), batch_size=256) is None


def test_a_batch_must_hold_pairs() -> None:
    with pytest.raises(ValueError, match="`batch_size` must be a whole number of 1 or more, got 0"):
        chance_loss(NTXentLoss(temperature=0.2), batch_size=0)
