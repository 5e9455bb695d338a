"""Every objective of the library keeps the contract, and some more."""

from __future__ import annotations

import inspect
import math
import re
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from nearfar import objectives
from nearfar.testing import Check, objective_checks
from nearfar.testing._objective_contract import ObjectiveContract, converted
from tests.cases.objective_cases import OBJECTIVE_CASES


def checks() -> list[Check]:
    """Of every case; compiled once for each way to call a function, which takes a second."""
    found, compiled = [], set()
    for case in OBJECTIVE_CASES:
        way = (case.name, case.variant, len(case.inputs), case.arguments.get("candidates"))
        promised = vars(replace(case, compiles=way not in compiled))
        compiled.add(way)
        found += objective_checks(**promised)
    return found


def is_objective(name: str) -> bool:
    """Whether it is a function of tensors whose answer is a scalar."""
    value = getattr(objectives, name)
    if not inspect.isfunction(value):
        return False
    return inspect.signature(value).return_annotation in {"Float[Tensor, '']", 'Float[Tensor, ""]'}


FUNCTIONS = [name for name in objectives.__all__ if is_objective(name)]
LOSSES = [name for name in FUNCTIONS if name.endswith("_loss")]
MATRICES = [case for case in OBJECTIVE_CASES if case.matrices]


@pytest.mark.parametrize("check", checks(), ids=str)
def test_an_objective_keeps_the_contract(check: Check) -> None:
    check()


def defaults(function: object) -> dict[str, object]:
    named = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return {one.name: one.default for one in named if one.kind is one.KEYWORD_ONLY}


@pytest.mark.parametrize("case", [c for c in OBJECTIVE_CASES if c.loss_class], ids=str)
def test_what_a_class_is_not_given_is_the_default_of_its_function(case: ObjectiveContract) -> None:
    assert case.loss_class
    free, theirs = defaults(case.loss_class), defaults(case.objective)
    required = [name for name, value in free.items() if value is inspect.Parameter.empty]
    loss = case.loss_class(**{name: case.arguments[name] for name in required})
    stored = {name: getattr(loss, name) for name in free if name not in required}
    assert stored == {name: theirs[name] for name in stored}


# --- completeness ---------------------------------------------------------------------------------


def test_every_exported_function_and_class_has_a_case() -> None:
    classes = {name for name in objectives.__all__ if name.endswith("Loss")}
    made = {case.loss_class.__name__ for case in OBJECTIVE_CASES if case.loss_class}
    assert len(FUNCTIONS) > 30
    assert {case.name for case in OBJECTIVE_CASES} == set(FUNCTIONS)
    assert made == classes


def test_every_exported_name_ending_in_loss_or_term_is_such_a_function() -> None:
    named = {name for name in objectives.__all__ if name.endswith(("_loss", "_term"))}
    assert named <= set(FUNCTIONS)


def test_every_loss_has_a_class_of_the_same_name() -> None:
    classes = {name.lower() for name in objectives.__all__ if name.endswith("Loss")}
    assert {name.replace("_", "") for name in LOSSES} == classes


def test_every_case_shows_a_perfect_and_a_collapsed_value_and_what_it_refuses() -> None:
    silent = [str(c) for c in OBJECTIVE_CASES if not (c.reference and c.perfect and c.collapsed)]
    assert silent == []
    assert [str(c) for c in OBJECTIVE_CASES if not (c.matrices or c.refused_inputs)] == []


@pytest.mark.parametrize("name", LOSSES)
def test_the_docstring_of_a_loss_has_its_eight_parts_in_order(name: str) -> None:
    text = inspect.getdoc(getattr(objectives, name)) or ""
    parts = [".. math::", "Args:", "Returns:", "Scale:", "Cost:", "Relations:", "Reference:"]
    places = [text.find(part) for part in [*parts, "Example:"]]
    assert -1 not in places
    assert places == sorted(places)


# --- what the library's objectives promise beyond the contract ------------------------------------


@pytest.mark.parametrize("case", [c for c in OBJECTIVE_CASES if c.learnable], ids=str)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_aligned_views_at_temperature_001_are_finite(
    case: ObjectiveContract, dtype: torch.dtype
) -> None:
    assert case.perfect
    cold = replace(case, arguments={**case.arguments, "temperature": 0.01})
    inputs = case.perfect.inputs
    if case.matrices and len(inputs) == 2:
        inputs = (F.normalize(torch.randn(64, 16)),) * 2
    loss, *found = cold.gradients(converted(inputs, dtype))
    assert 0 <= loss.item() < 1e-3
    assert [gradient for gradient in found if not gradient.isfinite().all()] == []


@pytest.mark.usefixtures("as_users_run_it")
@pytest.mark.parametrize("case", MATRICES, ids=str)
def test_wrong_matrices_are_refused_in_the_words_of_the_library(case: ObjectiveContract) -> None:
    first, *others = case.inputs
    shape = re.escape(str(tuple(first[0].shape)))
    with pytest.raises(ValueError, match=rf"must be a matrix \(samples × dim\), got shape {shape}"):
        case(first[0], *others)
    with pytest.raises(TypeError, match=r"`\w+` must be floating point, got torch.int64"):
        case(*(x.long() for x in case.inputs))
    if others and 1 not in case.shared_inputs:
        with pytest.raises(ValueError, match=r"`\w+` must have the shape of `\w+`, \("):
            case(first, others[0][1:], *others[1:])
    one = case.select(case.inputs, torch.arange(1))
    if case.couples_batch:
        with pytest.raises(ValueError, match=r"`\w+` needs at least 2 rows .* got shape \(1, \d\)"):
            case(*one)
    else:
        assert math.isfinite(case(*one))
