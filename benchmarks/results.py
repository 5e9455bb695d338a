"""Measure the results in the README, and write its table.

python benchmarks/results.py digits|fashion-mnist|watch          measures, writes to benchmarks/
python benchmarks/results.py objectives|views|train              same as `nearfar bench`
python benchmarks/results.py table                               writes the table of README.md

benchmarks/theory.py times the functions of nearfar.theory; benchmarks/scales.py compares losses
with those of other packages.
"""

from __future__ import annotations

import csv
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch; see docs/decisions/0003
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import torch

import nearfar
from nearfar import api, speed
from nearfar.methods import simclr
from nearfar.records import Provenance
from nearfar.training import Engine, Watch

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BEGIN = "<!-- measured numbers: begin (generated; see benchmarks) -->"
END = "<!-- measured numbers: end -->"
SETTINGS = {
    "digits": {},
    # fifteen CPU minutes; crops below a third of a 28×28 garment show too little of it
    "fashion-mnist": {"epochs": 9, "view_options": {"crop_scale": (0.3, 1.0)}},
}
SEEDS = (0, 1, 2)


def measure(data: str) -> None:
    """Pretrain by SimCLR with three seeds and probe; one row per representation."""
    rows = []
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            wall, cpu = time.perf_counter(), sum(os.times()[:2])
            run = nearfar.pretrain("simclr", data, out=f"{folder}/run", seed=seed, **SETTINGS[data])
            wall, cpu = time.perf_counter() - wall, sum(os.times()[:2]) - cpu
            health = run.health
            for row in api.probe(run, data).rows:
                rows.append(
                    {
                        "data": data,
                        "method": "simclr",
                        "epochs": run.record.epochs,
                        "seed": seed,
                        "representation": row.representation,
                        "knn": row.knn,
                        "linear": row.linear,
                        "mean_classifier": row.mean_classifier,
                        "verdict": health.verdict,
                        "wall_seconds": round(wall),
                        "cpu_seconds": round(cpu),
                    }
                )
                print(rows[-1], flush=True)
        save(rows, HERE / f"{data}.csv")


def watch() -> None:
    """Cost of a measurement as a fraction of the updates between two, at the default interval.

    The `readings` are what is left without the forward passes: two embeddings and the loss.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        run = nearfar.pretrain("simclr", "digits", epochs=5, out=f"{folder}/run", watch_every=0)
        encoder, lines = run.encoder, run.metrics.train
    speed = statistics.median(line.samples_per_second or 0.0 for line in lines)
    update = 256 / speed
    method = simclr(encoder, 256)
    views = torch.rand(256, 1, 16, 16), torch.rand(256, 1, 16, 16)
    watched = Watch(views, seen=views)
    engine = Engine(devices=1)

    def passes() -> None:
        watched.project(method, engine)
        watched.loss(method, engine, batch_size=256)

    cost = typical(lambda: watched(method, engine))
    readings = max(0.0, cost - typical(passes))
    rows.append(
        {
            "update_seconds": round(update, 5),
            "measurement_seconds": round(cost, 5),
            "readings_seconds": round(readings, 5),
            "every": 50,
            "readings_share": round(readings / (50 * update), 5),
            "share": round(cost / (50 * update), 5),
        }
    )
    print(rows[-1])
    save(rows, HERE / "watch.csv")


def typical(call: Callable[[], object]) -> float:
    """Median seconds of 20 calls."""
    took = []
    for _ in range(20):
        start = time.perf_counter()
        call()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def save(rows: list[dict[str, object]], path: Path) -> None:
    origin = Provenance.here()
    extra = {field.name: getattr(origin, field.name) for field in fields(origin)}
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, [*rows[0], *extra], lineterminator="\n")
        table.writeheader()
        table.writerows({**row, **extra} for row in rows)


def read(name: str) -> list[dict[str, str]]:
    with (HERE / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def spread(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.4f} (one seed)"
    return f"{statistics.mean(values):.4f} ± {statistics.stdev(values):.4f}"


def table() -> None:
    """Write the README's table from the CSV files: accuracies, and the cost of measurements.

    Speed relative to other packages is only in ``benchmarks/*.csv``, as a ratio means little
    without the settings of the other package.
    """
    lines = [
        "SimCLR, probes on the frozen encoder. Mean and standard deviation over three seeds, unless"
        " stated otherwise.",
        "",
        "| data | epochs | representation | linear | kNN | mean classifier |",
        "|---|---|---|---|---|---|",
    ]
    runs = []
    for data in SETTINGS:
        rows = read(data)
        for name in dict.fromkeys(row["representation"] for row in rows):
            chosen = [row for row in rows if row["representation"] == name]
            cells = [spread([float(r[key]) for r in chosen]) for key in ("linear", "knn")]
            cells.append(spread([float(r["mean_classifier"]) for r in chosen]))
            lines.append(f"| {data} | {chosen[0]['epochs']} | {name} | {' | '.join(cells)} |")
        cpu = statistics.median(float(row["cpu_seconds"]) for row in rows)
        verdicts = ", ".join(sorted({row["verdict"] for row in rows}))
        runs.append(f"{data}: {cpu:.0f} CPU seconds per run, verdict {verdicts}")
    watched = read("watch")[0]
    share, readings = float(watched["share"]), float(watched["readings_share"])
    origin = read("digits")[0]
    lines += [
        "",
        "Pretraining uses images only. On digits the encoder is pretrained on all of them and the"
        " probes are cross-validated in five folds; on Fashion-MNIST it is pretrained on the"
        " official training set, with random crops of at least 30 % of the area.",
        "",
        f"{'; '.join(runs)}. Measurements every 50 updates take {share:.1%} of the training time,"
        f" {readings:.1%} apart from encoding the 256 held-out samples (digits). nearfar"
        f" {origin['nearfar']}, torch {origin['torch']}, {origin['cores']} CPU cores; commands and"
        " raw numbers in `benchmarks/`.",
    ]
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8")


def main(what: str) -> None:
    if what in SETTINGS:
        measure(what)
    elif what == "watch":
        watch()
    elif what == "table":
        table()
    else:
        rows = getattr(speed, f"bench_{what}")(seconds=150.0)
        speed.write_csv(rows, HERE / f"{what}.csv")


if __name__ == "__main__":
    main(*sys.argv[1:])
