"""Measure what the settings of the process give: kept memory, and threads on a busy computer.

python benchmarks/process.py memory     with and without keep_freed_memory(), other allocators
python benchmarks/process.py threads    one and all threads, with one other program per core
python benchmarks/process.py bits       whether weights depend on the number of threads

SimCLR with `convnet` on 32×32 colour images, batches of 256. Each measurement is a process of its
own. The variants take turns, so that a change in the load of the computer meets all of them; the
figures are medians over the rounds. CPU seconds depend less on other programs than updates per
second do. Results are written to benchmarks/process-*.csv.
"""

from __future__ import annotations

import csv
import ctypes.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROUNDS, WARM_UP, BATCH, SIZE = 5, 2, 256, 32
UPDATES = {"32": 8, "bf16": 3}  # a CPU without bfloat16 is slow at it
PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE"}
ALLOCATORS = {"jemalloc": "jemalloc", "tcmalloc": "tcmalloc_minimal"}


def child(setting: str, precision: str, updates: int) -> dict[str, float]:
    """Train for some updates, and return what each took and the memory of the process."""
    import torch

    from nearfar._platform import memory_from_now, peak_memory
    from nearfar.data import open_source
    from nearfar.methods import simclr
    from nearfar.modules import ConvNet
    from nearfar.records import RunDirectory
    from nearfar.training import Engine, TrainingOptions, Watch, keep_freed_memory, train
    from nearfar.views import simclr_views

    if setting == "kept":
        assert keep_freed_memory(), "this C library has no such settings"
    torch.manual_seed(0)
    source = open_source(torch.randint(0, 256, (2048, SIZE, SIZE, 3), dtype=torch.uint8).numpy())
    views = simclr_views(size=SIZE, channels=3)
    held_out = source.read(range(16))
    memory_from_now()
    marks: list[tuple[float, float]] = []

    class Clock:
        def start(self, record: object) -> None: ...

        def update(self, **where: Any) -> None:
            marks.append((time.perf_counter(), time.process_time()))
            if len(marks) > WARM_UP + updates:
                raise TimeoutError

        def finish(self, health: object) -> None: ...

    method = simclr(ConvNet(channels=3), 256).to(memory_format=torch.channels_last)
    with tempfile.TemporaryDirectory() as folder, suppress(TimeoutError):
        train(
            method,
            source,
            views,
            options=TrainingOptions(
                epochs=1000, batch_size=BATCH, precision=precision, watch_every=0
            ),
            engine=Engine(devices=1, precision=precision),
            directory=RunDirectory(Path(folder)),
            watch=Watch(views(held_out.inputs, held_out.samples, seed=0, epoch=0)),
            progress=Clock(),
        )
    (first, cpu), (last, cpu_last) = marks[WARM_UP], marks[-1]
    return {
        "seconds": (last - first) / updates,
        "cpu_seconds": (cpu_last - cpu) / updates,
        "peak_mib": peak_memory() / 2**20,
        "resident_mib": memory_from_now() / 2**20,
        "threads": torch.get_num_threads(),
        "weights": float(sum(p.detach().double().abs().sum() for p in method.parameters())),
    }


def measured(
    setting: str, precision: str, environment: Mapping[str, str], updates: int
) -> dict[str, float]:
    """The answer of a process of its own."""
    words = [sys.executable, __file__, "child", setting, precision, str(updates)]
    done = subprocess.run(
        words, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


@contextmanager
def others(count: int) -> Iterator[None]:
    """So many other programs that compute all the time."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def compare(
    name: str,
    variants: Mapping[str, tuple[str, Mapping[str, str]]],
    *,
    precisions: tuple[str, ...],
    loads: tuple[int, ...] = (0,),
    rounds: int = ROUNDS,
) -> None:
    """Measure variants in turns and write one row per variant; ratios are to the first."""
    rows = []
    for load in loads:
        for precision in precisions:
            found: dict[str, list[dict[str, float]]] = {variant: [] for variant in variants}
            with others(load):
                for _ in range(rounds):
                    for variant, (setting, environment) in variants.items():
                        answer = measured(setting, precision, environment, UPDATES[precision])
                        found[variant].append(answer)
            base = found[next(iter(variants))]
            for variant, answers in found.items():
                median = {key: statistics.median(a[key] for a in answers) for key in answers[0]}
                speed_up = statistics.median(
                    b["seconds"] / a["seconds"] for a, b in zip(answers, base, strict=True)
                )
                cpu = statistics.median(
                    b["cpu_seconds"] / a["cpu_seconds"] for a, b in zip(answers, base, strict=True)
                )
                rows.append(
                    {
                        "variant": variant,
                        "precision": precision,
                        "other_programs": load,
                        "threads": int(median["threads"]),
                        "updates_per_second": f"{1 / median['seconds']:.3g}",
                        "speed_up": f"{speed_up:.2f}",
                        "cpu_seconds_per_update": f"{median['cpu_seconds']:.3g}",
                        "cpu_gain": f"{cpu:.2f}",
                        "peak_mib": round(median["peak_mib"]),
                        "resident_mib_at_the_end": round(median["resident_mib"]),
                        "rounds": rounds,
                    }
                )
                print(rows[-1], flush=True)
    with (HERE / f"process-{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main(what: str, rounds: int) -> None:
    """Run one of the measurements."""
    if what == "memory":
        variants = {"default": ("plain", PASSIVE), "kept": ("kept", PASSIVE)}
        for name, library in ALLOCATORS.items():
            found = ctypes.util.find_library(library)
            if found:
                variants[name] = ("plain", PASSIVE | {"LD_PRELOAD": found})
        compare("memory", variants, precisions=("32", "bf16"), rounds=rounds)
    elif what == "threads":
        cores = len(os.sched_getaffinity(0))
        one = {"OMP_NUM_THREADS": "1"}
        variants = {
            "passive": ("plain", PASSIVE),
            "passive, 1 thread": ("plain", PASSIVE | one),
            "active": ("plain", {"OMP_WAIT_POLICY": "ACTIVE"}),
            "no spinning": ("plain", PASSIVE | {"GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}),
        }
        compare("threads", variants, precisions=("32",), loads=(cores,), rounds=rounds)
    else:
        for threads in ("1", "1", "2", "2"):
            answer = measured("plain", "32", PASSIVE | {"OMP_NUM_THREADS": threads}, 10)
            print(f"{threads} threads: sum of all weights {answer['weights']!r}")


if __name__ == "__main__":
    if sys.argv[1] == "child":
        print(json.dumps(child(sys.argv[2], sys.argv[3], int(sys.argv[4]))))
    else:
        main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else ROUNDS)
