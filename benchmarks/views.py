"""Views per second against torchvision and kornia: `python benchmarks/views.py`."""

from __future__ import annotations

from pathlib import Path

from nearfar.bench import BenchRow, bench_views, write_csv


def run(*, batch: int = 256, size: int = 32, seconds: float = 60.0) -> list[BenchRow]:
    return bench_views(batch=batch, size=size, seconds=seconds)


if __name__ == "__main__":
    rows = run()
    write_csv(rows, Path(__file__).with_suffix(".csv"))
    for row in rows:
        print(f"{row.variant:24}{row.images_per_second:>10,.0f}/s  ×{row.ratio:.1f}  {row.note}")
