"""A method that starts from the weights of another run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Literal

from torch import Tensor, nn

from nearfar.methods import Method

__all__ = ["continued_method"]

_ENCODER = "encoder."


def continued_method(
    preset: Callable[..., Method],
    weights: Mapping[str, Tensor],
    *,
    carry: Literal["all", "encoder"] = "all",
) -> Callable[..., Method]:
    """The preset, with initial weights from another run.

    The encoder is loaded before the method is built, so that momentum encoders start as its copies.

    Args:
        preset: Function that builds the method.
        weights: State of the other run's method, by name.
        carry: ``all``: every tensor with the same name and shape; ``encoder``: those of the encoder
            alone.

    Returns:
        A function that builds the method. It raises a ValueError if the encoder differs.
    """

    @functools.wraps(preset)
    def build(encoder: nn.Module, width: int, **options: Any) -> Method:
        _load_encoder(encoder, weights)
        method = preset(encoder, width, **options)
        if carry == "all":
            own = method.state_dict()
            fitting = {
                name: value
                for name, value in weights.items()
                if name in own and own[name].shape == value.shape
            }
            method.load_state_dict({**own, **fitting})
        return method

    return build


def _load_encoder(encoder: nn.Module, weights: Mapping[str, Tensor]) -> None:
    given = {
        name.removeprefix(_ENCODER): value
        for name, value in weights.items()
        if name.startswith(_ENCODER)
    }
    own = encoder.state_dict()
    if given.keys() != own.keys() or any(given[n].shape != own[n].shape for n in own):
        raise ValueError("`start` must be a cell with the same encoder, got one with other weights")
    encoder.load_state_dict(given)
