"""Recipes of views for sounds and for time series."""

from __future__ import annotations

import inspect
from typing import Any

from nearfar.checks import check_choice
from nearfar.views._sequenceviews import SequenceViews

__all__ = ["sequence_views"]

_SETTINGS = frozenset(inspect.signature(SequenceViews).parameters)
_ONE_VIEW: dict[str, Any] = {"num_views": 1}
_SOUND: dict[str, Any] = {
    "gain": 6.0,
    "noise": 0.5,
    "snr": (10.0, 30.0),
    "polarity": 0.5,
    "time_masks": 1,
    "time_mask": 0.2,
    "frequency_masks": 1,
    "frequency_mask": 0.3,
}
_SERIES: dict[str, Any] = {
    "speed": (0.6, 1.0),
    "gain": 1.0,
    "noise": 0.5,
    "snr": (10.0, 30.0),
    "time_masks": 1,
    "time_mask": 0.2,
}


def sequence_views(
    method: str, *, length: int, channels: int = 1, sound: bool, **overrides: Any
) -> SequenceViews:
    """The views that suit a method.

    CPC takes one window as it is. Every other method gets two that differ. Of sound: gain, noise,
    sign, a stretch of time and a band of frequencies blanked out; what is said and who speaks stay.
    Of series: a part at the length of the whole, a little gain and noise, a stretch blanked out.

    Args:
        method: Name of the method's preset.
        length: Time steps of a view.
        channels: Channels of the sequences.
        sound: Whether they are sounds; else they are time series.
        overrides: Settings of :class:`SequenceViews` that replace the preset's.

    Raises:
        ValueError: A setting is unknown (the nearest is named), or out of range.

    Example:
        >>> sequence_views("cpc", length=20480, sound=True).num_views
        1
        >>> sequence_views("simclr", length=128, sound=False, gain=0.0).speed
        (0.6, 1.0)
    """
    for name in overrides:
        check_choice(_SETTINGS, setting=name)
    pad = "wrap" if sound else "reflect"
    recipe: dict[str, Any] = {"length": length, "channels": channels, "pad": pad}
    recipe |= {"normalise": "rms" if sound else "data"}
    recipe |= _ONE_VIEW if method == "cpc" else _SOUND if sound else _SERIES
    return SequenceViews(**recipe | overrides)
