"""What is peculiar to the autoencoder."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nearfar.methods import RunFacts, autoencoder
from nearfar.methods._autoencoder import Autoencoder
from tests.cases.method_cases import SIDE, WIDTH, encoder, two_views


def test_the_loss_is_the_squared_error_of_all_pixels():
    method = autoencoder(encoder(), WIDTH, facts=RunFacts(signal_dim=SIDE**2)).double().eval()
    (view,) = two_views()[:1]
    view = view.double()
    decoded = method.decoder(method.encoder(view)).detach()
    by_hand = 0.0
    for image, given in zip(view, decoded, strict=True):
        for pixel, other in zip(image.flatten(), given, strict=True):
            by_hand += float((pixel - other) ** 2)
    assert method((view,)).loss.item() == pytest.approx(by_hand / len(view), rel=1e-9)


def test_large_images_are_given_back_small():
    method = autoencoder(encoder(), WIDTH, facts=RunFacts(signal_dim=8 * 8))
    assert method.decoder(torch.zeros(2, WIDTH)).shape == (2, 64)
    assert method(two_views()[:1]).loss.isfinite()


def test_more_views_are_more_inputs():
    method = autoencoder(encoder(), WIDTH, facts=RunFacts(signal_dim=SIDE**2)).double().eval()
    v1, v2 = (view.double() for view in two_views())
    step = method((v1, v2))
    assert len(step.projections) == 2
    apart = (method((v1,)).loss + method((v2,)).loss) / 2
    assert step.loss.item() == pytest.approx(apart.item(), rel=1e-9)


def test_it_learns_to_give_its_input_back():
    method = autoencoder(encoder(), WIDTH, facts=RunFacts(signal_dim=SIDE**2))
    views = two_views()[:1]
    optimizer = torch.optim.Adam(method.parameters(), lr=1e-2)
    first = method(views).loss.item()
    for _ in range(30):
        optimizer.zero_grad()
        method(views).loss.backward()
        optimizer.step()
    assert method(views).loss.item() < first / 3


def test_vectors_are_given_back_too():
    method = Autoencoder(nn.Linear(6, 4), nn.Linear(4, 6), signal_dim=6)
    assert method((torch.randn(8, 6),)).loss.isfinite()


def test_without_numbers_there_is_nothing_to_decode():
    with pytest.raises(ValueError, match="`signal_dim` must be a whole number of 1 or more, got 0"):
        autoencoder(encoder(), WIDTH)


def test_a_view_without_so_many_numbers_is_refused():
    method = autoencoder(encoder(), WIDTH, facts=RunFacts(signal_dim=1000))
    with pytest.raises(ValueError, match=r"`view` must have 1,000 numbers .* got 256"):
        method(two_views()[:1])
