"""The checks of a diagnostic."""

from __future__ import annotations

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
    """It reads what the reference reads, with more rows than columns and with fewer."""
    assert contract.reference is not None
    for samples, dim in ((60, 12), (5, 12), (12, 12), (2, 2)):
        views = contract.drawn(samples=samples, dim=dim)
        expected = reading(contract.reference(*(view.numpy() for view in views)))
        what = f"reading and reference for {samples} rows of {dim} columns"
        close(contract(*views), expected, what, rtol=1e-6)


def direction_and_anchors_are_declared(contract: DiagnosticContract) -> None:
    """The class says which way is better and what it reads when every point is one."""
    made = contract.make()
    require(isinstance(made, Diagnostic), f"it must be a Diagnostic, got {type(made).__name__}")
    require(
        isinstance(getattr(made, "better", None), Better),
        f"`better` must be a nearfar.diagnostics.Better, got {getattr(made, 'better', None)!r}",
    )
    anchors = getattr(made, "anchors", {})
    require(
        "complete collapse" in anchors,
        f"`anchors` must say what `complete collapse` reads, got {sorted(anchors)}",
    )
    unknown = sorted(set(anchors) - set(ANCHORS) - set(contract.inputs))
    require(
        not unknown,
        f"`anchors` must be {', '.join(ANCHORS)}, or have `inputs` in this check, got {unknown}",
    )


def anchors_hold(contract: DiagnosticContract) -> None:
    """It reads its anchors where they belong, in 4 and in 32 dimensions."""
    tolerance = contract.anchor_tolerance
    for name, anchor in contract.make().anchors.items():
        if name not in {*ANCHORS, *contract.inputs}:
            continue  # direction_and_anchors_are_declared asks for its inputs
        for dim in (4, 32):
            found = contract(*contract.known(name, dim))[0]
            what = f"first reading of {name!r} in {dim} dimensions"
            close(found, float(anchor(dim)), what, rtol=tolerance, atol=tolerance)


def stream_equals_all_rows_at_once(contract: DiagnosticContract) -> None:
    """Updates with parts of any size read what all rows at once read."""
    views = contract.drawn()
    for cuts in ([SAMPLES], [1, SAMPLES - 1], [7, 20, 33], [1] * SAMPLES):
        found = reading(contract.streamed(views, cuts).compute())
        what = f"reading after {len(cuts)} updates and of all rows at once"
        close(found, contract(*views), what, rtol=contract.tolerance)


def merging_is_commutative_and_associative(contract: DiagnosticContract) -> None:
    """Three parts, merged in any order and grouping, read what all rows at once read."""
    views = contract.drawn()
    parts = [
        contract.streamed(tuple(view[start : start + 20] for view in views), [20])
        for start in (0, 20, 40)
    ]
    for order in permutations(range(3)):
        a, b, c = (parts[i] for i in order)
        for merged, how in ((a.merge(b).merge(c), "(a+b)+c"), (a.merge(b.merge(c)), "a+(b+c)")):
            what = f"reading of parts {order} merged as {how} and of all rows at once"
            close(reading(merged.compute()), contract(*views), what, rtol=contract.tolerance)


def merging_changes_neither_side(contract: DiagnosticContract) -> None:
    """A merge leaves both sides as they were, and an empty one adds nothing."""
    views = contract.drawn()
    full, before = contract.streamed(views, [SAMPLES]), contract(*views)
    for merged, how in ((full.merge(contract.make()), "with"), (contract.make().merge(full), "to")):
        what = f"reading of all rows merged {how} an empty one and by themselves"
        close(reading(merged.compute()), before, what, rtol=contract.tolerance)
    full.merge(full)
    what = "reading after a merge whose result is not used and before"
    close(reading(full.compute()), before, what, rtol=contract.tolerance)


def reset_forgets(contract: DiagnosticContract) -> None:
    """After ``reset`` it reads as if it had seen nothing before."""
    stream = contract.streamed(contract.drawn(), [SAMPLES])
    stream.reset()
    views = contract.drawn(seed=1)
    stream.update(*views)
    what = "reading after a reset and without a past"
    close(reading(stream.compute()), contract(*views), what, rtol=contract.tolerance)


def nothing_seen_is_refused(contract: DiagnosticContract) -> None:
    """``compute`` without any row, at first or after ``reset``, is a ValueError."""
    empty, reset = contract.make(), contract.streamed(contract.drawn(), [SAMPLES])
    reset.reset()
    for stream, when in ((empty, "before any update"), (reset, "after a reset")):
        words = type(stream).__name__
        refuses(stream.compute, ValueError, words=words, what=f"a reading {when}")


def order_of_samples_does_not_matter(contract: DiagnosticContract) -> None:
    """The same rows in another order read the same."""
    views = contract.drawn()
    order = torch.randperm(SAMPLES)
    found = contract(*(view[order] for view in views))
    close(found, contract(*views), "reading in another order", rtol=1e-6)


def lengths_do_not_matter(contract: DiagnosticContract) -> None:
    """Each row may be multiplied by a positive number of its own."""
    views = contract.drawn()
    lengths = torch.rand(SAMPLES, 1, dtype=torch.float64) + 0.5
    found = contract(*(view * lengths for view in views))
    close(found, contract(*views), "reading of rows of other lengths", rtol=1e-6)


def rotation_does_not_matter(contract: DiagnosticContract) -> None:
    """The space may be rotated."""
    views = contract.drawn()
    turn = torch.linalg.qr(torch.randn(DIM, DIM, dtype=torch.float64))[0]
    found = contract(*(view @ turn for view in views))
    close(found, contract(*views), "reading of rotated rows", rtol=1e-6)


def scale_does_not_matter(contract: DiagnosticContract) -> None:
    """All rows may be multiplied by one positive number."""
    views = contract.drawn()
    found = contract(*(7 * view for view in views))
    close(found, contract(*views), "reading of rows 7 times as long", rtol=1e-6)


def any_floating_type_is_read(contract: DiagnosticContract) -> None:
    """Half and single precision read what the same numbers read in float64; no graph is kept."""
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        views = tuple(view.to(dtype).requires_grad_() for view in contract.drawn())
        exact = contract(*(view.detach().double() for view in views))
        made = contract.streamed(views, [SAMPLES]).compute()
        values = [made] if contract.function is None else [made, contract.function(*views)]
        for value in values:
            for part in value if isinstance(value, tuple) else (value,):
                require(
                    not (isinstance(part, Tensor) and part.requires_grad),
                    f"a reading must keep no graph, got {part}",
                )
            what = f"reading of {dtype} and of the same numbers in float64"
            close(reading(value), exact, what, rtol=max(1e-6, contract.tolerance))


def infinite_and_missing_numbers_are_refused(contract: DiagnosticContract) -> None:
    """NaN and infinity are a ValueError that names the first bad row."""
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
    """One point many times, and zeros, read a number."""
    for rows, what in ((torch.full((20, 6), 0.1), "equal rows"), (torch.zeros(20, 6), "zeros")):
        found = contract(*[rows] * contract.views)
        finite = bool(found) and all(math.isfinite(value) for value in found)
        require(finite, f"{what} must read finite numbers, got {found}")


DIAGNOSTIC_PROMISES = (
    Promise(value_equals_reference, lambda c: c.reference is not None),
    Promise(direction_and_anchors_are_declared),
    Promise(anchors_hold),
    Promise(stream_equals_all_rows_at_once),
    Promise(merging_is_commutative_and_associative),
    Promise(merging_changes_neither_side),
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
    summary="Check what a diagnostic promises; AssertionError at the first promise it breaks.",
)
