"""The methods' pages are what their command writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "methods"


def test_the_command_writes_the_pages_that_are_kept(tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / "pages.py"), "--to", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    fresh, kept = (
        {file.name: file.read_text("utf-8") for file in folder.glob("*.md")}
        for folder in (tmp_path, FOLDER)
    )
    assert fresh.keys() == kept.keys()
    stale = [name for name in fresh if fresh[name] != kept[name]]
    assert stale == [], "write them anew: python docs/methods/pages.py"
