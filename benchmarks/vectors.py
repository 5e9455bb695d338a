"""Few labels, many samples: ``SelfSupervisedEncoder`` on data sets of scikit-learn.

python benchmarks/vectors.py              measures and writes benchmarks/vectors.csv
python benchmarks/vectors.py page         writes the tables of docs/guides/scikit-learn.md

A quarter of each data set is the test set. Each setting of a small grid is fitted without labels on
four fifths of the rest and scored without labels on the last fifth. It is evaluated by a logistic
regression with ten labels per class, averaged over five random choices of labels.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch; see docs/decisions/0003
import copy
import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import nearfar
from results import read, save

PAGE = Path(__file__).parents[1] / "docs" / "guides" / "scikit-learn.md"
BEGIN = "<!-- measured numbers: begin (generated; see benchmarks/vectors.py) -->"
END = "<!-- measured numbers: end -->"
SEEDS, DRAWS, LABELS = (0, 1, 2), 5, 10
SCORES = ("alignment_uniformity", "relative_alignment", "retrieval", "effective_rank")
MASKS = [{"mask": share, "noise": 0.3} for share in (0.0, 0.3, 0.6)]
TEMPERATURES = [{"temperature": value} for value in (0.1, 0.5)]
VECTORS = {"view_options": MASKS, "method_options": TEMPERATURES, "epochs": [60]}
IMAGES = {
    "view_options": [{"crop_scale": (0.08, 1.0)}, {"crop_scale": (0.5, 1.0)}],
    "method_options": TEMPERATURES,
    "epochs": [20],
}
DIGITS, TUMOURS = load_digits(), load_breast_cancer()
SETS = {
    "digits, 64 numbers": (DIGITS.data, DIGITS.target, VECTORS),
    "breast cancer, 30 numbers": (TUMOURS.data, TUMOURS.target, VECTORS),
    "digits, 8×8 images": (DIGITS.images, DIGITS.target, IMAGES),
}


def accuracy(features: object, x: np.ndarray, y: np.ndarray, rest, test, *, seed: int) -> float:
    """Test accuracy of a logistic regression with few labels, averaged over choices of labels."""
    reached = []
    for draw in range(DRAWS):
        rng = np.random.default_rng((seed, draw))
        kinds = [rng.permutation(rest[y[rest] == kind])[:LABELS] for kind in np.unique(y)]
        few = np.concatenate(kinds)
        classifier = LogisticRegression(max_iter=5000)
        model = make_pipeline(features, StandardScaler(), classifier).fit(x[few], y[few])
        reached.append(model.score(x[test], y[test]))
    return statistics.mean(reached)


def measure() -> None:
    """Fit the grids; write ``vectors.csv`` after each data set and seed."""
    rows: list[dict[str, object]] = []
    for name, (x, y, grid) in SETS.items():
        for seed in SEEDS:
            order = np.random.default_rng(seed).permutation(len(x))
            test, rest = np.split(order, [len(x) // 4])
            held, seen = np.split(rest, [len(rest) // 5])

            def row(features: object, of: str, **known: object) -> None:
                reached = accuracy(features, x, y, rest, test, seed=seed)  # noqa: B023
                found = {"data": name, "seed": seed, "features": of, "accuracy": reached}  # noqa: B023
                scores = {score: known.pop(score, "") for score in SCORES}
                told = {"setting": "", "verdict": ""} | known
                rows.append({**found, **told, **scores})
                print(rows[-1], flush=True)

            row(FunctionTransformer(lambda part: part.reshape(len(part), -1)), "raw")
            for number, setting in enumerate(ParameterGrid(grid)):
                with tempfile.TemporaryDirectory() as folder:
                    model = nearfar.SelfSupervisedEncoder(
                        "simclr", random_state=seed, out=f"{folder}/run", **setting
                    ).fit(x[seen])
                    untrained = copy.copy(model)
                    untrained.encoder_ = nearfar.load(f"{folder}/run").untrained_encoder()
                if number == 0:
                    row(FrozenEstimator(untrained), "untrained encoder")
                scores = {by: model.set_params(score_by=by).score(x[held]) for by in SCORES}
                row(
                    FrozenEstimator(model),
                    "trained encoder",
                    setting=json.dumps(setting),
                    verdict=model.health_.verdict,
                    **scores,
                )
            save(rows, Path(__file__).with_suffix(".csv"))


def spread(values: list[float]) -> str:
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


def page() -> None:
    """Write the guide's tables from the CSV file."""
    from scipy.stats import spearmanr

    rows = read("vectors")
    lines = [
        "| data | raw | untrained encoder | selected without labels"
        " | mean of the grid | best of the grid |",
        "|---|---|---|---|---|---|",
    ]
    correlations = [
        "| rank correlation of the score with the accuracy | " + " | ".join(SCORES) + " |",
        "|---|" + "---|" * len(SCORES),
    ]
    for name in dict.fromkeys(row["data"] for row in rows):
        cells: dict[str, list[float]] = {
            key: [] for key in ("raw", "untrained encoder", "chosen", "mean", "best")
        }
        ranks: dict[str, list[float]] = {score: [] for score in SCORES}
        for seed in SEEDS:
            of = [row for row in rows if row["data"] == name and row["seed"] == str(seed)]
            for row in of:
                if row["features"] != "trained encoder":
                    cells[row["features"]].append(float(row["accuracy"]))
            trained = [row for row in of if row["features"] == "trained encoder"]
            reached = [float(row["accuracy"]) for row in trained]
            chosen = max(trained, key=lambda row: float(row["alignment_uniformity"]))
            cells["chosen"].append(float(chosen["accuracy"]))
            cells["mean"].append(statistics.mean(reached))
            cells["best"].append(max(reached))
            for score in SCORES:
                found = [float(row[score]) for row in trained]
                ranks[score].append(float(spearmanr(found, reached).statistic))
        lines.append(f"| {name} | {' | '.join(spread(values) for values in cells.values())} |")
        said = " | ".join(f"{statistics.mean(values):.2f}" for values in ranks.values())
        correlations.append(f"| {name} | {said} |")
    origin = rows[0]
    known = f"Measured with nearfar {origin['nearfar']}, torch {origin['torch']}"
    lines += ["", *correlations, "", f"{known}; settings and numbers in `benchmarks/vectors.csv`."]
    text = PAGE.read_text(encoding="utf-8")
    before, _, after = text.partition(BEGIN)
    _, _, after = after.partition(END)
    written = "\n".join([BEGIN, *lines, END])
    PAGE.write_text(f"{before}{written}{after}", encoding="utf-8")


if __name__ == "__main__":
    page() if sys.argv[1:] == ["page"] else measure()
