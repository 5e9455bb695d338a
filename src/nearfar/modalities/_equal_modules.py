"""Whether a class builds a module that equals a given one, and with which arguments."""

from __future__ import annotations

import inspect
import weakref
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["arguments_of"]

_TORCHS_OWN = {*vars(nn.Module()), "training"}
_PLAIN = (bool, int, float, str, type(None), torch.dtype, torch.device)


def arguments_of(module: nn.Module) -> dict[str, Any] | None:
    """Arguments with which the class of a module builds an equal one; None if they are not known.

    They are the attributes that are called like parameters of the constructor, if these are numbers
    or text. They count only if the module that the class builds from them has the same parts,
    attributes and shapes.

    >>> arguments_of(nn.Linear(2, 3)), arguments_of(nn.Sequential(nn.ReLU()))
    ({'in_features': 2, 'out_features': 3}, None)
    """
    try:
        arguments = _exposed(module)
        if arguments is None:
            return None
        with torch.random.fork_rng():
            made = type(module)(**arguments)
    except Exception:  # whatever it is, the class does not build it from these
        return None
    return arguments if _alike(made, module) else None


def _exposed(module: nn.Module) -> dict[str, Any] | None:
    found = {}
    for name, parameter in inspect.signature(type(module)).parameters.items():
        value = getattr(module, name, parameter.default)
        shown = isinstance(value, (bool, int, float, str))
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if shown and parameter.kind is not parameter.POSITIONAL_ONLY:
            if value != parameter.default:
                found[name] = value
        elif parameter.default is parameter.empty:
            return None
    return found


def _alike(one: nn.Module, other: nn.Module) -> bool:
    """Whether two modules compute the same function of their weights, as far as can be seen."""
    for ours, theirs in zip_longest(one.named_modules(), other.named_modules()):
        if ours is None or theirs is None or ours[0] != theirs[0]:
            return False
        if type(ours[1]) is not type(theirs[1]) or _shown(ours[1]) != _shown(theirs[1]):
            return False
        if not _equal(_attributes(ours[1]), _attributes(theirs[1])):
            return False
    return True


def _shown(module: nn.Module) -> list[tuple[object, ...]]:
    """Weights by name, shape, type and whether they are trained, and the number of hooks."""
    weights = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
    shapes: list[tuple[object, ...]] = [
        (name, value.shape, value.dtype, value.requires_grad) for name, value in weights
    ]
    hooks = (name for name in vars(module) if name in _TORCHS_OWN and "hooks" in name)
    return [*shapes, *((name, len(vars(module)[name] or ())) for name in hooks)]


def _attributes(module: nn.Module) -> dict[str, Any]:
    own = {name: value for name, value in vars(module).items() if name not in _TORCHS_OWN}
    lost = module._non_persistent_buffers_set  # not among the weights that are stored
    return own | {f"buffer {name}": module._buffers[name] for name in sorted(lost)}


def _equal(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return [*one] == [*other] and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, (nn.Parameter, weakref.ref)):  # compared where they belong
        return True
    if isinstance(one, Tensor):
        return one.shape == other.shape and torch.equal(one.cpu(), other.cpu())
    return one is other or (isinstance(one, _PLAIN) and bool(one == other))
