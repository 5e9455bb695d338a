"""``nearfar probe``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli._console import print_json
from nearfar.cli._flags import values_of
from nearfar.cli._tables import print_probe

__all__ = ["probe"]


def probe(
    run: Path, /, *, data: str, labels: str | None = None, json: bool = False, **options: str
) -> None:
    """Say how good the embeddings are, with labels: nearest neighbours, linear, mean classifier.

    The untrained encoder and the raw input stand beside the trained encoder.

    Args:
        run: Directory of a run.
        data: A source with labels: a name (see `nearfar data`), a folder with one sub-folder a
            class, a table with a column of labels, or an .npz file with labels.
        labels: Which, where there are several: a name such as `speaker`, or a column.
        json: Print JSON instead of a table.
        options: How the data are opened, where that differs from the run's: `--column abstract`.
    """
    from nearfar import api

    record = api.probe(run, data, labels=labels, **values_of(options))
    print_json(record.to_json()) if json else print_probe(record)
