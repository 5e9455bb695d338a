"""Checks of an objective's value against a reference, and of its gradients."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.autograd.gradcheck import GradcheckError

from nearfar.testing._check import Promise, close, fail, require
from nearfar.testing._objective_contract import DRAWS, ObjectiveContract, Tensors, converted
from nearfar.testing._refusal import without_shape_checks

__all__ = ["GRADIENT_PROMISES"]


def value_equals_reference(contract: ObjectiveContract) -> None:
    """In float64 its value equals the reference."""
    assert contract.reference is not None
    for seed in range(DRAWS):
        inputs = contract.drawn(seed)
        expected = contract.reference(*(x.numpy() for x in inputs), **contract.arguments)
        found = contract(*inputs)
        require(found.ndim == 0, f"the value must be a scalar, got shape {tuple(found.shape)}")
        close(
            found,
            torch.as_tensor(expected, dtype=found.dtype),
            f"value and reference, inputs drawn with seed {seed}",
            rtol=contract.tolerance,
            atol=contract.tolerance,
        )


def gradient_equals_finite_differences(contract: ObjectiveContract) -> None:
    """In float64 its gradient equals finite differences."""
    inputs = tuple(x.clone() for x in contract.inputs)
    contract.learnt(inputs)
    try:  # along random directions instead of each coordinate
        gradcheck(contract.__call__, inputs, fast_mode=True)
    except GradcheckError as error:
        fail(f"the gradient must equal finite differences, but differs: {error}")


def second_derivative_equals_finite_differences(contract: ObjectiveContract) -> None:
    """In float64 its second derivative equals finite differences."""
    inputs = tuple(x.clone() for x in contract.inputs)
    contract.learnt(inputs)
    try:
        gradgradcheck(contract.__call__, inputs, fast_mode=True)
    except GradcheckError as error:
        fail(f"the second derivative must equal finite differences, but differs: {error}")


def gradient_equals_closed_form(contract: ObjectiveContract) -> None:
    """In float64 its gradient equals `reference_gradient`, for objectives with stop-gradients."""
    assert contract.reference_gradient is not None
    for seed in range(DRAWS):
        inputs = contract.drawn(seed)
        expected = contract.reference_gradient(*(x.numpy() for x in inputs), **contract.arguments)
        learnt = contract.learnt(inputs)
        ours = iter(torch.autograd.grad(contract(*inputs), learnt))
        for i, (x, gradient) in enumerate(zip(inputs, expected, strict=True)):
            if x.requires_grad:
                close(
                    next(ours),
                    torch.from_numpy(np.asarray(gradient)),
                    f"gradient for input {i} and the closed form, inputs drawn with seed {seed}",
                    rtol=contract.tolerance,
                    atol=contract.tolerance,
                )


def only_frozen_inputs_get_no_gradient(contract: ObjectiveContract) -> None:
    """Every input except those declared as frozen receives a gradient."""
    inputs = [x.clone().requires_grad_(x.is_floating_point()) for x in contract.inputs]
    contract(*inputs).backward()  # type: ignore[no-untyped-call]
    for i, x in enumerate(inputs):
        if x.requires_grad:
            received = x.grad is not None and bool(x.grad.any())
            frozen = i in contract.frozen_inputs
            require(
                received != frozen,
                f"input {i} must receive {'no' if frozen else 'a'} gradient"
                f" (`frozen_inputs` is {sorted(contract.frozen_inputs)}), got {x.grad}",
            )


def learnable_arguments_get_their_gradient(contract: ObjectiveContract) -> None:
    """A learnable argument can be a tensor, with the same value, and receives its gradient."""
    for name in contract.learnable:
        learnt = torch.tensor(contract.arguments[name], dtype=torch.float64)

        def loss(value: Tensor, name: str = name) -> Tensor:
            return contract.called_with({**contract.arguments, name: value}, *contract.inputs)

        close(loss(learnt), contract(*contract.inputs), f"with `{name}` as a tensor")
        try:
            gradcheck(loss, [learnt.requires_grad_()])
        except GradcheckError as error:
            fail(f"the gradient for `{name}` must equal finite differences: {error}")


def half_precision_is_summed_in_float32(contract: ObjectiveContract) -> None:
    """float16 and bfloat16 have the float32 value of the same numbers, and finite gradients."""
    for dtype in (torch.float16, torch.bfloat16):
        inputs = converted(contract.inputs, dtype)
        loss, *gradients = contract.gradients(inputs)
        require(loss.dtype == torch.float32, f"for {dtype} it must be float32, got {loss.dtype}")
        exact = contract(*converted(inputs, torch.float32))
        close(loss, exact, f"value for {dtype} and for the same numbers in float32", rtol=0, atol=0)
        for gradient in gradients:
            require(gradient.dtype == dtype, f"gradients must be {dtype}, got {gradient.dtype}")
            require(gradient.isfinite().all(), f"gradients of {dtype} must be finite")


def autocast_changes_nothing(contract: ObjectiveContract) -> None:
    """Under autocast, value and gradients of float32 inputs are bitwise unchanged."""
    inputs = converted(contract.inputs, torch.float32)
    pairs = zip(contract.gradients(inputs, autocast=True), contract.gradients(inputs), strict=True)
    for i, (ours, expected) in enumerate(pairs):
        what = "value" if i == 0 else f"gradient {i}"
        close(ours, expected, f"{what} under autocast and without it", rtol=0, atol=0)


def zero_vectors_are_finite(contract: ObjectiveContract) -> None:
    """With one zero vector, or only zeros, values are finite and gradients moderate."""
    for dtype in (torch.bfloat16, torch.float32):
        for zeros, what in ((slice(0, 1), "one zero row"), (slice(None), "only zeros")):
            inputs = _blanked(converted(contract.inputs, dtype), zeros)
            loss, *gradients = contract.gradients(inputs)
            require(loss.isfinite(), f"with {what} in {dtype} the value must be finite, got {loss}")
            for gradient in gradients:
                require(
                    gradient.isfinite().all() and gradient.abs().max() < 1e6,
                    f"with {what} in {dtype} gradients must be finite and below 1e6 in size,"
                    f" got {gradient}",
                )


def compiles_in_one_graph(contract: ObjectiveContract) -> None:
    """``torch.compile`` has no graph breaks, and preserves value and gradients."""

    def value(*tensors: Tensor) -> Tensor:
        return contract.called_with(contract.arguments, *tensors)

    torch.compiler.reset()
    compiled = torch.compile(value, fullgraph=True, backend="eager")
    inputs = tuple(x.clone() for x in contract.inputs)
    learnt = contract.learnt(inputs)
    with without_shape_checks():
        try:
            loss = compiled(*inputs)
        except Exception as error:
            fail(f"it must compile as one graph, got {type(error).__name__}: {error}")
    ours = [loss.detach(), *torch.autograd.grad(loss, learnt)]
    close(ours, contract.gradients(contract.inputs), "value and gradients, compiled and not")


def _blanked(inputs: Tensors, rows: slice) -> Tensors:
    copies = tuple(x.clone() for x in inputs)
    for x in copies:
        if x.is_floating_point():
            x[rows] = 0
    return copies


GRADIENT_PROMISES = (
    Promise(value_equals_reference, lambda c: c.reference is not None),
    Promise(gradient_equals_finite_differences, lambda c: c.reference_gradient is None),
    Promise(second_derivative_equals_finite_differences, lambda c: c.reference_gradient is None),
    Promise(gradient_equals_closed_form, lambda c: c.reference_gradient is not None),
    Promise(only_frozen_inputs_get_no_gradient),
    Promise(learnable_arguments_get_their_gradient, lambda c: bool(c.learnable)),
    Promise(half_precision_is_summed_in_float32),
    Promise(autocast_changes_nothing),
    Promise(zero_vectors_are_finite),
    Promise(compiles_in_one_graph, lambda c: c.compiles),
)
