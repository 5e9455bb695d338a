"""``nearfar probe``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nearfar.cli._console import print_json
from nearfar.cli._flags import values_of
from nearfar.cli._terminal_tables import print_probe

__all__ = ["probe"]


def probe(
    run: Path,
    /,
    *,
    data: str,
    labels: str | None = None,
    side: Literal["x", "s"] | None = None,
    device: str = "cpu",
    json: bool = False,
    **options: str,
) -> None:
    """Evaluate embeddings with labels: nearest neighbours, linear probe, mean classifier.

    The trained encoder is compared with the untrained encoder and with raw input.

    Args:
        run: Directory of a run.
        data: Labelled data: a name (see `nearfar data`), a folder with one sub-folder per class, a
            table with a column of labels, or an .npz file with labels.
        labels: Which labels to use (a column, or a set such as `speaker`) if there are several; or
            a file with one label per sample: .npy, .npz, .txt or a table.
        side: Side of pairs that the samples belong to, if each side has its own encoder: `x` or
            `s`.
        device: Where to compute: `cpu`, `cuda:1`, `mps`, or `auto` for a GPU if there is one.
        json: Print JSON instead of a table.
        options: Options for loading the data, if different from the run's: `--column abstract`.
    """
    from nearfar import api

    record = api.probe(run, data, labels=labels, side=side, device=device, **values_of(options))
    print_json(record.to_json()) if json else print_probe(record)
