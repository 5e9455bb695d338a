"""``nearfar methods``."""

from __future__ import annotations

import re

from nearfar.cli._console import print_json
from nearfar.cli._next_commands import START, print_steps
from nearfar.cli._terminal_tables import print_rows

__all__ = ["methods"]


def methods(*, json: bool = False) -> None:
    """List the methods of `nearfar train`; `nearfar cite METHOD` prints their papers.

    Args:
        json: Print JSON instead of a table.
    """
    from nearfar import api

    rows = api.list_methods()
    if json:
        print_json(rows)
    else:
        print_rows([_narrow(row) for row in rows], whole=("name", "objective", "uses"))
        print_steps(START)


def _narrow(row: dict[str, str]) -> dict[str, str]:
    """A row that fits a terminal: one line per word of a loss, papers without arXiv numbers."""
    loss = row["objective"].removesuffix("Loss").replace("NTX", "NT-X")
    uses = [part for part in ("negatives", "momentum") if row[part] == "yes"]
    return {
        "name": row["name"],
        "objective": re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "\n", loss),
        "uses": ",\n".join(uses),
        "views": row["views"],
        "modalities": row["for"],
        "paper": re.sub(r",? arXiv [\d.]+", "", row["paper"]),
    }
