"""Before any test is collected: checks of shapes, processes, threads, files that are ignored."""

from __future__ import annotations

import os

# A worker and the processes it starts get one thread each. Read when numpy and torch are imported,
# which jaxtyping does. Small tensors gain nothing from more threads.
for _threads in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

from importlib.util import find_spec

import pytest
from jaxtyping import install_import_hook

# not by jaxtyping's own option: its first 0.3 versions act on that after tests/**/conftest.py
install_import_hook("nearfar", "typecheck.check")

MOST_WORKERS = 8  # each takes about 1.5 GB

collect_ignore = ["src/nearfar/bench.py"]  # warns on import, see tests/ground/test_renamed.py
if not find_spec("triton"):  # no Linux, a CPU build: kernels cannot be imported
    collect_ignore += [
        "src/nearfar/ops/_triton_kernels.py",
        "src/nearfar/ops/_triton_pairwise.py",
        "tests/ops/triton_checks.py",
    ]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Of ``-n auto``: one worker a processor this process may use."""
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        usable = os.cpu_count() or 1
    return min(usable, MOST_WORKERS)
