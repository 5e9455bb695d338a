"""``nearfar cite``."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from nearfar._visible_text import visible
from nearfar.cli._console import print_json
from nearfar.cli._mistakes import CommandError

__all__ = ["cite"]


def cite(
    *names: Annotated[
        str, Parameter(help="Methods, datasets, measurements or runs; nearfar itself if none.")
    ],
    json: bool = False,
) -> None:
    """Print BibTeX entries; without names, nearfar's own entry and the names that can be cited.

    Args:
        names: Methods, datasets, measurements, or directories of runs.
        json: Print JSON with the kind, key and fields of each entry.
    """
    from nearfar import api

    said = []
    for name in names:  # all mistakes at once
        try:
            api.cite(name)
        except ValueError as error:
            said.append(str(error))
    if said:
        raise CommandError(said)
    references = api.cite(*names)
    if json:
        print_json([{"kind": r.kind, "key": r.key} | r.fields for r in references])
        return
    print(visible("\n\n".join(map(str, references))))
    if not names:
        print("\n% nearfar cite NAME... accepts the names of")
        for line in _lines(api.citable()):
            print(f"%   {line}")


def _lines(names: dict[str, tuple[str, ...]]) -> list[str]:
    import textwrap

    return textwrap.wrap(", ".join(names), width=92, break_on_hyphens=False)
