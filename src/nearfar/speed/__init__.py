"""Benchmarks against alternative implementations, on the same machine in the same run."""

from nearfar.speed._objectives_benchmark import bench_objectives
from nearfar.speed._row import BenchRow, ObjectiveRow, write_csv
from nearfar.speed._train_benchmark import bench_train
from nearfar.speed._views_benchmark import bench_views

__all__ = [
    "BenchRow",
    "ObjectiveRow",
    "bench_objectives",
    "bench_train",
    "bench_views",
    "write_csv",
]
