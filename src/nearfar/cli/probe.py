"""``nearfar probe``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli.console import print_json
from nearfar.cli.tables import print_probe

__all__ = ["probe"]


def probe(run: Path, /, *, data: str, json: bool = False) -> None:
    """Say how good the embeddings are, with labels: nearest neighbours, linear, mean classifier.

    The untrained encoder and the raw input stand beside the trained encoder.

    Args:
        run: Directory of a run.
        data: A source with labels: a name (see `nearfar data`), a folder with one sub-folder a
            class, or an .npz file with labels.
        json: Print JSON instead of a table.
    """
    from nearfar import api

    record = api.probe(run, data)
    print_json(record.to_json()) if json else print_probe(record)
