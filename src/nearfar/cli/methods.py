"""``nearfar methods``."""

from __future__ import annotations

from nearfar.cli.console import print_json
from nearfar.cli.tables import print_rows

__all__ = ["methods"]


def methods(*, json: bool = False) -> None:
    """List the methods that `nearfar train` knows.

    Args:
        json: Print JSON instead of a table.
    """
    from nearfar import api

    rows = api.list_methods()
    print_json(rows) if json else print_rows(rows)
