"""What a type checker makes of a user's calls."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import nearfar
from nearfar import api
from nearfar.api import ComparedRun

ROOT = Path(__file__).parents[2]
CALLS = """\
import nearfar

nearfar.pretrain("simclr", "scans.npz", epochs=3, options={"points": 5})
nearfar.pretrain("simclr", "scans.npz", points=5)
row = nearfar.compare("runs/a")[0]
reveal_type(row["verdict"])
reveal_type(row["epochs"])
row["accuracy"]
"""


@pytest.mark.full
def test_options_of_other_packages_and_comparisons_are_typed(tmp_path: Path) -> None:
    file = tmp_path / "calls.py"
    file.write_text(textwrap.dedent(CALLS), encoding="utf-8")
    words = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(file)]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    lines: dict[int, str] = {}
    for line in told.splitlines():
        if "calls.py:" in line:
            number = int(line.split(":")[1])
            lines[number] = lines.get(number, "") + line
    assert 3 not in lines, told
    assert "[call-arg]" in lines[4] or "[call-overload]" in lines[4]
    assert '"builtins.str"' in lines[6] or '"str"' in lines[6]
    assert '"builtins.int"' in lines[7] or '"int"' in lines[7]
    assert "[typeddict-item]" in lines[8]


def test_a_compared_run_has_the_keys_of_its_type(digits_run: api.Run) -> None:
    (row,) = nearfar.compare(digits_run)
    assert ComparedRun.__required_keys__ <= row.keys() <= set(ComparedRun.__annotations__)
    assert len(row) > len(ComparedRun.__required_keys__)
