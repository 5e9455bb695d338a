"""``nearfar neighbours``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from nearfar.cli._console import print_json, print_line
from nearfar.cli._flags import values_of
from nearfar.cli._next_commands import print_steps, repeated, shell
from nearfar.cli._search_output import excerpt, page_of
from nearfar.cli._terminal_tables import print_notes, print_rows

__all__ = ["neighbors"]

_LISTED = 8


def neighbors(
    embeddings: Path,
    /,
    *,
    of: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    data: str | None = None,
    k: int = 8,
    out: Path | None = None,
    side: Literal["x", "s"] | None = None,
    within: bool = False,
    seed: int = 0,
    json: bool = False,
    **options: str,
) -> None:
    """Show the nearest neighbours of samples side by side in an HTML page.

    Neighbours have the highest cosine similarity; all samples are searched.

    Args:
        embeddings: Directory of a run, whose encoder embeds its data; or a file of embeddings from
            any source: .npz, .npy, .parquet or a table of numbers.
        of: The samples: row numbers (`--of 0 17`), ids, or files. A run also embeds new files, and
            texts in quotes. By default 8 random rows.
        data: The samples, if not those that the run was trained on; for a file of embeddings, the
            samples to show.
        k: Neighbours per sample.
        out: HTML page to write; by default `neighbours.html` in the run, or next to the file.
        side: Side of pairs that the samples of `--of` belong to: the inputs `x` (the default) or
            the signals `s`. Their neighbours are searched on the other side.
        within: Search pairs on the same side.
        seed: Seed of the random rows.
        json: Print JSON instead of a table.
        options: Options for loading the data, if different from the run's: `--column abstract`.
    """
    from nearfar import api

    page = page_of(embeddings, "neighbours", out)
    record = api.neighbors(
        embeddings,
        of or None,
        data=data,
        k=k,
        side=side,
        within=within,
        seed=seed,
        report=page,
        **values_of(options),
    )
    if json:
        print_json(record.to_json())
        return
    print_line("data", f"{record.data} · {record.samples:,} × {record.dim:,} dimensions")
    print_notes(record.notes)
    for query in record.queries[:_LISTED]:
        rows = [
            {"row": other.row, "id": other.id}
            | ({"text": excerpt(other.text)} if other.text else {})
            | {"cosine": f"{other.similarity:.4f}"}
            for other in query.neighbors
        ]
        name = query.id if query.row is None else f"row {query.row}: {query.id}"
        text = f" · {excerpt(query.text)}" if query.text else ""
        where = f" ({record.direction})" if record.direction else ""
        print_rows(rows, title=f"neighbours of {name}{text}{where}")
    if len(record.queries) > _LISTED:
        print_line("", f"{len(record.queries) - _LISTED:,} more samples are in the page")
    print_line("saved", str(page))
    same = [str(embeddings), *repeated(data=data, side=side, **options)]
    first = record.queries[0].neighbors[0].row
    further = (shell("neighbours", *same, "--of", str(first)), "the neighbours of a neighbour")
    alike = (shell("duplicates", *same), "find near duplicates")
    print_steps([alike] if record.direction else [further, alike])
