"""The Triton kernels: checked under Triton's interpreter, on a GPU where there is one, compiled."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

pytestmark = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")
CHECKS = Path(__file__).with_name("triton_checks.py")
HOPPER = 227 * 1024  # bytes that a block of threads may share


def run_checks(**environment: str) -> None:
    """Triton looks for its interpreter once, at import: hence a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", str(CHECKS)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.full
def test_the_kernels_are_the_definition_under_the_interpreter() -> None:
    run_checks(TRITON_INTERPRET="1")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_the_kernels_are_the_definition_on_a_gpu() -> None:
    run_checks(TRITON_INTERPRET="0", TRITON_DEFAULT_FP_FUSION="1")


def test_a_processor_is_not_offered_the_kernels() -> None:
    from nearfar.ops._triton_pairwise import available

    assert not available(torch.device("cpu"))


VECTORS = "row_bias", "column_bias", "row_factor", "column_factor"
TILE = {"BLOCK_I": 128, "BLOCK_J": 64, "RULE": 1, "PRECISION": "ieee"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "constants"),
    [
        ("sums_kernel", {"DIM": 128, "STEP": 128, "bound": None, **TILE}),
        ("sums_kernel", {"DIM": 512, "STEP": 64, "n": 1, "period": 1, "query_ids": None, **TILE}),
        ("half_sums_kernel", {"DIM": 128, "STEP": 128, "ids": None, "BLOCK": 128, **TILE}),
        ("gradient_kernel", {"DIM": 128, "MODE": 1, "bound": None, "row_factor": None, **TILE}),
        ("gradient_kernel", {"DIM": 256, "MODE": 3, "row_bias": None, "column_bias": None, **TILE}),
        ("weights_kernel", {"DIM": 512, "STEP": 64, "MODE": 2, **TILE}),
        ("product_kernel", {"DIM": 512, "BLOCK_D": 128, "column_stride": 1, **TILE}),
    ],
)
def test_the_kernels_compile_without_a_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, constants: dict[str, Any]
) -> None:
    """The interpreter takes much that the compiler does not."""
    monkeypatch.setenv("TRITON_DEFAULT_FP_FUSION", "1")
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from nearfar.ops import _triton_kernels as triton_kernels

    kernel = getattr(triton_kernels, name)
    names = kernel.arg_names
    constants = {key: value for key, value in constants.items() if key in names}
    if constants.get("query_ids", 0) is None:
        constants["key_ids"] = None
    types = dict.fromkeys(("queries", "keys", "rows", "columns", "z"), "*bf16")
    types |= dict.fromkeys((*VECTORS, "scale", "bound", "sums", "totals", "gradient"), "*fp32")
    types |= dict.fromkeys(("query_ids", "key_ids", "row_ids", "column_ids", "ids"), "*i64")
    types["out"] = "*fp32" if name == "product_kernel" else "*bf16"
    types["weights"] = "*bf16"
    signature = {key: "constexpr" if key in constants else types.get(key, "i32") for key in names}
    values = {(names.index(key),): value for key, value in constants.items()}
    compiled = triton.compile(
        ASTSource(kernel, signature, values),
        target=GPUTarget("cuda", 90, 32),
        options={"num_warps": 8, "num_stages": 2},
    )
    assert 0 < compiled.metadata.shared <= HOPPER
