"""What every objective promises of its values: invariances, the Scale line, precision."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tests.cases.objective_case import Anchor, ObjectiveCase
from tests.cases.objective_cases import OBJECTIVE_CASES
from tests.contract.over_objectives import (
    LOSSES,
    close,
    every_case,
    every_temperature,
    few,
    gradients,
    over,
    seeds,
)


def only(*changes: str) -> pytest.MarkDecorator:
    return over([case for case in OBJECTIVE_CASES if case.unmoved_by.issuperset(changes)])


def changed(inputs: tuple[Tensor, ...], dtype: torch.dtype) -> tuple[Tensor, ...]:
    return tuple(x.to(dtype) if x.is_floating_point() else x for x in inputs)


# --- invariances ----------------------------------------------------------------------------------


@every_case
@few
@seeds
def test_the_order_of_samples_does_not_matter(case: ObjectiveCase, seed: int) -> None:
    inputs = case.drawn(seed)
    source = torch.Generator().manual_seed(seed)
    order = torch.randperm(case.batch_size(inputs), generator=source)
    close(case(*case.select(inputs, order)), case(*inputs))


@only("lengths")
@few
@seeds
def test_the_length_of_vectors_does_not_matter(case: ObjectiveCase, seed: int) -> None:
    source = torch.Generator().manual_seed(seed)

    def scaled(x: Tensor) -> Tensor:
        lengths = torch.rand(*x.shape[:-1], 1, generator=source, dtype=torch.float64)
        return x * 10 ** (6 * lengths - 3) if x.is_floating_point() else x

    inputs = case.drawn(seed)
    close(case(*(scaled(x) for x in inputs)), case(*inputs))


@only("rotation")
@few
@seeds
def test_a_rotation_of_the_space_does_not_matter(case: ObjectiveCase, seed: int) -> None:
    inputs = case.drawn(seed)
    dim = inputs[0].shape[-1]
    source = torch.Generator().manual_seed(seed)
    turn, _ = torch.linalg.qr(torch.randn(dim, dim, generator=source, dtype=torch.float64))
    close(case(*(x @ turn if x.is_floating_point() else x for x in inputs)), case(*inputs))


@only("shift")
@few
@seeds
def test_a_shift_of_the_space_does_not_matter(case: ObjectiveCase, seed: int) -> None:
    inputs = case.drawn(seed)
    source = torch.Generator().manual_seed(seed)
    space = inputs[0].shape[-1:] if inputs[0].ndim > 1 else ()  # vectors, or scores
    step = torch.randn(space, generator=source, dtype=torch.float64)
    shifted = [x + step if x.is_floating_point() else x for x in inputs]
    close(case(*shifted), case(*inputs), tolerance=1e-9)


@over([case for case in OBJECTIVE_CASES if case.symmetric])
@few
@seeds
def test_swapping_the_views_does_not_matter(case: ObjectiveCase, seed: int) -> None:
    z1, z2, *others = case.drawn(seed)
    close(case(z2, z1, *others), case(z1, z2, *others))


def gathers(case: ObjectiveCase) -> bool:
    """Whether the mean over two halves of the batch differs from the loss of the whole."""
    samples = torch.arange(case.batch_size(case.inputs))
    halves = [case(*case.select(case.inputs, half)) for half in samples.chunk(2)]
    return not torch.allclose((halves[0] + halves[1]) / 2, case(*case.inputs))


@every_case
def test_a_case_says_whether_the_batch_is_coupled(case: ObjectiveCase) -> None:
    assert gathers(case) == case.couples_batch


# --- scale ----------------------------------------------------------------------------------------


def reads(case: ObjectiveCase, anchor: Anchor) -> None:
    close(case(*anchor.world), anchor.value, tolerance=1e-12)
    close(case(*changed(anchor.world, torch.float32)), anchor.value, tolerance=2e-5)


@every_case
def test_a_perfect_world_reads_what_the_scale_line_says(case: ObjectiveCase) -> None:
    reads(case, case.perfect)


@every_case
def test_a_collapsed_world_reads_what_the_scale_line_says(case: ObjectiveCase) -> None:
    reads(case, case.collapsed)


@over([case for case in LOSSES if case.at_chance])
def test_a_world_of_equal_candidates_reads_the_chance_of_the_class(case: ObjectiveCase) -> None:
    assert case.make
    assert case.at_chance
    reads(case, case.at_chance)
    chance = case.make().chance(
        batch_size=case.batch_size(case.at_chance.world),
        num_negatives=case.at_chance.num_negatives,
    )
    assert chance == pytest.approx(case.at_chance.value, abs=1e-12)


@over([case for case in LOSSES if not case.at_chance])
def test_an_objective_without_candidates_has_no_chance_value(case: ObjectiveCase) -> None:
    assert case.make
    assert case.make().chance(batch_size=4) is None


@every_case
@few
@seeds
def test_no_input_leaves_the_range(case: ObjectiveCase, seed: int) -> None:
    inputs = case.drawn(seed)
    corners = [10 * x.sign() if x.is_floating_point() else x for x in inputs]
    alike = [inputs[0] if x.shape == inputs[0].shape else x for x in inputs]
    for world in (inputs, tuple(corners), tuple(alike)):
        value = float(case(*changed(world, torch.float32)))
        assert case.minimum <= value <= case.maximum + 1e-5


# --- precision ------------------------------------------------------------------------------------


@every_case
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_summed_in_float32(case: ObjectiveCase, dtype: torch.dtype) -> None:
    inputs = changed(case.inputs, dtype)
    loss, *found = gradients(case, inputs)
    assert loss.dtype == torch.float32
    assert torch.equal(loss, case(*changed(inputs, torch.float32)))
    assert {gradient.dtype for gradient in found} == {dtype}
    assert all(gradient.isfinite().all() for gradient in found)


@every_case
def test_autocast_changes_nothing(case: ObjectiveCase) -> None:
    inputs = changed(case.inputs, torch.float32)
    with_autocast = gradients(case, inputs, autocast=True)
    for ours, expected in zip(with_autocast, gradients(case, inputs), strict=True):
        assert torch.equal(ours, expected)


@every_temperature
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_aligned_views_at_temperature_001_are_finite(
    case: ObjectiveCase, dtype: torch.dtype
) -> None:
    cold = replace(case, arguments={**case.arguments, "temperature": 0.01})
    world = case.perfect.world
    if case.matrices and len(world) == 2:
        world = (F.normalize(torch.randn(64, 16)),) * 2
    loss, *found = gradients(cold, changed(world, dtype))
    assert 0 <= loss.item() < 1e-3
    assert all(gradient.isfinite().all() for gradient in found)


@every_case
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("zeros", [slice(0, 1), slice(None)], ids=["one row", "every row"])
def test_zero_vectors_give_finite_values_and_gradients(
    case: ObjectiveCase, dtype: torch.dtype, zeros: slice
) -> None:
    inputs = tuple(x.clone() for x in changed(case.inputs, dtype))
    for x in inputs:
        if x.is_floating_point():
            x[zeros] = 0
    loss, *found = gradients(case, inputs)
    assert loss.isfinite()
    for gradient in found:
        assert gradient.isfinite().all()
        assert gradient.abs().max() < 1e6
