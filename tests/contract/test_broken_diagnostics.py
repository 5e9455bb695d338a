"""Each check of a diagnostic catches a diagnostic that breaks its promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pytest
import torch
from torch import Tensor

from nearfar.checks import check_finite_rows, check_matrix
from nearfar.diagnostics import Better, Diagnostic
from nearfar.testing import check_diagnostic, diagnostic_checks
from nearfar.testing._check_diagnostic import DIAGNOSTIC_PROMISES
from tests.contract.broken import fails


def mean_cosine(z: Tensor) -> Tensor:
    """Mean cosine of each row with the direction (1, …, 1)."""
    check_matrix(z=z)
    check_finite_rows(z=z)
    z = z.detach().double()
    lengths = z.norm(dim=1) * z.shape[1] ** 0.5
    return torch.where(lengths > 0, z.sum(dim=1) / lengths.clamp(min=1e-300), 0.0).mean()


class MeanCosine(Diagnostic):
    better: ClassVar[Better] = Better.LOWER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: float(mean_cosine(collapsed(dim)[0])),
        "isotropic": lambda dim: 0.0,
        "all ones": lambda dim: 1.0,
    }

    _sum: Tensor
    _rows: Tensor

    def __init__(self) -> None:
        self.add_state("_sum", torch.zeros((), dtype=torch.float64))
        self.add_state("_rows", torch.tensor(0))

    def update(self, *embeddings: Tensor) -> None:
        (z,) = embeddings
        self._sum = self._sum + len(z) * mean_cosine(z)
        self._rows = self._rows + len(z)

    def compute(self) -> Tensor:
        if not self._rows:
            raise ValueError(f"`{type(self).__name__}` has seen no rows")
        return self._sum / self._rows

    def merge(self, other: Self) -> Self:
        merged = type(self)()
        merged._sum, merged._rows = self._sum + other._sum, self._rows + other._rows
        return merged


def collapsed(dim: int) -> tuple[Tensor, ...]:
    return (torch.randn(dim, generator=torch.Generator().manual_seed(0)).double()[None],)


def ones(dim: int) -> tuple[Tensor, ...]:
    return (torch.ones(9, dim),)


def by_hand(z: np.ndarray) -> float:
    cosines = [row.sum() / np.linalg.norm(row) / len(row) ** 0.5 for row in z]
    return sum(cosines) / len(cosines)


HEALTHY: dict[str, Any] = {
    "make": MeanCosine,
    "function": mean_cosine,
    "reference": by_hand,
    "unmoved_by": ("lengths", "scale"),
    "inputs": {"all ones": ones, "complete collapse": collapsed},
}


def test_a_diagnostic_that_keeps_its_promises_passes() -> None:
    check_diagnostic(**HEALTHY)


def test_a_class_alone_can_be_checked() -> None:
    check_diagnostic(MeanCosine, inputs=HEALTHY["inputs"])


# --- diagnostics that break one -------------------------------------------------------------------


class NoDirection(MeanCosine):
    better = "lower"  # type: ignore[assignment]


class NoCollapse(MeanCosine):
    anchors: ClassVar = {"isotropic": lambda dim: 0.0}


class UnknownAnchor(MeanCosine):
    anchors: ClassVar = {**MeanCosine.anchors, "on a line": lambda dim: 0.5}


class WrongAnchor(MeanCosine):
    anchors: ClassVar = {**MeanCosine.anchors, "isotropic": lambda dim: 1 / dim}


class MeanOfMeans(MeanCosine):
    """Forgets how many rows an update had."""

    def update(self, *embeddings: Tensor) -> None:
        self._sum = self._sum + mean_cosine(*embeddings)
        self._rows = self._rows + 1


class ForgetfulMerge(MeanCosine):
    def merge(self, other: Self) -> Self:
        merged = super().merge(other)
        merged._sum, merged._rows = other._sum, other._rows
        return merged


class MergeInPlace(MeanCosine):
    def merge(self, other: Self) -> Self:
        self._sum = self._sum + other._sum * (2 if self._rows else 1)
        self._rows = self._rows + other._rows
        return self


class NoReset(MeanCosine):
    def reset(self) -> None:
        pass


class ReadsNothing(MeanCosine):
    def compute(self) -> Tensor:
        return self._sum / self._rows.clamp_min(1)


class MeasuresAll(MeanCosine):
    """Its calls give the value of all rows so far."""

    def forward(self, *embeddings: Tensor, **named: Tensor) -> Tensor:
        self.update(*embeddings, **named)
        return self.compute()


class OfPlainNumbers(MeanCosine):
    """Its rows are not part of the state that is stored."""

    def __init__(self) -> None:
        self._sum, self._rows = torch.zeros((), dtype=torch.float64), torch.tensor(0)


class Silent(MeanCosine):
    def compute(self) -> Tensor:
        if not self._rows:
            raise ValueError("empty")
        return super().compute()


def first_row(z: Tensor) -> Tensor:
    return mean_cosine(z[:1])


def raw_mean(z: Tensor) -> Tensor:
    return z.detach().double().mean()


def attached(z: Tensor) -> Tensor:
    lengths = z.double().norm(dim=1, keepdim=True) * z.shape[1] ** 0.5
    return (z.double() / lengths).sum(dim=1).mean()


def unguarded(z: Tensor) -> Tensor:
    lengths = z.norm(dim=1, keepdim=True) * z.shape[1] ** 0.5
    return (z / lengths).sum(dim=1).double().mean().detach()


BROKEN: list[tuple[str, dict[str, Any], str]] = [
    (
        "value_equals_reference",
        {"reference": lambda z: 2 * by_hand(z)},
        "value and reference for 60 rows of 12 columns",
    ),
    (
        "direction_and_anchors_are_declared",
        {"make": NoDirection},
        "`better` must be a nearfar.diagnostics.Better, or None, got 'lower'",
    ),
    (
        "direction_and_anchors_are_declared",
        {"make": NoCollapse},
        r"must have a value for `complete collapse`, got \['isotropic'\]",
    ),
    (
        "direction_and_anchors_are_declared",
        {"make": UnknownAnchor},
        r"or have `inputs` in this check, got \['on a line'\]",
    ),
    (
        "anchors_hold",
        {"make": WrongAnchor},
        r"(?s)first value for 'isotropic' in 4 dimensions: .*Expected 0.25 but got",
    ),
    (
        "stream_equals_all_rows_at_once",
        {"make": MeanOfMeans},
        "value after 2 updates and for all rows at once",
    ),
    (
        "merging_is_commutative_and_associative",
        {"make": ForgetfulMerge},
        r"value of parts \(0, 1, 2\) merged as \(a\+b\)\+c and of all rows at once",
    ),
    (
        "merging_changes_neither_side",
        {"make": MergeInPlace},
        "value after a merge whose result is not used and before",
    ),
    (
        "a_call_measures_the_batch_and_adds_it",
        {"make": MeasuresAll},
        "value of a call with rows 25 to 60 and of these rows",
    ),
    (
        "state_is_stored_and_copied",
        {"make": OfPlainNumbers},
        "value of another instance with its state after more rows",
    ),
    ("reset_forgets", {"make": NoReset}, "value after a reset and of a new instance"),
    (
        "nothing_seen_is_refused",
        {"make": ReadsNothing},
        "a value before any update must be refused with a ValueError .* but gave tensor",
    ),
    (
        "nothing_seen_is_refused",
        {"make": NoReset},
        "a value after a reset must be refused with a ValueError",
    ),
    (
        "nothing_seen_is_refused",
        {"make": Silent},
        "must be refused with 'Silent' in the message, got empty",
    ),
    ("order_of_samples_does_not_matter", {"function": first_row}, "value in another order"),
    ("lengths_do_not_matter", {"function": raw_mean}, "value for rows with other norms"),
    ("rotation_does_not_matter", {"unmoved_by": ("rotation",)}, "value for rotated rows"),
    ("scale_does_not_matter", {"function": raw_mean}, "value for rows with 7 times the norm"),
    (
        "any_floating_type_is_read",
        {"function": attached},
        "value must have no autograd graph, got",
    ),
    (
        "any_floating_type_is_read",
        {"function": unguarded},
        "value for torch.float16 and for the same numbers in float64",
    ),
    (
        "infinite_and_missing_numbers_are_refused",
        {"function": raw_mean},
        "nan in rows 17 and 40 of the function must be refused with a ValueError about 'row 17'",
    ),
    (
        "identical_rows_read_finite",
        {"function": unguarded},
        r"the value for zeros must be finite, got \[nan\]",
    ),
]


@pytest.mark.parametrize(("name", "changes", "words"), BROKEN, ids=[name for name, *_ in BROKEN])
def test_a_broken_diagnostic_fails_its_check(
    name: str, changes: dict[str, Any], words: str
) -> None:
    fails(diagnostic_checks(**{**HEALTHY, **changes}), name, words)


def test_every_check_has_a_broken_diagnostic() -> None:
    assert {name for name, *_ in BROKEN} == {promise.name for promise in DIAGNOSTIC_PROMISES}


def test_an_error_of_the_diagnostic_itself_names_the_check() -> None:
    class Crashes(MeanCosine):
        def merge(self, other: Self) -> Self:
            raise RuntimeError("no merging today")

    checks = {check.name: check for check in diagnostic_checks(**{**HEALTHY, "make": Crashes})}
    with pytest.raises(RuntimeError, match="no merging today") as error:
        checks["merging_changes_neither_side"]()
    note = "raised in the check `merging_changes_neither_side` of Crashes"
    assert error.value.__notes__ == [note]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"views": 0}, "`views` must be a whole number of 1 or more, got 0"),
        ({"anchor_samples": 0}, "`anchor_samples` must be a whole number of 1 or more, got 0"),
        ({"unmoved_by": ("length",)}, "did you mean 'lengths'"),
        ({"skip": ("reset_forget",)}, "did you mean 'reset_forgets'"),
    ],
)
def test_promises_that_cannot_be_checked_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        diagnostic_checks(**{**HEALTHY, **changes})
