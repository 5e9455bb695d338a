"""How the contract tests of objectives run over the cases."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.cases.objective_case import ObjectiveCase
from tests.cases.objective_cases import OBJECTIVE_CASES

LOSSES = [case for case in OBJECTIVE_CASES if case.make is not None]
seeds = given(seed=st.integers(0, 2**31))
few = settings(max_examples=8, deadline=None, derandomize=True, database=None)


def over(cases: list[ObjectiveCase]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=str)


every_case = over(OBJECTIVE_CASES)
every_loss = over(LOSSES)
every_temperature = over([case for case in LOSSES if "temperature" in case.arguments])


def close(actual: Tensor, expected: Tensor | float, tolerance: float = 1e-10) -> None:
    expected = torch.as_tensor(expected, dtype=actual.dtype)
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


def gradients(
    case: ObjectiveCase, inputs: tuple[Tensor, ...], *, autocast: bool = False
) -> list[Tensor]:
    """Loss, and its gradient for every input that gets one."""
    inputs = tuple(x.detach().clone() for x in inputs)
    learnt = case.learnt(inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        loss = case(*inputs)
    return [loss.detach(), *torch.autograd.grad(loss, learnt)]
