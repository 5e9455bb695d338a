"""What every diagnostic promises, tested on each case."""

from __future__ import annotations

import re
from itertools import permutations

import numpy as np
import pytest
import torch
from torch import Tensor

from nearfar import diagnostics
from nearfar.diagnostics import Better, Diagnostic
from tests.cases.diagnostic_cases import DIAGNOSTIC_CASES, DiagnosticCase, reading, worlds

every_case = pytest.mark.parametrize("case", DIAGNOSTIC_CASES, ids=str)


def drawn(case: DiagnosticCase, *, samples: int = 60, dim: int = 12, seed: int = 0) -> list[Tensor]:
    source = torch.Generator().manual_seed(seed)
    z = torch.randn(samples, dim, generator=source, dtype=torch.float64) + 0.4
    noise = torch.randn(samples, dim, generator=source, dtype=torch.float64)
    return [z, z + 0.3 * noise][: case.views]


def streamed(case: DiagnosticCase, views: list[Tensor], cuts: list[int]) -> Diagnostic:
    stream = case.make()
    for parts in zip(*(view.split(cuts) for view in views), strict=True):
        stream.update(*parts)
    return stream


def test_every_diagnostic_class_has_a_case() -> None:
    classes = {
        name
        for name in diagnostics.__all__
        if isinstance(found := getattr(diagnostics, name), type)
        and issubclass(found, Diagnostic)
        and found is not Diagnostic
    }
    assert {type(case.make()).__name__ for case in DIAGNOSTIC_CASES} == classes


@every_case
@pytest.mark.parametrize("shape", [(60, 12), (5, 12), (12, 12), (2, 2)])
def test_value_equals_the_reference(case: DiagnosticCase, shape: tuple[int, int]) -> None:
    views = drawn(case, samples=shape[0], dim=shape[1])
    expected = reading(case.reference(*(view.numpy() for view in views)))
    np.testing.assert_allclose(case(*views), expected, rtol=1e-6, atol=1e-9)


@every_case
def test_names_of_function_and_class_pair_and_both_are_documented(case: DiagnosticCase) -> None:
    kind = type(case.make())
    assert case.name.replace("_", "") == kind.__name__.lower()
    text = getattr(diagnostics, case.name).__doc__
    assert "Range:" in text
    assert "Reading:" in text
    assert ">>>" in text


@every_case
@pytest.mark.parametrize("dim", [4, 32])
def test_class_declares_its_direction_and_anchors_that_hold(case: DiagnosticCase, dim: int) -> None:
    made = case.make()
    assert made.better in Better
    assert "complete collapse" in made.anchors
    for name, views in worlds(dim).items():
        if name in made.anchors:
            value = case(*views[: case.views])[0]
            assert value == pytest.approx(made.anchors[name](dim), rel=0.03, abs=0.03), name


@every_case
@pytest.mark.parametrize("cuts", [[60], [1, 59], [7, 20, 33], [1] * 60])
def test_stream_equals_function(case: DiagnosticCase, cuts: list[int]) -> None:
    views = drawn(case)
    value = reading(streamed(case, views, cuts).compute())
    np.testing.assert_allclose(value, case(*views), rtol=case.tolerance)


@every_case
def test_merge_is_commutative_and_associative(case: DiagnosticCase) -> None:
    views = drawn(case)
    first, second, third = (
        streamed(case, [view[rows] for view in views], [20])
        for rows in (slice(0, 20), slice(20, 40), slice(40, 60))
    )
    whole = case(*views)
    for a, b, c in permutations((first, second, third)):
        for merged in (a.merge(b).merge(c), a.merge(b.merge(c))):
            np.testing.assert_allclose(reading(merged.compute()), whole, rtol=case.tolerance)


@every_case
def test_merge_changes_neither_side_and_an_empty_one_changes_nothing(case: DiagnosticCase) -> None:
    views = drawn(case)
    full, before = streamed(case, views, [60]), case(*views)
    for merged in (full.merge(case.make()), case.make().merge(full)):
        np.testing.assert_allclose(reading(merged.compute()), before, rtol=case.tolerance)
    full.merge(full)
    np.testing.assert_allclose(reading(full.compute()), before, rtol=case.tolerance)


@every_case
def test_reset_forgets_and_too_few_rows_are_refused(case: DiagnosticCase) -> None:
    stream = streamed(case, drawn(case), [60])
    stream.reset()
    with pytest.raises(ValueError, match=f"`{type(stream).__name__}` .*seen"):
        stream.compute()
    views = drawn(case, seed=1)
    stream.update(*views)
    np.testing.assert_allclose(reading(stream.compute()), case(*views), rtol=case.tolerance)


@every_case
def test_order_of_samples_does_not_matter(case: DiagnosticCase) -> None:
    views = drawn(case)
    order = torch.randperm(60)
    np.testing.assert_allclose(case(*(view[order] for view in views)), case(*views), rtol=1e-6)


@every_case
def test_rotation_and_lengths_leave_what_they_should(case: DiagnosticCase) -> None:
    views = drawn(case)
    turn = torch.linalg.qr(torch.randn(12, 12, dtype=torch.float64))[0]
    lengths = torch.rand(60, 1, dtype=torch.float64) + 0.5
    if case.rotation:
        np.testing.assert_allclose(case(*(view @ turn for view in views)), case(*views), rtol=1e-6)
    if case.lengths:
        np.testing.assert_allclose(
            case(*(view * lengths for view in views)), case(*views), rtol=1e-6
        )
    np.testing.assert_allclose(case(*(7 * view for view in views)), case(*views), rtol=1e-6)


@every_case
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_any_floating_type_is_read_and_no_gradient_is_kept(
    case: DiagnosticCase, dtype: torch.dtype
) -> None:
    views = [view.to(dtype).requires_grad_() for view in drawn(case)]
    value = getattr(diagnostics, case.name)(*views)
    exact = case(*(view.detach().double() for view in views))
    np.testing.assert_allclose(reading(value), exact, rtol=1e-6)
    for part in value if isinstance(value, tuple) else (value,):
        assert not part.requires_grad


@every_case
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_rows_that_are_not_finite_are_refused_and_the_first_is_named(
    case: DiagnosticCase, bad: float
) -> None:
    views = drawn(case)
    views[-1][17, 3] = views[-1][40, 0] = bad
    with pytest.raises(ValueError, match=re.escape("in row 17 and 1 more")):
        case(*views)
    with pytest.raises(ValueError, match="row 17"):
        case.make().update(*views)


@every_case
def test_identical_rows_read_without_nan(case: DiagnosticCase) -> None:
    for rows in (torch.full((20, 6), 0.1), torch.zeros(20, 6)):
        assert np.isfinite(case(*[rows] * case.views)).all()
