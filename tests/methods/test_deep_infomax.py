"""What is peculiar to Deep InfoMax."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F

from nearfar.methods import DeepInfoMax, deep_infomax
from nearfar.modules import (
    ConvNet,
    DotCritic,
    PerceptronHead,
    build_encoder,
    feature_maps,
    frozen_call,
    places,
)
from nearfar.ops import Stream, uniform
from nearfar.parallel import rank, world_size
from tests.cases.method_cases import WIDTH, encoder, two_views
from tests.distributed.harness import run_processes
from tests.references.scores import deep_infomax as reference


def build(**options: object) -> DeepInfoMax:
    torch.manual_seed(0)
    made = deep_infomax(encoder(), WIDTH, **{"dim": 8, "units": 16} | options)
    # heads start as copies; here their inner layers count too
    for name, parameter in made.named_parameters():
        if "critic" in name and name.endswith("layers.3.weight"):
            nn.init.normal_(parameter, std=0.1)
    return made.double().eval()


def one_view() -> tuple[Tensor]:
    return (two_views()[0].double(),)


def drawn(method: DeepInfoMax, vectors: Tensor) -> Tensor:
    samples = torch.arange(len(vectors)) + (method.draws << 32)
    count = vectors.shape[1]
    return uniform(samples, seed=0, epoch=0, count=count, stream=Stream.METHOD).double()


@pytest.mark.parametrize("estimator", ["jensen_shannon", "donsker_varadhan", "info_nce"])
def test_the_loss_is_the_weighted_sum_of_the_papers_terms(estimator):
    method = build(estimator=estimator, global_weight=0.5, local_weight=2.0, prior_weight=0.3)
    (view,) = one_view()
    step = method((view,))
    h, maps = feature_maps(method.encoder, view)
    y = method.projector(h)
    local = method.local_critic(places(maps[0], side=8), y)
    whole = method.global_critic(F.adaptive_avg_pool2d(maps[0], 4).flatten(1)[:, None], y)
    expected = {
        name: reference(*(x.detach().numpy() for x in pair), estimator=estimator)
        for name, pair in {"local": local, "global": whole}.items()
    }
    made = [1 / (1 + math.exp(-d)) for d in method.discriminator(y.sigmoid())[:, 0].tolist()]
    real = [1 / (1 + math.exp(-d)) for d in method.discriminator(drawn(method, y))[:, 0].tolist()]
    expected["prior"] = -sum(math.log(p) for p in made) / 8
    expected["discriminator"] = -sum(math.log(p) for p in real) / 8
    expected["discriminator"] -= sum(math.log(1 - p) for p in made) / 8
    for name, weight in {"global": 0.5, "local": 2.0, "prior": 0.3}.items():
        expected[name] *= weight
    assert {name: term.item() for name, term in step.terms.items()} == pytest.approx(expected)
    # the discriminator's own loss has no share
    assert step.loss.item() == pytest.approx(sum(expected.values()) - expected["discriminator"])


def gradients(method: nn.Module, loss: Tensor) -> dict[str, Tensor]:
    method.zero_grad()
    loss.backward()
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in method.named_parameters()
    }


def test_the_discriminator_learns_from_its_own_loss_alone_and_nothing_else_does():
    method = build(prior_weight=0.7)
    found = gradients(method, method(one_view()).loss)
    (y,) = method.project(one_view())[1]
    scores = method.discriminator(drawn(method, y)), method.discriminator(y.sigmoid().detach())
    discriminator_loss = F.softplus(-scores[0]).mean() + F.softplus(scores[1]).mean()
    of_discriminator = gradients(method, discriminator_loss)
    _, (y,), pair = method.project(one_view())
    adversary_loss = F.softplus(-frozen_call(method.discriminator, y.sigmoid())).mean()
    of_the_rest = gradients(method, method.objective(*pair) + 0.7 * adversary_loss)
    for name, gradient in found.items():
        expected = of_discriminator if name.startswith("discriminator.") else of_the_rest
        assert gradient.abs().sum() > 0, name
        torch.testing.assert_close(gradient, expected[name], rtol=1e-9, atol=1e-12)


def test_a_step_of_the_discriminator_tells_better_and_one_of_the_encoder_fools_it_more():
    method = build(prior_weight=1.0)
    step = method(one_view())
    step.loss.backward()
    torch.optim.SGD(method.discriminator.parameters(), lr=0.01).step()
    after = method(one_view())
    assert after.terms["discriminator"] < step.terms["discriminator"]
    method.zero_grad()
    prior = method._adversarial_losses(method.project(one_view())[1][0])[0]
    prior.backward()
    torch.optim.SGD([*method.encoder.parameters(), *method.projector.parameters()], lr=0.01).step()
    assert method(one_view()).terms["prior"] < after.terms["prior"]


class Pixels(nn.Module):
    """Representation and map are the image."""

    map_channels = (1,)

    def feature_maps(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        return images.flatten(1), (images,)


def test_vectors_come_to_be_spread_as_the_uniform_distribution_is():
    torch.manual_seed(0)
    method = DeepInfoMax(
        Pixels(),
        nn.Linear(4, 4),
        local_critic=DotCritic(1, 4, units=4),
        discriminator=PerceptronHead(4, hidden=32, outputs=1, layers=3, normalize=False),
        local_weight=1e-6,
        prior_weight=1.0,
    )
    players = [*method.projector.parameters(), *method.discriminator.parameters()]
    optimizer = torch.optim.Adam(players, lr=1e-2)
    spread = []
    for _ in range(120):
        step = method((torch.randn(128, 1, 2, 2),))
        optimizer.zero_grad()
        step.loss.backward()
        optimizer.step()
        method.after_update(0.5)
        spread.append(step.projections[0].sigmoid().std(dim=0).mean().item())
    assert spread[0] < 0.15
    assert spread[-1] == pytest.approx(12**-0.5, abs=0.05)


def test_each_update_draws_anew_and_a_state_dict_brings_the_draws_back():
    method, other = build(), build()
    first = method(one_view()).terms["discriminator"]
    assert torch.equal(method(one_view()).terms["discriminator"], first)
    method.after_update(0.5)
    second = method(one_view()).terms["discriminator"]
    assert not torch.equal(second, first)
    other.load_state_dict(method.state_dict())
    assert torch.equal(other(one_view()).terms["discriminator"], second)


def test_a_term_without_weight_has_no_part():
    whole = build(global_weight=1.0, local_weight=0.0, prior_weight=1.0)
    assert whole.local_critic is None
    assert sorted(whole(one_view()).terms) == ["discriminator", "global", "prior"]
    local = build(prior_weight=0.0)
    assert local.discriminator is None
    assert sorted(local(one_view()).terms) == ["local"]


def test_chance_is_known_where_the_number_of_places_is_not_needed():
    steady = build(estimator="jensen_shannon", prior_weight=0.0)
    assert steady.chance(8) == pytest.approx(2 * math.log(2))
    assert build(estimator="donsker_varadhan").chance(8) == pytest.approx(0.1 * math.log(2))
    assert build(estimator="info_nce").chance(8) is None
    whole = build(estimator="info_nce", global_weight=2.0, local_weight=0.0, prior_weight=0.0)
    assert whole.chance(8) == pytest.approx(2 * math.log(8))


def test_a_fine_map_is_averaged_to_the_side_asked_for():
    images = torch.rand(2, 1, 32, 32)
    for side, expected in ((8, 64), (3, 9), (20, 256)):
        method = deep_infomax(ConvNet(channels=1, width=4), 32, side=side)
        assert method.project((images,))[2][0].shape[1] == expected


def test_a_model_of_timm_serves_and_its_first_stage_has_the_places():
    model, _ = build_encoder("resnet18", channels=3, image_size=32)
    method = deep_infomax(model, 512, units=32, global_weight=0.5)
    step = method((torch.rand(2, 3, 32, 32),))
    step.loss.backward()
    assert step.loss.isfinite()
    assert method.local_map == 1
    assert method.project((torch.rand(2, 3, 32, 32),))[3][0].shape == (2, 64, 32)


def half_gradients() -> dict[str, Tensor]:
    method = build(global_weight=0.5)
    (view,) = one_view()
    method((view.chunk(world_size())[rank()],)).loss.backward()
    found = {name: parameter.grad for name, parameter in method.named_parameters()}
    for gradient in found.values():
        distributed.all_reduce(gradient)
        gradient.div_(world_size())
    return found


def test_two_processes_have_the_gradient_of_one():
    method = build(global_weight=0.5)
    method(one_view()).loss.backward()
    for found in run_processes(half_gradients, 2):
        for name, parameter in method.named_parameters():
            torch.testing.assert_close(found[name], parameter.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.usefixtures("as_users_run_it")
def test_what_cannot_be_is_refused():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(256, WIDTH))
    with pytest.raises(TypeError, match=r"`encoder` must have feature maps, .* got Sequential"):
        deep_infomax(flat, WIDTH)
    with pytest.raises(ValueError, match="`local_map` must be an index of the encoder's 4 feature"):
        deep_infomax(encoder(), WIDTH, local_map=4)
    with pytest.raises(ValueError, match="`global_weight` or `local_weight` must be above 0, got"):
        deep_infomax(encoder(), WIDTH, local_weight=0.0)
    with pytest.raises(ValueError, match="`prior_weight` must be a finite number of 0 or above"):
        deep_infomax(encoder(), WIDTH, prior_weight=-1.0)
    with pytest.raises(ValueError, match="`side` must be a whole number of 1 or more, got 0"):
        deep_infomax(encoder(), WIDTH, side=0)
    with pytest.raises(ValueError, match="`estimator` must be one of donsker_varadhan, info_nce"):
        deep_infomax(encoder(), WIDTH, estimator="nce")
    head = PerceptronHead(WIDTH, hidden=8, outputs=8)
    with pytest.raises(ValueError, match=r"`local_critic` must be given with `local_weight` 1.0"):
        DeepInfoMax(encoder(), head, prior_weight=0.0)
    with pytest.raises(ValueError, match=r"`discriminator` must be given with `prior_weight` 0.1"):
        DeepInfoMax(encoder(), head, local_critic=deep_infomax(encoder(), WIDTH).local_critic)
