"""What is peculiar to BYOL."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nearfar.methods import BYOL, byol
from tests.cases.method_cases import WIDTH, encoder, two_views
from tests.every import every


def test_the_loss_is_the_papers_sum_of_both_directions():
    method = byol(encoder(), WIDTH, dim=8).eval()
    v1, v2 = two_views()
    predict = lambda v: F.normalize(method.predictor(method.projector(method.encoder(v))), dim=1)  # noqa: E731
    target = lambda v: F.normalize(method.target(v), dim=1)  # noqa: E731
    by_hand = (2 - 2 * (predict(v1) * target(v2)).sum(1)).mean() + (
        2 - 2 * (predict(v2) * target(v1)).sum(1)
    ).mean()
    assert method((v1, v2)).loss.item() == pytest.approx(by_hand.item(), rel=1e-5)


@pytest.mark.parametrize("progress", [0.0, 0.25, 1.0])
def test_the_decay_rises_along_a_cosine_to_one(progress):
    method = byol(encoder(), WIDTH, dim=8, decay=0.9)
    weight = method.target.module[0].layers[0][0].weight
    start = weight.clone()
    with torch.no_grad():
        method.encoder.layers[0][0].weight.add_(1.0)
    method.after_update(progress)
    decay = 1 - 0.1 * (math.cos(math.pi * progress) + 1) / 2
    assert torch.allclose(weight, start + (1 - decay), atol=1e-5)


def test_a_constant_target_never_moves():
    method = byol(encoder(), WIDTH, dim=8, decay=1.0)
    before = [p.clone() for p in method.target.parameters()]
    with torch.no_grad():
        for parameter in method.encoder.parameters():
            parameter.add_(1.0)
    method.after_update(0.3)
    assert every(torch.equal(a, b) for a, b in zip(before, method.target.parameters(), strict=True))


def test_the_predictor_can_be_left_out():
    small = encoder()
    method = BYOL(small, nn.Linear(WIDTH, 8), nn.Identity(), decay=0.5)
    assert method(two_views()).loss.isfinite()
