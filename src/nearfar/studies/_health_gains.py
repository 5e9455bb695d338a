"""How often the verdict is right, by how much training gained or lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from nearfar.records import CalibrationRun
from nearfar.studies._health_judgments import JudgedRun, Share, share
from nearfar.studies._health_tables import markdown_table

__all__ = ["caught_at", "gain_table"]

_PROBES: Final = ("knn", "linear")
_SOUND: Final = (0.0, 0.03, 0.06, 0.12, math.inf)
_BROKEN: Final = (math.inf, 0.0, -0.03, -0.1, -math.inf)


def gain_table(judged: Sequence[JudgedRun], outcome: str) -> str:
    """Sound or broken runs with an alarm, by the gain over the untrained encoder.

    Of the gains of the kNN and of the linear probe the less certain one counts: the smaller one of
    a sound run, the larger one of a broken run.

    Args:
        judged: Judged runs.
        outcome: ``sound`` or ``broken``.
    """
    sound = outcome == "sound"
    edges = _SOUND if sound else _BROKEN
    of = [(_gain(each.run, sound=sound), each) for each in judged if each.run.outcome == outcome]
    rows = []
    for near, far in pairwise(edges):
        low, high = sorted((near, far))
        some = [each for gain, each in of if low <= gain < high]
        words = _range(near, far)
        rows.append(
            (
                words,
                share(each.alarm for each in some),
                share(each.alarm and not each.early for each in some),
            )
        )
    which = "smaller" if sound else "larger"
    header = (f"{which} gain, points", f"{outcome}: any alarm", "more than `not yet`")
    return markdown_table(header, rows)


def caught_at(judged: Sequence[JudgedRun], *, false_alarms: float) -> Share:
    """Broken runs below the threshold of the probability that few sound runs are below.

    The threshold is chosen with the outcomes in view: no threshold chosen beforehand does better.

    Args:
        judged: Judged runs; those without a probability are left out.
        false_alarms: Largest share of sound runs below the threshold.
    """
    of = {
        outcome: [
            each.probability
            for each in judged
            if each.probability is not None and each.run.outcome == outcome
        ]
        for outcome in ("sound", "broken")
    }
    sound = sorted(of["sound"])
    spared = sound[math.floor(false_alarms * len(sound))] if sound else math.inf
    return share(probability < spared for probability in of["broken"])


def _gain(run: CalibrationRun, *, sound: bool) -> float:
    gains = [gain.value for gain in run.gains if gain.probe in _PROBES]
    return min(gains) if sound else max(gains)


def _range(near: float, far: float) -> str:
    """A range of gains in words.

    >>> _range(0.0, 0.03), _range(-0.1, -math.inf), _range(math.inf, 0.0)
    ('0 to 3', 'below −10', '0 or more')
    """
    if math.isinf(near):
        return f"{_points(far)} or more"
    if math.isinf(far):
        return f"below {_points(near)}" if far < 0 else f"{_points(near)} or more"
    return f"{_points(near)} to {_points(far)}"


def _points(share: float) -> str:
    return f"{100 * share:.0f}".replace("-", "−").replace("−0", "0")
