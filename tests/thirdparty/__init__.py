"""Packages as other people write them, and a way to have them installed for a test."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POINT_CLOUDS = Path(__file__).parent / "pointclouds"


@contextmanager
def installed(package: Path, site: Path) -> Iterator[None]:
    """The package importable, with its metadata and entry points, as pip would leave it.

    Args:
        package: Folder of its ``pyproject.toml``.
        site: An empty folder for its metadata.
    """
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name = project["name"].replace("-", "_")
    metadata = site / f"{name}-{project['version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
    places = [str(site), str(package)]
    sys.path[:0] = places
    try:
        yield
    finally:
        for place in places:
            sys.path.remove(place)
