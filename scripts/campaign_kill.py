"""Kill trainings at random moments and inside their writes; resume; compare with the whole run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from campaign_worlds import WORLDS, Outcome, World, forked, outcome_of, train

__all__ = ["kill"]

Result = Counter[str]


def kill(
    chance: random.Random, *, until: float, folder: Path, data: Path
) -> tuple[Result, list[str]]:
    """Kill until the time is over.

    Returns:
        Numbers of kills by place, of runs that ended as undisturbed, and the faults.
    """
    counts: Result = Counter()
    faults: list[str] = []
    known: dict[World, tuple[Outcome, float, int]] = {}
    while time.monotonic() < until and len(faults) < 20:
        world = chance.choice(WORLDS)
        if world not in known:
            known[world] = _undisturbed(world, folder, data)
        whole, seconds, writes = known[world]
        out = folder / "killed"
        shutil.rmtree(out, ignore_errors=True)
        told = []
        for _ in range(chance.choice((1, 1, 2, 3))):
            inside = chance.random() < 0.5
            place = chance.randrange(writes) if inside else chance.random() * seconds
            half = chance.random() < 0.5
            code, said = forked(lambda: _dying(world, data, out, place, half=half))  # noqa: B023
            told.append(f"{'write' if inside else 'second'} {place} half={half}: {code} {said}")
            if code == -signal.SIGKILL:
                counts["kills inside a write" if inside else "kills at a random moment"] += 1
            elif code:
                faults.append(f"{world}: {told}")
                break
        code, said = forked(lambda: train(world, data, out))  # noqa: B023
        same = code == 0 and outcome_of(out) == whole
        counts["runs equal to the undisturbed one" if same else "runs that differ"] += 1
        if not same:
            faults.append(f"{world}: {told}; then {code} {said}")
    return counts, faults


def _undisturbed(world: World, folder: Path, data: Path) -> tuple[Outcome, float, int]:
    """The whole run, its duration, and the number of its writes."""
    out = folder / f"whole-{world.method}-{Path(world.data).stem}"
    shutil.rmtree(out, ignore_errors=True)
    start = time.monotonic()
    code, said = forked(lambda: _counted(world, data, out))
    seconds = time.monotonic() - start
    assert code == 0, said
    return outcome_of(out), seconds, int((folder / "writes").read_text())


def _counted(world: World, data: Path, out: Path) -> None:
    seen = _Writes(-1, half=False)
    with seen:
        train(world, data, out)
    (out.parent / "writes").write_text(str(seen.count))


def _dying(world: World, data: Path, out: Path, place: int | float, *, half: bool) -> None:
    if isinstance(place, int):
        with _Writes(place, half=half):
            train(world, data, out)
    else:
        threading.Timer(place, os.kill, (os.getpid(), signal.SIGKILL)).start()
        train(world, data, out)


class _Writes:
    """Counts system calls that change the disk, and kills the process in one of them.

    Args:
        last: Number of the call in which the process is killed; −1 for none.
        half: Kill after the call, or with half of the file written, rather than before.
    """

    def __init__(self, last: int, *, half: bool) -> None:
        self.count, self._last, self._half = 0, last, half

    def __enter__(self) -> None:
        for owner, name in (
            (os, "fsync"),
            (Path, "replace"),
            (Path, "write_bytes"),
            (Path, "unlink"),
        ):
            setattr(owner, name, self._watched(getattr(owner, name)))

    def __exit__(self, *others: object) -> None: ...

    def _watched(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def watched(first: Any, *args: Any, **others: Any) -> Any:
            self.count += 1
            dies = self.count - 1 == self._last
            if dies and not self._half:
                os.kill(os.getpid(), signal.SIGKILL)
            if dies and act.__name__ == "write_bytes":
                args = (args[0][: len(args[0]) // 2], *args[1:])
            found = act(first, *args, **others)
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)
            return found

        return watched
