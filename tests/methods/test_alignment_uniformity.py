"""Alignment + uniformity: the terms, their weights, the learnt temperature."""

from __future__ import annotations

import math

import pytest
import torch

from nearfar.methods import AlignmentUniformity, alignment_uniformity
from tests.cases.method_cases import WIDTH, encoder, two_views


def make(**options: float | bool) -> AlignmentUniformity:
    torch.manual_seed(0)
    return alignment_uniformity(encoder(), WIDTH, dim=8, **options).double().eval()


def views() -> tuple[torch.Tensor, ...]:
    return tuple(view.double() for view in two_views())


def test_the_loss_is_the_papers_sum_over_pairs_in_float64():
    method = make(alpha=1.0, t=3.0, alignment_weight=0.7, uniformity_weight=1.3)
    step = method(views())
    z1, z2 = ((z / z.norm(dim=1, keepdim=True)).tolist() for z in step.projections)
    count = len(z1)
    closeness = sum(math.dist(a, b) for a, b in zip(z1, z2, strict=True)) / count
    spread = 0.0
    for z in (z1, z2):
        pairs = [(i, j) for i in range(count) for j in range(i)]
        potential = sum(math.exp(-3.0 * math.dist(z[i], z[j]) ** 2) for i, j in pairs)
        spread += math.log(potential / len(pairs)) / 2
    assert step.terms["alignment"].item() == pytest.approx(0.7 * closeness)
    assert step.terms["uniformity"].item() == pytest.approx(1.3 * spread)
    assert step.loss.item() == pytest.approx(0.7 * closeness + 1.3 * spread)


def test_the_mix_adds_the_contrastive_loss_at_its_own_temperature():
    step = make(contrastive_weight=0.5, temperature=0.2)(views())
    z1, z2 = (z / z.norm(dim=1, keepdim=True) for z in step.projections)
    scores = z1 @ z2.T / 0.2
    there, back = (-(x.diagonal() - x.logsumexp(dim=1)).mean() for x in (scores, scores.T))
    assert step.terms["contrastive"].item() == pytest.approx((there + back).item() / 4)
    assert step.loss.item() == pytest.approx(sum(step.terms.values()).item())


def test_a_learnt_temperature_starts_where_it_was_told_and_takes_a_gradient():
    method = make(contrastive_weight=0.5, temperature=0.2, learn_temperature=True)
    method(views()).loss.backward()
    assert method.log_temperature.exp().item() == pytest.approx(0.2)
    assert method.log_temperature.grad is not None
    assert method.log_temperature.grad.abs() > 0


@pytest.mark.parametrize("options", [{"contrastive_weight": 0.5}, {"learn_temperature": True}])
def test_a_temperature_that_is_not_learnt_or_not_used_is_no_parameter(options):
    assert "log_temperature" not in dict(make(**options).named_parameters())


def test_without_uniformity_it_collapses():
    torch.manual_seed(0)
    method = alignment_uniformity(encoder(), WIDTH, dim=8, uniformity_weight=0.0)
    optimizer = torch.optim.SGD(method.parameters(), lr=0.5, momentum=0.9)
    shown = two_views()
    for _ in range(80):
        optimizer.zero_grad()
        method(shown).loss.backward()
        optimizer.step()
    terms = method(shown).terms
    assert terms["alignment"] < 0.02
    assert terms["uniformity"] > -0.1  # 0 where all are one point


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"contrastive_weight": -1.0}, "`contrastive_weight` must be .* 0 or above, got -1.0"),
        ({"temperature": 0.0}, "`temperature` must be .* above 0, got 0.0"),
        ({"alignment_weight": -1.0}, "`alignment_weight` must be .* 0 or above, got -1.0"),
        ({"t": 0.0}, "`t` must be .* above 0, got 0.0"),
    ],
)
def test_what_makes_no_sense_is_refused(options, match):
    with pytest.raises(ValueError, match=match):
        make(**options)
