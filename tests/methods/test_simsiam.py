"""What is peculiar to SimSiam."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from nearfar.methods import Method, simsiam
from nearfar.modules import Bias, PerceptronHead, frozen_call, siamese_predictor, siamese_projector
from nearfar.training import TrainingOptions
from nearfar.training._optimizers import build_optimizer, set_rates
from tests.cases.method_cases import WIDTH, encoder, two_views
from tests.every import every
from tests.references.negative_cosine import negative_cosine
from tests.references.siamese_gradient import towards

SAMPLES, DIM = 7, 5


def leaves(count: int) -> list[Tensor]:
    return [
        torch.randn(SAMPLES, DIM, dtype=torch.float64, requires_grad=True) for _ in range(count)
    ]


def numbers(*tensors: Tensor) -> list[object]:
    return [tensor.detach().numpy() for tensor in tensors]


def moved(tensor: Tensor) -> object:
    assert tensor.grad is not None
    return tensor.grad.numpy()


def test_the_loss_is_the_mean_of_both_directions():
    method = simsiam(encoder(), WIDTH).double()
    v1, v2 = (view.double() for view in two_views())
    z1, z2 = method.projector(method.encoder(v1)), method.projector(method.encoder(v2))
    p1, p2, t1, t2 = numbers(method.predictor(z1), method.predictor(z2), z1, z2)
    by_hand = negative_cosine(p1, t2) / 2 + negative_cosine(p2, t1) / 2
    assert method((v1, v2)).loss.item() == pytest.approx(by_hand, abs=1e-12)


def test_one_direction_predicts_the_second_view_alone():
    method = simsiam(encoder(), WIDTH, symmetric=False).double()
    z1, z2, p1, p2 = leaves(4)
    loss = method.compare(((z1, z2), (z1, z2), (p1, p2))).loss
    assert loss.item() == pytest.approx(negative_cosine(*numbers(p1, z2)), abs=1e-12)
    loss.backward()
    assert p2.grad is None


def test_predictions_are_drawn_to_targets_that_take_no_gradient():
    method = simsiam(encoder(), WIDTH)
    z1, z2, p1, p2 = leaves(4)
    method.compare(((z1, z2), (z1, z2), (p1, p2))).loss.backward()
    assert moved(p1) == pytest.approx(towards(*numbers(p1, z2)) / 2, abs=1e-12)
    assert moved(p2) == pytest.approx(towards(*numbers(p2, z1)) / 2, abs=1e-12)
    assert z1.grad is None
    assert z2.grad is None


def test_without_stopped_gradient_targets_are_drawn_to_predictions_too():
    method = simsiam(encoder(), WIDTH, stop_gradient=False)
    z1, z2, p1, p2 = leaves(4)
    method.compare(((z1, z2), (z1, z2), (p1, p2))).loss.backward()
    assert moved(z2) == pytest.approx(towards(*numbers(z2, p1)) / 2, abs=1e-12)
    assert moved(p1) == pytest.approx(towards(*numbers(p1, z2)) / 2, abs=1e-12)


def rates(method: Method, *, now: float) -> tuple[set[float], set[float]]:
    """Learning rates of the predictor and of the rest when the schedule is at `now` of 1."""
    optimizer = build_optimizer(method, TrainingOptions(optimizer="sgd"))
    set_rates(optimizer, rate=now, steady=1.0)
    heads = {id(parameter) for parameter in method.predictor.parameters()}
    found: tuple[set[float], set[float]] = set(), set()
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            found[id(parameter) not in heads].add(group["lr"])
    return found


def test_the_predictor_s_rate_stays_at_its_peak():
    assert rates(simsiam(encoder(), WIDTH), now=0.25) == ({1.0}, {0.25})


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 0.0), (10.0, 2.5)])
def test_the_predictor_can_learn_at_another_rate_and_on_schedule(rate, expected):
    method = simsiam(encoder(), WIDTH, predictor_rate=rate, predictor_constant=False)
    assert rates(method, now=0.25) == ({expected}, {0.25})


def test_sizes_are_the_papers():
    large = siamese_projector(2048)
    assert [type(layer).__name__ for layer in large.layers] == (
        ["Linear", "BatchNorm1d", "ReLU"] * 2 + ["Linear", "BatchNorm1d"]
    )
    assert (large.outputs, large.layers[-1].affine) == (2048, False)
    assert every(layer.bias is None for layer in large.layers if isinstance(layer, nn.Linear))
    small = siamese_projector(512, dim=2048)
    assert [layer.out_features for layer in small.layers if isinstance(layer, nn.Linear)] == (
        [2048, 2048]
    )
    predictor = siamese_predictor(2048)
    assert isinstance(predictor, PerceptronHead)
    assert [layer.out_features for layer in predictor.layers if isinstance(layer, nn.Linear)] == (
        [512, 2048]
    )


@pytest.mark.parametrize(
    ("norms", "projector", "predictor"),
    [("none", 0, 0), ("hidden", 1, 1), ("projector", 2, 1), ("all", 2, 2)],
)
def test_batch_norm_stands_where_it_is_said(norms, projector, predictor):
    method = simsiam(encoder(), WIDTH, norms=norms)
    counts = [
        sum(isinstance(module, nn.BatchNorm1d) for module in part.modules())
        for part in (method.projector, method.predictor)
    ]
    assert counts == [projector, predictor]


@pytest.mark.parametrize("kind", ["perceptron", "tanh", "linear", "bias", "none"])
def test_every_predictor_keeps_the_dimensions(kind):
    assert siamese_predictor(6, kind=kind)(torch.zeros(3, 6)).shape == (3, 6)
    assert simsiam(encoder(), WIDTH, predictor=kind)(two_views()).loss.isfinite()


def test_a_bias_has_the_mean_of_what_its_rows_are_told():
    bias, x = Bias(DIM).double(), torch.randn(SAMPLES, DIM, dtype=torch.float64)
    (bias(x) ** 2 / 2).sum(dim=1).mean().backward()
    torch.testing.assert_close(bias.bias.grad, x.mean(dim=0))


def test_a_held_module_passes_its_gradient_on_and_keeps_everything():
    module = PerceptronHead(DIM, hidden=6, outputs=DIM).double()
    other = PerceptronHead(DIM, hidden=6, outputs=DIM).double()
    other.load_state_dict(module.state_dict())
    x, y = leaves(2)
    y.data.copy_(x.data)
    out, expected = frozen_call(module, x), other(y)
    torch.testing.assert_close(out, expected)
    out.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(x.grad, y.grad)
    assert every(parameter.grad is None for parameter in module.parameters())
    assert int(module.get_buffer("layers.1.num_batches_tracked")) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"predictor": "percepton"}, "`kind` must be one of .*did you mean 'perceptron'"),
        ({"norms": "projektor"}, "`norms` must be one of .*did you mean 'projector'"),
        ({"predictor_rate": -1.0}, "`predictor_rate` must be a finite number of 0 or above"),
        ({"layers": -1}, "`layers` must be a whole number of 1 or more"),
    ],
)
@pytest.mark.usefixtures("as_users_run_it")
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        simsiam(encoder(), WIDTH, **arguments)
