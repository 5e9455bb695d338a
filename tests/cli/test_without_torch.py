"""Help, lists and mistakes come without importing PyTorch or anything else that is heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nearfar.cli import COMMANDS
from tests.every import every

BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {heavy}:
            raise AssertionError(f"imports {{name}}")

sys.meta_path.insert(0, Blocker())
from nearfar.cli import main

for line in sys.stdin.read().splitlines():
    try:
        code = main(line.split())
    except AssertionError as error:
        code = error
    print("###", code, "nearfar", line)
"""
HEAVY = ("torch", "torchvision", "timm", "lightning_fabric", "sklearn", "plotly", "jaxtyping")
ANSWERED = (
    *("--help", "--version", "methods", "methods --json", "data", "data --json", "cite"),
    *("cite simclr dgi cifar10", "train --help", "train --help --data digits"),
    *(f"{name} --help" for name in COMMANDS),
    *("study", "study list --json", "study coupon --help", "study methods --help"),
)
REFUSED = (
    *("trian simclr", "simclr --data digits", "train", "train simclr", "train simclr digits"),
    *("train --data digits", "train simlcr --data digits", "train dino --data digits"),
    *("train simclr --data digtis", "train simclr --data photos/cats", "train vicreg --data empty"),
    *("train simclr --data digits --bacth-size 8", "train simclr --data digits --epochs 1.5"),
    *("train simclr --data digits --epochs -1", "train simclr --data digits --precision fp8"),
    *("train simclr --data digits --encoder resnet19", "train dgi --data cora --encoder resnet18"),
    *("train simclr --data photos --encoder resnet19", "train simclr --data sounds --views.flp 1"),
    *("train simclr --data digits --method.temperature 0", "train byol --data digits --seed"),
    *(
        "train simclr --data digits --views.crop-scale 0.3",
        "train simclr --data digits --out taken",
    ),
    *("train simclr --data digits --modality image", "train --recipe nowhere.toml --data digits"),
    *("train --resume nowhere", "embed nowhere --data digits --out e.npz", "embed taken --dta x"),
    *("probe nowhere --data digits", "probe", "diagnose nowhere.npz", "report nowhere"),
    *("export taken --format onx", "compare nowhere nothing", "cite simlcr", "advise --dim many"),
    *("embed run --data digits --out e.npz more", "diagnose taken"),
    *("study coupn", "study coupon --simulations few", "study show coupon", "study all --budget x"),
)


def test_no_answer_and_no_mistake_takes_a_heavy_import(tmp_path: Path) -> None:
    for name in ("photos", "sounds", "empty", "taken", "run"):
        (tmp_path / name).mkdir()
    (tmp_path / "photos" / "cat.jpg").touch()
    (tmp_path / "sounds" / "bark.wav").touch()
    (tmp_path / "taken" / "notes.txt").touch()
    (tmp_path / "run" / "recipe.toml").touch()
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(heavy=HEAVY)],
        input="\n".join([*ANSWERED, *REFUSED]),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    found = [line[4:] for line in done.stdout.splitlines() if line.startswith("### ")]
    expected = [f"0 nearfar {line}" for line in ANSWERED] + [
        f"2 nearfar {line}" for line in REFUSED
    ]
    assert found == expected, done.stderr
    assert every(line.startswith("error: ") for line in done.stderr.splitlines())
