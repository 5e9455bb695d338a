"""Diagnostics used like metrics: called, moved, stored, copied, and refused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nearfar import diagnostics
from nearfar.diagnostics import Alignment, Diagnostic, EffectiveRank, FeatureStd, Uniformity
from nearfar.testing._diagnostic_contract import DiagnosticContract, reading
from tests.cases.diagnostic_cases import DIAGNOSTIC_CASES

every_diagnostic = pytest.mark.parametrize("case", DIAGNOSTIC_CASES, ids=str)


def parts(views: tuple[Tensor, ...], *sizes: int) -> list[tuple[Tensor, ...]]:
    return list(zip(*(torch.split(view, sizes) for view in views), strict=True))


@every_diagnostic
def test_a_loop_of_calls_is_the_function_of_all_rows(case: DiagnosticContract) -> None:
    assert case.function
    views, stream = case.drawn(), case.make()
    names = ("z",) if case.views == 1 else ("z1", "z2")
    for batch in parts(views, 30, 30):
        value = stream(**dict(zip(names, batch, strict=True)))
        torch.testing.assert_close(reading(value), reading(case.function(*batch)))
    for _ in range(2):
        torch.testing.assert_close(reading(stream.compute()), reading(case.function(*views)))


@every_diagnostic
def test_a_pickled_stream_goes_on(case: DiagnosticContract) -> None:
    views, stream = case.drawn(), case.make()
    first, second = parts(views, 25, 35)
    stream.update(*first)
    again = pickle.loads(pickle.dumps(stream))
    again.update(*second)
    torch.testing.assert_close(reading(again.compute()), case(*views))


@every_diagnostic
def test_precision_and_mode_do_not_matter(case: DiagnosticContract) -> None:
    views = case.drawn()
    plain, changed = case.make(), case.make()
    for batch in parts(views, 30, 30):
        plain.update(*batch)
        changed.half().to(torch.bfloat16).float().eval().update(*batch)
    assert reading(changed.compute()) == reading(plain.compute())
    assert [*changed.parameters(), *changed.buffers()] == []


def test_a_stream_inside_a_model_is_moved_and_stored_with_it() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Linear(4, 3)
            self.measured = nn.ModuleDict({"std": FeatureStd(), "uniformity": Uniformity()})

    z = torch.randn(20, 4)
    model, other = Model().half(), Model()
    for stream in model.measured.values():
        stream.update(z)
    assert model.encoder.weight.dtype == torch.float16
    other.load_state_dict(model.state_dict())
    for name, stream in other.measured.items():
        assert stream.compute() == model.measured[name].compute()
    assert {"measured.uniformity._reservoir._rows", "measured.std._mean"} <= {*model.state_dict()}
    model.to("meta")
    assert {stream.device.type for stream in model.measured.values()} == {"meta"}


@every_diagnostic
def test_an_empty_copy_has_the_settings_alone(case: DiagnosticContract) -> None:
    stream = case.make()
    stream.update(*case.drawn())
    empty = stream.empty()
    with pytest.raises(ValueError, match=case.subject):
        empty.compute()
    empty.update(*case.drawn(dim=5, seed=1))  # other columns, as there are no rows
    torch.testing.assert_close(reading(empty.compute()), case(*case.drawn(dim=5, seed=1)))


@pytest.mark.usefixtures("as_users_run_it")
@every_diagnostic
def test_rows_that_do_not_continue_the_stream_are_refused(case: DiagnosticContract) -> None:
    views, stream = case.drawn(), case.make()
    name = "z" if case.views == 1 else "z2"
    first = "z" if case.views == 1 else "z1"
    stream.update(*views)
    before = reading(stream.compute())
    refused: list[tuple[tuple[Tensor, ...], type[Exception], str]] = [
        (
            case.drawn(dim=5),
            ValueError,
            f"`{first}` must have 12 columns, as .*, got 5",
        ),
        (tuple(view.to("meta") for view in views), ValueError, f"`{first}` must be on cpu, as"),
        (tuple(view.long() for view in views), TypeError, f"`{first}` must be floating point"),
        ((*views[:-1], views[-1][None]), ValueError, f"`{name}` must be a matrix"),
        ((*views[:-1], views[-1] * float("nan")), ValueError, f"`{name}` must contain only finite"),
    ]
    if case.views == 2:
        refused += [
            ((views[0], views[1][:9]), ValueError, "`z2` must have the shape of `z1`"),
            ((views[0], views[1].to("meta")), ValueError, "`z2` must be on "),
        ]
    for bad, error, words in refused:
        for add in (stream.update, stream):
            with pytest.raises(error, match=words):
                add(*bad)
    assert reading(stream.compute()) == before


@pytest.mark.usefixtures("as_users_run_it")
@every_diagnostic
def test_another_number_of_views_is_refused(case: DiagnosticContract) -> None:
    with pytest.raises(TypeError, match=r"update\(\)"):
        case.make().update(*[torch.eye(3)] * (3 - case.views))


def test_a_batch_without_a_value_is_not_added() -> None:
    stream = Uniformity()
    with pytest.raises(ValueError, match="`Uniformity` needs at least 2 rows, got 1"):
        stream(torch.ones(1, 3))
    assert not stream.state_dict()["_reservoir._seen"]
    stream.update(torch.ones(1, 3))
    stream.update(torch.ones(1, 3))
    assert float(stream.compute()) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("one", "other", "error", "words"),
    [
        (Alignment, EffectiveRank, TypeError, "`other` must be a diagnostic Alignment, got Effec"),
        (Alignment, lambda: Alignment(alpha=1), ValueError, "the same `alpha`, 2, got 1"),
        (Uniformity, lambda: Uniformity(t=3), ValueError, "the same `t`, 2, got 3"),
    ],
)
def test_only_the_same_measurement_is_merged(
    one: Callable[[], Any], other: Callable[[], Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        one().merge(other())


def test_rows_of_other_columns_are_not_merged() -> None:
    one, other = EffectiveRank(), EffectiveRank()
    one.update(torch.eye(3))
    other.update(torch.eye(4))
    with pytest.raises(ValueError, match="`other` must have rows of 3 columns, as EffectiveRank"):
        one.merge(other)


def test_a_state_that_is_not_declared_is_not_gathered() -> None:
    class Counts(Diagnostic):
        better = diagnostics.Better.LOWER
        anchors = {}  # noqa: RUF012

        def __init__(self) -> None:
            self.rows = 0

        def update(self, z: Tensor) -> None:
            self.rows += len(z)

        def compute(self) -> Tensor:
            return torch.tensor(float(self.rows))

        def merge(self, other: Counts) -> Counts:
            merged = copy.deepcopy(self)
            merged.rows += other.rows
            return merged

    with pytest.raises(TypeError, match="`Counts` must declare its state with `add_state`"):
        Counts().gather()


def test_a_single_process_gathers_a_copy() -> None:
    stream = FeatureStd()
    stream.update(torch.eye(3))
    gathered = stream.gather()
    stream.update(torch.ones(3, 3))
    assert gathered.compute() == diagnostics.feature_std(torch.eye(3))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@every_diagnostic
def test_on_a_gpu_values_are_those_of_the_cpu(case: DiagnosticContract) -> None:
    views = case.drawn()
    there = tuple(view.cuda() for view in views)
    follows, moved = case.make(), case.make().cuda()
    for batch in parts(there, 30, 30):
        follows.update(*batch)
        moved(*batch)
    assert follows.device == moved.device == there[0].device
    for stream in (follows, moved, follows.cpu(), case.make().merge(moved)):
        torch.testing.assert_close(reading(stream.compute()), case(*views))
    with pytest.raises(ValueError, match="must be on cpu, as"):
        follows.update(*there)
    with pytest.raises(ValueError, match="must be on cuda:0, as"):
        moved.update(*views)
