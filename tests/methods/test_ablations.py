"""What collapses and what does not, when one part of a method is taken away."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import pytest
import torch
from torch import nn

from nearfar.methods import (
    Method,
    RunFacts,
    byol,
    moco_v2,
    simsiam,
    simsiam_anatomy,
    simsiam_expectation,
    simsiam_gradient,
    vicreg,
)
from nearfar.training import TrainingOptions
from nearfar.training._optimizers import build_optimizer
from tests.cases.method_cases import BATCH, encoder, two_views
from tests.cases.method_cases import WIDTH as CASE_WIDTH
from tests.methods.siamese_world import WIDTH, read, trained, unseen

Make = Callable[[nn.Module], Method]
HIDDEN: dict[str, Any] = {"norms": "hidden", "layers": 2}  # no norm that hides a collapse
PAPER: dict[str, Any] = {"norms": "projector", "layers": 3}


def expectation(encoder: nn.Module, **options: Any) -> Method:
    return simsiam_expectation(encoder, WIDTH, facts=RunFacts(samples=1024), **options)


def triplet(encoder: nn.Module, **kept: bool) -> Method:
    return simsiam_gradient(encoder, WIDTH, extra="triplet", **HIDDEN, **kept)


# --- SimSiam: Zhang et al., tables 1 to 4; Chen & He, section 4 -----------------------------------

COLLAPSES: dict[str, Make] = {
    "no predictor": lambda e: simsiam(e, WIDTH, predictor="none", **HIDDEN),
    "no stopped gradient": lambda e: simsiam(e, WIDTH, stop_gradient=False, **HIDDEN),
    "mirror": lambda e: simsiam_anatomy(e, WIDTH, place="mirror", **HIDDEN),
    "triplet, residual alone": lambda e: triplet(e, keep_center=False),
}
SURVIVES: dict[str, Make] = {
    "simsiam": lambda e: simsiam(e, WIDTH, **HIDDEN),
    "inverse": lambda e: simsiam_anatomy(e, WIDTH, place="inverse", **HIDDEN),
    "simsiam, centre alone": lambda e: simsiam_gradient(e, WIDTH, keep_residual=False, **HIDDEN),
    "simsiam, residual alone": lambda e: simsiam_gradient(e, WIDTH, keep_center=False, **HIDDEN),
    "triplet": triplet,
    "triplet, centre alone": lambda e: triplet(e, keep_residual=False),
}


@pytest.mark.parametrize("name", COLLAPSES)
def test_one_point_is_left(name):
    found = read(trained(COLLAPSES[name], rate=0.3))
    assert found.spread < 0.15
    assert found.center > 0.98
    assert found.residual < 0.15


@pytest.mark.parametrize("views", [3, 11])
def test_a_mean_of_fresh_views_leaves_one_point(views):
    make = lambda e: expectation(e, over="batch", **HIDDEN)  # noqa: E731
    found = read(trained(make, rate=0.3, views=views, steps=120))
    assert found.spread < 0.15
    assert found.center > 0.98


@pytest.mark.slow
@pytest.mark.parametrize("name", SURVIVES)
def test_the_sphere_stays_in_use(name):
    found = read(trained(SURVIVES[name], rate=0.3))
    assert found.spread > 0.6
    assert found.center < 0.7


def test_a_predictor_on_both_sides_collapses_unless_it_is_undone_on_one():
    symmetric, inverse = (
        read(trained(lambda e, place=place: simsiam_anatomy(e, WIDTH, place=place, **PAPER)))
        for place in ("symmetric", "inverse")
    )
    assert symmetric.center > 0.6
    assert symmetric.spread < 0.8
    assert inverse.center < 0.4
    assert inverse.spread > 0.9


@pytest.mark.slow  # trainings differ by processor, medians of five do not
def test_a_stale_mean_delays_the_collapse_that_a_fresh_one_leads_to():
    stale, fresh = (
        [read(trained(make, samples=1024, views=views, seed=seed)) for seed in range(5)]
        for make, views in (
            (lambda e: expectation(e, **PAPER), 2),
            (lambda e: expectation(e, over="batch", **PAPER), 3),
        )
    )
    assert median(found.spread for found in stale) > 0.78
    assert median(found.spread for found in fresh) < 0.74
    assert median(found.center for found in stale) < 0.6 < median(found.center for found in fresh)


def test_a_bias_alone_slows_the_collapse():
    bias, none = (
        read(trained(lambda e, kind=kind: simsiam(e, WIDTH, predictor=kind, **PAPER)))
        for kind in ("bias", "none")
    )
    assert bias.spread > 0.7 > none.spread
    assert bias.center < 0.65 < none.center


@pytest.mark.parametrize(("kept", "collapses"), [(False, True), (True, False)])
def test_predictions_that_are_drawn_to_predictions_alone_become_one(kept, collapses):
    method = trained(
        lambda e: simsiam_gradient(e, WIDTH, keep_center=kept, keep_residual=kept, **PAPER)
    )
    found = read(method, nn.Sequential(method.encoder, method.projector, method.predictor))
    assert found.center > 0.98 if collapses else found.center < 0.4


# --- BYOL: Grill et al., tables 5 and 19 ----------------------------------------------------------


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_byol_without_predictor_collapses(decay):
    make = lambda e: byol(e, WIDTH, dim=32, decay=decay, predictor="none")  # noqa: E731
    found = read(trained(make, rate=0.1))
    assert found.spread < 0.15
    assert found.center > 0.98


@pytest.mark.parametrize("decay", [0.99, 1.0])
def test_byol_with_a_slow_or_a_standing_target_does_not(decay):
    found = read(trained(lambda e: byol(e, WIDTH, dim=32, decay=decay), rate=0.1))
    assert found.spread > 0.6
    assert found.center < 0.75


@pytest.mark.parametrize("progress", [0.0, 0.5, 1.0])
def test_a_decay_of_0_makes_byol_s_target_the_online_network_throughout(progress):
    method = byol(encoder(), CASE_WIDTH, dim=8, decay=0.0)
    with torch.no_grad():
        for parameter in method.encoder.parameters():
            parameter.add_(1.0)
    method.after_update(progress)
    online = [*method.encoder.parameters(), *method.projector.parameters()]
    torch.testing.assert_close(list(method.target.parameters()), online)


def test_byol_s_predictor_learns_at_the_rate_it_is_given():
    method = byol(encoder(), CASE_WIDTH, dim=8, predictor_rate=10.0)
    optimizer = build_optimizer(method, TrainingOptions(optimizer="sgd"))
    heads = {id(parameter) for parameter in method.predictor.parameters()}
    for group in optimizer.param_groups:
        inside = {id(parameter) in heads for parameter in group["params"]}
        assert inside == {group["factor"] == 10.0}
        assert not group["constant"]


@pytest.mark.usefixtures("as_users_run_it")
def test_bad_arguments_of_byol_s_predictor_are_refused():
    with pytest.raises(ValueError, match=r"`predictor` must be one of none, perceptron"):
        byol(encoder(), CASE_WIDTH, predictor="identity")
    with pytest.raises(ValueError, match="`predictor_rate` must be a finite number of 0 or above"):
        byol(encoder(), CASE_WIDTH, predictor_rate=-1.0)


# --- MoCo and VICReg ------------------------------------------------------------------------------


def test_moco_with_keys_that_change_at_once_loses_what_slow_keys_keep():
    fast, slow = (
        read(
            trained(
                lambda e, decay=decay: moco_v2(e, WIDTH, dim=32, queue_size=256, decay=decay),
                rate=0.1,
            )
        )
        for decay in (0.0, 0.999)
    )
    assert slow.spread > 0.8
    assert fast.spread < 0.3


def test_a_decay_of_0_makes_moco_s_key_network_the_query_network():
    method = moco_v2(encoder(), CASE_WIDTH, dim=8, queue_size=2 * BATCH, decay=0.0)
    step = method(two_views())
    step.loss.backward()
    torch.optim.SGD(method.encoder.parameters(), lr=0.1).step()
    method.after_update(0.5)
    online = [*method.encoder.parameters(), *method.projector.parameters()]
    torch.testing.assert_close(list(method.target.parameters()), online)


def test_vicreg_without_its_variance_term_shrinks_to_a_point():
    def deviation(weight: float) -> float:
        make = lambda e: vicreg(e, WIDTH, hidden=64, dim=32, variance_weight=weight)  # noqa: E731
        method = trained(make, rate=0.05, steps=120)
        with torch.no_grad():
            return float(method.projector(method.encoder(unseen())).std(dim=0).mean())

    assert deviation(0.0) < 0.02
    assert deviation(25.0) > 0.2
