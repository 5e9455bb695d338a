"""How the spectra of projection and representation changed over the run."""

from __future__ import annotations

from collections.abc import Mapping

from nearfar.records import Metrics
from nearfar.reports._curves import line
from nearfar.reports._figure import Figure, level
from nearfar.reports._formatting import count, number
from nearfar.reports._series import Series

__all__ = ["spectra_over_time"]

_MOST = 5  # curves of one figure
_FLOOR = 1e-9  # shares below are rounding errors


def spectra_over_time(metrics: Metrics) -> list[Figure]:
    """One figure for the projection and one for the representation, as far as they were measured.

    Curves are of the first measurement, the last, and those at equal steps on a logarithmic scale
    in between, from pale to strong.
    """
    of_projection = {each.step: each.spectrum or {} for each in metrics.watch}
    of_representation = {each.step: each.representation_spectrum or {} for each in metrics.watch}
    drawn = [
        _figure("Spectrum of the projection over the run", of_projection),
        _figure("Spectrum of the representation over the run", of_representation),
    ]
    return [figure for figure in drawn if figure is not None]


def _figure(title: str, spectra: Mapping[int, Mapping[str, float]]) -> Figure | None:
    known = {step: _series(shares) for step, shares in spectra.items()}
    steps = _spread([step for step, series in known.items() if len(series.y) > 1])
    if len(steps) < 2:
        return None
    first, last = known[steps[0]], known[steps[-1]]
    even = 1 / last.x[-1]
    traces = [
        line(
            known[step],
            f"update {count(step)}",
            "var(--far)" if step == steps[-1] else "var(--near)",
            opacity=1.0 if step == steps[-1] else 0.3 + 0.5 * place / len(steps),
            mode="lines+markers",
            marker={"size": 5},
            hovertemplate=f"update {count(step)}, direction %{{x}}: %{{y:.3~g}}<extra></extra>",
        )
        for place, step in enumerate(steps)
    ]
    return Figure(
        title,
        "Good: the curves become flatter, towards equal shares (dashed). Bad: the right end falls,"
        " directions are being lost.",
        f"Share of the variance along principal directions at {count(len(steps))} times, from"
        f" update {count(steps[0])} to update {count(steps[-1])}: that of the first direction goes"
        f" from {_percent(first.y[0])} to {_percent(last.y[0])}, that of direction"
        f" {number(last.x[-1])} from {_percent(first.y[-1])} to {_percent(last.y[-1])}.",
        traces,
        {
            "hovermode": "closest",
            "showlegend": True,
            "shapes": [level(even, f"all equal {number(even)}")],
            "xaxis": {
                "type": "log",
                "dtick": "D1" if last.x[-1] < 30 else 1,
                "showgrid": False,
                "title": {"text": "principal direction"},
            },
            "yaxis": {
                "type": "log",
                "dtick": 1,
                "exponentformat": "power",
                "tickfont": {"size": 11},
                "title": {"text": "share of variance"},
            },
        },
    )


def _series(shares: Mapping[str, float]) -> Series:
    """The shares by rank, without those that are zero up to rounding."""
    ranked = sorted((int(rank), share) for rank, share in shares.items() if rank.isdigit())
    kept = [(float(rank), share) for rank, share in ranked if share > _FLOOR]
    return Series([rank for rank, _ in kept], [share for _, share in kept])


def _spread(steps: list[int]) -> list[int]:
    """The first, the last, and some in between at equal ratios."""
    if len(steps) <= _MOST:
        return steps
    low, high = max(1, steps[0]), max(steps[-1], 2)
    wanted = [low * (high / low) ** (place / (_MOST - 1)) for place in range(_MOST)]
    return sorted({min(steps, key=lambda step: abs(step - target)) for target in wanted})


def _percent(share: float) -> str:
    return f"{number(100 * share)} %"
