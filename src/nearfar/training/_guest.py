"""What acts on the whole process, as nearfar expects it inside a call and as it was afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import torch

__all__ = ["as_guest", "usual_settings"]

_TURNS: Final = threading.RLock()


@contextmanager
def as_guest() -> Iterator[None]:
    """A context that draws random numbers and leaves the process as it found it.

    PyTorch's generators, default data type, autocast and gradient mode are those of the process,
    and so are Fabric's hooks. Inside they are the usual ones, whatever the caller has set, and
    threads take turns, so that results depend on the seed alone. Afterwards the caller's are back.
    """
    with _TURNS, _same_generators(), usual_settings(gradients=True):
        yield


@contextmanager
def usual_settings(*, gradients: bool = False) -> Iterator[None]:
    """A context in float32 by default and without autocast, as in a process that has set nothing.

    Args:
        gradients: Whether gradients are computed inside, even if the caller has switched them off.
    """
    with ExitStack() as settings:
        for kind in ("cpu", "cuda"):
            if torch.is_autocast_enabled(kind):
                settings.enter_context(torch.autocast(kind, enabled=False))
        if gradients:
            settings.enter_context(torch.inference_mode(False))
            settings.enter_context(torch.enable_grad())
        before = torch.get_default_dtype()
        if before != torch.float32:
            settings.enter_context(_TURNS)
            settings.callback(torch.set_default_dtype, before)
            torch.set_default_dtype(torch.float32)
        yield


@contextmanager
def _same_generators() -> Iterator[None]:
    """A context after which PyTorch's generators are as before, on the CPU and on used GPUs."""
    here = torch.get_rng_state()
    gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        torch.set_rng_state(here)
        for number, state in enumerate(gpus):
            torch.cuda.set_rng_state(state, number)
