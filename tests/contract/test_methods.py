"""What every method promises, whatever it is."""

from __future__ import annotations

import copy
import functools
import inspect
import math

import pytest
import torch

from nearfar import methods
from nearfar.methods import Method, Step
from nearfar.training import cached_backward
from tests.cases.method_cases import BATCH, CASES, MethodCase, joined_backward

each = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def make(case: MethodCase) -> Method:
    torch.manual_seed(0)
    return case.make()


def state(method: Method) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in method.state_dict().items()}


def doubled(views: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """In double precision; indices stay whole numbers."""
    return tuple(view.double() if view.is_floating_point() else view for view in views)


def whole_backward(method: Method, views: tuple[torch.Tensor, ...]) -> Step:
    step = method(views)
    step.loss.backward()
    return step


def update(method: Method, step: Step) -> None:
    method.after_batch(step)
    trained = [parameter for parameter in method.parameters() if parameter.requires_grad]
    torch.optim.SGD(trained, lr=0.1).step()
    method.after_update(0.5)


def assert_same(cached: tuple[Method, Step], plain: tuple[Method, Step]) -> None:
    """Step, gradients, and after an update every weight, queue and copy."""
    close = functools.partial(torch.testing.assert_close, rtol=1e-9, atol=1e-9)
    (method, step), (other, expected) = cached, plain
    close(step.loss, expected.loss.detach())
    close(step.terms, {name: term.detach() for name, term in expected.terms.items()})
    for name in ("representations", "projections"):
        close(getattr(step, name), tuple(x.detach() for x in getattr(expected, name)))
    others = dict(other.named_parameters())
    for name, parameter in method.named_parameters():
        close(parameter.grad, others[name].grad, msg=lambda text, name=name: f"{name}: {text}")
    update(method, step)
    update(other, expected)
    close(dict(method.state_dict()), dict(other.state_dict()))


def test_every_preset_has_a_case():
    presets = {name for name in methods.__all__ if name.islower()}
    assert presets == {case.name for case in CASES}


@each
def test_forward_changes_nothing_in_evaluation_mode(case):
    method = make(case).eval()
    before = state(method)
    method(case.views())
    assert all(torch.equal(before[name], value) for name, value in method.state_dict().items())


@each
def test_forward_changes_only_batch_statistics_in_training_mode(case):
    method = make(case)
    before = state(method)
    method(case.views())
    moved = {n for n, value in method.state_dict().items() if not torch.equal(before[n], value)}
    assert all("running_" in name or "num_batches" in name for name in moved)


@each
def test_a_small_step_against_the_gradient_lowers_that_loss(case):
    method = make(case)
    views = case.views()
    optimizer = torch.optim.SGD([p for p in method.parameters() if p.requires_grad], lr=1e-3)
    before = method(views).loss
    before.backward()
    optimizer.step()
    assert method(views).loss < before


@each
def test_only_declared_parameters_receive_a_gradient(case):
    method = make(case)
    method(case.views()).loss.backward()
    for name, parameter in method.named_parameters():
        declared = not name.startswith(case.fixed) if case.fixed else True
        assert (parameter.grad is not None) == declared, name


@each
def test_a_state_dict_brings_everything_back(case):
    method = make(case)
    step = method(case.views())
    method.after_batch(step)
    method.after_update(0.5)
    other = make(case)
    other.load_state_dict(method.state_dict(), strict=True)
    assert torch.equal(other.eval()(case.views()).loss, method.eval()(case.views()).loss)


def told_apart(method: Method, views: tuple[torch.Tensor, ...]) -> float:
    """The contrastive loss where each key is its query, and nothing else is near it."""
    projected = list(method.project(views))
    directions = torch.eye(BATCH)
    projected[1] = tuple(directions.clone() for _ in projected[1])
    step = method.compare(tuple(projected))
    method.after_batch(step)
    return float(step.terms.get("contrastive", step.loss))


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.name in ("moco_v1", "moco_v2", "multiview", "simclr")],
    ids=lambda case: case.name,
)
def test_a_key_is_never_among_its_own_negatives(case):
    method = make(case).eval()
    method.objective.temperature = 0.05
    if hasattr(method, "queue"):
        method.queue.keys.copy_(-torch.ones_like(method.queue.keys) / 8**0.5)
    # a second copy among the candidates would leave at least ln 2
    assert told_apart(method, case.views()) < 1e-6
    if hasattr(method, "queue"):  # and by now there is one
        assert told_apart(method, case.views()) == pytest.approx(math.log(2), abs=1e-4)


@each
def test_no_label_enters(case):
    assert list(inspect.signature(type(make(case)).forward).parameters) == ["self", "views"]


@each
def test_embedding_is_deterministic(case):
    method = make(case).eval()
    first = case.views()[0]
    assert torch.equal(method.embed(first), method.embed(first))


@each
def test_the_step_carries_what_the_protocol_says(case):
    method = make(case)
    step = method(case.views())
    assert step.loss.ndim == 0
    assert step.loss.dtype == torch.float32
    assert all(h.shape[0] == BATCH for h in step.representations)
    assert len(step.projections) == len(case.views()) - method.indexed
    assert all(x.isfinite().all() for x in (*step.representations, *step.projections))
    assert all(x.is_floating_point() for x in (*step.representations, *step.projections))
    assert all(term.ndim == 0 and not term.requires_grad for term in step.terms.values())


@each
def test_chance_is_what_equal_similarities_give(case):
    chance = make(case).chance(BATCH)
    assert chance == (None if case.chance is None else pytest.approx(case.chance, abs=1e-6))


@each
def test_the_loss_does_not_depend_on_the_order_of_the_batch(case):
    method = make(case).eval()
    order = torch.randperm(BATCH)
    views = case.views()
    shuffled = tuple(view[order] for view in views)
    assert method(shuffled).loss.item() == pytest.approx(method(views).loss.item(), rel=1e-5)


@each
@pytest.mark.parametrize("micro_batch", [2, 3, 4, 8])
def test_a_cached_step_is_the_step_of_the_whole_batch(case, micro_batch):
    # evaluation mode: batch-norm would know its batch
    method, other = make(case).double().eval(), make(case).double().eval()
    views = doubled(case.views())
    step = cached_backward(method, views, micro_batch=micro_batch)
    assert_same((method, step), (other, whole_backward(other, views)))


@each
@pytest.mark.parametrize("micro_batch", [3, 4])
def test_caching_is_exact_for_batch_norm_over_micro_batches(case, micro_batch):
    method, other = make(case).double(), make(case).double()
    views = doubled(case.views())
    step = cached_backward(method, views, micro_batch=micro_batch)
    parts = zip(*(view.tensor_split(math.ceil(BATCH / micro_batch)) for view in views), strict=True)
    assert_same((method, step), (other, joined_backward(other, *parts)))


@each
def test_projecting_is_sample_by_sample(case):
    method = make(case).double().eval()
    views = doubled(case.views())
    whole = method.project(views)
    first = method.project(tuple(view[:3] for view in views))
    for group, others in zip(whole, first, strict=True):
        for tensor, other in zip(group, others, strict=True):
            torch.testing.assert_close(tensor[:3], other, rtol=1e-9, atol=1e-9)


@each
def test_autocast_in_bfloat16_stays_finite(case):
    method = make(case)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        step = method(case.views())
    step.loss.backward()
    assert step.loss.isfinite()
    assert all(p.grad.isfinite().all() for p in method.parameters() if p.grad is not None)


@each
def test_a_copy_is_independent(case):
    method = make(case)
    other = copy.deepcopy(method)
    other.after_batch(other(case.views()))
    with torch.no_grad():
        next(p for p in other.parameters() if p.requires_grad).add_(1.0)
    assert all(
        torch.equal(a, b) for a, b in zip(method.buffers(), make(case).buffers(), strict=True)
    )
