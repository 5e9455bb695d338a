"""What every objective promises, tested on each case: names, value, gradient, class."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from nearfar import objectives
from nearfar.objectives import Objective
from tests.cases.objective_case import ObjectiveCase
from tests.cases.objective_cases import OBJECTIVE_CASES
from tests.contract.over_objectives import (
    LOSSES,
    close,
    every_case,
    every_loss,
    every_temperature,
    few,
    gradients,
    over,
    seeds,
)


def is_objective(name: str) -> bool:
    """Whether it is a function of tensors whose answer is a scalar."""
    value = getattr(objectives, name)
    if not inspect.isfunction(value):
        return False
    return inspect.signature(value).return_annotation in {"Float[Tensor, '']", 'Float[Tensor, ""]'}


def many(inputs: list[Tensor]) -> bool:
    """Whether to differentiate along random directions instead of along every number."""
    return sum(x.numel() for x in inputs) > 100


FUNCTIONS = [name for name in objectives.__all__ if is_objective(name)]
SMOOTH = [case for case in OBJECTIVE_CASES if case.reference_gradient is None]
STOPPED = [case for case in OBJECTIVE_CASES if case.reference_gradient is not None]
FROZEN = [case for case in OBJECTIVE_CASES if case.frozen_inputs]

# --- completeness ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_exported_function_has_a_case(name: str) -> None:
    assert [case for case in OBJECTIVE_CASES if case.name == name]


def test_every_exported_name_ending_in_loss_or_term_is_such_a_function() -> None:
    named = [name for name in objectives.__all__ if name.endswith(("_loss", "_term"))]
    assert set(named) <= set(FUNCTIONS)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name.endswith("_loss")])
def test_every_loss_has_a_class_of_the_same_name(name: str) -> None:
    classes = {other.lower() for other in objectives.__all__ if other.endswith("Loss")}
    assert name.replace("_", "") in classes


@pytest.mark.parametrize("name", [name for name in objectives.__all__ if name.endswith("Loss")])
def test_every_class_belongs_to_a_case(name: str) -> None:
    made = {type(case.make()).__name__ for case in LOSSES if case.make}
    assert name in made
    assert issubclass(getattr(objectives, name), Objective)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name.endswith("_loss")])
def test_the_docstring_of_a_loss_has_its_eight_parts_in_order(name: str) -> None:
    text = inspect.getdoc(getattr(objectives, name)) or ""
    parts = [".. math::", "Args:", "Returns:", "Scale:", "Cost:", "Relations:", "Reference:"]
    places = [text.find(part) for part in [*parts, "Example:"]]
    assert -1 not in places
    assert places == sorted(places)


# --- value and gradient ---------------------------------------------------------------------------


@every_case
@few
@seeds
def test_the_value_is_that_of_the_reference(case: ObjectiveCase, seed: int) -> None:
    inputs = case.drawn(seed)
    close(case(*inputs), case.reference(*(x.numpy() for x in inputs), **case.arguments))


@over(SMOOTH)
def test_the_gradient_is_that_of_finite_differences(case: ObjectiveCase) -> None:
    inputs = tuple(x.clone() for x in case.inputs)
    assert gradcheck(case, inputs, fast_mode=many(case.learnt(inputs)))


@over(SMOOTH)
def test_the_second_derivative_is_that_of_finite_differences(case: ObjectiveCase) -> None:
    inputs = tuple(x.clone() for x in case.inputs)
    assert gradgradcheck(case, inputs, fast_mode=many(case.learnt(inputs)))


@over(STOPPED)
@few
@seeds
def test_the_gradient_is_that_of_the_closed_form(case: ObjectiveCase, seed: int) -> None:
    assert case.reference_gradient
    inputs = case.drawn(seed)
    expected = case.reference_gradient(*(x.numpy() for x in inputs), **case.arguments)
    learnt = case.learnt(inputs)
    ours = iter(torch.autograd.grad(case(*inputs), learnt))
    for x, gradient in zip(inputs, expected, strict=True):
        if x.requires_grad:
            close(next(ours), torch.from_numpy(np.asarray(gradient)))


@over(FROZEN)
def test_a_frozen_input_gets_no_gradient(case: ObjectiveCase) -> None:
    inputs = [x.clone() for x in case.inputs]
    wanted = {i for i, x in enumerate(inputs) if x.is_floating_point()}
    for i in wanted:
        inputs[i].requires_grad_()
    case(*inputs).backward()
    for i in wanted:
        gradient = inputs[i].grad
        assert (gradient is None or not gradient.any()) == (i in case.frozen_inputs)


@every_temperature
def test_a_learnable_temperature_gets_its_gradient(case: ObjectiveCase) -> None:
    def loss(temperature: Tensor) -> Tensor:
        return replace(case, arguments={**case.arguments, "temperature": temperature})(*case.inputs)

    temperature = torch.tensor(case.arguments["temperature"], dtype=torch.float64)
    close(loss(temperature), case(*case.inputs))
    assert gradcheck(loss, [temperature.requires_grad_()])


@every_temperature
def test_a_class_keeps_a_learnable_temperature_as_its_parameter(case: ObjectiveCase) -> None:
    assert case.make
    temperature = torch.nn.Parameter(torch.tensor(0.5))
    loss = type(case.make())(**{**case.arguments, "temperature": temperature})
    assert [name for name, _ in loss.named_parameters()] == ["temperature"]
    assert "temperature=0.5" in repr(loss)
    assert "Parameter" not in repr(loss)


# --- the class ------------------------------------------------------------------------------------


@every_loss
def test_the_class_gives_what_the_function_gives(case: ObjectiveCase) -> None:
    assert case.make
    assert torch.equal(case.make()(*case.inputs), case(*case.inputs))


@every_loss
def test_repr_shows_every_hyper_parameter(case: ObjectiveCase) -> None:
    assert case.make
    shown = repr(case.make())
    for name, value in case.arguments.items():
        assert f"{name}={value!r}" in shown


@every_loss
def test_the_class_has_the_arguments_and_defaults_of_the_function(case: ObjectiveCase) -> None:
    assert case.make

    def keywords(function: Any) -> dict[str, Any]:
        parameters = inspect.signature(function).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    remembered, per_call = type(case.make()).__init__, type(case.make()).forward
    ours = {**keywords(remembered), **keywords(per_call)}
    assert ours == keywords(getattr(objectives, case.name))


# --- compilation ----------------------------------------------------------------------------------


@every_case
@pytest.mark.usefixtures("as_users_run_it")
def test_it_compiles_without_a_graph_break(case: ObjectiveCase) -> None:
    torch.compiler.reset()
    compiled = torch.compile(case.__call__, fullgraph=True, backend="eager")
    inputs = tuple(x.clone() for x in case.inputs)
    learnt = case.learnt(inputs)
    loss = compiled(*inputs)
    ours = [loss.detach(), *torch.autograd.grad(loss, learnt)]
    for with_compiler, without in zip(ours, gradients(case, case.inputs), strict=True):
        close(with_compiler, without)
