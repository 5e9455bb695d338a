"""Valid files of all kinds, damaged: each is read, or refused in one line, within limits."""

from __future__ import annotations

import gzip
import random
import resource
import time
import wave
from collections import Counter
from pathlib import Path

import numpy as np
from campaign_worlds import forked
from PIL import Image

import nearfar
from nearfar.cli._entry import EXPECTED
from nearfar.data import open_source

__all__ = ["fuzz"]

_SECONDS, _BYTES, _MANY = 20.0, 1 << 30, 25


def valid(folder: Path) -> list[Path]:
    """Write one small valid file of each kind."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((30, 4)).astype(np.float32)
    np.save(folder / "rows.npy", rows)
    np.savez(folder / "rows.npz", x=rows, y=np.arange(30) % 3)
    np.savez_compressed(folder / "packed.npz", x=rows)
    text = "\n".join(["a,b,c,d", *(",".join(map(str, row)) for row in rows)])
    (folder / "rows.csv").write_text(text)
    (folder / "rows.tsv").write_text(text.replace(",", "\t"))
    (folder / "rows.csv.gz").write_bytes(gzip.compress(text.encode()))
    (folder / "words.txt").write_text("\n".join(f"text {n} of some words" for n in range(30)))
    (folder / "graph.csv").write_text(
        "\n".join(["source,target", *(f"{n},{n * 7 % 30}" for n in range(30))])
    )
    lines = "\n".join(f'{{"text": "line {n}", "label": {n % 2}}}' for n in range(30))
    (folder / "lines.jsonl").write_text(lines)
    for number in range(4):
        picture = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
        picture.save(folder / f"picture-{number}.{('png', 'jpg', 'gif', 'bmp')[number]}")
    with wave.open(str(folder / "sound.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(rng.integers(-9999, 9999, 2000, dtype=np.int16).tobytes())
    try:
        import pyarrow.parquet as pq
        from pyarrow import table

        pq.write_table(table({"a": rows[:, 0], "b": rows[:, 1]}), folder / "rows.parquet")
    except ImportError:
        pass
    from safetensors.numpy import save_file

    save_file({"x": rows}, folder / "rows.safetensors")
    return sorted(folder.iterdir())


def damaged(content: bytes, chance: random.Random) -> bytes:
    """One of several damages, with more weight on the beginning, where headers are."""
    found = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5))):
        size = max(1, len(found))
        place = min(size - 1, int(chance.random() ** chance.choice((1, 3)) * size))
        how = chance.randrange(8)
        if how == 0 and found:
            found[place] ^= 1 << chance.randrange(8)
        elif how == 1:
            del found[place:]
        elif how == 2:
            del found[place : place + chance.randrange(1, 9)]
        elif how == 3:
            found[place:place] = chance.randbytes(chance.randrange(1, 9))
        elif how == 4:
            found[place : place + 4] = chance.choice((b"\xff\xff\xff\x7f", bytes(4), b"\xff" * 4))
        elif how == 5:
            found[place:place] = found[place : place + 64] * chance.randrange(1, 20)
        elif how == 6:
            found[place:place] = chance.choice(
                (b"\x00", b'"', b"\r", b"\n\n", b",,,", b"nan", b"1e999")
            )
        else:
            found = bytearray(chance.randbytes(chance.randrange(0, 300)))
    return bytes(found)


def look(path: Path) -> None:
    """Read a file in each way that a command would."""
    for act in (lambda: open_source(path).read(range(1)), lambda: nearfar.diagnose(path)):
        try:
            act()
        except EXPECTED as error:
            if len(str(error)) > 3000:
                raise RuntimeError(f"a message of {len(str(error))} characters") from error


def fuzz(
    chance: random.Random, *, until: float, folder: Path, data: Path
) -> tuple[Counter[str], list[str]]:
    """Damage until the time is over; numbers of outcomes, and the faults."""
    counts: Counter[str] = Counter()
    faults: list[str] = []
    files = valid(folder / "valid")
    tried = folder / "tried"
    tried.mkdir(exist_ok=True)

    def batch(paths: list[Path]) -> None:
        import warnings

        warnings.simplefilter("ignore")
        here = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for path in paths:
            began = time.monotonic()
            look(path)
            if time.monotonic() - began > _SECONDS:
                raise RuntimeError(f"{path} took {time.monotonic() - began:.0f} s")
            if (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - here) * 1024 > _BYTES:
                raise RuntimeError(f"{path} took more than a gibibyte")

    number = 0
    while time.monotonic() < until and len(faults) < 20:
        paths = []
        for _ in range(_MANY):
            file = chance.choice(files)
            number += 1
            path = tried / f"{number % 5000}-{file.name}"
            path.write_bytes(damaged(file.read_bytes(), chance))
            paths.append(path)
        code, said = forked(lambda: batch(paths), seconds=_SECONDS * 5)  # noqa: B023
        counts["inputs"] += len(paths)
        if code:
            for path in paths:
                code, said = forked(lambda: batch([path]), seconds=_SECONDS + 5)  # noqa: B023
                if code:
                    faults.append(f"{path}: exit {code}: {said[-600:]}")
        for path in paths:
            if not any(str(path) in fault for fault in faults):
                path.unlink(missing_ok=True)
    return counts, faults
