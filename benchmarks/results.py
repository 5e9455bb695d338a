"""Measure what the README states, and write its table.

python benchmarks/results.py digits|fashion-mnist|watch          measures into benchmarks/
python benchmarks/results.py objectives|views|train              the same as `nearfar bench`
python benchmarks/results.py table                               writes the table of README.md

benchmarks/theory.py times the functions of the theory; benchmarks/scales.py compares losses with
those of other packages.
"""

from __future__ import annotations

import csv
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch; see docs/decisions/0003
import statistics
import sys
import tempfile
import time
from dataclasses import fields
from pathlib import Path

import torch

import nearfar
from nearfar import api, bench
from nearfar.methods import simclr
from nearfar.records import Provenance
from nearfar.training import Engine, Watch

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BEGIN = "<!-- measured numbers: begin (generated; see benchmarks) -->"
END = "<!-- measured numbers: end -->"
SETTINGS = {
    "digits": {},
    # fifteen CPU minutes; smaller crops than a third of a 28×28 garment show little of it
    "fashion-mnist": {"epochs": 9, "view_options": {"crop_scale": (0.3, 1.0)}},
}
SEEDS = (0, 1, 2)


def measure(data: str) -> None:
    """Pretrain by SimCLR with three seeds, probe, one line a representation."""
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
    """Cost of one measurement against the updates between two, at the default interval."""
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
    took = []
    for _ in range(20):
        start = time.perf_counter()
        watched(method, engine)
        took.append(time.perf_counter() - start)
    cost = statistics.median(took)
    rows.append(
        {
            "update_seconds": round(update, 5),
            "measurement_seconds": round(cost, 5),
            "every": 50,
            "share": round(cost / (50 * update), 5),
        }
    )
    print(rows[-1])
    save(rows, HERE / "watch.csv")


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
    """The README's table from the files."""
    lines = [
        "SimCLR, probes on frozen features: mean and standard deviation of three seeds unless said"
        " otherwise. Pretraining sees images only: on digits all of them (in the probe five folds"
        " take turns), on Fashion-MNIST the official training part, with crops of at least 30 %.",
        "",
        "| data | epochs | representation | linear | kNN | mean classifier |",
        "|---|---|---|---|---|---|",
    ]
    for data in SETTINGS:
        rows = read(data)
        for name in dict.fromkeys(row["representation"] for row in rows):
            chosen = [row for row in rows if row["representation"] == name]
            cells = [spread([float(r[key]) for r in chosen]) for key in ("linear", "knn")]
            cells.append(spread([float(r["mean_classifier"]) for r in chosen]))
            lines.append(f"| {data} | {chosen[0]['epochs']} | {name} | {' | '.join(cells)} |")
        cpu = statistics.median(float(row["cpu_seconds"]) for row in rows)
        wall = statistics.median(float(row["wall_seconds"]) for row in rows)
        verdicts = ", ".join(sorted({row["verdict"] for row in rows}))
        lines.append(
            f"| | | *{wall:.0f} s, {cpu:.0f} CPU seconds a run; verdict {verdicts}* | | | |"
        )
    lines += ["", "Speed on two CPU cores (medians, variants in turns within one run).", ""]
    for name, title in (
        ("views", "two SimCLR views of 32×32 colour images, batch 256"),
        ("train", "SimCLR training, `convnet`, 32×32 colour images, batch 256"),
    ):
        lines += [f"| {title} | images per second | nearfar is faster by | peak MiB |"]
        lines += ["|---|---|---|---|"]
        for row in read(name):
            peak = f"{float(row['peak_memory']):,.0f}" if float(row["peak_memory"]) else ""
            speed, ratio = float(row["images_per_second"]), float(row["ratio"])
            lines.append(f"| {row['variant']} | {speed:,.0f} | {ratio:.2f}× | {peak} |")
        lines.append("")
    lines += [
        "Objectives with their gradients, float32, dimension 128 (`nearfar bench objectives`). Per"
        " pair of vectors where sizes differ.",
        "",
        "| objective | batch | | seconds | nearfar is faster by | MiB more than before |",
        "|---|---|---|---|---|---|",
    ]
    for row in read("objectives"):
        if row["device"].startswith("cpu"):
            cells = [row["name"], f"{int(row['batch']):,}", row["variant"]]
            cells.append(f"{float(row['median_seconds']):.3g}")
            cells.append(f"{float(row['ratio']):.2f}×")
            lines.append(f"| {' | '.join(cells)} | {float(row['peak_memory']):,.0f} |")
    lines.append("")
    share = float(read("watch")[0]["share"])
    lines.append(
        f"Label-free measurements every 50 updates cost {share:.1%} of the training time (digits,"
        " 256 samples watched)."
    )
    origin = read("digits")[0]
    lines.append(
        f"\nMeasured with nearfar {origin['nearfar']}, torch {origin['torch']},"
        f" {origin['cores']} cores; files and commands in `benchmarks/`."
    )
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
        rows = getattr(bench, f"bench_{what}")(seconds=150.0)
        bench.write_csv(rows, HERE / f"{what}.csv")


if __name__ == "__main__":
    main(*sys.argv[1:])
