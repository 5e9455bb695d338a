"""The table of the named datasets, and where each of them is; from the index, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nearfar._index import load_index
from nearfar.data.named._archives import Places

__all__ = ["DEBIAN", "named_sources"]

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


def named_sources(*, data_dir: Path | None = None) -> list[dict[str, str]]:
    """Table of the named datasets: modality, samples (training + test), classes and location.

    Example:
        >>> next(row for row in named_sources() if row["name"] == "digits")
        {'name': 'digits', 'modality': 'images', 'samples': '1,797 grey 8×8', 'classes': '10',
         'where': 'comes with scikit-learn'}
    """
    places = Places.here(data_dir)
    return [
        {
            "name": name,
            "modality": entry["modality"],
            "samples": entry["samples"],
            "classes": str(entry["classes"]),
            "where": _where(name, entry, places),
        }
        for name, entry in load_index()["datasets"].items()
    ]


def _where(name: str, entry: Mapping[str, Any], places: Places) -> str:
    if entry["origin"]:
        return str(entry["origin"])
    given = places.find(*entry["files"])
    if given is None and name == "fashion-mnist" and DEBIAN.is_dir():
        given = DEBIAN
    cached = places.cache / name
    if (
        given is None
        and cached.is_dir()
        and any(not f.name.startswith(".") for f in cached.iterdir())
    ):
        given = cached
    if given is None and not entry["megabytes"]:
        return f"not found: place {entry['files'][0]} in the folder given by $NEARFAR_DATA"
    return str(given) if given else f"download of {entry['megabytes']:,} MB"
