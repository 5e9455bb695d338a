"""``nearfar duplicates``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nearfar.cli._console import print_json, print_line
from nearfar.cli._flags import values_of
from nearfar.cli._next_commands import print_steps, repeated, shell
from nearfar.cli._search_output import excerpt, page_of
from nearfar.cli._terminal_tables import print_notes, print_rows

__all__ = ["duplicates"]

_LISTED, _MEMBERS = 12, 4


def duplicates(
    embeddings: Path,
    /,
    *,
    threshold: float | None = None,
    data: str | None = None,
    out: Path | None = None,
    side: Literal["x", "s"] | None = None,
    json: bool = False,
    **options: str,
) -> None:
    """Find groups of near duplicates.

    All pairs are compared. Groups of samples with equal embeddings come first.

    Args:
        embeddings: Directory of a run, whose encoder embeds its data; or a file of embeddings from
            any source: .npz, .npy, .parquet or a table of numbers.
        threshold: Lowest cosine similarity of near duplicates. By default it follows from the data:
            at most half as far apart as nearest neighbours are expected to be, and so close by
            chance for 1 % of the samples at most.
        data: The samples, if not those that the run was trained on; for a file of embeddings, the
            samples to show.
        out: HTML page to write; by default `duplicates.html` in the run, or next to the file. All
            groups are in a .csv file of the same name.
        side: Side of pairs: the inputs `x` (the default) or the signals `s`.
        json: Print JSON instead of a table.
        options: Options for loading the data, if different from the run's: `--column abstract`.
    """
    from nearfar import api

    page = page_of(embeddings, "duplicates", out)
    record = api.duplicates(
        embeddings, threshold=threshold, data=data, side=side, report=page, **values_of(options)
    )
    table = page.with_suffix(".csv")
    api.write_table(table, record)
    if json:
        print_json(record.to_json())
        return
    print_line("data", f"{record.data} · {record.samples:,} × {record.dim:,} dimensions")
    print_notes(record.notes)
    how = "chosen from the data; change it with --threshold" if record.chosen else "as given"
    print_line("threshold", f"cosine {record.threshold:.4f}, {how}")
    copies = [group for group in record.groups if group.copies]
    near = len(record.groups) - len(copies)
    print_line(
        "found",
        f"{len(copies):,} groups of equal embeddings, {near:,} of near duplicates;"
        f" {record.surplus:,} samples are surplus if one of each is kept",
    )
    rows = [
        {
            "samples": len(group.rows),
            "lowest cosine": "equal" if group.copies else f"{group.lowest:.4f}",
            "ids": ", ".join(group.ids[:_MEMBERS])
            + (", …" if len(group.ids) > _MEMBERS else "")
            + (f" · {excerpt(group.texts[0])}" if group.texts else ""),
        }
        for group in record.groups[:_LISTED]
    ]
    if rows:
        print_rows(rows, title="groups")
    if len(record.groups) > _LISTED:
        print_line("", f"{len(record.groups) - _LISTED:,} more groups are in {table}")
    print_line("saved", f"{page} · {table}")
    same = [str(embeddings), *repeated(data=data, side=side, **options)]
    rest = [
        (shell("neighbours", *same, "--of", str(group.rows[0])), "what else is near the first")
        for group in record.groups[:1]
    ]
    print_steps([*rest, (shell("outliers", *same), "find unusual samples")])
