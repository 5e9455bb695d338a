"""The campaigns find nothing, and would find what is planted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CAMPAIGN = ROOT / "scripts" / "campaign.py"


def campaign(name: str, *, minutes: float, seed: int, work: Path) -> str:
    command = [sys.executable, str(CAMPAIGN), name, "--seed", str(seed)]
    command += ["--minutes", str(minutes), "--work", str(work)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.full
def test_damage_is_never_used_in_silence(tmp_path: Path) -> None:
    said = campaign("damage", minutes=1.0, seed=7, work=tmp_path)
    assert said.startswith("damage seed 7: 0 faults")
    assert "refused by name" in said


@pytest.mark.full
@pytest.mark.parametrize("name", ["kill", "twice", "fuzz"])
def test_runs_survive(name: str, tmp_path: Path) -> None:
    said = campaign(name, minutes=3.0, seed=11, work=tmp_path)
    assert said.startswith(f"{name} seed 11: 0 faults")
