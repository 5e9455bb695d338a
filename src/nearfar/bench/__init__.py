"""Measured against what one would use instead, on the same machine in one run."""

from nearfar.bench.objectives import bench_objectives
from nearfar.bench.row import BenchRow, ObjectiveRow, write_csv
from nearfar.bench.train import bench_train
from nearfar.bench.views import bench_views

__all__ = [
    "BenchRow",
    "ObjectiveRow",
    "bench_objectives",
    "bench_train",
    "bench_views",
    "write_csv",
]
