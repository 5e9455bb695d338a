"""Every method in two processes is the method in one: loss, gradients, queues, copies."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
import torch

from nearfar.parallel import world_size
from nearfar.testing._method_contract import MethodContract
from nearfar.testing._method_training import two_updates
from tests.cases.method_cases import CASES
from tests.distributed.harness import run_processes


def of_all() -> dict[str, Any]:
    """Of every method what was found, or what went wrong."""
    assert world_size() == 2
    results: dict[str, Any] = {}
    for case in CASES:
        try:
            results[case.name] = two_updates(case)
        except Exception:
            results[case.name] = traceback.format_exc()
    return results


@pytest.fixture(scope="module")
def halves() -> list[dict[str, Any]]:
    return run_processes(of_all, 2)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_two_processes_are_one(case: MethodContract, halves: list[dict[str, Any]]) -> None:
    expected = two_updates(case)
    for half in halves:
        found = half[case.name]
        assert not isinstance(found, str), found
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(
                found[name],
                value,
                rtol=1e-8,
                atol=1e-9,
                msg=lambda text, name=name: f"{name}: {text}",
            )
