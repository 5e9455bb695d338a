"""Claims of the methods study and their tests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from nearfar._signs import minus
from nearfar._verdict_names import is_good
from nearfar.records import StudyRecord
from nearfar.studies._baselines import SUPERVISED, UNTRAINED
from nearfar.studies._claim import Claim
from nearfar.studies._seed_intervals import paired_interval

__all__ = ["claims_of"]

# methods of the published comparison on small images (claim F1)
_RANKED = ("simclr", "moco_v2", "byol", "simsiam", "swav", "barlow_twins", "vicreg")
_FEW_POINTS = 0.05


def claims_of(methods: Sequence[str]) -> tuple[Claim, ...]:
    """The claims of the study, including one per method."""
    return (
        *(
            Claim(
                f"{name} beats the untrained encoder by more than the spread over seeds (kNN or"
                " linear probe)",
                holds=partial(_beats, name),
                evidence=partial(_gains, name),
                about=name,
            )
            for name in methods
        ),
        Claim("no method collapses with its defaults", holds=_none_collapsed, evidence=_collapsed),
        Claim(
            "supervised training has the best linear-probe accuracy",
            holds=_supervised_best,
            about=SUPERVISED,
        ),
        Claim(
            "linear-probe accuracies of the best-known methods differ by at most five points",
            holds=_close,
            evidence=_close_words,
        ),
    )


def _gain(record: StudyRecord, method: str, column: str) -> tuple[float, float] | None:
    """Gain over the untrained encoder, and the sum of both spreads; None with a single seed."""
    row, start = record.row(method), record.row(UNTRAINED)
    if row is None or start is None:
        return None
    mean, least = row.mean(column), start.mean(column)
    spread, other = row.spread(column), start.spread(column)
    if mean is None or least is None or spread is None or other is None:
        return None
    return mean - least, spread + other


def _beats(method: str, record: StudyRecord) -> bool | None:
    gains = [_gain(record, method, column) for column in ("knn", "linear")]
    known = [gain for gain in gains if gain is not None]
    return any(gain > spread for gain, spread in known) if known else None


def _gains(method: str, record: StudyRecord) -> str:
    shown = []
    for column in ("knn", "linear"):
        gain = _gain(record, method, column)
        if gain is not None:
            between = _interval(record, method, column)
            shown.append(
                f"{column} {100 * gain[0]:+.1f} points{between}, spread {100 * gain[1]:.1f}"
            )
    return minus("; ".join(shown))


def _interval(record: StudyRecord, method: str, column: str) -> str:
    """95 % interval of the gain over the untrained encoder, paired by seed."""
    rows = record.row(method), record.row(UNTRAINED)
    measured = [row.values.get(column, ()) for row in rows if row is not None and not row.failures]
    found = paired_interval(*measured) if len(measured) == 2 else None
    return f" [{100 * found.low:.1f}, {100 * found.high:.1f}]" if found else ""


def _verdicts(record: StudyRecord) -> dict[str, tuple[str, ...]]:
    methods = [row for row in record.rows if not row.baseline and "verdict" in row.words]
    return {row.name: row.words["verdict"] for row in methods}


def _none_collapsed(record: StudyRecord) -> bool | None:
    verdicts = _verdicts(record)
    return not any("collapse" in v for row in verdicts.values() for v in row) if verdicts else None


def _collapsed(record: StudyRecord) -> str:
    found = {n: [v for v in row if not is_good(v)] for n, row in _verdicts(record).items()}
    return "; ".join(f"{n}: {', '.join(v)}" for n, v in found.items() if v) or "all are healthy"


def _supervised_best(record: StudyRecord) -> bool | None:
    best = record.row(SUPERVISED)
    others = [r.mean("linear") for r in record.rows if r.values and not r.baseline]
    known = [value for value in others if value is not None]
    if best is None or not known:
        return None
    return (best.mean("linear") or 0.0) > max(known)


def _range(record: StudyRecord) -> float | None:
    rows = [record.row(name) for name in _RANKED]
    means = [row.mean("linear") for row in rows if row is not None]
    known = [mean for mean in means if mean is not None]
    return max(known) - min(known) if len(known) == len(_RANKED) else None


def _close(record: StudyRecord) -> bool | None:
    """Whether the range is small; short runs cannot refute it, as published runs are long."""
    found = _range(record)
    if found is None:
        return None
    return found <= _FEW_POINTS or (False if record.config["budget"] == "gpu" else None)


def _close_words(record: StudyRecord) -> str:
    found = _range(record)
    return "" if found is None else f"{100 * found:.1f} points between best and worst"
