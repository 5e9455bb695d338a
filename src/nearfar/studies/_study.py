"""A study: an experiment that could refute claims, described without machinery."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar, final

from nearfar._plain_checks import check_integer
from nearfar._suggestions import check_choice
from nearfar.records import Column
from nearfar.studies._cell import Cell
from nearfar.studies._claim import Claim
from nearfar.studies._figures import Figure

__all__ = ["BUDGETS", "Budget", "Row", "Study", "given_by", "over_seeds"]

BUDGETS = ("smoke", "minutes", "hours", "gpu")
"""Budgets by rising cost: seconds, in tests; at most 20 CPU minutes; CPU hours; the paper's own
scale."""
ConfigT = TypeVar("ConfigT")
CellT = TypeVar("CellT", bound=Cell)


@final
@dataclass(frozen=True, kw_only=True)
class Budget(Generic[ConfigT]):
    """A size of a study.

    Attributes:
        config: The configuration.
        changes: What differs from the paper, one sentence each.
        cpu_minutes: CPU time of all cells, as measured or estimated.
    """

    config: ConfigT
    changes: tuple[str, ...] = ()
    cpu_minutes: float | None = None


@final
@dataclass(frozen=True)
class Row:
    """A row of a study's table.

    Attributes:
        name: Name of the row.
        cells: One cell per seed.
        values: Values that are given rather than measured, such as a setting that is swept.
        words: Texts that are given, such as published numbers.
        baseline: Whether the row is a baseline.
        group: Name of the rows that a sweep is made of.
    """

    name: str
    cells: Sequence[Cell]
    values: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    baseline: bool = False
    group: str = ""


def over_seeds(cell: CellT, seeds: int) -> list[CellT]:
    """The cell with each of the seeds 0, 1, ...

    Args:
        cell: The cell.
        seeds: Number of seeds, at least 1.

    Example:
        >>> from nearfar.studies import ComputeCell
        >>> [cell.seed for cell in over_seeds(ComputeCell("math:sqrt", {"x": 2.0}), 3)]
        [0, 1, 2]
    """
    check_integer(at_least=1, seeds=seeds)
    same: Any = cell
    return [replace(same, seed=seed) for seed in range(seeds)]


@final
@dataclass(frozen=True, kw_only=True)
class Study(Generic[ConfigT]):
    """An experiment that could refute claims; ``nearfar study NAME`` runs it.

    A study is a module with a frozen dataclass ``Config`` and this object as ``STUDY``. Whatever
    depends on the configuration is a function of it.

    Attributes:
        name: Name of the study and of its files.
        ids: Numbers of the claims in the list of the literature's claims.
        source: The paper, and its table or figure.
        question: What is asked, in one sentence.
        title: Title of the page.
        budgets: Sizes of the study, by name: ``smoke``, ``minutes``, ``hours``, ``gpu``.
        rows: The rows of the table, made of cells. A cell that several rows or studies have is made
            once.
        columns: The columns of the table: names of the cells' values, texts, or given values.
        claims: The claims, written before they are tested.
        figure: The figure; by default a plot of the columns in percent.
        setting: The fixed settings by name, as text; the configuration by default.
        notes: Notes for the reader.
        pages: Writes further pages from the cells: a function of the configuration, the folder of
            the cells and that of the pages, which returns their paths.
    """

    name: str
    ids: tuple[str, ...]
    source: str
    question: str
    title: str | Callable[[ConfigT], str]
    budgets: Mapping[str, Budget[ConfigT]]
    rows: Callable[[ConfigT], Sequence[Row]]
    columns: Sequence[Column] | Callable[[ConfigT], Sequence[Column]]
    claims: Sequence[Claim] | Callable[[ConfigT], Sequence[Claim]]
    figure: Figure | None = None
    setting: Callable[[ConfigT], Mapping[str, str]] | None = None
    notes: Sequence[str] | Callable[[ConfigT], Sequence[str]] = ()
    pages: Callable[[ConfigT, Path, Path], Sequence[Path]] | None = None

    def __post_init__(self) -> None:
        for budget in self.budgets:
            check_choice(BUDGETS, budget=budget)
        if not self.budgets or "smoke" not in self.budgets:
            raise ValueError(f"`budgets` of the study {self.name} must have a smoke budget")
        if not is_dataclass(self.smoke):
            raise ValueError(
                f"`config` of the study {self.name} must be a frozen dataclass, got"
                f" {type(self.smoke).__name__}"
            )

    @property
    def smoke(self) -> ConfigT:
        """The configuration of the tests, of seconds."""
        return self.budgets["smoke"].config

    @property
    def usual(self) -> str:
        """The budget by default: ``minutes``, or the smallest above ``smoke``."""
        return next((name for name in BUDGETS[1:] if name in self.budgets), "smoke")

    def config(self, budget: str | None = None, **changed: Any) -> ConfigT:
        """A budget's configuration.

        Args:
            budget: Name of the budget; the usual one by default.
            changed: Fields that differ.

        Raises:
            ValueError: A budget that the study does not have, or an invalid value.
        """
        name = budget or self.usual
        check_choice(tuple(self.budgets), budget=name)
        config: Any = self.budgets[name].config
        return replace(config, **changed) if changed else config  # type: ignore[no-any-return]

    def changed(self, config: ConfigT, budget: str) -> dict[str, Any]:
        """The fields in which a configuration differs from that of a budget."""
        usual: Any = self.budgets[budget].config
        return {
            f.name: getattr(config, f.name)
            for f in fields(usual)
            if getattr(config, f.name) != getattr(usual, f.name)
        }


def given_by(thing: Any, config: Any) -> Any:
    """A part of a study, which may be a function of the configuration.

    >>> given_by(lambda config: config + 1, 1), given_by("text", 1)
    (2, 'text')
    """
    return thing(config) if callable(thing) else thing
