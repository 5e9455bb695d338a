"""Checks of an objective's class, and of invalid inputs."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from nearfar.objectives import Objective
from nearfar.testing._check import Promise, close, require
from nearfar.testing._objective_contract import ObjectiveContract, Tensors
from nearfar.testing._refusal import refuses

__all__ = ["CLASS_PROMISES"]

# --- the class ------------------------------------------------------------------------------------


def class_is_an_objective(contract: ObjectiveContract) -> None:
    """The class derives from :class:`nearfar.objectives.Objective`."""
    kind = contract.made_class
    require(
        kind is not None and issubclass(kind, Objective),
        f"the class must derive from nearfar.objectives.Objective, got {kind}",
    )


def class_gives_what_the_function_gives(contract: ObjectiveContract) -> None:
    """Class and function have bitwise identical values."""
    found, expected = contract.make()(*contract.inputs), contract(*contract.inputs)
    close(found, expected, "value of the class and of the function", rtol=0, atol=0)


def class_takes_the_functions_arguments(contract: ObjectiveContract) -> None:
    """Constructor and ``forward`` together take the function's keyword arguments and defaults."""
    made = contract.made_class
    assert made is not None
    ours = {**_keywords(made.__init__), **_keywords(made.forward)}
    expected = _keywords(contract.objective)
    require(ours == expected, f"the class must take {_shown(expected)}, got {_shown(ours)}")


def repr_shows_every_argument(contract: ObjectiveContract) -> None:
    """The ``repr`` of the class shows each argument with its value."""
    shown = repr(contract.make())
    for name, value in contract.arguments.items():
        require(f"{name}={value!r}" in shown, f"repr must show {name}={value!r}, got {shown}")


def class_keeps_learnable_arguments(contract: ObjectiveContract) -> None:
    """A learnable argument is a parameter of the class, and is shown as a number."""
    for name in contract.learnable:
        loss = contract.make(**{name: nn.Parameter(torch.tensor(0.5))})
        names = [parameter for parameter, _ in loss.named_parameters()]
        require(names == [name], f"the class must have the parameter {name!r}, got {names}")
        shown = repr(loss)
        require(f"{name}=0.5" in shown, f"repr must show {name}=0.5, got {shown}")


def chance_is_the_value_of_equal_candidates(contract: ObjectiveContract) -> None:
    """``chance`` is the value for the inputs `at_chance`, or None if there are none."""
    anchor = contract.at_chance
    if anchor is None:
        found = contract.make().chance(batch_size=4)
        require(
            found is None,
            f"`chance` must be None, got {found}, or inputs with equal scores for all candidates"
            " must be given as `at_chance`",
        )
        return
    size = contract.batch_size(anchor.inputs)
    found = contract.make().chance(batch_size=size, num_negatives=anchor.num_negatives)
    require(found is not None, f"`chance` must be {anchor.value} for {size} samples, got None")
    close(found, anchor.value, f"`chance` of {size} samples", rtol=0, atol=1e-12)


# --- refusals -------------------------------------------------------------------------------------


def declared_refusals_are_made(contract: ObjectiveContract) -> None:
    """Function and class reject the declared invalid arguments with the declared messages."""
    for arguments, words in contract.refused:
        given = {**contract.arguments, **arguments}
        what = f"an objective with {_shown(arguments)}"
        called = partial(contract.called_with, given, *contract.inputs)
        refuses(called, ValueError, TypeError, words=words, what=what)
        if contract.has_class:
            made = partial(contract.make, **arguments)
            refuses(made, ValueError, TypeError, words=words, what=f"the class of {what}")
    for inputs, words in contract.refused_inputs:
        shapes = [tuple(x.shape) for x in inputs]
        _refused(contract, inputs, ValueError, TypeError, words=words, what=f"inputs {shapes}")


def vectors_are_refused(contract: ObjectiveContract) -> None:
    """A vector instead of a matrix is a ValueError that shows its shape."""
    first, *others = contract.inputs
    vector = first[0]
    words = str(tuple(vector.shape))
    _refused(contract, (vector, *others), ValueError, words=words, what="a vector")


def integers_are_refused(contract: ObjectiveContract) -> None:
    """Integers instead of floating-point numbers are a TypeError that shows their type."""
    whole = tuple(x.long() for x in contract.inputs)
    _refused(contract, whole, TypeError, words="torch.int64", what="integers")


def different_shapes_are_refused(contract: ObjectiveContract) -> None:
    """Views of different lengths are a ValueError that shows both shapes."""
    first, second, *others = contract.inputs
    shorter = second[1:]
    words = f"{tuple(first.shape)}, got {tuple(shorter.shape)}"
    _refused(contract, (first, shorter, *others), ValueError, words=words, what="a shorter view")


def small_batches_are_refused(contract: ObjectiveContract) -> None:
    """No samples are a ValueError; so is a single sample if samples are compared."""
    one = contract.select(contract.inputs, torch.arange(1))
    if contract.couples_batch:
        words = str(tuple(one[0].shape))
        _refused(contract, one, ValueError, words=words, what="a batch of one, if coupled,")
    else:
        value = float(contract(*one))
        require(math.isfinite(value), f"the value for a batch of one must be finite, got {value}")
    none = contract.select(contract.inputs, torch.arange(0))
    _refused(contract, none, ValueError, words=str(tuple(none[0].shape)), what="an empty batch")


def _refused(
    contract: ObjectiveContract, inputs: Tensors, *kinds: type[Exception], words: str, what: str
) -> None:
    refuses(partial(contract, *inputs), *kinds, words=words, what=what)


def _keywords(function: Any) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def _shown(arguments: Mapping[str, Any]) -> str:
    empty = inspect.Parameter.empty
    shown = [k if v is empty else f"{k}={v!r}" for k, v in arguments.items()]
    return ", ".join(shown) or "no arguments"


CLASS_PROMISES = (
    Promise(class_is_an_objective, lambda c: c.has_class),
    Promise(class_gives_what_the_function_gives, lambda c: c.loss_class is not None),
    Promise(class_takes_the_functions_arguments, lambda c: c.loss_class is not None),
    Promise(repr_shows_every_argument, lambda c: c.has_class),
    Promise(class_keeps_learnable_arguments, lambda c: c.has_class and bool(c.learnable)),
    Promise(chance_is_the_value_of_equal_candidates, lambda c: c.has_class),
    Promise(declared_refusals_are_made, lambda c: bool(c.refused or c.refused_inputs)),
    Promise(vectors_are_refused, lambda c: c.matrices),
    Promise(integers_are_refused, lambda c: c.matrices),
    Promise(
        different_shapes_are_refused,
        lambda c: c.matrices and len(c.inputs) > 1 and 1 not in c.shared_inputs,
    ),
    Promise(small_batches_are_refused, lambda c: c.matrices),
)
