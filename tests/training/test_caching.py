"""Gradient caching: two passes that draw, count and scale as one does."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nearfar.methods import Method, SimCLR, Step, byol
from nearfar.objectives import NTXentLoss, nt_xent_loss
from nearfar.testing._method_contract import joined_backward
from nearfar.training import cached_backward
from nearfar.training._caching import _Draws
from tests.every import every

BATCH, WIDE = 24, 16


class StochasticDepth(nn.Module):
    """Leaves a sample's update out, every other time."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.block(x) * (torch.rand(len(x), 1, dtype=x.dtype) < 0.5)


def network(*, dropout: float = 0.0, norm: bool = False) -> SimCLR:
    torch.manual_seed(0)
    layers = [nn.Linear(WIDE, WIDE), nn.GELU(), nn.Dropout(dropout)]
    layers += [nn.BatchNorm1d(WIDE)] if norm else []
    layers += [StochasticDepth(nn.Linear(WIDE, WIDE))] if dropout else []
    projector = nn.Linear(WIDE, 8)
    return SimCLR(nn.Sequential(*layers), projector, temperature=0.5)


class NoisyLoss(nn.Module):
    """An objective that draws too."""

    def forward(self, z1: torch.Tensor, z2: torch.Tensor) -> torch.Tensor:
        return nt_xent_loss(F.dropout(z1), F.dropout(z2), temperature=0.5)


def random_views(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(BATCH, WIDE, generator=generator, dtype=dtype)
    return x, x + 0.3 * torch.randn(BATCH, WIDE, generator=generator, dtype=dtype)


def gradients(method: Method) -> dict[str, torch.Tensor]:
    return {name: p.grad for name, p in method.named_parameters() if p.grad is not None}


def assert_close(cached: Method, plain: Method, *, tolerance: float = 1e-10) -> None:
    assert gradients(plain)
    torch.testing.assert_close(
        gradients(cached), gradients(plain), rtol=tolerance, atol=tolerance, check_dtype=False
    )


def cut(views: tuple[torch.Tensor, ...], count: int) -> list[tuple[torch.Tensor, ...]]:
    return [*zip(*(view.tensor_split(count) for view in views), strict=True)]


def test_dropout_and_stochastic_depth_draw_the_same_in_both_passes():
    cached, plain = network(dropout=0.5).double(), network(dropout=0.5).double()
    cached.objective = plain.objective = NoisyLoss()
    torch.manual_seed(5)
    step = cached_backward(cached, random_views(), micro_batch=5)
    after = torch.rand(3)
    torch.manual_seed(5)
    expected = joined_backward(plain, *cut(random_views(), 5))
    assert step.loss.item() == expected.loss.item()
    assert_close(cached, plain)
    assert torch.equal(after, torch.rand(3))  # later draws are those of one pass


def test_running_statistics_move_once_per_micro_batch():
    cached, plain = network(norm=True).double(), network(norm=True).double()
    cached_backward(cached, random_views(), micro_batch=6)
    joined_backward(plain, *cut(random_views(), 4))
    torch.testing.assert_close(dict(cached.named_buffers()), dict(plain.named_buffers()))
    assert int(cached.encoder[3].num_batches_tracked) == 4


def test_one_micro_batch_is_an_ordinary_pass():
    cached, plain = network(dropout=0.5, norm=True), network(dropout=0.5, norm=True)
    views = random_views(torch.float32)
    torch.manual_seed(5)
    step = cached_backward(cached, views, micro_batch=100)
    torch.manual_seed(5)
    plain(views).loss.backward()
    assert_close(cached, plain, tolerance=0)
    assert not step.loss.requires_grad
    assert int(cached.encoder[3].num_batches_tracked) == 1


def test_a_temperature_that_is_learnt_takes_its_gradient_from_the_whole_batch():
    cached = network().double()
    cached.objective = NTXentLoss(temperature=nn.Parameter(torch.tensor(0.3, dtype=torch.float64)))
    plain = copy.deepcopy(cached)
    cached_backward(cached, random_views(), micro_batch=7)
    plain(random_views()).loss.backward()
    assert "objective.temperature" in gradients(cached)
    assert_close(cached, plain)


class Tied(Method):
    """One matrix both encodes and weighs the comparison; a whole number comes along."""

    paper, negatives, momentum = "none", False, False

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(WIDE, WIDE).double()
        self.projector = nn.Identity()

    def project(self, views):
        h = tuple(self.encoder(view) for view in views)
        return h, (views[0].argmax(dim=1),)

    def compare(self, projected):
        (h1, h2), (kind,) = projected
        agree = (h1 @ self.encoder.weight * h2)[torch.arange(len(kind)), kind]
        return Step(agree.square().mean(), (h1, h2), (h1, h2), terms={"agree": agree.mean()})

    def chance(self, batch_size):
        return None


def test_a_weight_on_both_sides_of_the_cut_takes_both_gradients():
    torch.manual_seed(0)
    cached = Tied()
    plain = copy.deepcopy(cached)
    cached_backward(cached, random_views(), micro_batch=7)
    plain(random_views()).loss.backward()
    assert_close(cached, plain)


def test_gradients_are_added_to_those_that_are_there():
    cached, plain = network().double(), network().double()
    for half in (slice(0, 12), slice(12, 24)):
        views = tuple(view[half] for view in random_views())
        cached_backward(cached, views, micro_batch=5, backward=lambda loss: (loss / 2).backward())
        (plain(views).loss / 2).backward()
    assert_close(cached, plain)


@pytest.mark.parametrize("scale", [1.0, 2.0**14])
def test_a_loss_scaler_scales_the_gradients_once(scale):
    cached, plain = network(), network()
    optimizers = [torch.optim.SGD(method.parameters(), lr=1.0) for method in (cached, plain)]
    scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    with torch.autocast("cpu", torch.float16):
        cached_backward(
            cached,
            random_views(torch.float32),
            micro_batch=7,
            backward=lambda loss: scaler.scale(loss).backward(),
        )
    scaler.unscale_(optimizers[0])
    plain(random_views(torch.float32)).loss.backward()
    assert_close(cached, plain, tolerance=2e-3)


def test_under_bfloat16_gradients_are_those_of_the_whole_batch():
    views = random_views(torch.float32)
    cached, plain = network(), network()
    with torch.autocast("cpu", torch.bfloat16):
        step = cached_backward(cached, views, micro_batch=7)
        expected = plain(views)
    expected.loss.backward()
    assert step.projections[0].dtype == torch.float32
    assert step.loss.item() == expected.loss.item()
    for name, gradient in gradients(plain).items():
        # micro-batches round their share of a weight's gradient, a whole batch rounds the sum
        assert (gradients(cached)[name] - gradient).norm() < 0.01 * gradient.norm(), name


class Held:
    """A tensor that a graph keeps for its backward pass; counts itself."""

    now = most = 0

    def __init__(self, tensor: torch.Tensor, weights: set[int]) -> None:
        self.tensor = tensor.detach()  # an output would hold the graph that holds it
        self.bytes = 0 if tensor.untyped_storage().data_ptr() in weights else tensor.nbytes
        Held.now += self.bytes
        Held.most = max(Held.most, Held.now)

    def __del__(self) -> None:
        Held.now -= self.bytes


@contextmanager
def counted(method: Method) -> Iterator[None]:
    Held.now = Held.most = 0
    weights = {p.untyped_storage().data_ptr() for p in method.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: Held(tensor, weights), lambda held: held.tensor
    ):
        yield


def test_the_graph_of_one_micro_batch_is_alive_at_a_time():
    torch.manual_seed(0)
    layers = [layer for _ in range(20) for layer in (nn.Linear(WIDE, WIDE), nn.Tanh())]
    method = SimCLR(nn.Sequential(*layers), nn.Linear(WIDE, 2))
    views = random_views(torch.float32)
    with counted(method):
        method(tuple(view[:2] for view in views)).loss.backward()
    small = Held.most
    with counted(method):
        method(views).loss.backward()
    assert Held.most > 10 * small
    with counted(method):
        cached_backward(method, views, micro_batch=2)
    assert Held.most < 1.2 * small
    assert Held.now == 0


def test_the_step_holds_no_graph_and_moves_the_queue():
    method = byol(nn.Flatten(), WIDE, hidden=4, dim=4)
    step = cached_backward(method, random_views(torch.float32), micro_batch=8)
    held = (step.loss, *step.representations, *step.projections)
    assert every(not tensor.requires_grad for tensor in held)
    assert every(tensor.shape[0] == BATCH for tensor in held[1:])


class Stacked(Tied):
    """Its views lie on top of each other."""

    def project(self, views):
        return ((self.encoder(torch.cat(views)),),)


def test_what_is_not_a_row_per_sample_is_refused():
    with pytest.raises(ValueError, match=r"Stacked.project` must give one row per sample, 12"):
        cached_backward(Stacked(), random_views(), micro_batch=12)


class Changing(Tied):
    """Gives one tensor less for a full micro-batch."""

    def project(self, views):
        h = tuple(self.encoder(view) for view in views)
        return (h[: 1 if len(h[0]) == 8 else 2],)

    def compare(self, projected):
        raise AssertionError("parts that differ were compared")


def test_parts_of_different_structure_are_refused():
    with pytest.raises(ValueError, match=r"shorter|longer"):
        cached_backward(Changing(), tuple(v[:15] for v in random_views()), micro_batch=8)


def test_refusals_name_the_argument():
    first, second = random_views(torch.float32)
    with pytest.raises(ValueError, match="`micro_batch` must be a whole number of 1 or more"):
        cached_backward(network(), (first, second), micro_batch=0)
    with pytest.raises(
        ValueError, match=r"`views` must have equal numbers of rows, got \[24, 23\]"
    ):
        cached_backward(network(), (first, second[1:]), micro_batch=4)


def test_a_loss_that_is_refused_leaves_no_gradient():
    method = network()
    views = random_views(torch.float32)
    views[0][3] = math.nan

    def backward(loss):
        if not loss.isfinite():
            raise ArithmeticError("the loss is not finite")

    with pytest.raises(ArithmeticError, match="the loss is not finite"):
        cached_backward(method, views, micro_batch=4, backward=backward)
    assert not gradients(method)


class OneView(Tied):
    """Reconstructs its only view."""

    def project(self, views):
        (view,) = views
        return (self.encoder(view),), (view,)

    def compare(self, projected):
        (reconstruction,), (view,) = projected
        loss = (reconstruction - view).square().sum() / len(view)
        return Step(loss, (reconstruction,), (reconstruction,))


def test_a_single_view_is_cut_too():
    torch.manual_seed(0)
    cached = OneView()
    plain = copy.deepcopy(cached)
    view = random_views()[:1]
    cached_backward(cached, view, micro_batch=7)
    plain(view).loss.backward()
    assert_close(cached, plain)


def test_on_a_gpu_its_generator_is_put_back_with_that_of_the_cpu(monkeypatch):
    states = {"cuda:1": "before"}
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: states[str(device)])
    monkeypatch.setattr(
        torch.cuda, "set_rng_state", lambda state, device: states.update({str(device): state})
    )
    draws = _Draws(torch.device("cuda", 1))
    drawn = torch.rand(3)
    states["cuda:1"] = "after"
    draws.restore()
    assert states == {"cuda:1": "before"}
    assert torch.equal(torch.rand(3), drawn)
