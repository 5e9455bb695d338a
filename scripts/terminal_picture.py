"""Draw what a command prints on a terminal: the picture of the README.

python scripts/terminal_picture.py                      docs/images/terminal.svg
python scripts/terminal_picture.py --out a.svg nearfar methods
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import subprocess
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "terminal.svg"
COMMAND = ("nearfar", "train", "simclr", "--data", "digits")
COLUMNS, LINES = 100, 60
TOKEN = re.compile(r"\x1b\[\??(\d*)(?:;[\d;]*)?([A-Za-z])|\r|\n|[^\x1b\r\n]+|\x1b")


def printed(command: list[str]) -> str:
    """What a command writes to a terminal of 100 columns, in a folder of its own."""
    size = {"COLUMNS": str(COLUMNS), "LINES": str(LINES), "TERM": "xterm-256color"}
    ours, theirs = pty.openpty()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | size, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            parts.append(part)
        os.close(ours)
        if process.wait():
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return b"".join(parts).decode()


def lines_of(output: str) -> list[str]:
    """The lines that remain on the screen, with their colours."""
    screen: list[str] = [""]
    row = 0
    for token in TOKEN.finditer(output):
        text, count, kind = token.group(), token.group(1), token.group(2)
        if text == "\n":
            row += 1
            screen += [""] * (row + 1 - len(screen))
        elif kind == "A":
            row = max(0, row - int(count or 1))
        elif kind == "K":
            screen[row] = ""
        elif kind == "m" or not text.startswith(("\x1b", "\r")):
            screen[row] += text
    return [line for line in screen if Text.from_ansi(line).plain.strip()]


def main() -> None:
    """Run the command and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", nargs="*", default=COMMAND)
    parser.add_argument("--out", type=Path, default=PICTURE)
    given = parser.parse_args()
    command = list(given.command)
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(Text(f"$ {' '.join(command)}", style="bold"))
    for line in lines_of(printed(command)):
        console.print(Text.from_ansi(line), soft_wrap=True)
    console.save_svg(str(given.out), title="nearfar", unique_id="nearfar")


if __name__ == "__main__":
    main()
