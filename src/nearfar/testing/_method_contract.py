"""What a method promises, as a record."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import KW_ONLY, dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _NormBase

from nearfar.checks import check_integer
from nearfar.inputs import View, count, move, select
from nearfar.methods import Method, Step
from nearfar.testing._check import Contract

__all__ = ["MethodContract", "descend", "joined_backward", "state_of", "statistics_of"]


@final
@dataclass(frozen=True)
class MethodContract(Contract):
    """A method and what it promises.

    Args:
        make: Builds a small instance; called with PyTorch's generator at the same seed each time.
        views: What it is shown: one batch for each view, an even number of samples, 4 or more; the
            checks double the precision where they need it.
        fixed: Prefixes of the parameters that never receive a gradient, such as ``target.``.
        chance: The loss at which nothing was learnt, for a batch as large as `views`, worked out by
            hand; None where there is no such value.
        contrasts: Which group of tensors of ``project`` holds queries and keys, by its index, for a
            method that tells them apart by temperature: no key may be among its own negatives.
        processes: With 2 or more, also compare so many processes with one; `make` must then stand
            at the top of a module that can be imported, and the samples divide among the processes.
        tolerance: Where two ways in float64 must agree, relative and absolute.
        name: How messages call it; the class of the method if not given.
        skip: Names of checks to leave out.

    Raises:
        ValueError: An odd number of samples, fewer than 4, views of different length, no process.

    Example:
        >>> from nearfar.methods import SimCLR
        >>> from nearfar.testing import check_method
        >>> def small() -> SimCLR:
        ...     return SimCLR(torch.nn.Linear(6, 5), torch.nn.Linear(5, 4), temperature=0.5)
        >>> x = torch.randn(8, 6)
        >>> views = x, x + 0.1 * torch.randn(8, 6)
        >>> check_method(small, views=views, chance=2.70805020110221)  # ln 15
    """

    make: Callable[[], Method]
    _: KW_ONLY
    views: tuple[View, ...]
    fixed: tuple[str, ...] = ()
    chance: float | None = None
    contrasts: int | None = None
    processes: int = 1
    tolerance: float = 1e-9
    name: str = ""
    skip: Collection[str] = ()

    def __post_init__(self) -> None:
        check_integer(at_least=1, processes=self.processes)
        sizes = [count(view) for view in self.views]
        if len(set(sizes)) != 1 or sizes[0] < 4 or sizes[0] % 2 or sizes[0] % self.processes:
            raise ValueError(
                "`views` must hold an even number of samples, 4 or more, that the"
                f" {self.processes} processes can share, the same in each view, got {sizes}"
            )

    @property
    def subject(self) -> str:
        """How messages call it."""
        return self.name or type(self.made()).__name__

    @property
    def batch(self) -> int:
        """Samples in the views."""
        return count(self.views[0])

    @property
    def exact_views(self) -> tuple[View, ...]:
        """The views in float64; whole numbers as they are."""
        return tuple(move(view, "cpu", torch.float64) for view in self.views)

    def made(self) -> Method:
        """An instance, the same in every call."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return self.make()

    def exact(self) -> Method:
        """The same in float64."""
        return self.made().double()

    def rows(self, views: tuple[View, ...], rows: slice | Tensor) -> tuple[View, ...]:
        """Some samples of each view."""
        return tuple(select(view, rows) for view in views)


def state_of(method: Method) -> dict[str, Tensor]:
    """A copy of everything that is saved."""
    return {name: value.clone() for name, value in method.state_dict().items()}


def statistics_of(method: Method) -> set[str]:
    """Names of the running statistics of batch-norms, which alone may move in a forward pass."""
    norms = [(name, module) for name, module in method.named_modules()]
    return {
        f"{name}.{buffer}" if name else buffer
        for name, module in norms
        if isinstance(module, _NormBase)
        for buffer, _ in module.named_buffers(recurse=False)
    }


def joined_backward(method: Method, *parts: tuple[View, ...]) -> Step:
    """Micro-batches through the network one by one, all in one graph."""
    pieces = [method.project(part) for part in parts]
    joined = tuple(
        tuple(torch.cat(same) for same in zip(*groups, strict=True))
        for groups in zip(*pieces, strict=True)
    )
    step = method.compare(joined)
    step.loss.backward()  # type: ignore[no-untyped-call]
    return step


def descend(method: Method, step: Step, *, progress: float = 0.5) -> None:
    """The rest of an update after its backward pass, by gradient descent."""
    method.after_batch(step)
    trained = [parameter for parameter in method.parameters() if parameter.requires_grad]
    torch.optim.SGD(trained, lr=0.1).step()
    method.zero_grad()
    method.after_update(progress)
