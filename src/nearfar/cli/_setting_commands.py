"""The commands that take the settings of a run: what differs between ``train`` and ``views``."""

from __future__ import annotations

import inspect
from collections.abc import Collection
from dataclasses import dataclass

__all__ = ["TRAIN", "SettingCommand"]


@dataclass(frozen=True)
class SettingCommand:
    """A command with the flags of a run.

    Attributes:
        name: Name of the command.
        help: Description, with places for ``{known}``, ``{method}`` and ``{modality}``.
        examples: Examples, with places for ``{method}``, ``{data}`` and ``{name}``.
        method: The method without one on the command line; None if it must be given.
        without: Names of the flags of training that the command lacks.
        own: Further flags.
    """

    name: str
    help: str
    examples: str
    method: str | None = None
    without: frozenset[str] = frozenset()
    own: tuple[inspect.Parameter, ...] = ()

    @property
    def usage(self) -> str:
        """How the command is called."""
        method = "METHOD" if self.method is None else "[METHOD]"
        return f"Usage: nearfar {self.name} {method} --data SOURCE [flags]"

    def flags(self, flags: Collection[inspect.Parameter]) -> list[inspect.Parameter]:
        """The flags of the command, from those of training."""
        return [*self.own, *(flag for flag in flags if flag.name not in self.without)]


TRAIN = SettingCommand(
    name="train",
    help="""\
Pretrain an encoder without labels, and report whether it worked.

METHOD is one of {known}. The flags below are those of {method} on {modality}; they depend on the
data, so pass --data together with --help. Each flag is also a keyword argument in Python and a key
in a recipe. Ctrl-C saves the run; --resume continues it.""",
    examples="""\
Examples:

- `nearfar train simclr --data digits`
- `nearfar train {method} --data {data} --epochs 200`
- `nearfar train {method} --data {data} --help`
- `nearfar train --resume runs/{method}-{name}`""",
)
