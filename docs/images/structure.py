"""Draw the packages of a commit and the imports between them: ``python docs/images/structure.py``.

Arguments are pairs of a commit and a file to write; by default the commit before modules became
private and the working tree.
"""

from __future__ import annotations

import ast
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

mpl.rcParams |= {"svg.hashsalt": "nearfar", "svg.fonttype": "none"}  # the same file each time

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BEFORE = "17b39cc"
LAYERS = [
    ["checks", "version", "_docstrings", "_plugins", "_platform"],
    ["inputs", "ops", "parallel", "records"],
    ["objectives", "modules", "views", "data"],
    ["methods", "modalities", "diagnostics", "probes", "theory"],
    ["training", "monitor"],
    ["reports"],
    ["api"],
    ["studies", "testing"],
    ["bench", "speed"],
    ["cli"],
]
UNDER_ALL = {"checks", "version", "_docstrings", "_plugins", "_platform"}  # their arrows say little


def sources(commit: str | None) -> dict[str, str]:
    """The package's files by path, of a commit or of the working tree."""
    if commit is None:
        files = (ROOT / "src/nearfar").rglob("*.py")
        return {str(f.relative_to(ROOT / "src")): f.read_text("utf-8") for f in files}
    listed = git("ls-tree", "-r", "--name-only", commit, "src/nearfar").split()
    paths = [path for path in listed if path.endswith(".py")]
    return {path.removeprefix("src/"): git("show", f"{commit}:{path}") for path in paths}


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def package_of(module: str) -> str:
    """The package, or the module at the top, that a dotted name belongs to."""
    return [*module.split("."), ""][1]


def imports(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("nearfar.")}


def measure(files: dict[str, str]) -> tuple[dict[str, tuple[int, int]], Counter[tuple[str, str]]]:
    """Files and lines of each package; how many files of one import another."""
    sizes: dict[str, tuple[int, int]] = {}
    arrows: Counter[tuple[str, str]] = Counter()
    for path, source in files.items():
        here = package_of(path.removesuffix(".py").replace("/", "."))
        if here in ("__init__", "__main__"):
            continue
        count, lines = sizes.get(here, (0, 0))
        sizes[here] = count + 1, lines + source.count("\n")
        used = {package_of(name) for name in imports(source)} - {here, ""}
        arrows.update((here, other) for other in used)
    return sizes, arrows


def draw(commit: str | None, target: Path) -> None:
    sizes, arrows = measure(sources(commit))
    layers = [[name for name in layer if name in sizes] for layer in LAYERS]
    layers = [layer for layer in layers if layer]
    place = {
        name: ((column + 0.5) * 10 / len(layer), level)
        for level, layer in enumerate(layers)
        for column, name in enumerate(layer)
    }
    figure = Figure(figsize=(10, 8))
    axes = figure.subplots()
    axes.set_xlim(0, 10)
    axes.set_ylim(-0.6, len(layers) - 0.3)
    axes.axis("off")
    for (here, other), count in sorted(arrows.items(), key=lambda item: item[1]):
        if other not in place or here not in place or other in UNDER_ALL:
            continue
        (x1, y1), (x2, y2) = place[here], place[other]
        upward = y2 >= y1
        arrow = FancyArrowPatch(
            (x1, y1 - 0.22),
            (x2, y2 + 0.22),
            arrowstyle="-|>",
            mutation_scale=9,
            linewidth=0.4 + 0.7 * math.log2(1 + count),
            color="#d1495b" if upward else "#5b6b7f",
            alpha=0.9 if upward else 0.35,
            connectionstyle="arc3,rad=0.06",
        )
        axes.add_patch(arrow)
    for name, (x, y) in place.items():
        count, lines = sizes[name]
        box = FancyBboxPatch(
            (x - 0.78, y - 0.2), 1.56, 0.4, boxstyle="round,pad=0.02", fc="#f4f6f9", ec="#2b3a4a"
        )
        axes.add_patch(box)
        axes.text(x, y + 0.05, name, ha="center", va="center", fontsize=10, weight="bold")
        words = f"{count} files, {lines:,} lines" if count > 1 else f"{lines:,} lines"
        axes.text(x, y - 0.11, words, ha="center", va="center", fontsize=7, color="#5b6b7f")
    title = "working tree" if commit is None else f"commit {commit}"
    total = sum(count for count, _ in sizes.values())
    axes.set_title(f"Packages and the imports between them, {title}: {total} files", fontsize=11)
    figure.savefig(target, metadata={"Date": None}, bbox_inches="tight")


def main() -> None:
    words = sys.argv[1:] or [BEFORE, "structure-before.svg", "", "structure.svg"]
    for commit, name in zip(words[::2], words[1::2], strict=True):
        draw(commit or None, HERE / name)


if __name__ == "__main__":
    main()
