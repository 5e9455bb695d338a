"""Losses at chance of other libraries' objectives, against float64 loops and random scores."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from nearfar.diagnostics import chance_loss

FEW = 1e-3  # scores of networks that have learnt nothing differ this little


def scores(*shape: int, seed: int = 0) -> Tensor:
    source = torch.Generator().manual_seed(seed)
    return FEW * torch.randn(*shape, generator=source, dtype=torch.float64)


def dino(prototypes: int) -> float:
    """The cross-entropy of a sharp teacher and a student, sample by sample."""
    teacher = (scores(64, prototypes, seed=1) / FEW / 0.04).softmax(dim=1)
    student = scores(64, prototypes)
    losses = []
    for target, logits in zip(teacher, student, strict=True):
        normalizer = math.log(sum(math.exp(x) for x in logits.tolist()))
        losses.append(-sum(p * (x - normalizer) for p, x in zip(target, logits, strict=True)))
    return float(sum(losses)) / 64


def clip(pairs: int) -> float:
    logits, own = scores(pairs, pairs), torch.arange(pairs)
    return float(F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def siglip_at(bias: float, pairs: int) -> float:
    logits = scores(pairs, pairs)
    total = 0.0
    for i in range(pairs):
        for j in range(pairs):
            sign = 1.0 if i == j else -1.0
            total += math.log1p(math.exp(-sign * (float(logits[i, j]) + bias)))
    return total / pairs


def siglip(pairs: int) -> float:
    """The least loss over a grid of biases around the best."""
    grid = [-6.0 + 0.05 * step for step in range(120)]
    return min(siglip_at(bias, pairs) for bias in grid)


def wav2vec2(negatives: int) -> float:
    """Cosines over 0.1 of random directions of many dimensions, whose mean loss is at chance."""
    source = torch.Generator().manual_seed(0)
    context = F.normalize(torch.randn(64, 20_000, generator=source), dim=1)
    logits = 0.1 * (context @ context[:, torch.randperm(20_000, generator=source)].T)
    drawn = torch.randint(64, (64, negatives + 1), generator=source)
    return float(F.cross_entropy(logits.gather(1, drawn), torch.zeros(64, dtype=torch.int64)))


def nt_xent(pairs: int) -> float:
    logits = scores(2 * pairs, 2 * pairs).fill_diagonal_(-math.inf)
    return float(F.cross_entropy(logits, torch.arange(2 * pairs).roll(pairs)))


def moco(negatives: int) -> float:
    return float(F.cross_entropy(scores(128, negatives + 1), torch.zeros(128, dtype=torch.int64)))


@pytest.mark.parametrize(
    ("name", "needed", "by_hand", "number"),
    [
        ("dino", "num_prototypes", dino, 96),
        ("clip", "batch_size", clip, 200),
        ("siglip", "batch_size", siglip, 12),
        ("wav2vec2", "num_negatives", wav2vec2, 100),
        ("nt-xent", "batch_size", nt_xent, 100),
        ("moco", "num_negatives", moco, 300),
    ],
)
def test_the_loss_of_equal_scores(
    name: str, needed: str, by_hand: Callable[[int], float], number: int
) -> None:
    assert by_hand(number) == pytest.approx(chance_loss(name, **{needed: number}), abs=2e-3)


def test_the_best_bias_of_siglip_has_no_gradient() -> None:
    bias = torch.tensor(-math.log(255), dtype=torch.float64, requires_grad=True)
    loss = F.softplus(-bias) + 255 * F.softplus(bias)
    (slope,) = torch.autograd.grad(loss, bias)
    assert float(slope) == pytest.approx(0, abs=1e-12)
    assert float(loss.detach()) == pytest.approx(chance_loss("siglip", batch_size=256), abs=1e-12)


def test_one_pair_has_no_negatives() -> None:
    assert chance_loss("siglip", batch_size=1) == chance_loss("clip", batch_size=1) == 0


@pytest.mark.parametrize(
    ("name", "numbers", "message"),
    [
        ("dinov2", {}, "`objective` must be one of clip, dino"),
        ("dino", {"batch_size": 8}, "`num_prototypes` must be given for dino"),
        ("moco", {"batch_size": 8}, "`num_negatives` must be given for moco"),
        ("clip", {"batch_size": 0}, "`batch_size` must be a whole number of 1 or more, got 0"),
    ],
)
def test_missing_numbers_are_named(name: str, numbers: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chance_loss(name, **numbers)
