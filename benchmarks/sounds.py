"""Measure the results in the guide on sounds and series, and write its tables.

python benchmarks/sounds.py digits        CPC on spoken digits, three seeds
python benchmarks/sounds.py horizon       CPC with prediction of 1, 2, 4, 8 or 12 steps ahead
python benchmarks/sounds.py candidates    CPC with different sources of negatives
python benchmarks/sounds.py series        CPC and SimCLR on sets of the UCR archive
python benchmarks/sounds.py table         writes the tables of docs/guides/sounds-and-series.md

Data are read from $NEARFAR_DATA. Numbers after the name select runs of an experiment: `digits 1 2`
are the second and the third seed.
"""

from __future__ import annotations

import csv
import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch; see docs/decisions/0003
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nearfar
from nearfar import api
from nearfar.records import Provenance

RESULTS = Path(__file__).with_suffix(".csv")
GUIDE = Path(__file__).parents[1] / "docs" / "guides" / "sounds-and-series.md"
SEEDS = (0, 1, 2)
SERIES = {  # numbers of epochs that give about equal numbers of updates
    "ucr-synthetic-control": 8,
    "ucr-trace": 24,
    "ucr-swedish-leaf": 5,
    "ucr-medical-images": 6,
}
NAMES = {"trained encoder": "encoder trained by CPC"}
EPOCHS = {"digits": 4, "horizon": 1, "candidates": 1}
ABLATIONS = ("horizon", "candidates")


def measure(
    experiment: str, method: str, data: str, *, seed: int, setting: str = "", **options: Any
) -> None:
    """Train one run and probe every set of labels; one row per representation."""
    sets = ("digit", "speaker") if data == "fsdd" else ("class",)
    epochs = SERIES[data] if experiment == "series" else EPOCHS[experiment]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = time.perf_counter(), sum(os.times()[:2])
        run = nearfar.pretrain(
            method, data, out=f"{folder}/run", seed=seed, epochs=epochs, **options
        )
        wall, cpu = time.perf_counter() - wall, sum(os.times()[:2]) - cpu
        compared = ["trained"] if experiment in ABLATIONS else ["trained", "untrained"]
        # raw features do not depend on the seed
        compared += ["raw"] if seed == 0 and experiment not in ABLATIONS else []
        for labels in sets:
            found = api.probe(run, data, labels=labels, representations=compared)
            for row in found.rows:
                rows.append(
                    {
                        "experiment": experiment,
                        "data": data,
                        "method": method,
                        "setting": setting,
                        "epochs": epochs,
                        "seed": seed,
                        "labels": labels,
                        "representation": row.representation,
                        "linear": round(row.linear, 4),
                        "knn": round(row.knn, 4),
                        "verdict": run.health.verdict,
                        "wall_seconds": round(wall),
                        "cpu_seconds": round(cpu),
                        **asdict(Provenance.here()),
                    }
                )
                print(rows[-1], flush=True)
    add(rows)


def add(rows: list[dict[str, Any]]) -> None:
    """Write rows to the file, replacing those of the same run."""
    key = ("experiment", "data", "method", "setting", "seed")
    new = {tuple(str(row[k]) for k in key) for row in rows}
    kept = [row for row in read() if tuple(row[k] for k in key) not in new]
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(kept + rows)


def read() -> list[dict[str, str]]:
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cell(rows: list[dict[str, str]]) -> str:
    """Mean and standard deviation over seeds in per cent."""
    values = [100 * float(row["linear"]) for row in rows]
    if not values:
        return ""
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}"


def chosen(rows: list[dict[str, str]], **wanted: str) -> list[dict[str, str]]:
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def unique(rows: list[dict[str, str]], key: str) -> list[str]:
    return list(dict.fromkeys(row[key] for row in rows))


def said(rows: list[dict[str, str]]) -> str:
    """Epochs, seeds, CPU time, versions and machine of a table's runs."""
    cpu = statistics.median(float(row["cpu_seconds"]) for row in rows)
    seeds = len(unique(rows, "seed"))
    first = rows[0]
    lengths = sorted({int(row["epochs"]) for row in rows})
    epochs = f"{lengths[0]} to {lengths[-1]}" if len(lengths) > 1 else str(lengths[0])
    epochs += " epoch" if lengths == [1] else " epochs"
    return (
        f"*{epochs}, {seeds} seed{'s' if seeds > 1 else ''}, {cpu:.0f} CPU seconds"
        f" per run; nearfar {first['nearfar']}, torch {first['torch']}, {first['cores']} cores*"
    )


def digits_table(rows: list[dict[str, str]]) -> list[str]:
    lines = ["| representation | digit | speaker |", "|---|---|---|"]
    for name in unique(rows, "representation"):
        some = chosen(rows, representation=name)
        cells = [cell(chosen(some, labels=labels)) for labels in ("digit", "speaker")]
        lines.append(f"| {NAMES.get(name, name)} | {' | '.join(cells)} |")
    return lines


def settings_table(rows: list[dict[str, str]], title: str) -> list[str]:
    trained = chosen(rows, representation="trained encoder")
    lines = [f"| {title} | digit | speaker |", "|---|---|---|"]
    for name in sorted(unique(trained, "setting"), key=lambda name: (len(name), name)):
        some = chosen(trained, setting=name)
        cells = [cell(chosen(some, labels=labels)) for labels in ("digit", "speaker")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def series_table(rows: list[dict[str, str]]) -> list[str]:
    lines = [
        "| set | CPC | SimCLR | untrained encoder | the series itself |",
        "|---|---|---|---|---|",
    ]
    for data in unique(rows, "data"):
        some = chosen(rows, data=data)
        cells = [
            cell(chosen(some, method="cpc", representation="trained encoder")),
            cell(chosen(some, method="simclr", representation="trained encoder")),
            cell(chosen(some, method="cpc", representation="untrained encoder")),
            cell(chosen(some, method="cpc", representation="series at 128 steps", seed="0")),
        ]
        lines.append(f"| {data} | {' | '.join(cells)} |")
    return lines


def tables() -> None:
    """Write the guide's tables from the CSV file, each between its markers."""
    makers = {
        "digits": digits_table,
        "horizon": lambda rows: settings_table(rows, "steps ahead"),
        "candidates": lambda rows: settings_table(rows, "candidates"),
        "series": series_table,
    }
    text, everything = GUIDE.read_text(encoding="utf-8"), read()
    for experiment, make in makers.items():
        rows = chosen(everything, experiment=experiment)
        if experiment == "candidates":  # the run with 12 steps has the same settings
            twelve = chosen(everything, experiment="horizon", setting="12")
            rows = [row | {"setting": "batch"} for row in twelve] + rows
        begin, end = f"<!-- {experiment}: begin (generated) -->", f"<!-- {experiment}: end -->"
        before, _, rest = text.partition(begin)
        after = rest.partition(end)[2]
        body = "\n".join([*make(rows), "", said(rows)]) if rows else "not measured"
        text = f"{before}{begin}\n{body}\n{end}{after}"
    GUIDE.write_text(text, encoding="utf-8")


def main(what: str, *numbers: str) -> None:
    if what == "table":
        tables()
        return
    chosen_runs = [RUNS[what][int(number)] for number in numbers] or RUNS[what]
    for run in chosen_runs:
        measure(what, **run)


CPC = {"method": "cpc", "data": "fsdd"}
RUNS: dict[str, list[dict[str, Any]]] = {
    "digits": [CPC | {"seed": seed} for seed in SEEDS],
    "horizon": [
        CPC | {"seed": 0, "setting": str(steps), "method_options": {"steps": steps}}
        for steps in (1, 2, 4, 8, 12)
    ],
    "candidates": [
        CPC | {"seed": 0, "setting": kind, "method_options": {"candidates": kind}}
        for kind in ("same_sequence", "other_sequences")
    ],
    "series": [
        {"method": method, "data": data, "seed": seed}
        for seed in SEEDS
        for data in SERIES
        for method in ("cpc", "simclr")
    ],
}


if __name__ == "__main__":
    main(*sys.argv[1:])
