"""The provenance of a result: versions, machine, commit, date."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from nearfar._platform import usable_cores
from nearfar.records._record import Record
from nearfar.version import __version__

__all__ = ["Provenance"]


@dataclass(frozen=True)
class Provenance(Record):
    """Versions, machine, commit and date, which comparisons of results depend on."""

    nearfar: str
    torch: str
    python: str
    device: str
    cores: int
    commit: str
    date: str

    @classmethod
    def here(cls, *, device: str = "cpu") -> Provenance:
        """The provenance of a measurement made now, on this machine."""
        return cls(
            nearfar=__version__,
            torch=metadata.version("torch"),
            python=platform.python_version(),
            device=f"{device} ({platform.processor() or platform.machine()})",
            cores=usable_cores(),
            commit=_commit(),
            date=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )


def _commit() -> str:
    """Commit of a source checkout; empty for an installed package."""
    folder = Path(__file__).resolve().parent
    if "site-packages" in folder.parts:
        return ""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
