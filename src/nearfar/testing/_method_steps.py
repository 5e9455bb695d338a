"""Checks of a method's single steps: outputs, gradients and unchanged state."""

from __future__ import annotations

import copy
import inspect
import math
import typing

import torch
from torch import Tensor

from nearfar.inputs import count
from nearfar.methods import Method
from nearfar.objectives import Objective
from nearfar.testing._check import Promise, close, require
from nearfar.testing._method_contract import MethodContract, descend, state_of, statistics_of

__all__ = ["STEP_PROMISES"]


def class_declares_itself(contract: MethodContract) -> None:
    """The class declares its paper, objective, and whether it has negatives and momentum."""
    method = contract.made()
    require(isinstance(method, Method), f"it must be a Method, got {type(method).__mro__}")
    kind = type(method)
    for name, expected in (("paper", str), ("sees", str), ("negatives", bool), ("momentum", bool)):
        value = getattr(kind, name, None)
        require(isinstance(value, expected), f"`{name}` must be a {expected.__name__}, got {value}")
    announced = typing.get_type_hints(kind)["objective"]
    require(
        announced is not Objective and type(method.objective) is announced,
        f"the annotation of `objective` must be {type(method.objective).__name__}, its class,"
        f" got {announced.__name__}",
    )


def forward_takes_views_alone(contract: MethodContract) -> None:
    """``forward`` only has the parameter `views`, so that it cannot use labels."""
    names = list(inspect.signature(type(contract.made()).forward).parameters)
    require(names == ["self", "views"], f"`forward` must take (self, views), got {names}")


def forward_changes_no_state_in_evaluation_mode(contract: MethodContract) -> None:
    """In evaluation mode a forward pass changes no parameter, no buffer and no attribute."""
    method = contract.made().eval()
    before, attributes = state_of(method), _attributes(method)
    method(contract.views)
    moved = _moved(before, method)
    require(not moved, f"a forward pass must change nothing, but changed {sorted(moved)}")
    other = _attributes(method)
    changed = sorted(name for name in other if other[name] != attributes.get(name))
    require(not changed, f"a forward pass must change no attribute, but changed {changed}")


def forward_changes_only_batch_statistics_in_training_mode(contract: MethodContract) -> None:
    """In training mode a forward pass changes only running statistics of batch-norms."""
    method = contract.made()
    before = state_of(method)
    method(contract.views)
    moved = _moved(before, method) - statistics_of(method)
    require(
        not moved, f"a forward pass must only change batch statistics, but changed {sorted(moved)}"
    )


def step_follows_the_protocol(contract: MethodContract) -> None:
    """A step has a float32 scalar loss, representations and a projection per view, and terms."""
    method = contract.made()
    step = method(contract.views)
    loss = step.loss
    require(
        loss.ndim == 0 and loss.dtype == torch.float32 and bool(loss.isfinite()),
        f"the loss must be a finite float32 scalar, got {loss}",
    )
    expected = len(contract.views) - method.indexed
    require(
        len(step.projections) == expected,
        f"a step must have {expected} projections, one per view, got {len(step.projections)}",
    )
    require(len(step.representations) > 0, "a step must have representations, got none")
    for name in ("representations", "projections"):
        for tensor in getattr(step, name):
            require(
                tensor.is_floating_point() and bool(tensor.isfinite().all()),
                f"{name} must be finite floating-point numbers, got {tensor.dtype}: {tensor}",
            )
    for h in step.representations:
        require(
            len(h) == contract.batch,
            f"representations must have one row per sample, {contract.batch}, got {len(h)}",
        )


def terms_are_finite_scalars(contract: MethodContract) -> None:
    """The named terms of the loss are finite numbers."""
    for name, term in contract.made()(contract.views).terms.items():
        value = torch.as_tensor(term)
        require(
            isinstance(name, str) and value.ndim == 0 and bool(value.isfinite()),
            f"the term {name!r} must be a finite scalar, got {term}",
        )


def chance_is_the_value_declared(contract: MethodContract) -> None:
    """``chance`` for the batch equals the declared value, or None."""
    found = contract.made().chance(contract.batch)
    expected = contract.chance
    what = f"`chance({contract.batch})`"
    require(
        (found is None) == (expected is None), f"{what} must be {expected} (`chance`), got {found}"
    )
    if found is not None:
        close(found, expected, what, rtol=1e-6, atol=1e-6)


def step_against_the_gradient_lowers_the_loss(contract: MethodContract) -> None:
    """A small gradient descent step lowers the loss of the same views."""
    method = contract.made()
    trained = [parameter for parameter in method.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1e-3)
    torch.manual_seed(1)
    before = method(contract.views).loss
    before.backward()
    optimizer.step()
    torch.manual_seed(1)
    after = method(contract.views).loss
    require(after < before, f"the loss must fall below {before.item()}, got {after.item()}")


def only_declared_parameters_receive_a_gradient(contract: MethodContract) -> None:
    """Every parameter except those declared as fixed receives a gradient."""
    method = contract.made()
    method(contract.views).loss.backward()
    for name, parameter in method.named_parameters():
        fixed = name.startswith(contract.fixed) if contract.fixed else False
        require(
            (parameter.grad is None) == fixed,
            f"`{name}` must receive {'no' if fixed else 'a'} gradient (`fixed` is"
            f" {contract.fixed}), got {parameter.grad}",
        )


def no_key_is_among_its_own_negatives(contract: MethodContract) -> None:
    """If every key equals its query and is far from all others, the loss is about 0, below ln 2.

    This fails if a batch is enqueued before it is compared.
    """
    method = contract.made().eval()
    assert contract.contrasts is not None
    method.objective.temperature = 0.005  # type: ignore[assignment]
    projected = list(method.project(contract.views))
    directions = torch.eye(contract.batch)
    projected[contract.contrasts] = tuple(
        directions[:, : z.shape[1]].clone() for z in projected[contract.contrasts]
    )
    step = method.compare(tuple(projected))
    loss = step.terms.get("contrastive", step.loss).item()
    require(
        loss < math.log(2) / 2,
        "if each query equals its key and no other, the contrastive loss must be about 0, got"
        f" {loss:.4f}; ln 2 or more means that the key is among its own negatives",
    )


def order_of_samples_does_not_matter(contract: MethodContract) -> None:
    """In evaluation mode the loss does not depend on the order of the batch."""
    method = contract.exact().eval()
    order = torch.randperm(contract.batch)
    shuffled = method(contract.rows(contract.exact_views, order)).loss
    expected = method(contract.exact_views).loss
    close(shuffled, expected, "loss of the batch in another order", rtol=1e-6, atol=1e-9)


def autocast_stays_finite(contract: MethodContract) -> None:
    """Under autocast in bfloat16, loss and gradients are finite."""
    method = contract.made()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        step = method(contract.views)
    step.loss.backward()
    require(step.loss.isfinite(), f"the loss must be finite under autocast, got {step.loss}")
    for name, parameter in method.named_parameters():
        finite = parameter.grad is None or bool(parameter.grad.isfinite().all())
        require(finite, f"the gradient of `{name}` must be finite under autocast")


def embedding_is_deterministic(contract: MethodContract) -> None:
    """In evaluation mode ``embed`` returns one row per sample, independent of the batch."""
    method = contract.exact().eval()
    view = contract.exact_views[0]
    rows = method.embed(view)
    require(
        rows.ndim == 2 and len(rows) == count(view) and rows.is_floating_point(),
        f"`embed` must return a matrix with {count(view)} rows, got shape {tuple(rows.shape)}",
    )
    close(method.embed(view), rows, "embedding again", rtol=0, atol=0)
    (few,) = contract.rows((view,), slice(0, 3))
    close(method.embed(few), rows[:3], "embedding of 3 samples", atol=contract.tolerance)


def copies_are_independent(contract: MethodContract) -> None:
    """A deep copy shares no parameters or buffers with the original."""
    method = contract.made()
    before = state_of(method)
    other = copy.deepcopy(method)
    step = other(contract.views)
    step.loss.backward()
    descend(other, step)
    moved = _moved(before, method)
    require(not moved, f"updating a copy must not change the original, but changed {sorted(moved)}")


def _moved(before: dict[str, Tensor], method: Method) -> set[str]:
    return {
        name for name, value in method.state_dict().items() if not torch.equal(before[name], value)
    }


def _attributes(method: Method) -> dict[str, object]:
    """Numeric and string attributes of modules that are not in the state dict."""
    return {
        f"{name}.{key}" if name else key: value
        for name, module in method.named_modules()
        for key, value in vars(module).items()
        if isinstance(value, (bool, int, float, str, type(None)))
    }


STEP_PROMISES = (
    Promise(class_declares_itself),
    Promise(forward_takes_views_alone),
    Promise(forward_changes_no_state_in_evaluation_mode),
    Promise(forward_changes_only_batch_statistics_in_training_mode),
    Promise(step_follows_the_protocol),
    Promise(terms_are_finite_scalars),
    Promise(chance_is_the_value_declared),
    Promise(step_against_the_gradient_lowers_the_loss),
    Promise(only_declared_parameters_receive_a_gradient),
    Promise(no_key_is_among_its_own_negatives, lambda c: c.contrasts is not None),
    Promise(order_of_samples_does_not_matter),
    Promise(autocast_stays_finite),
    Promise(embedding_is_deterministic),
    Promise(copies_are_independent),
)
