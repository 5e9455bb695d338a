"""Measure training on pairs: ``python benchmarks/pairs.py omniglot|captions|table [FOLDER]``.

The runs are kept in FOLDER, if it is given, and finished runs are not trained again.

omniglot   multi-view objective on two drawings of a character: combinations of terms, weight of IP
captions   two captions of the same image: retrieval, compared with the untrained encoder
table      writes the tables of docs/guides/pairs.md from the measured rows
"""

from __future__ import annotations

import csv
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch; see docs/decisions/0003
import statistics
import sys
import tempfile
from pathlib import Path

import torch
from torch import nn

import nearfar
from nearfar.api._embedding import embed_source
from nearfar.data import Joined, LabeledData, Source, open_labeled, open_source, sides
from nearfar.diagnostics import pair_measurements
from nearfar.modalities import modality
from nearfar.probes import KNNProbe, MeanClassifier
from nearfar.views import ImageViews
from results import save

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "guides" / "pairs.md"
SEEDS = (0, 1, 2)
WIDTH, DIM = 32, 256
EPOCHS = 60
FORWARD = 0.005  # λ_FP of figure 4 (c)
SETTINGS: dict[str, dict[str, float]] = {
    "CL": {},
    "CL + FP": {"forward_weight": FORWARD},
    "CL + 0.01 IP": {"inverse_weight": 0.01},  # 1.28 in the units of figure 4 (a)
    "CL + 0.1 IP": {"inverse_weight": 0.1},
    "CL + IP": {"inverse_weight": 1.0},
    "CL + 10 IP": {"inverse_weight": 10.0},
    "CL + FP + IP": {"forward_weight": FORWARD, "inverse_weight": 1.0},
    "FP": {"contrastive_weight": 0.0, "forward_weight": FORWARD},
    "IP": {"contrastive_weight": 0.0, "inverse_weight": 1.0},
}
ALONE = ("FP", "IP")  # one seed, as their effect is much larger than a point
SWEEP = ("CL", "CL + 0.01 IP", "CL + 0.1 IP", "CL + IP", "CL + 10 IP")
MEASURED = ("recall_1", "recall_5", "recall_10", "median_rank", "modality_gap", "information")
CAPTIONS = {"batch_size": 256, "warmup_epochs": 1, "min_frequency": 2, "width": 256}
ENCODERS: dict[str, dict[str, int]] = {"bag": {"epochs": 5}}


def encoder() -> nn.Module:
    """Four convolutions and a linear map, as in the paper, with fewer channels."""
    layers: list[nn.Module] = []
    channels = 1
    for block in range(4):
        layers += [nn.Conv2d(channels, WIDTH, 3, padding=1, bias=False), nn.BatchNorm2d(WIDTH)]
        layers += [nn.ReLU(inplace=True), *([nn.MaxPool2d(2)] if block < 3 else [])]
        channels = WIDTH
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(9 * WIDTH, DIM))


def omniglot(runs: Path) -> None:
    """Train the runs that are not in `runs` yet, then measure all runs."""
    source, judged = open_source("omniglot-pairs"), open_labeled("omniglot-pairs")
    rows = []
    for seed in SEEDS:
        for name, weights in SETTINGS.items():
            out = runs / f"{name.replace(' ', '')}-{seed}"
            if name in ALONE and seed > 0:
                continue
            if not (out / "health.json").is_file():
                train_drawings(source, out, seed, weights)
            run = nearfar.load(out, encoder=encoder())
            row = {"data": "omniglot-pairs", "setting": name, "seed": seed, "epochs": EPOCHS}
            rows.append({**row, **judge_drawings(run.encoder, judged), "verdict": verdict(run)})
            print(rows[-1], flush=True)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            fresh = encoder().eval()
        row = {"data": "omniglot-pairs", "setting": "untrained", "seed": seed, "epochs": 0}
        rows.append({**row, **judge_drawings(fresh, judged), "verdict": ""})
    row = {"data": "omniglot-pairs", "setting": "pixels 28×28", "seed": 0, "epochs": 0}
    rows.append({**row, **judge_drawings(nn.Flatten(), judged), "verdict": ""})
    keep(rows)


def train_drawings(source: Source, out: Path, seed: int, weights: dict[str, float]) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        fresh = encoder()
    nearfar.pretrain(
        "multiview",
        source,
        encoder=fresh,
        width=DIM,
        out=out,
        seed=seed,
        epochs=EPOCHS,
        batch_size=128,
        weight_decay=1e-6,
        learning_rate=1e-3,
        warmup_epochs=2,
        method_options={"temperature": 0.1, **weights},
    )


def judge_drawings(module: nn.Module, judged: LabeledData) -> dict[str, float]:
    """Classification and retrieval of unseen characters: 5 labelled drawings, 15 test drawings."""
    views = ImageViews(size=28, channels=1, num_views=1)
    assert judged.test is not None
    train, test = (embed_source(module, part, views) for part in (judged.train, judged.test))
    labels, test_labels = judged.train_labels, judged.test_labels
    assert test_labels is not None
    pairs = pair_measurements(train[::5], test[::15])  # a drawing of each character, and another
    return {
        "nearest": KNNProbe(neighbors=1).fit(train, labels).score(test, test_labels),
        "mean_classifier": MeanClassifier().fit(train, labels).score(test, test_labels),
        **{name: round(pairs[name], 5) for name in MEASURED},
    }


def verdict(run: nearfar.Run) -> str:
    return run.health.verdict


def captions(runs: Path) -> None:
    """Retrieval between two captions, among 1,000 held-out images."""
    source, test = open_source("multi30k"), open_source("multi30k", split="test")
    first, second = sides(test)
    rows = []
    for name, options in ENCODERS.items():
        for seed in SEEDS:
            out = runs / f"captions-{name}-{seed}"
            epochs = options["epochs"]
            if not (out / "health.json").is_file():
                nearfar.pretrain(
                    "multiview", source, encoder=name, out=out, seed=seed, **CAPTIONS, **options
                )
            run = nearfar.load(out)
            trained = {"trained": run.encoder, "untrained": run.untrained_encoder()}
            for state, module in trained.items():
                z1, z2 = (embed_source(module, side, run.views) for side in (first, second))
                measured = pair_measurements(z1, z2)
                rows.append(
                    {
                        "data": "multi30k",
                        "setting": f"{name}, {state}",
                        "seed": seed,
                        "epochs": epochs if state == "trained" else 0,
                        "nearest": "",
                        "mean_classifier": "",
                        **{key: round(measured[key], 5) for key in MEASURED},
                        "verdict": verdict(run) if state == "trained" else "",
                    }
                )
                print(rows[-1], flush=True)
    raw_name, raw = modality("text").raw(Joined([first, second], name="captions"), {})
    measured = pair_measurements(*raw.chunk(2))
    row = {"data": "multi30k", "setting": raw_name, "seed": 0, "epochs": 0}
    row |= {"nearest": "", "mean_classifier": ""}
    rows.append({**row, **{key: round(measured[key], 5) for key in MEASURED}, "verdict": ""})
    keep(rows)


def keep(rows: list[dict[str, object]]) -> None:
    """Replace the rows of a data set by new ones."""
    path = HERE / "pairs.csv"
    kept: list[dict[str, object]] = []
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            found = [{key: row[key] for key in rows[0]} for row in csv.DictReader(file)]
        kept = [row for row in found if row["data"] != rows[0]["data"]]
    save([*kept, *rows], path)


def read(data: str) -> dict[str, list[dict[str, str]]]:
    """Measured rows of a data set, by setting."""
    with (HERE / "pairs.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["data"] == data]
    return {
        name: [r for r in rows if r["setting"] == name] for name in (r["setting"] for r in rows)
    }


def spread(rows: list[dict[str, str]], key: str, *, percent: bool = True) -> str:
    values = [float(row[key]) * (100 if percent else 1) for row in rows]
    digits = 1 if percent else 2
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def compared(more: list[dict[str, str]], less: list[dict[str, str]], key: str) -> str:
    """Whether `more` is larger than `less`, with the standard error of the difference."""
    a, b = ([100 * float(row[key]) for row in rows] for rows in (more, less))
    gap = statistics.mean(a) - statistics.mean(b)
    error = (statistics.variance(a) / len(a) + statistics.variance(b) / len(b)) ** 0.5
    word = "held" if gap > 2 * error else "did not hold" if gap < -2 * error else "open"
    return f"{word}: {gap:+.1f} points, standard error {error:.1f}"


def table() -> None:
    """Write the tables of the guide between their markers."""
    text = PAGE.read_text(encoding="utf-8")
    for mark, lines in (("omniglot", drawings_table()), ("captions", captions_table())):
        begin, end = f"<!-- {mark}: begin (generated) -->", f"<!-- {mark}: end -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n" + "\n".join(lines) + f"\n{end}{rest.partition(end)[2]}"
    PAGE.write_text(text, encoding="utf-8")


def drawings_table() -> list[str]:
    found = read("omniglot-pairs")
    lines = [
        "| objective | 1-NN, % | mean classifier, % | R@1, % | information, nats | seeds |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in found.items():
        cells = [spread(rows, key) for key in ("nearest", "mean_classifier", "recall_1")]
        cells += [spread(rows, "information", percent=False), str(len(rows))]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    best = max(
        SWEEP[1:], key=lambda name: statistics.mean(float(r["nearest"]) for r in found[name])
    )
    collapsed = found["IP"][0]["verdict"] == "complete collapse"
    claims = [
        (
            f"a small IP weight helps: {best}, the best of the sweep",
            compared(found[best], found["CL"], "nearest"),
        ),
        ("too large an IP weight hurts", compared(found[best], found[SWEEP[-1]], "nearest"))
        if best != SWEEP[-1]
        else ("too large an IP weight hurts", f"open: the largest weight, {best}, is best"),
        ("adding FP to CL does no harm", compared(found["CL + FP"], found["CL"], "nearest")),
        (
            "all three terms are better than CL alone",
            compared(found["CL + FP + IP"], found["CL"], "nearest"),
        ),
        ("IP alone collapses", "held" if collapsed else f"verdict {found['IP'][0]['verdict']}"),
    ]
    lines += ["", "| claim (1-NN) | |", "|---|---|"]
    return lines + [f"| {claim} | {word} |" for claim, word in claims]


def captions_table() -> list[str]:
    lines = [
        "| encoder | R@1, % | R@5, % | R@10, % | median rank | seeds |",
        "|---|---|---|---|---|---|",
    ]
    for name, rows in read("multi30k").items():
        cells = [spread(rows, key) for key in ("recall_1", "recall_5", "recall_10")]
        cells += [spread(rows, "median_rank", percent=False), str(len(rows))]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def main(what: str, runs: str = "") -> None:
    if what == "table":
        table()
        return
    with tempfile.TemporaryDirectory() as folder:
        {"omniglot": omniglot, "captions": captions}[what](Path(runs or folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
