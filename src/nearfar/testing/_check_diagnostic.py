"""Checks of diagnostics."""

from __future__ import annotations

import copy
import math
from functools import partial
from itertools import permutations

import torch
from torch import Tensor

from nearfar.diagnostics import Better, Diagnostic
from nearfar.testing._check import Promise, close, listing, require, running
from nearfar.testing._diagnostic_contract import (
    ANCHORS,
    DIM,
    SAMPLES,
    DiagnosticContract,
    reading,
)
from nearfar.testing._refusal import refuses

__all__ = ["DIAGNOSTIC_PROMISES", "check_diagnostic", "diagnostic_checks"]


def value_equals_reference(contract: DiagnosticContract) -> None:
    """Its value equals the reference, with more rows than columns and with fewer."""
    assert contract.reference is not None
    for samples, dim in ((60, 12), (5, 12), (12, 12), (2, 2)):
        views = contract.drawn(samples=samples, dim=dim)
        expected = reading(contract.reference(*(view.numpy() for view in views)))
        what = f"value and reference for {samples} rows of {dim} columns"
        close(contract(*views), expected, what, rtol=1e-6)


def direction_and_anchors_are_declared(contract: DiagnosticContract) -> None:
    """The class declares the better direction, if there is one, and its value for collapse."""
    made = contract.make()
    require(isinstance(made, Diagnostic), f"it must be a Diagnostic, got {type(made).__name__}")
    better = getattr(made, "better", "nothing")
    require(
        better is None or isinstance(better, Better),
        f"`better` must be a nearfar.diagnostics.Better, or None, got {better!r}",
    )
    anchors = getattr(made, "anchors", {})
    require(
        better is None or "complete collapse" in anchors,
        f"`anchors` must have a value for `complete collapse`, got {sorted(anchors)}",
    )
    unknown = sorted(set(anchors) - set(ANCHORS) - set(contract.inputs))
    require(
        not unknown,
        f"`anchors` must be {', '.join(ANCHORS)}, or have `inputs` in this check, got {unknown}",
    )


def anchors_hold(contract: DiagnosticContract) -> None:
    """It has its reference values on the corresponding inputs, in 4 and in 32 dimensions."""
    tolerance = contract.anchor_tolerance
    for name, anchor in contract.make().anchors.items():
        if name not in {*ANCHORS, *contract.inputs}:
            continue  # direction_and_anchors_are_declared requires its inputs
        for dim in (4, 32):
            found = contract(*contract.known(name, dim))[0]
            what = f"first value for {name!r} in {dim} dimensions"
            close(found, float(anchor(dim)), what, rtol=tolerance, atol=tolerance)


def stream_equals_all_rows_at_once(contract: DiagnosticContract) -> None:
    """Updates with parts of any size give the value of all rows at once."""
    views = contract.drawn()
    for cuts in ([SAMPLES], [1, SAMPLES - 1], [7, 20, 33], [1] * SAMPLES):
        found = reading(contract.streamed(views, cuts).compute())
        what = f"value after {len(cuts)} updates and for all rows at once"
        close(found, contract(*views), what, rtol=contract.tolerance)


def merging_is_commutative_and_associative(contract: DiagnosticContract) -> None:
    """Three parts, merged in any order and grouping, give the value of all rows at once."""
    views = contract.drawn()
    parts = [
        contract.streamed(tuple(view[start : start + 20] for view in views), [20])
        for start in (0, 20, 40)
    ]
    for order in permutations(range(3)):
        a, b, c = (parts[i] for i in order)
        for merged, how in ((a.merge(b).merge(c), "(a+b)+c"), (a.merge(b.merge(c)), "a+(b+c)")):
            what = f"value of parts {order} merged as {how} and of all rows at once"
            close(reading(merged.compute()), contract(*views), what, rtol=contract.tolerance)


def merging_changes_neither_side(contract: DiagnosticContract) -> None:
    """A merge does not modify its operands, and merging an empty one has no effect."""
    views = contract.drawn()
    full, before = contract.streamed(views, [SAMPLES]), contract(*views)
    for merged, how in ((full.merge(contract.make()), "with"), (contract.make().merge(full), "to")):
        what = f"value of all rows merged {how} an empty one and without a merge"
        close(reading(merged.compute()), before, what, rtol=contract.tolerance)
    full.merge(full)
    what = "value after a merge whose result is not used and before"
    close(reading(full.compute()), before, what, rtol=contract.tolerance)


def a_call_measures_the_batch_and_adds_it(contract: DiagnosticContract) -> None:
    """Calling it gives the value of the batch alone; ``compute`` that of all, as often as asked."""
    views, stream = contract.drawn(), contract.make()
    for start, end in ((0, 25), (25, SAMPLES)):
        batch = tuple(view[start:end] for view in views)
        what = f"value of a call with rows {start} to {end} and of these rows"
        close(reading(stream(*batch)), contract(*batch), what, rtol=contract.tolerance)
    for count in ("once", "twice"):
        what = f"value after two calls, computed {count}, and of all rows at once"
        close(reading(stream.compute()), contract(*views), what, rtol=contract.tolerance)


def state_is_stored_and_copied(contract: DiagnosticContract) -> None:
    """With its ``state_dict``, and as a copy, another instance goes on where it was."""
    views = contract.drawn()
    first, second = (tuple(view[part] for view in views) for part in (slice(25), slice(25, None)))
    stream, loaded = contract.make(), contract.make()
    stream.update(*first)
    loaded.load_state_dict(stream.state_dict())
    for other, how in ((loaded, "with its state"), (copy.deepcopy(stream), "as a copy")):
        other.update(*second)
        what = f"value of another instance {how} after more rows, and of all rows at once"
        close(reading(other.compute()), contract(*views), what, rtol=contract.tolerance)
    what = "value after others went on from its state and before"
    close(reading(stream.compute()), contract(*first), what, rtol=contract.tolerance)


def reset_forgets(contract: DiagnosticContract) -> None:
    """After ``reset`` its value does not depend on earlier updates."""
    stream = contract.streamed(contract.drawn(), [SAMPLES])
    stream.reset()
    views = contract.drawn(seed=1)
    stream.update(*views)
    what = "value after a reset and of a new instance"
    close(reading(stream.compute()), contract(*views), what, rtol=contract.tolerance)


def nothing_seen_is_refused(contract: DiagnosticContract) -> None:
    """``compute`` without any rows, initially or after ``reset``, is a ValueError."""
    empty, reset = contract.make(), contract.streamed(contract.drawn(), [SAMPLES])
    reset.reset()
    for stream, when in ((empty, "before any update"), (reset, "after a reset")):
        words = type(stream).__name__
        refuses(stream.compute, ValueError, words=words, what=f"a value {when}")


def order_of_samples_does_not_matter(contract: DiagnosticContract) -> None:
    """Its value does not depend on the order of rows."""
    views = contract.drawn()
    order = torch.randperm(SAMPLES)
    found = contract(*(view[order] for view in views))
    close(found, contract(*views), "value in another order", rtol=1e-6)


def lengths_do_not_matter(contract: DiagnosticContract) -> None:
    """Its value does not change if each row is multiplied by its own positive number."""
    views = contract.drawn()
    lengths = torch.rand(SAMPLES, 1, dtype=torch.float64) + 0.5
    found = contract(*(view * lengths for view in views))
    close(found, contract(*views), "value for rows with other norms", rtol=1e-6)


def rotation_does_not_matter(contract: DiagnosticContract) -> None:
    """Its value does not change under rotation."""
    views = contract.drawn()
    turn = torch.linalg.qr(torch.randn(DIM, DIM, dtype=torch.float64))[0]
    found = contract(*(view @ turn for view in views))
    close(found, contract(*views), "value for rotated rows", rtol=1e-6)


def scale_does_not_matter(contract: DiagnosticContract) -> None:
    """Its value does not change if all rows are multiplied by the same positive number."""
    views = contract.drawn()
    found = contract(*(7 * view for view in views))
    close(found, contract(*views), "value for rows with 7 times the norm", rtol=1e-6)


def any_floating_type_is_read(contract: DiagnosticContract) -> None:
    """Half and single precision give the value of the same numbers in float64, without a graph."""
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        views = tuple(view.to(dtype).requires_grad_() for view in contract.drawn())
        exact = contract(*(view.detach().double() for view in views))
        made = contract.streamed(views, [SAMPLES]).compute()
        values = [made] if contract.function is None else [made, contract.function(*views)]
        for value in values:
            for part in value if isinstance(value, tuple) else (value,):
                require(
                    not (isinstance(part, Tensor) and part.requires_grad),
                    f"the value must have no autograd graph, got {part}",
                )
            what = f"value for {dtype} and for the same numbers in float64"
            close(reading(value), exact, what, rtol=max(1e-6, contract.tolerance))


def infinite_and_missing_numbers_are_refused(contract: DiagnosticContract) -> None:
    """NaN and infinity are a ValueError that gives the first bad row."""
    for bad in (float("nan"), float("inf")):
        views = contract.drawn()
        views[-1][17, 3] = views[-1][40, 0] = bad
        calls = {"an update": contract.make().update}
        if contract.function is not None:
            calls["the function"] = contract.function  # type: ignore[assignment]
        for name, call in calls.items():
            what = f"{bad} in rows 17 and 40 of {name}"
            refuses(partial(call, *views), ValueError, words="row 17", what=what)


def identical_rows_read_finite(contract: DiagnosticContract) -> None:
    """For identical rows and for zeros its value is finite."""
    for rows, what in ((torch.full((20, 6), 0.1), "equal rows"), (torch.zeros(20, 6), "zeros")):
        found = contract(*[rows] * contract.views)
        finite = bool(found) and all(math.isfinite(value) for value in found)
        require(finite, f"the value for {what} must be finite, got {found}")


DIAGNOSTIC_PROMISES = (
    Promise(value_equals_reference, lambda c: c.reference is not None),
    Promise(direction_and_anchors_are_declared),
    Promise(anchors_hold),
    Promise(stream_equals_all_rows_at_once),
    Promise(merging_is_commutative_and_associative),
    Promise(merging_changes_neither_side),
    Promise(a_call_measures_the_batch_and_adds_it),
    Promise(state_is_stored_and_copied),
    Promise(reset_forgets),
    Promise(nothing_seen_is_refused),
    Promise(order_of_samples_does_not_matter),
    Promise(lengths_do_not_matter, lambda c: "lengths" in c.unmoved_by),
    Promise(rotation_does_not_matter, lambda c: "rotation" in c.unmoved_by),
    Promise(scale_does_not_matter, lambda c: "scale" in c.unmoved_by),
    Promise(any_floating_type_is_read),
    Promise(infinite_and_missing_numbers_are_refused),
    Promise(identical_rows_read_finite),
)

diagnostic_checks = listing("diagnostic_checks", DiagnosticContract, DIAGNOSTIC_PROMISES)
check_diagnostic = running(
    "check_diagnostic",
    DiagnosticContract,
    DIAGNOSTIC_PROMISES,
    summary="Check the required properties of a diagnostic; AssertionError at the first violation.",
)
