"""Views of which each sample carries a mark that names it: a shortcut, made on purpose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

import torch
from jaxtyping import Int64
from torch import Tensor
from torch.nn import functional as F

from nearfar.checks import check_choice
from nearfar.inputs import Sequences, View
from nearfar.ops import uniform
from nearfar.views import Views, digits_views, simclr_views
from nearfar.views._sequencepresets import sequence_views

__all__ = ["Mark", "MarkedViews", "marked_image_views", "marked_sequence_views"]

Mark: TypeAlias = Literal["patch", "frame", "shade"]
"""Where the mark is: in a corner (or at the start), along all edges (or at both ends), everywhere
(a faint smooth pattern)."""
_STRENGTH, _FAINT = 2.0, 0.5  # in standard deviations of the inputs
_SHARE = 6  # a corner is a sixth of the side
_KNOTS = 4  # of the smooth pattern, along an axis
_CODE = 64  # numbers that name a sample
_SEED = 7


class MarkedViews:
    """Views with a mark that all views of a sample share, and no other sample has.

    Args:
        views: Views without the mark.
        mark: Where the mark is.
    """

    def __init__(self, views: Views, *, mark: Mark = "patch") -> None:
        check_choice(get_args(Mark), mark=mark)
        self.views, self.mark, self.num_views = views, mark, views.num_views
        for name in ("mean", "std"):
            if hasattr(views, name):
                setattr(self, name, getattr(views, name))

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of the views without the mark."""
        return self.views.notes

    def __call__(
        self, inputs: Any, samples: Int64[Tensor, " batch"], *, seed: int, epoch: int
    ) -> tuple[View, ...]:
        """The views of a batch, marked."""
        code = uniform(samples.cpu(), seed=_SEED, epoch=0, count=_CODE) * 2 - 1
        shown = self.views(inputs, samples, seed=seed, epoch=epoch)
        return tuple(self._marked(view, code) for view in shown)

    def plain(self, inputs: Any) -> View:
        """The view for embedding, without a mark: new samples have none."""
        return self.views.plain(inputs)

    def _marked(self, view: View, code: Tensor) -> View:
        if isinstance(view, Sequences):
            return replace(view, values=self._marked_values(view.values, code))
        if not isinstance(view, Tensor):
            raise TypeError(f"`views` must be of images or sequences, got {type(view).__name__}")
        return self._marked_values(view, code)

    def _marked_values(self, values: Tensor, code: Tensor) -> Tensor:
        code = code.to(values.device, values.dtype)
        space = values.shape[2:]
        pattern = _smooth(code, space) if self.mark == "shade" else _blocks(code, space)
        if self.mark == "shade":
            return values + _FAINT * pattern[:, None]
        return torch.where(_PLACES[self.mark](space), _STRENGTH * pattern[:, None], values)


def _smooth(code: Tensor, space: torch.Size) -> Tensor:
    """A pattern that varies slowly, between knots."""
    knots = code[:, : _KNOTS ** len(space)].reshape(len(code), 1, *[_KNOTS] * len(space))
    mode = "linear" if len(space) == 1 else "bilinear"
    return F.interpolate(knots, size=tuple(space), mode=mode, align_corners=True)[:, 0]


def _blocks(code: Tensor, space: torch.Size) -> Tensor:
    """The code in blocks, one value after the other, over and over."""
    index = torch.arange(int(torch.tensor(space).prod())) % _CODE
    return code[:, index].reshape(len(code), *space)


def _corner(space: torch.Size) -> Tensor:
    inside = torch.ones(space, dtype=torch.bool)
    for axis, side in enumerate(space):
        near = torch.arange(side) < max(2, side // _SHARE)
        inside &= near.view([-1 if i == axis else 1 for i in range(len(space))])
    return inside


def _frame(space: torch.Size) -> Tensor:
    outside = torch.zeros(space, dtype=torch.bool)
    for axis, side in enumerate(space):
        width = max(1, side // (2 * _SHARE))
        at = torch.arange(side)
        near = (at < width) | (at >= side - width)
        outside |= near.view([-1 if i == axis else 1 for i in range(len(space))])
    return outside


_PLACES: Mapping[str, Callable[[torch.Size], Tensor]] = MappingProxyType(
    {"patch": _corner, "frame": _frame}
)


def marked_image_views(
    *, size: int, channels: int = 3, mark: Mark = "patch", **overrides: Any
) -> MarkedViews:
    """Marked pictures: the views of drawings if they are grey, else those of SimCLR.

    Args:
        size: Side of a view in pixels.
        channels: Number of channels.
        mark: Where the mark is.
        overrides: Settings of the views.

    Example:
        >>> views = marked_image_views(size=12, channels=1, crop_scale=(1.0, 1.0))
        >>> first, second = views(torch.zeros(3, 1, 12, 12), torch.arange(3), seed=0, epoch=0)
        >>> bool((first[0, :, :2, :2] == second[0, :, :2, :2]).all())
        True
    """
    make = digits_views if channels == 1 else simclr_views
    return MarkedViews(make(size=size, channels=channels, **overrides), mark=mark)


def marked_sequence_views(
    *, length: int, channels: int = 1, sound: bool, mark: Mark = "patch", **overrides: Any
) -> MarkedViews:
    """Marked sounds or series, with their usual views.

    Args:
        length: Number of time steps of a view.
        channels: Number of channels.
        sound: Whether the sequences are sounds.
        mark: Where the mark is.
        overrides: Settings of the views.
    """
    views = sequence_views(length=length, channels=channels, sound=sound, **overrides)
    return MarkedViews(views, mark=mark)
