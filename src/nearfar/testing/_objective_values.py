"""Checks of an objective's invariances and known values."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from nearfar.testing._check import Promise, close, require
from nearfar.testing._objective_contract import (
    DRAWS,
    Anchor,
    ObjectiveContract,
    Tensors,
    converted,
)

__all__ = ["VALUE_PROMISES"]


def order_of_samples_does_not_matter(contract: ObjectiveContract) -> None:
    """Its value does not depend on the order of samples."""
    for seed in range(DRAWS):
        inputs = contract.drawn(seed)
        order = torch.randperm(contract.batch_size(inputs))
        _same(contract, inputs, contract.select(inputs, order), "in another order")


def lengths_do_not_matter(contract: ObjectiveContract) -> None:
    """Its value does not change if each vector is multiplied by its own positive number."""

    def scaled(x: Tensor) -> Tensor:
        return x * 10 ** (6 * torch.rand(*x.shape[:-1], 1, dtype=x.dtype) - 3)

    for seed in range(DRAWS):
        inputs = contract.drawn(seed)
        others = tuple(scaled(x) if x.is_floating_point() else x for x in inputs)
        _same(contract, inputs, others, "with vectors of other norms")


def rotation_does_not_matter(contract: ObjectiveContract) -> None:
    """Its value does not change if all inputs are rotated."""
    for seed in range(DRAWS):
        inputs = contract.drawn(seed)
        dim = inputs[0].shape[-1]
        turn = torch.linalg.qr(torch.randn(dim, dim, dtype=torch.float64))[0]
        others = tuple(x @ turn if x.is_floating_point() else x for x in inputs)
        _same(contract, inputs, others, "rotated")


def shift_does_not_matter(contract: ObjectiveContract) -> None:
    """Its value does not change if all inputs are shifted."""
    for seed in range(DRAWS):
        inputs = contract.drawn(seed)
        space = inputs[0].shape[-1:] if inputs[0].ndim > 1 else ()  # vectors, or scores
        step = torch.randn(space, dtype=torch.float64)
        others = tuple(x + step if x.is_floating_point() else x for x in inputs)
        looser = replace(contract, tolerance=10 * contract.tolerance)
        _same(looser, inputs, others, "shifted")


def swapping_the_views_does_not_matter(contract: ObjectiveContract) -> None:
    """Its value does not change if the first two inputs are swapped."""
    for seed in range(DRAWS):
        first, second, *others = contract.drawn(seed)
        swapped = (second, first, *others)
        _same(contract, (first, second, *others), swapped, "with the views swapped")


def coupling_is_declared(contract: ObjectiveContract) -> None:
    """It is a mean over samples if and only if `couples_batch` is false."""
    inputs = contract.inputs
    halves = torch.arange(contract.batch_size(inputs)).chunk(2)
    first, second = (contract(*contract.select(inputs, half)) for half in halves)
    coupled = not torch.allclose((first + second) / 2, contract(*inputs))
    require(
        coupled == contract.couples_batch,
        f"the mean of the values of both halves of a batch {'differs from' if coupled else 'is'}"
        f" the value of the whole, so `couples_batch` must be {coupled}, got"
        f" {contract.couples_batch}",
    )


def anchors_hold(contract: ObjectiveContract) -> None:
    """It has the declared values for perfect, collapsed and chance inputs, also in float32."""
    for name in ("perfect", "collapsed", "at_chance"):
        anchor: Anchor | None = getattr(contract, name)
        if anchor is not None:
            for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 2e-5)):
                found = contract(*converted(anchor.inputs, dtype)).double()
                expected = torch.tensor(anchor.value, dtype=torch.float64)
                what = f"value of the inputs `{name}` in {dtype}"
                close(found, expected, what, rtol=tolerance, atol=tolerance)


def no_input_leaves_the_range(contract: ObjectiveContract) -> None:
    """Its values are between `minimum` and `maximum` for all inputs."""
    for seed in range(DRAWS):
        inputs = contract.drawn(seed)
        corners = tuple(10 * x.sign() if x.is_floating_point() else x for x in inputs)
        alike = tuple(inputs[0] if x.shape == inputs[0].shape else x for x in inputs)
        for what, chosen in (("random", inputs), ("large", corners), ("equal", alike)):
            value = float(contract(*converted(chosen, torch.float32)))
            require(
                contract.minimum <= value <= contract.maximum + 1e-5,
                f"{what} inputs must give {contract.minimum} to {contract.maximum}, got {value}",
            )


def _same(contract: ObjectiveContract, inputs: Tensors, others: Tensors, what: str) -> None:
    tolerance = contract.tolerance
    found, expected = contract(*others), contract(*inputs)
    close(found, expected, f"value of the inputs {what}", rtol=tolerance, atol=tolerance)


VALUE_PROMISES = (
    Promise(order_of_samples_does_not_matter),
    Promise(lengths_do_not_matter, lambda c: "lengths" in c.unmoved_by),
    Promise(rotation_does_not_matter, lambda c: "rotation" in c.unmoved_by),
    Promise(shift_does_not_matter, lambda c: "shift" in c.unmoved_by),
    Promise(swapping_the_views_does_not_matter, lambda c: c.symmetric),
    Promise(coupling_is_declared),
    Promise(anchors_hold, lambda c: bool(c.perfect or c.collapsed or c.at_chance)),
    Promise(no_input_leaves_the_range),
)
