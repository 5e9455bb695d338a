"""Views of pairs: each half has the views of its own modality."""

from __future__ import annotations

from typing import Any, final

import torch
from jaxtyping import Int64
from torch import Tensor

from nearfar.inputs import Group, Inputs, Pair, Signal, View
from nearfar.ops._random import Stream, random_bits
from nearfar.views._views import HasSettings, Views

__all__ = ["PairViews", "PlainViews", "SignalViews"]

_SECOND = 1 << 63  # a user's seed never has this bit, so the halves' draws are independent


@final
class PairViews:
    """The two views of a pair: a view of the input and a view of its signal.

    The halves of a :class:`nearfar.inputs.Pair` have separate views. From a
    :class:`nearfar.inputs.Group`, two different members are first drawn in each epoch. Every draw
    is a pure function of (seed, epoch, sample, view).

    Args:
        x: Views of the inputs, with one view per sample.
        s: Views of the signals, with one view per sample.
        marked: Whether signals have a separate encoder: their views are marked as
            :class:`nearfar.inputs.Signal`.
        turns: Whether the signal's view comes first in every other epoch, for methods that only
            train the first view's encoder.
        signals: Types of inputs that :meth:`plain` treats as signals if only one side is given.

    Raises:
        ValueError: `x` or `s` has more than one view per sample.

    Example:
        >>> from nearfar.views import ImageViews
        >>> one = ImageViews(size=16, channels=1, num_views=1)
        >>> pairs = Pair(torch.rand(4, 1, 20, 20), torch.rand(4, 1, 28, 28))
        >>> first, second = PairViews(one, one)(pairs, torch.arange(4), seed=0, epoch=0)
        >>> first.shape, second.shape
        (torch.Size([4, 1, 16, 16]), torch.Size([4, 1, 16, 16]))
    """

    num_views = 2

    def __init__(
        self,
        x: Views,
        s: Views,
        *,
        marked: bool = False,
        turns: bool = False,
        signals: tuple[type[Inputs], ...] = (),
    ) -> None:
        for name, views in (("x", x), ("s", s)):
            if views.num_views != 1:
                raise ValueError(f"`{name}` must have one view per sample, got {views.num_views}")
        self.x, self.s, self.marked, self.turns = x, s, marked, turns
        self._signals = signals

    def __repr__(self) -> str:
        return f"PairViews({self.x!r}, {self.s!r}, marked={self.marked})"

    def settings(self) -> dict[str, Any]:
        """The settings of each half's views."""
        found: dict[str, Any] = {}
        for name, views in (("x", self.x), ("s", self.s)):
            found[name] = views.settings() if isinstance(views, HasSettings) else {}
        return {**found, "marked": self.marked, "turns": self.turns}

    @property
    def notes(self) -> tuple[str, ...]:
        """Transforms that do not apply to these samples."""
        return tuple(dict.fromkeys((*self.x.notes, *self.s.notes)))

    def __call__(
        self, inputs: Pair | Group, samples: Int64[Tensor, " batch"], *, seed: int, epoch: int
    ) -> tuple[View, View]:
        """A view of each input and one of each signal; with `turns`, swapped every other epoch."""
        if isinstance(inputs, Group):
            pair = _drawn(inputs, samples, seed=seed, epoch=epoch)
        else:
            pair = inputs
        (first,) = self.x(pair.x, samples, seed=seed, epoch=epoch)
        (second,) = self.s(pair.s, samples, seed=seed ^ _SECOND, epoch=epoch)
        views = first, Signal(second) if self.marked else second
        return (views[1], views[0]) if self.turns and epoch % 2 else views

    def plain(self, inputs: View) -> View:
        """The deterministic view for embedding: the inputs of pairs, the first member of groups.

        Samples of only one side go to that side's encoder; if both sides are of the same modality,
        to the encoder of the inputs.
        """
        if isinstance(inputs, Group):
            return self.x.plain(inputs.member(torch.zeros(len(inputs), dtype=torch.int64)))
        if isinstance(inputs, Pair):
            return self.x.plain(inputs.x)
        if isinstance(inputs, self._signals):
            return Signal(self.s.plain(inputs))
        return self.x.plain(inputs)


def _drawn(group: Group, samples: Int64[Tensor, " batch"], *, seed: int, epoch: int) -> Pair:
    """Draw two different members of each sample, uniformly over ordered pairs."""
    bits = random_bits(samples.cpu(), seed=seed, epoch=epoch, count=2, stream=Stream.PAIRS)
    first = bits[:, 0] * group.size >> 32
    second = bits[:, 1] * (group.size - 1) >> 32
    second += second >= first
    return Pair(group.member(first), group.member(second))


class PlainViews:
    """Views without augmentation.

    Args:
        views: Views whose plain view is used.
    """

    num_views = 1

    def __init__(self, views: Views) -> None:
        self._views = views

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    def __call__(
        self, inputs: View, samples: Int64[Tensor, " batch"], *, seed: int, epoch: int
    ) -> tuple[View]:
        """The plain view."""
        return (self.plain(inputs),)

    def plain(self, inputs: View) -> View:
        """The plain view of the underlying views."""
        return self._views.plain(inputs)


@final
class SignalViews(PlainViews):
    """Views without augmentation, marked for the encoder of the signals.

    Args:
        views: Views whose plain view is used.
    """

    def plain(self, inputs: View) -> View:
        """The plain view of the underlying views."""
        return Signal(super().plain(inputs))
