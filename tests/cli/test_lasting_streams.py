"""What is printed never stops a command: encodings, closed pipes, control characters."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nearfar._visible_console import VisibleConsole
from nearfar._visible_text import PLAIN, shortened_line, visible
from nearfar.cli._console import print_error
from nearfar.cli._lasting_streams import lasting_streams


def test_control_characters_are_shown() -> None:
    hostile = "a\x1b]0;title\x07b\x9b31mc\u202edone\r"
    assert visible(hostile) == "a\\x1b]0;title\\x07b\\x9b31mc\\u202edone\\r"
    assert visible("line\n\ttab ä 猫") == "line\n\ttab ä 猫"
    file = io.StringIO()
    VisibleConsole(file=file, force_terminal=True, color_system="truecolor").print(
        hostile, style="bold", markup=False
    )
    shown = file.getvalue()
    assert "\x1b[1m" in shown  # the console's own
    assert "\x1b]0;" not in shown
    assert "\x9b" not in shown


def test_lines_of_errors_stay_short(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(ValueError("begin " + "x" * 100_000 + " end\x1b[2J"))
    said = capsys.readouterr().err
    assert len(said) < 1_100
    assert said.startswith("error: begin x")
    assert said.endswith("end\\x1b[2J\n")
    assert shortened_line("a\n b") == "a b"


def test_characters_that_an_encoding_lacks_become_similar_ones() -> None:
    assert "−1 × 2 · 猫".encode("ascii", PLAIN) == b"-1 x 2 * ?"


def test_a_reader_that_goes_away_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        os.close(reading)
        with lasting_streams():
            for _ in range(3):
                print("a line", flush=True)
        monkeypatch.undo()


@pytest.mark.slow
def test_training_goes_on_without_a_reader(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.save(tmp_path / "a.npy", pixels)
    words = f"train simclr --data {tmp_path}/a.npy --epochs 1 --batch-size 16 --precision 32"
    python = f"{sys.executable} -m nearfar {words} --minutes none --out {tmp_path}"
    for number, tail in enumerate(("| head -1", ">&- 2>&-", "| cat")):
        command = f"set -o pipefail; {python}/run-{number} {tail}"
        environment = os.environ | {"PYTHONIOENCODING": "ascii"}
        done = subprocess.run(
            ["bash", "-c", command], env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        assert (tmp_path / f"run-{number}" / "report.html").is_file()
        assert done.stdout.isascii()
