"""MultiView: three terms, the loss they make, two sides."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.inputs import Signal, Tokens, numbers
from nearfar.methods import MultiView, RunFacts, byol, moco_v2, multiview, simclr, vicreg
from nearfar.modules import TwoSided
from nearfar.objectives import (
    forward_predictive_loss,
    info_nce_loss,
    inverse_predictive_loss,
    multi_view_loss,
    nt_xent_loss,
)
from nearfar.training import cached_backward
from tests.every import every

BATCH, DIM, SIGNAL = 8, 6, 5


def flat_encoder() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, DIM))


def made(**weights: float) -> MultiView:
    torch.manual_seed(1)
    method = MultiView(
        flat_encoder(), nn.Identity(), nn.Linear(DIM, 16), signal_dim=16, temperature=0.2, **weights
    )
    return method.double()


def views() -> tuple[Tensor, Tensor]:
    first = torch.rand(BATCH, 1, 4, 4, dtype=torch.float64)
    return first, 0.7 * first + 0.3 * torch.rand_like(first)


def by_hand(method: MultiView, x: Tensor, s: Tensor) -> dict[str, Tensor]:
    h1, h2 = method.encoder(x), method.encoder(s)
    u1, u2 = F.normalize(h1, dim=1), F.normalize(h2, dim=1)
    contrast = nt_xent_loss if method.objective.symmetric else info_nce_loss
    terms = {
        "contrastive": contrast(h1, h2, temperature=0.2),
        "inverse": inverse_predictive_loss(u1, u2),
    }
    if method.decoder is not None:
        terms["forward"] = forward_predictive_loss(method.decoder(u1), s.flatten(1))
    return terms


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (0.5, 0.01, 0.25), (0.0, 0.2, 3.0)])
def test_value_and_gradient_are_those_of_the_weighted_terms(
    weights: tuple[float, float, float], symmetric: bool
) -> None:
    names = ("contrastive_weight", "forward_weight", "inverse_weight")
    said = dict(zip(names, weights, strict=True))
    method, other = (made(**said, symmetric=symmetric) for _ in range(2))
    x, s = views()
    step = method((x, s))
    terms = by_hand(other, x, s)
    expected = weights[0] * terms["contrastive"] + weights[2] * terms["inverse"]
    if weights[1]:
        expected = expected + weights[1] * terms["forward"]
    torch.testing.assert_close(step.loss, expected)
    assert set(step.terms) == set(terms)
    weight_of = dict(zip(("contrastive", "forward", "inverse"), weights, strict=True))
    for name, term in step.terms.items():
        torch.testing.assert_close(term, weight_of[name] * terms[name].detach())
    step.loss.backward()
    expected.backward()
    for one, two in zip(method.encoder.parameters(), other.encoder.parameters(), strict=True):
        torch.testing.assert_close(one.grad, two.grad)


def test_it_is_the_multi_view_loss_of_what_it_projects() -> None:
    said = {"contrastive_weight": 0.7, "forward_weight": 0.02, "inverse_weight": 0.3}
    method, (x, s) = made(**said, symmetric=False), views()
    (h1, h2), (z1, z2), (decoded, signals) = method.project((x, s))
    loss = multi_view_loss(
        *(z1, z2, decoded, signals, F.normalize(h1, dim=1), F.normalize(h2, dim=1)),
        temperature=0.2,
        **said,
    )
    torch.testing.assert_close(method((x, s)).loss, loss)
    with pytest.warns(DeprecationWarning, match="the loss is the sum of `terms`"):
        again = method.objective.weigh(method((x, s)).terms)
    torch.testing.assert_close(again, loss.detach())


def test_chance_is_that_of_the_contrastive_term_and_none_beside_another() -> None:
    alone = made(contrastive_weight=0.5, symmetric=False)
    assert alone.chance(64) == pytest.approx(0.5 * math.log(64))
    assert alone.candidates(64) == 64
    assert made(contrastive_weight=0.5).chance(64) == pytest.approx(0.5 * math.log(127))
    assert made().candidates(64) == 127
    assert made(inverse_weight=0.1).chance(64) is None
    assert made(forward_weight=0.1).chance(64) is None


def test_a_constant_encoder_reads_chance_and_no_inverse_term() -> None:
    method = made(symmetric=True, inverse_weight=2.0)
    for parameter in method.encoder[1].parameters():
        nn.init.zeros_(parameter)
    step = method(views())
    assert step.loss.item() == pytest.approx(math.log(2 * BATCH - 1))
    assert step.terms["inverse"].item() == 0.0


def test_the_length_of_representations_does_not_matter_to_any_term() -> None:
    method, (x, s) = made(forward_weight=0.1, inverse_weight=1.0), views()
    before = method((x, s)).loss
    for parameter in method.encoder[3].parameters():
        parameter.data.mul_(5)
    torch.testing.assert_close(method((x, s)).loss, before)


def test_a_forward_weight_without_decoder_is_refused() -> None:
    with pytest.raises(ValueError, match="`decoder` and `signal_dim` must be given"):
        MultiView(flat_encoder(), nn.Identity(), forward_weight=0.1)
    with pytest.raises(ValueError, match="`decoder` and `signal_dim` must be given"):
        multiview(flat_encoder(), DIM, forward_weight=0.1)
    with pytest.raises(ValueError, match=r"`inverse_weight` must be .* 0 or above, got -1.0"):
        multiview(flat_encoder(), DIM, inverse_weight=-1.0)


def test_a_decoder_without_weight_is_not_kept() -> None:
    assert made().decoder is None
    assert multiview(flat_encoder(), DIM, facts=RunFacts(signal_dim=16)).decoder is None


class Words(nn.Module):
    """A mean of word vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.vectors = nn.Embedding(SIGNAL, 4, padding_idx=0)

    def forward(self, tokens: Tokens) -> Tensor:
        return self.vectors(tokens.ids).sum(1) / tokens.lengths[:, None]


def two_sided() -> TwoSided:
    return TwoSided(flat_encoder(), Words(), x_width=DIM, s_width=4)


def image_text_views() -> tuple[Tensor, Signal]:
    lengths = torch.randint(1, 4, (BATCH,))
    ids = torch.randint(1, SIGNAL, (BATCH, 3)) * (torch.arange(3) < lengths[:, None])
    return torch.rand(BATCH, 1, 4, 4), Signal(Tokens(ids, lengths))


def test_a_two_sided_encoder_sends_signals_to_the_second_side() -> None:
    encoder, (x, s) = two_sided(), image_text_views()
    torch.testing.assert_close(encoder(x), encoder.x_encoder(x))
    torch.testing.assert_close(encoder(s), encoder.bridge(encoder.s_encoder(s.view)))
    assert encoder(s).shape == encoder(x).shape == (BATCH, DIM)
    same = TwoSided(nn.Linear(2, 4), nn.Linear(3, 4), x_width=4, s_width=4)
    assert isinstance(same.bridge, nn.Identity)


@pytest.mark.parametrize("name", ["multiview", "simclr", "vicreg", "byol", "moco_v2"])
def test_methods_of_two_views_train_on_an_image_and_its_text(name: str) -> None:
    makers = {"multiview": multiview, "simclr": simclr, "vicreg": vicreg, "byol": byol}
    if name == "moco_v2":
        method = moco_v2(two_sided(), DIM, dim=4, queue_size=16, key_splits=2)
    elif name == "multiview":
        method = multiview(two_sided(), DIM, facts=RunFacts(signal_dim=SIGNAL), forward_weight=1.0)
    else:
        method = makers[name](two_sided(), DIM)
    step = method(image_text_views())
    step.loss.backward()
    assert step.loss.isfinite()
    assert every(p.grad is not None for p in method.encoder.x_encoder.parameters())
    if name != "moco_v2":  # only its queries are trained; views take turns
        assert every(p.grad is not None for p in method.encoder.s_encoder.parameters())


def test_caching_is_exact_for_two_sides() -> None:
    def method() -> MultiView:
        torch.manual_seed(2)
        return multiview(
            *(two_sided(), DIM),
            facts=RunFacts(signal_dim=SIGNAL),
            forward_weight=0.5,
            inverse_weight=0.5,
        ).double()

    x, s = image_text_views()
    shown = x.double(), s
    # words' relative frequencies enter as the representation's own type
    whole, cached = method().eval(), method().eval()
    whole(shown).loss.backward()
    step = cached_backward(cached, shown, micro_batch=3)
    torch.testing.assert_close(step.loss, whole(shown).loss.detach())
    others = dict(whole.named_parameters())
    for name, parameter in cached.named_parameters():
        torch.testing.assert_close(parameter.grad, others[name].grad)


def test_numbers_of_tokens_are_relative_frequencies() -> None:
    tokens = Tokens(torch.tensor([[1, 2, 2, 0], [4, 0, 0, 0]]), torch.tensor([3, 1]))
    expected = torch.tensor([[0, 1 / 3, 2 / 3, 0, 0], [0, 0, 0, 0, 1.0]])
    torch.testing.assert_close(numbers(Signal(tokens), count=SIGNAL), expected)
    with pytest.raises(ValueError, match="must have token ids below the vocabulary size, 4, got 4"):
        numbers(tokens, count=4)


def test_the_symmetric_loss_takes_nt_xent_for_its_first_term() -> None:
    z1, z2 = torch.randn(2, 9, 4, dtype=torch.float64)
    loss = multi_view_loss(z1, z2, temperature=0.3, inverse_weight=0.2, symmetric=True)
    expected = nt_xent_loss(z1, z2, temperature=0.3) + 0.2 * inverse_predictive_loss(z1, z2)
    torch.testing.assert_close(loss, expected)
