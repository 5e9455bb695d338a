"""The name of :mod:`nearfar.speed` in version 0.1, which works for one release with a warning."""

from nearfar._deprecation import warn_renamed
from nearfar.speed import (
    BenchRow,
    ObjectiveRow,
    bench_objectives,
    bench_train,
    bench_views,
    write_csv,
)

__all__ = [
    "BenchRow",
    "ObjectiveRow",
    "bench_objectives",
    "bench_train",
    "bench_views",
    "write_csv",
]

warn_renamed("nearfar.bench", "nearfar.speed")
