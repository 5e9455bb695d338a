"""Stopping on request: leave the state of the last complete update, save it, then stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, final

import torch
from torch import Tensor, nn

from nearfar._audience import resuming

__all__ = ["Abandoned", "Interrupted", "NonFiniteLossError", "Snapshot", "StopRequest", "listening"]


class Interrupted(KeyboardInterrupt):
    """The user stopped the run; its state is saved, and the message says how to resume it.

    Args:
        reason: Where the run stopped: ``stopped after update 5 of 12``.
        run: Directory of the run.

    Attributes:
        reason: Where the run stopped.
        run: Directory of the run.

    Example:
        >>> print(Interrupted("stopped after update 5 of 12", Path("runs/simclr-digits")))
        stopped after update 5 of 12; resume with nearfar.resume('runs/simclr-digits')
    """

    def __init__(self, reason: str, run: Path) -> None:
        super().__init__(reason, run)  # the arguments, so that it can be pickled
        self.reason = reason
        self.run = run

    def __str__(self) -> str:
        return f"{self.reason}; resume with {resuming(self.run)}"


class NonFiniteLossError(ArithmeticError):
    """The loss became NaN or infinite; the message names the samples and the last checkpoint."""


class Abandoned(KeyboardInterrupt):
    """A stop was asked for inside :meth:`StopRequest.abandons`; what ran there is incomplete."""


@final
class StopRequest:
    """A context in which Ctrl-C and SIGTERM are requests; a second Ctrl-C interrupts at once.

    So is SIGHUP, of a terminal that goes away, unless it is ignored already, as by ``nohup``.

    A request sets :attr:`asked`. Inside :meth:`abandons` it also raises :class:`Abandoned`, as soon
    as Python runs its next instruction in the main thread.

    Attributes:
        asked: Whether a stop was asked for.
    """

    def __init__(self) -> None:
        self.asked = False
        self._abandons = False
        self._earlier: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._earlier[number] = signal.signal(number, self._ask)
            hangup = getattr(signal, "SIGHUP", None)  # not on Windows
            if hangup is not None and signal.getsignal(hangup) == signal.SIG_DFL:  # not by nohup
                self._earlier[hangup] = signal.signal(hangup, self._ask)
        return self

    @contextmanager
    def abandons(self, allowed: bool = True) -> Iterator[None]:
        """A block that a request leaves at once, for work that is repeated after a resume.

        Args:
            allowed: False if the block must be completed, as other processes take part in it.

        Raises:
            Abandoned: A stop was asked for, before or inside the block.
        """
        self._abandons = allowed
        try:
            if allowed and self.asked:  # read after `_abandons` is set: no request is missed
                raise Abandoned("stopped before it began")
            yield
        finally:
            self._abandons = False

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True
        if self._abandons:
            self._abandons = False
            raise Abandoned("stopped within")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)


@final
class Snapshot:
    """The buffers of a method before an update: batch-norm statistics, queues.

    Parameters change only in the optimiser step and in ``after_update``, which are completed; an
    abandoned update has changed buffers alone.
    """

    def __init__(self, method: nn.Module) -> None:
        self._method = method
        self._kept: dict[str, Tensor] = {}

    @torch.no_grad()
    def take(self) -> None:
        """Copy the buffers, into the memory of the previous copy where it fits."""
        found = dict(self._method.named_buffers())
        for name, buffer in found.items():
            kept = self._kept.get(name)
            if kept is None or kept.shape != buffer.shape or kept.dtype != buffer.dtype:
                self._kept[name] = torch.empty_like(buffer)
        self._kept = {name: self._kept[name] for name in found}
        if found:  # one call: a network has hundreds of buffers
            torch._foreach_copy_(list(self._kept.values()), list(found.values()))

    @torch.no_grad()
    def restore(self) -> None:
        """Undo every change of the buffers since :meth:`take`, and clear the gradients."""
        for name, kept in self._kept.items():
            place, _, last = name.rpartition(".")
            module = self._method.get_submodule(place)
            buffer = getattr(module, last)
            if isinstance(buffer, Tensor) and buffer.shape == kept.shape:
                buffer.copy_(kept)
            else:  # the method has put another tensor in its place
                setattr(module, last, kept.clone())
        self._method.zero_grad(set_to_none=True)


@contextmanager
def listening(method: nn.Module, *, allowed: bool = True) -> Iterator[None]:
    """Let Python run its signal handlers between the layers of a backward pass on a CPU.

    A backward pass is one call into PyTorch, and Python acts on a signal only between instructions
    of its own: a hook at the output of each layer gives it one. Compiled modules have none.

    Args:
        method: The method in training.
        allowed: False to change nothing.
    """
    compiled = {
        inner
        for module in method.modules()
        if getattr(module, "_compiled_call_impl", None) is not None
        for inner in module.modules()
    }
    leaves = [m for m in method.modules() if not [*m.children()] and m not in compiled]
    handles = [leaf.register_forward_hook(_hook) for leaf in (leaves if allowed else [])]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(module: nn.Module, inputs: Any, output: Any) -> None:
    if isinstance(output, Tensor) and output.requires_grad:
        output.register_hook(_pause)  # type: ignore[no-untyped-call]


def _pause(gradient: Tensor) -> None:
    """Nothing; calling it is what lets Python handle a signal."""
