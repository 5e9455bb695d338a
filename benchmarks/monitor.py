"""Measure what a monitor costs in a loop that trains a ResNet-18 at 32×32.

python benchmarks/monitor.py     writes benchmarks/monitor.csv

CPU seconds of one thread, which depend least on other programs; medians over repetitions. The share
is that of copying the rows of each update, and of a record every so many updates as by default.
"""

from __future__ import annotations

import csv
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import timm
import torch

from nearfar.monitor import Monitor
from nearfar.objectives import nt_xent_loss
from nearfar.records import Provenance

OUT = Path(__file__).parent / "monitor.csv"
SIZE, DIM = 32, 128


def seconds(function: Callable[[], object], times: int) -> float:
    """Median CPU seconds of a call."""
    function()
    took = []
    for _ in range(times):
        start = time.process_time()
        function()
        took.append(time.process_time() - start)
    return statistics.median(took)


def measured(batch: int) -> dict[str, object]:
    """Seconds of an update of SimCLR, of its rows, and of a record."""
    encoder = timm.create_model("resnet18", num_classes=DIM)
    optimizer = torch.optim.SGD(encoder.parameters(), lr=0.1)
    first, second = torch.randn(2, batch, 3, SIZE, SIZE)
    monitor = Monitor()

    def train() -> None:
        loss = nt_xent_loss(encoder(first), encoder(second), temperature=0.2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    z1, z2 = encoder(first).detach(), encoder(second).detach()
    update = seconds(train, 7)
    copies = seconds(lambda: monitor.update(z1, z2), 200)

    def judge() -> None:
        monitor.update(torch.randn(batch, DIM), torch.randn(batch, DIM))
        monitor.compute()

    while len(monitor.compute().notes) and monitor.updates * batch < monitor.samples:
        monitor.update(z1, z2)
    record = seconds(judge, 9)
    share = (copies + record / monitor.every) / update
    return {
        "batch": batch,
        "update_seconds": f"{update:.4g}",
        "copy_seconds": f"{copies:.4g}",
        "record_seconds": f"{record:.4g}",
        "every": monitor.every,
        "samples": monitor.samples,
        "share": f"{share:.4g}",
    }


def main() -> None:
    torch.set_num_threads(1)
    rows = [{**measured(batch), **asdict(Provenance.here())} for batch in (64, 256)]
    with OUT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
