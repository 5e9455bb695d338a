"""What every objective refuses, and in which words."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
import torch

from tests.cases.objective_case import ObjectiveCase
from tests.cases.objective_cases import OBJECTIVE_CASES
from tests.contract.over_objectives import every_loss, over

pytestmark = pytest.mark.usefixtures("as_users_run_it")
MATRICES = [case for case in OBJECTIVE_CASES if case.matrices]
PAIRS = [case for case in MATRICES if len(case.inputs) > 1 and 1 not in case.shared_inputs]
OTHERS = [case for case in OBJECTIVE_CASES if not case.matrices]


def pattern(words: str) -> str:
    """The words, in which `.*` stands for anything."""
    return re.escape(words).replace(r"\.\*", ".*")


@over(MATRICES)
def test_a_vector_is_refused(case: ObjectiveCase) -> None:
    first, *others = case.inputs
    with pytest.raises(ValueError, match=r"must be a matrix \(samples × dim\), got shape \(5,\)"):
        case(first[0][:5], *others)


@over(MATRICES)
def test_integers_are_refused(case: ObjectiveCase) -> None:
    with pytest.raises(TypeError, match=r"must be floating point, got torch.int64"):
        case(*(x.long() for x in case.inputs))


@over(PAIRS)
def test_shapes_that_differ_are_refused(case: ObjectiveCase) -> None:
    first, second, *others = case.inputs
    expected = f"{tuple(first.shape)}, got {tuple(second[1:].shape)}"
    with pytest.raises(ValueError, match=r"must have the shape of `\w+`, " + re.escape(expected)):
        case(first, second[1:], *others)


@over(MATRICES)
def test_a_batch_of_one_is_refused_where_it_means_nothing(case: ObjectiveCase) -> None:
    one = case.select(case.inputs, torch.arange(1))
    if case.couples_batch:
        with pytest.raises(ValueError, match=r"needs at least 2 rows .* got shape \(1, \d\)"):
            case(*one)
    else:
        assert math.isfinite(case(*one))
    with pytest.raises(ValueError, match="needs at least"):
        case(*case.select(case.inputs, torch.arange(0)))


@over([case for case in OBJECTIVE_CASES if case.refused_inputs])
def test_inputs_that_do_not_fit_are_refused(case: ObjectiveCase) -> None:
    for inputs, words in case.refused_inputs:
        with pytest.raises((ValueError, TypeError), match=pattern(words)):
            case(*inputs)


@over(OTHERS)
def test_a_case_of_other_inputs_than_matrices_says_what_it_refuses(case: ObjectiveCase) -> None:
    assert case.refused_inputs


@every_loss
def test_arguments_out_of_range_are_refused_by_function_and_class(case: ObjectiveCase) -> None:
    assert case.make
    for arguments, words in case.refused:
        with pytest.raises(ValueError, match=pattern(words)):
            replace(case, arguments={**case.arguments, **arguments})(*case.inputs)
        with pytest.raises(ValueError, match=pattern(words)):
            type(case.make())(**{**case.arguments, **arguments})
