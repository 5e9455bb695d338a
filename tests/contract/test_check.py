"""What all checks have in common: how they are named, listed, left out, documented and run."""

from __future__ import annotations

import ast
import inspect
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from nearfar import testing
from nearfar.objectives import alignment_loss
from nearfar.testing import Check, check_objective, objective_checks
from nearfar.testing._check import Promise, close, require
from nearfar.testing._check_diagnostic import DIAGNOSTIC_PROMISES
from nearfar.testing._check_method import METHOD_PROMISES
from nearfar.testing._check_objective import OBJECTIVE_PROMISES
from nearfar.testing._check_source import SOURCE_PROMISES
from nearfar.testing._check_views import VIEWS_PROMISES
from tests.cases.objective_case import rows

PROMISES: dict[str, tuple[Promise[Any], ...]] = {
    "diagnostic": DIAGNOSTIC_PROMISES,
    "method": METHOD_PROMISES,
    "objective": OBJECTIVE_PROMISES,
    "source": SOURCE_PROMISES,
    "views": VIEWS_PROMISES,
}
ROOM = Path(testing.__file__).parent
each_part = pytest.mark.parametrize("part", PROMISES)


@each_part
def test_names_of_checks_differ_and_say_what_is_promised(part: str) -> None:
    names = [promise.name for promise in PROMISES[part]]
    assert len(set(names)) == len(names) > 10
    assert [name for name in names if "_" not in name] == []


@each_part
def test_the_help_of_a_family_has_its_arguments_and_every_check(part: str) -> None:
    check: Callable[..., None] = getattr(testing, f"check_{part}")
    checks: Callable[..., list[Check]] = getattr(testing, f"{part}_checks")
    assert (check.__name__, checks.__name__) == (f"check_{part}", f"{part}_checks")
    text = inspect.getdoc(check) or ""
    missing = [p.name for p in PROMISES[part] if f"* ``{p.name}``: " not in text]
    assert missing == []
    signature = inspect.signature(check)
    assert [p for p in signature.parameters if f"    {p}: " not in text] == []
    assert signature.parameters == inspect.signature(checks).parameters
    assert f"check_{part}" in (inspect.getdoc(checks) or "")


def test_checks_are_named_by_part_and_promise() -> None:
    checks = objective_checks(alignment_loss, inputs=rows(6, 6), arguments={"alpha": 1.0})
    assert "alignment_loss alpha=1.0: order_of_samples_does_not_matter" in map(str, checks)
    assert {check.subject for check in checks} == {"alignment_loss alpha=1.0"}


def test_only_checks_of_what_was_promised_are_listed() -> None:
    few = {check.name for check in objective_checks(alignment_loss, inputs=rows(6, 6))}
    more = objective_checks(alignment_loss, inputs=rows(6, 6), symmetric=True)
    assert {check.name for check in more} - few == {"swapping_the_views_does_not_matter"}


def test_a_check_can_be_left_out() -> None:
    def small(z1: torch.Tensor, z2: torch.Tensor) -> torch.Tensor:
        return alignment_loss(z1, z2) / (len(z1) > 1)  # infinite for one

    left_out = ("small_batches_are_refused",)
    with pytest.raises(AssertionError, match="small fails `small_batches_are_refused`"):
        check_objective(small, inputs=rows(6, 6))
    check_objective(small, inputs=rows(6, 6), skip=left_out)


def test_a_check_draws_the_same_each_time_and_leaves_the_generator_alone() -> None:
    drawn: list[float] = []
    check = Check("a part", "a_promise", lambda: drawn.append(float(torch.rand(()))))
    before = torch.get_rng_state()
    check()
    check()
    assert drawn[0] == drawn[1]
    assert torch.equal(torch.get_rng_state(), before)


def test_the_message_has_part_check_and_reason_and_the_cause_is_kept() -> None:
    check = Check("a part", "a_promise", lambda: require(False, "it must be 1, got 2"))
    with pytest.raises(
        AssertionError, match=r"^a part fails `a_promise`: it must be 1, got 2$"
    ) as found:
        check()
    assert isinstance(found.value.__cause__, AssertionError)


def test_nan_is_close_to_nothing() -> None:
    with pytest.raises(AssertionError, match="the value"):
        close(math.nan, math.nan, "the value")


def test_the_room_needs_no_test_runner() -> None:
    imported = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else name.name
        for file in ROOM.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in node.names
    }
    assert "torch" in imported
    assert not imported & {"pytest", "hypothesis", "unittest", "beartype"}


def test_no_check_is_an_assert_statement_that_minus_o_would_remove() -> None:
    """But for what only types need: something is not None, or of a class."""
    plain = [
        f"{file.name}: {ast.unparse(node.test)}"
        for file in ROOM.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Assert)
        and not ast.unparse(node.test).endswith("is not None")
        and not ast.unparse(node.test).startswith("isinstance(")
    ]
    assert plain == []
