"""``nearfar bench``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli._console import print_json, print_line, print_next
from nearfar.cli._terminal_tables import print_rows

__all__ = ["bench"]


def bench(
    what: str, /, *, seconds: float = 30.0, out: Path | None = None, json: bool = False
) -> None:
    """Measure the speed of nearfar on this computer.

    Args:
        what: `objectives`: time and memory of the losses (takes several minutes); `views`: random
            views per second; `train`: images per second in training.
        seconds: Approximate duration in seconds; a longer measurement is more precise.
        out: CSV file to write; it also records the versions and the machine.
        json: Print JSON instead of a table.
    """
    from nearfar import speed
    from nearfar.checks import check_choice

    known = [name.removeprefix("bench_") for name in speed.__all__ if "bench_" in name]
    check_choice(known, what=what)
    rows = getattr(speed, f"bench_{what}")(seconds=seconds)
    if out is not None:
        speed.write_csv(rows, out)
    if json:
        print_json([vars(row) | {"provenance": vars(row.provenance)} for row in rows])
        return
    print_rows([{name: getattr(row, name) for name in row.shown} for row in rows])
    if out is not None:
        print_line("saved", str(out))
    else:
        print_next(f"nearfar bench {what} --out {what}.csv", "measure again and keep the numbers")
