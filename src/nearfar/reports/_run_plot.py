"""The curves of a run in one plotly figure, for notebooks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nearfar.records import RunDirectory, write_text
from nearfar.reports._curves import figures_of
from nearfar.reports._figure import Figure

__all__ = ["plot_run", "write_plot"]

_COLUMNS, _HIGH = 2, 290
_COLORS: Mapping[str, str] = {
    "--near": "#3f9bb8",
    "--far": "#d9743a",
    "--anchor": "#8a8378",
    "--run0": "#3f9bb8",
    "--run1": "#d9743a",
    "--run2": "#8f7fd0",
    "--run3": "#4fa36d",
    "--run4": "#cf6a9f",
    "--run5": "#a98a2f",
    "--run6": "#7f8fb0",
    "--run7": "#b3695c",
}
"""Colours that are legible on light and on dark backgrounds."""


def plot_run(directory: RunDirectory | Path) -> Any:
    """The training curves and the align-uniform plane of a run.

    Args:
        directory: Directory of the run.

    Returns:
        A ``plotly.graph_objects.Figure``.

    Raises:
        ValueError: The run has no metrics.
    """
    from plotly.subplots import make_subplots

    run = directory if isinstance(directory, RunDirectory) else RunDirectory(directory)
    metrics, record = run.read_metrics(), run.read_run()
    curves = figures_of(metrics, health=run.read_health(), chance=record.chance)
    drawn = [*curves.values()]
    if not drawn:
        raise ValueError(f"{run.path} has no metrics to draw in metrics.jsonl")
    rows = -(-len(drawn) // _COLUMNS)
    titles = [figure.title for figure in drawn]
    made = make_subplots(rows=rows, cols=_COLUMNS, subplot_titles=titles)
    for place, figure in enumerate(drawn):
        _add(made, figure, row=place // _COLUMNS + 1, column=place % _COLUMNS + 1)
    made.update_layout(
        height=_HIGH * rows,
        title={"text": f"{record.name}: {record.method}"},
        showlegend=False,
        hovermode="closest",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "#808080"},
        margin={"l": 50, "r": 20, "t": 80, "b": 40},
    )
    made.update_xaxes(gridcolor="rgba(128,128,128,0.25)", zeroline=False)
    made.update_yaxes(gridcolor="rgba(128,128,128,0.25)", zeroline=False)
    return made


def write_plot(figure: Any, out: Path) -> None:
    """Write a plotly figure to a page that opens offline, or to JSON.

    Raises:
        ValueError: Another file type.
    """
    if out.suffix == ".html":
        write_text(out, figure.to_html(include_plotlyjs=True))
    elif out.suffix == ".json":
        write_text(out, figure.to_json())
    else:
        raise ValueError(f"`out` must end in .html or .json, got {out}")


def _add(made: Any, figure: Figure, *, row: int, column: int) -> None:
    """Draw a figure of a report into a cell."""
    described = _colored(figure.description())
    for trace in described["data"]:
        made.add_trace(trace, row=row, col=column)
    layout = described["layout"]
    for name, update in (("xaxis", made.update_xaxes), ("yaxis", made.update_yaxes)):
        axis = layout.get(name, {})
        kept = {key: axis[key] for key in ("range", "type", "rangemode") if key in axis}
        update(title_text=axis.get("title", {}).get("text"), row=row, col=column, **kept)
    for shape in layout.get("shapes", ()):
        made.add_hline(
            y=shape["y0"],
            line=shape["line"],
            annotation={"text": shape["label"]["text"], "font": shape["label"]["font"]},
            row=row,
            col=column,
        )


def _colored(described: dict[str, Any]) -> dict[str, Any]:
    """A description with values in place of the variables of the page's style sheet."""

    def value(found: re.Match[str]) -> str:
        return json.dumps(_COLORS.get(found[1], "#808080"))

    text = json.dumps(described).replace('"var(--sans)"', '"sans-serif"')
    colored: dict[str, Any] = json.loads(re.sub(r'"var\((--[a-z0-9-]+)\)"', value, text))
    return colored
