"""Shapes are checked while the tests run; what needs Triton is left alone where there is none."""

from __future__ import annotations

from importlib.util import find_spec

from jaxtyping import install_import_hook

# not by jaxtyping's own option: its first 0.3 versions act on that after tests/**/conftest.py
install_import_hook("nearfar", "typecheck.check")

collect_ignore = (
    []
    if find_spec("triton")
    else [
        "src/nearfar/ops/_triton_kernels.py",
        "src/nearfar/ops/_triton_pairwise.py",
        "tests/ops/triton_checks.py",
    ]
)
