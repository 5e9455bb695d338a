"""The figures of the pages on theory are what their command draws."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.slow import mostly_slow

FOLDER = Path(__file__).parents[2] / "docs" / "theory"


def numbers(table: str) -> list[float]:
    plain = table.replace("−", "-").replace(",", "").replace("·", "")
    return [float(cell) for cell in re.findall(r"\| (-?[\d.]+) (?=\|)", plain)]


THEMES = ["hypersphere", "information", "negatives", "simsiam", "worlds"]


@pytest.mark.parametrize("theme", mostly_slow(THEMES, slow=["simsiam"]))
def test_the_command_draws_what_the_page_shows(theme: str, tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / "figures.py"), theme, "--to", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    drawn = sorted(Path(line).name for line in done.stdout.splitlines())
    assert drawn == sorted(file.name for file in FOLDER.glob(f"{theme}-*"))
    page = (FOLDER / f"{theme}.md").read_text("utf-8")
    for name in drawn:
        assert name in page
        if name.endswith(".svg"):
            assert ElementTree.parse(tmp_path / name).getroot().get("aria-label")
        else:
            fresh, kept = ((folder / name).read_text("utf-8") for folder in (tmp_path, FOLDER))
            assert numbers(fresh) == pytest.approx(numbers(kept), abs=0.06, rel=0.02)
            assert len(numbers(kept)) > 55
