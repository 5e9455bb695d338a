"""Make the pictures of README and docs from a real run: ``python docs/images/make.py``.

Trains ``nearfar train simclr --data digits`` (about a minute) in a pseudo-terminal of 100 columns
and keeps what it prints as ``terminal.svg``; photographs the run's report with a headless Chromium
as ``report.png``. Needs Linux or macOS, and ``chromium`` on the path.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import shutil
import struct
import subprocess
import tempfile
import termios
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

HERE = Path(__file__).parent
COMMAND = ["nearfar", "train", "simclr", "--data", "digits"]
COLUMNS = 100
WIDTH = 1280  # of the browser's window
HEIGHT = 1610  # of the report: the verdict, the measurements, the first curves
SCALED = 900


def main() -> None:
    """Train, and write both pictures."""
    with tempfile.TemporaryDirectory() as folder:
        printed = record(COMMAND, folder=Path(folder))
        write_terminal(last_frames(printed), HERE / "terminal.svg")
        photograph(Path(folder) / "runs" / "simclr-digits" / "report.html", HERE / "report.png")


def record(command: list[str], *, folder: Path) -> str:
    """What a command prints on a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(
        command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as process:
        os.close(theirs)
        pieces = []
        try:
            while piece := os.read(ours, 65_536):
                pieces.append(piece)
        except OSError:  # Linux: the other end was closed
            pass
    os.close(ours)
    if process.returncode:
        raise SystemExit(b"".join(pieces).decode())
    return b"".join(pieces).decode()


def last_frames(printed: str) -> list[str]:
    """The lines that remain on the screen: the last frame of each line that was drawn over."""
    lines = [line.rstrip("\r") for line in printed.split("\n")]
    frames = [re.split(r"\r+(?:\x1b\[2K)?", line)[-1] for line in lines]
    return [re.sub(r"\x1b\[\?25[hl]", "", frame) for frame in frames]


def write_terminal(lines: list[str], path: Path) -> None:
    """Coloured text as an SVG in any monospaced font, none of them from the network."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text(f"$ {' '.join(COMMAND)}", style="bold"))
    for line in "\n".join(lines).rstrip().split("\n"):
        console.print(Text.from_ansi(line.rstrip()), soft_wrap=True)
    svg = console.export_svg(title="nearfar", theme=MONOKAI, unique_id="nearfar")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    path.write_text(svg, encoding="utf-8")


def photograph(report: Path, path: Path) -> None:
    """The top of a report as a PNG of 128 colours."""
    browser = shutil.which("chromium") or shutil.which("google-chrome") or "chromium"
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "report.png"
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        size = [f"--window-size={WIDTH},{HEIGHT}", "--virtual-time-budget=10000"]
        what = [f"--screenshot={picture}", report.as_uri()]
        subprocess.run([browser, *flags, *size, *what], check=True, capture_output=True)
        with Image.open(picture) as image:
            height = image.height * SCALED // image.width
            small = image.convert("RGB").resize((SCALED, height), Image.Resampling.LANCZOS)
        small.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
