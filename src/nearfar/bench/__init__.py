"""Measured against what one would use instead, on the same machine in one run."""

from nearfar.bench.row import BenchRow, write_csv
from nearfar.bench.train import bench_train
from nearfar.bench.views import bench_views

__all__ = ["BenchRow", "bench_train", "bench_views", "write_csv"]
