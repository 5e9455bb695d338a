"""The default views of audio and time series."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from nearfar._deprecation import renamed_options
from nearfar.checks import check_choice
from nearfar.views._sequenceviews import SequenceViews

__all__ = ["sequence_views", "window_view"]

_SETTINGS = frozenset(inspect.signature(SequenceViews).parameters)
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
    method: str | None = None,
    *,
    length: int,
    channels: int = 1,
    sound: bool,
    **overrides: Any,
) -> SequenceViews:
    """Two label-preserving views of a sequence.

    Audio: gain, noise, polarity, one time mask and one frequency mask, which preserve words and
    speaker. Series: a segment stretched to full length, weak gain and noise, one time mask.

    Args:
        method: Deprecated; ``cpc`` selects :func:`window_view`.
        length: Number of time steps of a view.
        channels: Number of channels of the sequences.
        sound: True for audio, False for time series.
        overrides: Settings of :class:`SequenceViews` that override these.

    Raises:
        ValueError: A setting is unknown (the message suggests the closest one), or out of range.

    Example:
        >>> sequence_views(length=128, sound=False, gain=0.0).speed
        (0.6, 1.0)
    """
    if method is not None:
        warnings.warn(
            "`method` of sequence_views is deprecated: omit it, or call window_view for CPC",
            DeprecationWarning,
            stacklevel=2,
        )
        if method == "cpc":
            return window_view(length=length, channels=channels, sound=sound, **overrides)
    augmented = _SOUND if sound else _SERIES
    return _build(augmented, overrides, length=length, channels=channels, sound=sound)


def window_view(*, length: int, channels: int = 1, sound: bool, **overrides: Any) -> SequenceViews:
    """CPC: one random window of a sequence, otherwise unchanged.

    Args:
        length: Number of time steps of a view.
        channels: Number of channels of the sequences.
        sound: True for audio, False for time series.
        overrides: Settings of :class:`SequenceViews` that override these.

    Example:
        >>> window_view(length=20480, sound=True).num_views
        1
    """
    return _build({"num_views": 1}, overrides, length=length, channels=channels, sound=sound)


def _build(
    recipe: dict[str, Any], overrides: dict[str, Any], *, length: int, channels: int, sound: bool
) -> SequenceViews:
    overrides = renamed_options(overrides, _SETTINGS, stacklevel=3)
    for name in overrides:
        check_choice(_SETTINGS, setting=name)
    known: dict[str, Any] = {
        "length": length,
        "channels": channels,
        "pad": "wrap" if sound else "reflect",
        "normalize": "rms" if sound else "data",
    }
    return SequenceViews(**known | recipe | overrides)
