"""What every objective promises, tested on each case."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Iterator
from dataclasses import replace

import jaxtyping
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.nn import functional as F

from nearfar import objectives
from nearfar.objectives import Objective
from tests.cases.objective_cases import OBJECTIVE_CASES, Anchor, ObjectiveCase

FUNCTIONS = [name for name in objectives.__all__ if name.endswith(("_loss", "_term"))]
LOSSES = [case for case in OBJECTIVE_CASES if case.make is not None]
every_case = pytest.mark.parametrize("case", OBJECTIVE_CASES, ids=str)
every_loss = pytest.mark.parametrize("case", LOSSES, ids=str)
seeds = given(seed=st.integers(0, 2**31))
few = settings(max_examples=8, deadline=None, derandomize=True, database=None)


def only(*changes: str) -> pytest.MarkDecorator:
    chosen = [case for case in OBJECTIVE_CASES if case.unmoved_by.issuperset(changes)]
    return pytest.mark.parametrize("case", chosen, ids=str)


def drawn(case: ObjectiveCase, seed: int) -> tuple[Tensor, ...]:
    source = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(x.shape, generator=source, dtype=torch.float64) for x in case.inputs)


def close(actual: Tensor, expected: Tensor | float, tolerance: float = 1e-10) -> None:
    expected = torch.as_tensor(expected, dtype=actual.dtype)
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.fixture
def as_users_run_it() -> Iterator[None]:
    """Without the annotations' run-time checks, which would answer first."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


# --- completeness ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_exported_function_has_a_case(name: str) -> None:
    assert [case for case in OBJECTIVE_CASES if case.name == name]


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name.endswith("_loss")])
def test_every_loss_has_a_class_of_the_same_name(name: str) -> None:
    classes = {other.lower() for other in objectives.__all__ if other.endswith("Loss")}
    assert name.replace("_", "") in classes


@pytest.mark.parametrize("name", [name for name in objectives.__all__ if name.endswith("Loss")])
def test_every_class_belongs_to_a_case(name: str) -> None:
    made = {type(case.make()).__name__ for case in LOSSES if case.make}
    assert name in made
    assert issubclass(getattr(objectives, name), Objective)


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name.endswith("_loss")])
def test_the_docstring_of_a_loss_has_its_eight_parts_in_order(name: str) -> None:
    text = inspect.getdoc(getattr(objectives, name)) or ""
    parts = [".. math::", "Args:", "Returns:", "Scale:", "Cost:", "Relations:", "Reference:"]
    places = [text.find(part) for part in [*parts, "Example:"]]
    assert -1 not in places
    assert places == sorted(places)


# --- value and gradient ---------------------------------------------------------------------------


@every_case
@few
@seeds
def test_the_value_is_that_of_the_reference(case: ObjectiveCase, seed: int) -> None:
    inputs = drawn(case, seed)
    close(case(*inputs), case.reference(*(x.numpy() for x in inputs), **case.arguments))


@every_case
def test_the_gradient_is_that_of_finite_differences(case: ObjectiveCase) -> None:
    assert gradcheck(case, [x.clone().requires_grad_() for x in case.inputs])


@every_case
def test_the_second_derivative_is_that_of_finite_differences(case: ObjectiveCase) -> None:
    assert gradgradcheck(case, [x.clone().requires_grad_() for x in case.inputs])


@pytest.mark.parametrize("case", [c for c in LOSSES if "temperature" in c.arguments], ids=str)
def test_a_learnable_temperature_gets_its_gradient(case: ObjectiveCase) -> None:
    def loss(temperature: Tensor) -> Tensor:
        return replace(case, arguments={"temperature": temperature})(*case.inputs)

    temperature = torch.tensor(case.arguments["temperature"], dtype=torch.float64)
    close(loss(temperature), case(*case.inputs))
    assert gradcheck(loss, [temperature.requires_grad_()])


@pytest.mark.parametrize("case", [c for c in LOSSES if "temperature" in c.arguments], ids=str)
def test_a_class_keeps_a_learnable_temperature_as_its_parameter(case: ObjectiveCase) -> None:
    assert case.make
    loss = type(case.make())(temperature=torch.nn.Parameter(torch.tensor(0.5)))
    assert [name for name, _ in loss.named_parameters()] == ["temperature"]
    assert repr(loss) == f"{type(loss).__name__}(temperature=0.5)"


# --- the class ------------------------------------------------------------------------------------


@every_loss
def test_the_class_gives_what_the_function_gives(case: ObjectiveCase) -> None:
    assert case.make
    assert torch.equal(case.make()(*case.inputs), case(*case.inputs))


@every_loss
def test_repr_shows_every_hyper_parameter(case: ObjectiveCase) -> None:
    assert case.make
    shown = repr(case.make())
    for name, value in case.arguments.items():
        assert f"{name}={value!r}" in shown


@every_loss
def test_the_class_has_the_arguments_and_defaults_of_the_function(case: ObjectiveCase) -> None:
    assert case.make
    function = inspect.signature(getattr(objectives, case.name)).parameters.values()
    ours = inspect.signature(type(case.make()).__init__).parameters.values()
    keywords = {p.name: p.default for p in ours if p.kind is p.KEYWORD_ONLY}
    assert keywords == {p.name: p.default for p in function if p.kind is p.KEYWORD_ONLY}


# --- invariances ----------------------------------------------------------------------------------


@every_case
@few
@seeds
def test_the_order_of_samples_does_not_matter(case: ObjectiveCase, seed: int) -> None:
    inputs = drawn(case, seed)
    order = torch.randperm(len(inputs[0]), generator=torch.Generator().manual_seed(seed))
    shuffled = [x[order] if len(x) == len(order) else x.flip(0) for x in inputs]
    close(case(*shuffled), case(*inputs))


@only("lengths")
@few
@seeds
def test_the_length_of_vectors_does_not_matter(case: ObjectiveCase, seed: int) -> None:
    inputs = drawn(case, seed)
    lengths = [torch.logspace(-3, 3, len(x), dtype=torch.float64)[:, None] for x in inputs]
    scaled = [x * length for x, length in zip(inputs, lengths, strict=True)]
    close(case(*scaled), case(*inputs))


@only("rotation")
@few
@seeds
def test_a_rotation_of_the_space_does_not_matter(case: ObjectiveCase, seed: int) -> None:
    inputs = drawn(case, seed)
    dim = inputs[0].shape[1]
    source = torch.Generator().manual_seed(seed)
    turn, _ = torch.linalg.qr(torch.randn(dim, dim, generator=source, dtype=torch.float64))
    close(case(*(x @ turn for x in inputs)), case(*inputs))


@only("shift")
@few
@seeds
def test_a_shift_of_the_space_does_not_matter(case: ObjectiveCase, seed: int) -> None:
    inputs = drawn(case, seed)
    close(case(*(x + inputs[0][0] for x in inputs)), case(*inputs), tolerance=1e-9)


@pytest.mark.parametrize("case", [c for c in OBJECTIVE_CASES if c.symmetric], ids=str)
@few
@seeds
def test_swapping_the_views_does_not_matter(case: ObjectiveCase, seed: int) -> None:
    z1, z2 = drawn(case, seed)
    close(case(z2, z1), case(z1, z2))


def gathers(case: ObjectiveCase) -> bool:
    """Whether the mean over two halves of the batch differs from the loss of the whole."""
    size = len(case.inputs[0])
    cut = [x if len(x) != size else (x[: size // 2], x[size // 2 :]) for x in case.inputs]
    halves = [case(*(x if isinstance(x, Tensor) else x[i] for x in cut)) for i in range(2)]
    return not torch.allclose((halves[0] + halves[1]) / 2, case(*case.inputs))


@every_case
def test_a_case_says_whether_the_batch_is_coupled(case: ObjectiveCase) -> None:
    assert gathers(case) == case.couples_batch


# --- scale ----------------------------------------------------------------------------------------


def reads(case: ObjectiveCase, anchor: Anchor) -> None:
    close(case(*anchor.world), anchor.value, tolerance=1e-12)
    in_single = case(*(x.float() for x in anchor.world))
    close(in_single, anchor.value, tolerance=2e-5)


@every_case
def test_a_perfect_world_reads_what_the_scale_line_says(case: ObjectiveCase) -> None:
    reads(case, case.perfect)


@every_case
def test_a_collapsed_world_reads_what_the_scale_line_says(case: ObjectiveCase) -> None:
    reads(case, case.collapsed)


@pytest.mark.parametrize("case", [c for c in LOSSES if c.at_chance], ids=str)
def test_a_world_of_equal_candidates_reads_the_chance_of_the_class(case: ObjectiveCase) -> None:
    assert case.make
    assert case.at_chance
    reads(case, case.at_chance)
    size = len(case.at_chance.world[0])
    bank = len(case.at_chance.world[2]) if case.num_negatives else 0
    chance = case.make().chance(batch_size=size, num_negatives=bank)
    assert chance == pytest.approx(case.at_chance.value, abs=1e-12)


@pytest.mark.parametrize("case", [c for c in LOSSES if not c.at_chance], ids=str)
def test_an_objective_without_candidates_has_no_chance_value(case: ObjectiveCase) -> None:
    assert case.make
    assert case.make().chance(batch_size=4) is None


@every_case
@few
@seeds
def test_no_input_leaves_the_range(case: ObjectiveCase, seed: int) -> None:
    inputs = drawn(case, seed)
    for world in (inputs, tuple(10 * x.sign() for x in inputs), (inputs[0], *inputs[:-1])):
        value = float(case(*(x.float() for x in world)))
        assert case.minimum <= value <= case.maximum + 1e-5


# --- precision ------------------------------------------------------------------------------------


@every_case
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_summed_in_float32(case: ObjectiveCase, dtype: torch.dtype) -> None:
    inputs = [x.to(dtype).requires_grad_() for x in case.inputs]
    loss = case(*inputs)
    assert loss.dtype == torch.float32
    assert torch.equal(loss, case(*(x.detach().float() for x in inputs)))
    loss.backward()
    for x in inputs:
        assert x.grad is not None
        assert x.grad.dtype == dtype
        assert x.grad.isfinite().all()


@every_case
def test_autocast_changes_nothing(case: ObjectiveCase) -> None:
    def gradients(*, autocast: bool) -> list[Tensor]:
        inputs = [x.float().requires_grad_() for x in case.inputs]
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            loss = case(*inputs)
        return [loss, *torch.autograd.grad(loss, inputs)]

    for with_autocast, without in zip(
        gradients(autocast=True), gradients(autocast=False), strict=True
    ):
        assert torch.equal(with_autocast, without)


@pytest.mark.parametrize("case", [c for c in LOSSES if "temperature" in c.arguments], ids=str)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
def test_aligned_views_at_temperature_001_are_finite(
    case: ObjectiveCase, dtype: torch.dtype
) -> None:
    cold = replace(case, arguments={"temperature": 0.01})
    first = F.normalize(torch.randn(64, 16)).to(dtype).requires_grad_()
    bank = [F.normalize(torch.randn(32, 16)).to(dtype)] if case.num_negatives else []
    loss = cold(first, first, *bank)
    loss.backward()
    assert 0 <= loss.item() < 1e-3
    assert first.grad is not None
    assert first.grad.isfinite().all()


@every_case
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("zeros", [slice(0, 1), slice(None)], ids=["one row", "every row"])
def test_zero_vectors_give_finite_values_and_gradients(
    case: ObjectiveCase, dtype: torch.dtype, zeros: slice
) -> None:
    inputs = [x.to(dtype) for x in case.inputs]
    for x in inputs:
        x[zeros] = 0
        x.requires_grad_()
    loss = case(*inputs)
    loss.backward()
    assert loss.isfinite()
    for x in inputs:
        assert x.grad is not None
        assert x.grad.isfinite().all()
        assert x.grad.abs().max() < 1e6


# --- refusals -------------------------------------------------------------------------------------


@every_case
@pytest.mark.usefixtures("as_users_run_it")
def test_a_vector_is_refused(case: ObjectiveCase) -> None:
    first, *others = case.inputs
    with pytest.raises(ValueError, match=r"must be a matrix \(samples × dim\), got shape \(5,\)"):
        case(first[0][:5], *others)


@every_case
@pytest.mark.usefixtures("as_users_run_it")
def test_integers_are_refused(case: ObjectiveCase) -> None:
    with pytest.raises(TypeError, match=r"must be floating point, got torch.int64"):
        case(*(x.long() for x in case.inputs))


@pytest.mark.parametrize("case", [c for c in OBJECTIVE_CASES if len(c.inputs) > 1], ids=str)
@pytest.mark.usefixtures("as_users_run_it")
def test_shapes_that_differ_are_refused(case: ObjectiveCase) -> None:
    first, second, *others = case.inputs
    expected = r"must have the shape of `\w+`, \(6, 5\), got \(5, 5\)"
    with pytest.raises(ValueError, match=expected):
        case(first, second[:5], *others)
    if others:
        with pytest.raises(ValueError, match="`negatives` must have the columns of `queries`, 5"):
            case(first, second, others[0][:, :4])


@every_case
@pytest.mark.usefixtures("as_users_run_it")
def test_a_batch_of_one_is_refused_where_it_means_nothing(case: ObjectiveCase) -> None:
    one = [x[:1] for x in case.inputs]
    if case.couples_batch:
        with pytest.raises(ValueError, match=r"needs at least 2 rows .* got shape \(1, \d\)"):
            case(*one)
    else:
        assert math.isfinite(case(*one))
    with pytest.raises(ValueError, match="needs at least"):
        case(*(x[:0] for x in case.inputs))


@every_loss
@pytest.mark.usefixtures("as_users_run_it")
def test_arguments_out_of_range_are_refused_by_function_and_class(case: ObjectiveCase) -> None:
    assert case.make
    for arguments, words in case.refused:
        message = re.escape(words).replace(r"\.\*", ".*")
        with pytest.raises(ValueError, match=message):
            replace(case, arguments={**case.arguments, **arguments})(*case.inputs)
        with pytest.raises(ValueError, match=message):
            type(case.make())(**{**case.arguments, **arguments})


# --- compilation ----------------------------------------------------------------------------------


@every_case
@pytest.mark.usefixtures("as_users_run_it")
def test_it_compiles_without_a_graph_break(case: ObjectiveCase) -> None:
    torch.compiler.reset()
    compiled = torch.compile(case.__call__, fullgraph=True, backend="eager")
    inputs = [x.clone().requires_grad_() for x in case.inputs]
    loss = compiled(*inputs)
    close(loss, case(*case.inputs))
    gradients = torch.autograd.grad(loss, inputs)
    expected = torch.autograd.grad(case(*inputs), inputs)
    for ours, theirs in zip(gradients, expected, strict=True):
        close(ours, theirs)
