"""CPU seconds of commands that answer without training: help, lists, mistakes, small files.

python benchmarks/startup.py [REPEATS]      prints the lowest of 3 (user + system) of each command
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

COMMANDS = (
    *("--version", "--help", "embed --help", "train --help", "train vicreg --help"),
    *("methods", "data", "cite digits simclr", "study"),
    *("trian simclr", "train simclr digits", "train --data digits", "train simlcr --data digits"),
    *("train dino --data digits", "train simclr --data digtis", "train simclr --data empty"),
    *("train simclr --data digits --bacth-size 3", "train simclr --data digits --epochs 1.5"),
    *("train simclr --data digits --encoder resnet19", "train simclr --data digits --out taken"),
    *("train simclr --data digits --method.temperature 0",),
    *("train simclr --data digits --views.crop-scale 0.3 --precision fp8 --epochs -1",),
    *("embed nowhere --data digits", "probe nowhere --data digits", "diagnose nowhere.npz"),
    *("report nowhere", "export nowhere", "compare nowhere nothing"),
    *("diagnose embeddings.npz", "advise --batch-size 256"),
)
NEARFAR = (sys.executable, "-m", "nearfar")


def seconds(words: list[str], folder: Path) -> tuple[float, int]:
    """CPU seconds of a command in a folder, with its exit code."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    done = subprocess.run([*NEARFAR, *words], cwd=folder, capture_output=True, check=False)
    return spent() - before, done.returncode


def main(repeats: int = 3) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty").mkdir()
        (folder / "taken").mkdir()
        (folder / "taken" / "notes.txt").write_text("mine")
        make = "import numpy as n; n.savez('embeddings.npz', x=n.random.randn(500, 32))"
        subprocess.run([sys.executable, "-c", make], cwd=folder, check=True)
        for words in COMMANDS:
            found = [seconds(words.split(), folder) for _ in range(repeats)]
            print(f"{min(found)[0]:6.2f} s  exit {found[0][1]}  nearfar {words}", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    main(*map(int, sys.argv[1:]))
