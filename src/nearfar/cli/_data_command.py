"""``nearfar data``."""

from __future__ import annotations

from nearfar.cli._console import print_json
from nearfar.cli._next_commands import START, print_steps
from nearfar.cli._terminal_tables import print_rows

__all__ = ["data"]


def data(*, json: bool = False) -> None:
    """List the named datasets; your own folders and files are given by their path.

    Args:
        json: Print JSON instead of a table.
    """
    from nearfar import api

    rows = api.list_data()
    shown = {"samples": "samples (training + test)", "where": "location"}
    if json:
        print_json(rows)
        return
    print_rows([{shown.get(key, key): value for key, value in row.items()} for row in rows])
    print_steps(START)
