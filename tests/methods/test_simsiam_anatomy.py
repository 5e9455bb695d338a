"""The architectures, targets and gradients that explain SimSiam: who learns from what."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nearfar.methods import (
    RunFacts,
    SimSiamAnatomy,
    simsiam,
    simsiam_anatomy,
    simsiam_expectation,
    simsiam_gradient,
)
from nearfar.objectives import cosine_triplet_loss, negative_cosine_loss
from nearfar.ops import to_sphere
from tests.cases.method_cases import BATCH, WIDTH, encoder, indexed_views, two_views
from tests.references.extra_gradient import extra_gradient_gradient
from tests.references.siamese_gradient import towards

SAMPLES, DIM = 7, 5
PLACES = ("mirror", "symmetric", "inverse")
close = torch.testing.assert_close


def leaves(count: int) -> list[Tensor]:
    return [
        torch.randn(SAMPLES, DIM, dtype=torch.float64, requires_grad=True) for _ in range(count)
    ]


def numbers(*tensors: Tensor) -> list[object]:
    return [tensor.detach().numpy() for tensor in tensors]


def moved(tensor: Tensor) -> object:
    assert tensor.grad is not None
    return tensor.grad.numpy()


def doubled(*views: Tensor) -> tuple[Tensor, ...]:
    return tuple(view.double() if view.is_floating_point() else view for view in views)


def gradients(module: nn.Module | None) -> list[Tensor]:
    assert module is not None
    return [parameter.grad.clone() for parameter in module.parameters()]


def both(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> Tensor:
    return (
        negative_cosine_loss(a[0], b[1].detach()) / 2
        + negative_cosine_loss(a[1], b[0].detach()) / 2
    )


# --- where the predictor stands -------------------------------------------------------------------


def losses_by_hand(method: SimSiamAnatomy, views: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """Algorithm 5 and its two like, every pass anew."""
    z = tuple(method.projector(method.encoder(view)) for view in views)
    p = tuple(method.predictor(a.detach()) for a in z)
    online = tuple(method.predictor(a) for a in z)
    found = {"predictor": both(p, z)}
    if method.place == "mirror":
        found["encoder"] = both(z, p)
    elif method.place == "symmetric":
        found["encoder"] = both(online, online)
    else:
        back = tuple(method.inverse(a.detach()) for a in online)
        found["encoder"] = both(online, back)
        found["inverse"] = (
            negative_cosine_loss(back[0], z[0].detach()) / 2
            + negative_cosine_loss(back[1], z[1].detach()) / 2
        )
    return found


@pytest.mark.parametrize("place", PLACES)
def test_each_part_learns_from_its_own_loss_alone(place):
    # evaluation mode: the passes by hand would move the statistics
    method = simsiam_anatomy(encoder(), WIDTH, place=place).double().eval()
    views = doubled(*two_views())
    by_hand = losses_by_hand(method, views)
    step = method(views)
    close(step.loss, sum(by_hand.values()))
    assert {name: term.item() for name, term in step.terms.items()} == pytest.approx(
        {name: term.item() for name, term in by_hand.items()}
    )
    step.loss.backward()
    trained = {
        "encoder": nn.ModuleList([method.encoder, method.projector]),
        "predictor": method.predictor,
        "inverse": method.inverse,
    }
    found = {name: gradients(trained[name]) for name in by_hand}
    for name, loss in by_hand.items():
        method.zero_grad()
        loss.backward(retain_graph=True)
        close(found[name], gradients(trained[name]))


@pytest.mark.parametrize("place", PLACES)
def test_statistics_of_the_predictor_move_once_a_view(place):
    method = simsiam_anatomy(encoder(), WIDTH, place=place)
    method(two_views())
    assert int(method.predictor.get_buffer("layers.1.num_batches_tracked")) == 2


def test_the_encoder_s_gradient_in_the_mirror_is_the_closed_form():
    method = simsiam_anatomy(encoder(), WIDTH, place="mirror")
    z1, z2, p1, p2 = leaves(4)
    method.compare(((z1, z2), (z1, z2), (p1, p2))).loss.backward()
    assert moved(z1) == pytest.approx(towards(*numbers(z1, p2)) / 2, abs=1e-12)
    assert moved(p1) == pytest.approx(towards(*numbers(p1, z2)) / 2, abs=1e-12)


def test_the_three_gradients_with_an_inverse_are_the_closed_forms():
    method = simsiam_anatomy(encoder(), WIDTH, place="inverse")
    z1, z2, p1, p2, o1, o2, g1, g2 = leaves(8)
    method.compare(((z1, z2), (z1, z2), (p1, p2), (o1, o2), (g1, g2))).loss.backward()
    assert moved(p2) == pytest.approx(towards(*numbers(p2, z1)) / 2, abs=1e-12)
    assert moved(o1) == pytest.approx(towards(*numbers(o1, g2)) / 2, abs=1e-12)
    assert moved(g2) == pytest.approx(towards(*numbers(g2, z2)) / 2, abs=1e-12)
    assert z1.grad is None


def test_both_predictors_keep_their_rate():
    method = simsiam_anatomy(encoder(), WIDTH)
    assert [(pace.part, pace.constant) for pace in method.paces()] == [
        (method.predictor, True),
        (method.inverse, True),
    ]
    assert len(simsiam_anatomy(encoder(), WIDTH, place="mirror").paces()) == 1


@pytest.mark.usefixtures("as_users_run_it")
def test_a_place_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"`place` must be one of .*did you mean 'mirror'"):
        simsiam_anatomy(encoder(), WIDTH, place="miror")
    parts = encoder(), nn.Identity(), nn.Identity()
    with pytest.raises(ValueError, match="`inverse` must be given for `place`='inverse' only"):
        SimSiamAnatomy(*parts, place="inverse")
    with pytest.raises(ValueError, match="got 'mirror'"):
        SimSiamAnatomy(*parts, nn.Identity(), place="mirror")


# --- a mean over augmentations as target ----------------------------------------------------------


def test_the_memory_moves_after_the_batch_towards_the_mean_of_the_unit_projections():
    method = simsiam_expectation(encoder(), WIDTH, facts=RunFacts(samples=12)).double()
    *shown, samples = doubled(*indexed_views())
    before = method.bank.vectors.clone()
    step = method((*shown, samples))
    assert torch.equal(method.bank.vectors, before)
    method.after_batch(step)
    mean = sum(to_sphere(z.detach()) for z in step.projections) / 2
    close(method.bank.vectors[samples], 0.8 * before[samples] + 0.2 * mean)
    others = [i for i in range(12) if i not in samples.tolist()]
    assert torch.equal(method.bank.vectors[others], before[others])


def test_the_target_is_what_the_memory_held_before():
    method = simsiam_expectation(encoder(), WIDTH, facts=RunFacts(samples=12)).double()
    *shown, samples = doubled(*indexed_views())
    step = method((*shown, samples))
    kept = method.bank.vectors[samples]
    by_hand = sum(negative_cosine_loss(z, kept) for z in step.projections) / 2
    close(step.loss, by_hand)
    method.after_batch(step)
    assert method((*shown, samples)).loss < step.loss


def test_fresh_views_give_a_target_by_their_mean_and_take_no_gradient():
    method = simsiam_expectation(encoder(), WIDTH, over="batch").double().eval()
    v1, v2, samples = doubled(*indexed_views())
    step = method((v1, v2, 0.9 * v1, 0.9 * v2, samples))
    z = [to_sphere(a) for a in step.projections]
    by_hand = (
        negative_cosine_loss(z[0], (z[1] + z[2] + z[3]).detach()) / 2
        + negative_cosine_loss(z[1], (z[0] + z[2] + z[3]).detach()) / 2
    )
    close(step.loss, by_hand)
    assert [a.requires_grad for a in step.projections] == [True, True, False, False]
    method.after_batch(step)


def test_two_fresh_views_are_simsiam_without_predictor():
    method = simsiam_expectation(encoder(), WIDTH, over="batch").double()
    naive = simsiam(method.encoder, WIDTH, predictor="none").double()
    naive.projector.load_state_dict(method.projector.state_dict())
    v1, v2, samples = doubled(*indexed_views())
    step, other = method((v1, v2, samples)), naive((v1, v2))
    close(step.loss, other.loss)
    step.loss.backward()
    found = gradients(method.encoder)
    method.encoder.zero_grad()
    other.loss.backward()
    close(found, gradients(method.encoder))


def test_what_an_expectation_needs_is_asked_for():
    with pytest.raises(
        ValueError, match="`facts` must have the number of samples for `over`='memory', got None"
    ):
        simsiam_expectation(encoder(), WIDTH)
    method = simsiam_expectation(encoder(), WIDTH, over="batch")
    with pytest.raises(ValueError, match="`views` must be two or more and the indices, got 1"):
        method((two_views()[0], torch.arange(BATCH)))


# --- parts of the extra gradient ------------------------------------------------------------------


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("residual", [True, False])
def test_parts_of_simsiam_s_extra_gradient_are_the_closed_form(center, residual):
    method = simsiam_gradient(encoder(), WIDTH, keep_center=center, keep_residual=residual)
    z1, z2, p1, p2 = leaves(4)
    method.compare(((z1, z2), (z1, z2), (p1, p2))).loss.backward()
    extra = to_sphere(z2) - to_sphere(p2)
    expected, *_ = extra_gradient_gradient(
        *numbers(p1, p2, extra), keep_center=center, keep_residual=residual
    )
    assert moved(p1) == pytest.approx(expected / 2, abs=1e-12)
    assert z1.grad is None
    assert z2.grad is None


def test_with_both_parts_it_trains_as_simsiam_does():
    method = simsiam_gradient(encoder(), WIDTH).double()
    other = simsiam(method.encoder, WIDTH).double()
    other.projector.load_state_dict(method.projector.state_dict())
    other.predictor.load_state_dict(method.predictor.state_dict())
    found = []
    for each in (method, other):
        method.encoder.zero_grad()
        each(doubled(*two_views())).loss.backward()
        found.append([gradients(part) for part in (each.encoder, each.projector, each.predictor)])
    close(*found)


def test_a_whole_triplet_has_the_gradient_of_the_triplet_loss():
    method = simsiam_gradient(encoder(), WIDTH, extra="triplet")
    assert method.predictor is None
    z1, z2 = leaves(2)
    method.compare(((z1, z2), (z1, z2))).loss.backward()
    leaf = z1.detach().clone().requires_grad_()
    other = z2.detach()
    triplet = cosine_triplet_loss(leaf, other, other.roll(1, dims=0), margin=3.0)  # never met
    triplet.backward()
    assert moved(z1) == pytest.approx(moved(leaf) / 2, abs=1e-12)


@pytest.mark.usefixtures("as_users_run_it")
def test_an_unknown_extra_gradient_is_refused():
    with pytest.raises(ValueError, match=r"`extra` must be one of .*did you mean 'triplet'"):
        simsiam_gradient(encoder(), WIDTH, extra="triplets")
