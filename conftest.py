"""What pytest leaves alone: kernels cannot be imported without Triton (no Linux, a CPU build)."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore = (
    []
    if find_spec("triton")
    else [
        "src/nearfar/ops/_triton_kernels.py",
        "src/nearfar/ops/_triton_pairwise.py",
        "tests/ops/triton_checks.py",
    ]
)
