"""Two processes in one directory at once: one trains, and the other says who does."""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections import Counter
from pathlib import Path

from campaign_worlds import World, forked, outcome_of, train

import nearfar

__all__ = ["twice"]

_WORLD = World("simclr", "vectors.csv")


def twice(
    chance: random.Random, *, until: float, folder: Path, data: Path
) -> tuple[Counter[str], list[str]]:
    """Start pairs of processes until the time is over; numbers of outcomes, and the faults."""
    counts: Counter[str] = Counter()
    faults: list[str] = []
    known = {}
    for seed in (1, 2):
        out = folder / f"alone-{seed}"
        shutil.rmtree(out, ignore_errors=True)
        forked(lambda: train(_WORLD, data, out, seed=seed))  # noqa: B023
        known[seed] = outcome_of(out)
    while time.monotonic() < until and len(faults) < 20:
        out = folder / "both"
        shutil.rmtree(out, ignore_errors=True)
        apart = chance.choice((0.0, 0.0, 0.005, 0.02, 0.1))
        results: dict[int, tuple[int, str]] = {}

        def start(seed: int) -> None:
            time.sleep(apart * (seed - 1))  # noqa: B023
            results[seed] = forked(lambda: train(_WORLD, data, out, seed=seed))  # noqa: B023

        pair = [threading.Thread(target=start, args=(seed,)) for seed in (1, 2)]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
        trained = [seed for seed, (code, _) in results.items() if code == 0]
        told = [said for code, said in results.values() if code]
        good = len(trained) == 1 and "in use" in told[0] and " on " in told[0]
        if len(trained) == 2:  # the second came when the first had finished, and resumed it
            good = nearfar.load(out).record.finished
        seed = int(nearfar.load(out).directory.read_recipe()["training"]["seed"])
        good = good and outcome_of(out) == known[seed]
        counts["one trained, the other said who" if good else "otherwise"] += 1
        if not good:
            faults.append(f"{apart} s apart: {results}")
    return counts, faults
