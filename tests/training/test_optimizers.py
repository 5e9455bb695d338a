"""LARS, parameter groups, schedule."""

from __future__ import annotations

import math
import os
import signal

import numpy as np
import pytest
import torch
from torch import nn

from nearfar.methods import Method, Pace, Projected, Step
from nearfar.modules import ConvNet
from nearfar.objectives import AlignmentLoss
from nearfar.training import LARS, TrainingOptions
from nearfar.training._optimizers import (
    build_optimizer,
    peak_learning_rate,
    scheduled_learning_rate,
    set_rates,
)
from nearfar.training._stopping import Interrupted
from tests.every import every
from tests.references.lars import lars
from tests.training.worlds import fit, options, weights


class Paced(Method):
    """Alignment of predictions, each part at a pace of its own."""

    paper, negatives, momentum = "none", False, False
    objective: AlignmentLoss

    def __init__(self) -> None:
        super().__init__()
        # a bias comes first, so that the order of the groups is not that of the parameters
        self.scale = nn.Parameter(torch.ones(1))
        self.encoder = ConvNet(channels=1, width=4)
        self.projector = nn.Linear(32, 8)
        self.predictor = nn.Linear(8, 8)
        self.objective = AlignmentLoss()

    def project(self, views: tuple[torch.Tensor, ...]) -> Projected:
        h1, h2 = (self.encoder(view) for view in views)
        z1, z2 = self.projector(h1), self.projector(h2)
        return (h1, h2), (self.scale * self.predictor(z1), z2)

    def compare(self, projected: Projected) -> Step:
        representations, (p1, z2) = projected
        loss = self.objective(p1, z2.detach())
        return Step(loss=loss, representations=representations, projections=(p1, z2))

    def chance(self, batch_size: int) -> float | None:
        return None

    def paces(self) -> tuple[Pace, ...]:
        return Pace(self.projector, factor=10.0), Pace(self.predictor, factor=0.5, constant=True)


@pytest.mark.parametrize("adapt", [True, False])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_lars_equals_its_definition(adapt, weight_decay):
    generator = np.random.default_rng(0)
    start, gradients = generator.normal(size=(4, 3)), generator.normal(size=(5, 4, 3))
    parameter = nn.Parameter(torch.tensor(start))
    settings = {"lr": 0.3, "momentum": 0.9, "weight_decay": weight_decay, "trust": 0.02}
    optimizer = LARS([parameter], **settings, adapt=adapt)
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        optimizer.step()
    expected = lars(start, gradients, **settings, adapt=adapt)
    np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=1e-10)


def test_lars_without_adaption_and_decay_is_sgd_with_momentum():
    torch.manual_seed(0)
    ours, theirs = (nn.Parameter(torch.ones(3)) for _ in range(2))
    optimizers = LARS([ours], lr=0.1, adapt=False), torch.optim.SGD([theirs], lr=0.1, momentum=0.9)
    for _ in range(4):
        gradient = torch.randn(3)
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        for optimizer in optimizers:
            optimizer.step()
    assert torch.allclose(ours, theirs)


def test_lars_moves_a_parameter_of_zeros():
    parameter = nn.Parameter(torch.zeros(3))
    parameter.grad = torch.ones(3)
    LARS([parameter], lr=0.1).step()
    assert torch.allclose(parameter, torch.full((3,), -0.1))


def test_lars_refuses_what_makes_no_sense():
    parameter = nn.Parameter(torch.zeros(3))
    with pytest.raises(ValueError, match="`lr` must be a finite number above 0, got 0"):
        LARS([parameter], lr=0.0)
    with pytest.raises(ValueError, match="`momentum` must lie between 0 and 1"):
        LARS([parameter], lr=0.1, momentum=1.5)
    with pytest.raises(ValueError, match="`weight_decay` must be 0 or more"):
        LARS([parameter], lr=0.1, weight_decay=-1.0)


@pytest.mark.parametrize("name", ["adamw", "sgd", "lars"])
def test_biases_and_norms_have_no_weight_decay_and_no_adaption(name):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
    frozen = nn.Linear(2, 2).requires_grad_(False)
    optimizer = build_optimizer(
        nn.ModuleList([model, frozen]), TrainingOptions(optimizer=name, weight_decay=0.5)
    )
    weights, others = optimizer.param_groups
    assert {p.ndim for p in weights["params"]} == {2, 4}
    assert {p.ndim for p in others["params"]} == {1}
    assert (weights["weight_decay"], others["weight_decay"]) == (0.5, 0.0)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 6
    if name == "lars":
        assert (weights["adapt"], others["adapt"]) == (True, False)


@pytest.mark.parametrize("name", ["adamw", "sgd", "lars"])
def test_parts_with_a_pace_of_their_own_are_groups_of_their_own(name):
    method = Paced()
    optimizer = build_optimizer(method, TrainingOptions(optimizer=name, weight_decay=0.5))
    common, biases, *paced = optimizer.param_groups
    assert {p.ndim for p in common["params"]} == {4}
    assert {id(method.scale)} < {id(p) for p in biases["params"]}
    assert [(g["factor"], g["constant"]) for g in (common, biases)] == [(1.0, False)] * 2
    found = {
        (group["factor"], group["constant"], group["weight_decay"]): group["params"]
        for group in paced
    }
    assert found == {
        (10.0, False, 0.5): [method.projector.weight],
        (10.0, False, 0.0): [method.projector.bias],
        (0.5, True, 0.5): [method.predictor.weight],
        (0.5, True, 0.0): [method.predictor.bias],
    }
    counted = sum(len(group["params"]) for group in optimizer.param_groups)
    assert counted == len(list(method.parameters()))


def test_rates_follow_the_schedule_or_stay_at_their_peak():
    optimizer = build_optimizer(Paced(), TrainingOptions())
    set_rates(optimizer, rate=0.1, steady=2.0)
    rates = {(g["factor"], g["constant"]): g["lr"] for g in optimizer.param_groups}
    assert rates == {(1.0, False): 0.1, (10.0, False): 1.0, (0.5, True): 1.0}


def test_a_pace_counts_for_frozen_parts_too():
    method = Paced()
    method.projector.requires_grad_(False)
    groups = build_optimizer(method, TrainingOptions()).param_groups
    assert {group["factor"] for group in groups} == {1.0, 0.5}


@pytest.mark.parametrize("name", ["adamw", "sgd", "lars"])
def test_a_method_without_trainable_parameters_is_refused(name):
    with pytest.raises(ValueError, match="the method has no trainable parameter"):
        build_optimizer(nn.Linear(2, 2).requires_grad_(False), TrainingOptions(optimizer=name))


def test_the_optimizers_defaults_are_those_documented():
    assert TrainingOptions() == TrainingOptions(
        epochs=60,
        batch_size=256,
        micro_batch=None,
        optimizer="adamw",
        learning_rate=None,
        weight_decay=None,
        warmup_epochs=None,
        schedule="cosine",
        accumulate=1,
        precision="auto",
        devices=0,
        seed=0,
        compile=False,
        channels_last=True,
        watch_every=None,
        log_every=10,
        checkpoint_every=None,
    )
    found = {}
    for name in ("adamw", "sgd", "lars"):
        optimizer = build_optimizer(nn.Linear(2, 2), TrainingOptions(optimizer=name))
        group = optimizer.param_groups[0]
        found[name] = (group["lr"], group["weight_decay"], group.get("momentum"))
    assert found == {
        "adamw": (0.001, 0.01, None),
        "sgd": (0.03, 0.0001, 0.9),
        "lars": (0.3, 0.000001, 0.9),
    }


@pytest.mark.parametrize("factor", [-1.0, math.nan, math.inf])
def test_a_pace_refuses_a_factor_that_makes_no_sense(factor):
    with pytest.raises(ValueError, match="`factor` must be a finite number of 0 or above, got"):
        Pace(nn.Linear(2, 2), factor=factor)


def test_a_part_with_factor_0_stays_as_it_is(tmp_path):
    method = Paced()
    method.paces = lambda: (Pace(method.projector, factor=0.0),)
    before = weights(method)
    after = weights(fit(tmp_path, method, options(epochs=1, weight_decay=0.0)))
    assert torch.equal(after["projector.weight"], before["projector.weight"])
    assert not torch.equal(after["predictor.weight"], before["predictor.weight"])


class StopAt:
    """Asks for a stop after an update."""

    def __init__(self, step: int) -> None:
        self.step = step

    def start(self, record: object) -> None:
        pass

    def update(self, *, step: int, **others: object) -> None:
        if step == self.step:
            os.kill(os.getpid(), signal.SIGINT)

    def finish(self, health: object) -> None:
        pass


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adamw", "lars"])
def test_a_run_with_paces_resumes_exactly(tmp_path, name):
    def paced() -> Paced:
        torch.manual_seed(0)
        return Paced()

    chosen = options(optimizer=name)
    whole = weights(fit(tmp_path / "whole", paced(), chosen))
    with pytest.raises(Interrupted, match=r"update 7 of 12; .*nearfar\.resume"):
        fit(tmp_path / "stopped", paced(), chosen, progress=StopAt(7))
    resumed = weights(fit(tmp_path / "stopped", paced(), chosen))
    assert every(torch.equal(whole[key], resumed[key]) for key in whole)


def test_the_rate_rises_linearly_and_falls_along_a_cosine():
    rates = [scheduled_learning_rate(s, steps=110, warmup=10, peak=2.0) for s in range(110)]
    assert rates[0] == pytest.approx(0.2)
    assert rates[9] == rates[10] == 2.0
    assert rates[60] == pytest.approx(1.0)
    assert 0 < rates[109] < 0.001
    assert rates[35] == pytest.approx(1 + math.cos(math.pi / 4))


def test_a_constant_rate_stays_at_its_peak():
    rates = [
        scheduled_learning_rate(s, steps=110, warmup=10, peak=2.0, constant=True)
        for s in range(110)
    ]
    assert rates[0] == pytest.approx(0.2)
    assert set(rates[9:]) == {2.0}


def test_the_peak_scales_with_the_samples_of_an_update():
    assert peak_learning_rate(TrainingOptions(optimizer="sgd", batch_size=512)) == 0.06
    assert peak_learning_rate(
        TrainingOptions(optimizer="lars", batch_size=256, accumulate=4)
    ) == pytest.approx(1.2)
    assert peak_learning_rate(TrainingOptions(batch_size=1024)) == pytest.approx(0.002)
    assert peak_learning_rate(TrainingOptions(batch_size=1024, learning_rate=0.5)) == 0.5


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"epochs": 0}, "`epochs` must be a whole number of 1 or more, got 0"),
        ({"batch_size": 1}, "`batch_size` must be a whole number of 2 or more"),
        ({"micro_batch": 1}, "`micro_batch` must be a whole number of 2 or more, got 1"),
        (
            {"batch_size": 64, "micro_batch": 65},
            "`micro_batch` must be at most `batch_size`, 64, got 65",
        ),
        ({"optimizer": "adam"}, "did you mean 'adamw'"),
        ({"precision": "bf61"}, "did you mean 'bf16'"),
        ({"learning_rate": -0.1}, "`learning_rate` must be a finite number above 0"),
        ({"learning_rate": math.nan}, "`learning_rate` must be a finite number above 0"),
        ({"warmup_epochs": -1.0}, "`warmup_epochs` must be a finite number of 0 or above"),
        ({"seed": -1}, "`seed` must be a whole number of 0 or more"),
        ({"accumulate": 0}, "`accumulate` must be a whole number of 1 or more"),
        ({"devices": -1}, "`devices` must be a whole number of 0 or more"),
        ({"watch_every": -1}, "`watch_every` must be a whole number of 0 or more"),
        ({"log_every": 0}, "`log_every` must be a whole number of 1 or more"),
        ({"checkpoint_every": 0}, "`checkpoint_every` must be a whole number of 1 or more"),
        ({"schedule": "cosin"}, "did you mean 'cosine'"),
        ({"weight_decay": math.nan}, "`weight_decay` must be a finite number of 0 or above"),
    ],
)
@pytest.mark.usefixtures("as_users_run_it")
def test_options_refuse_what_makes_no_sense(setting, message):
    with pytest.raises(ValueError, match=message):
        TrainingOptions(**setting)


def test_options_take_the_least_of_each_range():
    least = TrainingOptions(
        epochs=1,
        batch_size=2,
        micro_batch=2,
        accumulate=1,
        devices=0,
        seed=0,
        weight_decay=0.0,
        warmup_epochs=0.0,
        watch_every=0,
        log_every=1,
        checkpoint_every=1,
    )
    assert (least.micro_batch, least.watch_every, least.checkpoint_every) == (2, 0, 1)


def test_lars_calls_a_closure_with_gradients_and_returns_its_loss():
    parameter = nn.Parameter(torch.ones(3))
    optimizer = LARS([parameter], lr=0.1, adapt=False)

    def closure() -> float:
        loss = (2.0 * parameter).sum()
        loss.backward()
        return loss.item()

    assert optimizer.step(closure) == 6.0
    assert torch.allclose(parameter, torch.full((3,), 0.8))
