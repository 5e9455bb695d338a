"""What is peculiar to CURL."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nearfar.methods import CURL, curl
from tests.cases.method_cases import BATCH, WIDTH, encoder, three_views, two_views
from tests.references.curl import curl as reference


def views_of(count: int) -> tuple[Tensor, ...]:
    source = torch.Generator().manual_seed(5)
    return tuple(torch.rand(BATCH, 1, 16, 16, generator=source).double() for _ in range(count))


@pytest.mark.parametrize("views", [2, 3, 5])
@pytest.mark.parametrize("surrogate", ["logistic", "hinge"])
@pytest.mark.parametrize("num_negatives", [1, 3, None])
def test_the_loss_is_the_papers_over_blocks_of_the_samples_that_follow(
    views: int, surrogate: str, num_negatives: int | None
) -> None:
    method = curl(encoder(), WIDTH, num_negatives=num_negatives, surrogate=surrogate)
    method = method.double().eval()
    shown = views_of(views)
    with torch.no_grad():
        anchors, *others = (method.encoder(view).numpy() for view in shown)
    blocks = np.stack(others, axis=1)
    following = range(1, 1 + (num_negatives or BATCH - 1))
    negatives = np.stack([[blocks[(i + j) % BATCH] for j in following] for i in range(BATCH)])
    expected = reference(anchors, blocks, negatives, surrogate=surrogate)
    assert method(shown).loss.item() == pytest.approx(expected, rel=1e-9)


def test_no_sample_is_among_its_own_negatives() -> None:
    """One axis for each sample: with itself as a negative a sample could not be told apart."""
    method = CURL(nn.Flatten(), nn.Identity(), num_negatives=None)
    rows = 100 * torch.eye(BATCH)
    assert method((rows, rows)).loss.item() == pytest.approx(0.0, abs=1e-6)


def test_the_radius_shortens_what_is_longer_and_leaves_the_rest() -> None:
    method = CURL(nn.Flatten(), nn.Identity(), num_negatives=1, radius=2.0)
    view = torch.tensor([[3.0, 4.0], [0.6, 0.8], [0.0, 0.0]], requires_grad=True)
    step = method((view, view))
    expected = torch.tensor([[1.2, 1.6], [0.6, 0.8], [0.0, 0.0]])
    torch.testing.assert_close(step.projections[0], expected)
    step.loss.backward()
    assert view.grad.isfinite().all()


def test_chance_is_that_of_the_surrogate_and_the_number_of_negatives() -> None:
    assert curl(encoder(), WIDTH, num_negatives=3).chance(BATCH) == 2.0
    assert curl(encoder(), WIDTH, num_negatives=None).chance(BATCH) == math.log2(BATCH)
    assert curl(encoder(), WIDTH, surrogate="hinge").chance(BATCH) == 1.0
    assert curl(encoder(), WIDTH, num_negatives=3).candidates(BATCH) == 4


@pytest.mark.parametrize("surrogate", ["logistic", "hinge"])
def test_equal_representations_read_chance(surrogate: str) -> None:
    method = CURL(nn.Flatten(), nn.Identity(), num_negatives=3, surrogate=surrogate)
    same = torch.ones(BATCH, 4)
    assert method((same, same, same)).loss.item() == pytest.approx(method.chance(BATCH))


def test_a_projector_comes_with_its_dimensions() -> None:
    assert isinstance(curl(encoder(), WIDTH).projector, nn.Identity)
    step = curl(encoder(), WIDTH, dim=8)(three_views())
    assert [z.shape for z in step.projections] == [(BATCH, 8)] * 3


@pytest.mark.usefixtures("as_users_run_it")
def test_what_makes_no_sense_is_refused() -> None:
    for wrong, words in (
        ({"num_negatives": 0}, "`num_negatives` must be a whole number of 1 or more, got 0"),
        ({"radius": 0.0}, "`radius` must be a finite number above 0, got 0.0"),
        ({"surrogate": "log"}, "`surrogate` must be one of hinge, logistic, got 'log'"),
    ):
        with pytest.raises(ValueError, match=words):
            curl(encoder(), WIDTH, **wrong)
    with pytest.raises(ValueError, match="`views` must be at least an anchor and a positive"):
        curl(encoder(), WIDTH)(two_views()[:1])
    with pytest.raises(ValueError, match="`num_negatives` must be below the batch, 8, got 8"):
        curl(encoder(), WIDTH, num_negatives=BATCH)(two_views())
