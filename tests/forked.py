"""Processes forked from a server that has imported everything."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

__all__ = ["forked"]


@contextmanager
def forked() -> Iterator[None]:
    """New processes come from the server instead of importing torch once more each.

    A user's are spawned. One test of each path does without.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        yield
        return
    from lightning_fabric.strategies import STRATEGY_REGISTRY, DDPStrategy

    def context(method: str | None = None) -> Any:
        return get_context("forkserver" if method == "spawn" else method)

    known = STRATEGY_REGISTRY["ddp_spawn"]
    get_context = multiprocessing.get_context
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multiprocessing, "get_context", context)
        options = {"override": True, "start_method": "forkserver"}
        STRATEGY_REGISTRY.register("ddp_spawn", DDPStrategy, **options)
        try:
            yield
        finally:
            STRATEGY_REGISTRY["ddp_spawn"] = known
