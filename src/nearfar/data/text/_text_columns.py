"""Find the columns of texts and labels in a table."""

from __future__ import annotations

from itertools import islice

from nearfar._audience import given, named
from nearfar.data._column_roles import Role, role_of
from nearfar.data._files import list_names
from nearfar.data._label_names import LABELS
from nearfar.data._number_cells import looks_numeric
from nearfar.data._table_kind import text_columns
from nearfar.data._tables import Table

__all__ = ["choose_column", "label_column"]

LOOKED_AT = 1_000  # rows
_NO_TEXTS = (Role.IDENTIFIER, Role.DATE)
MUCH_LONGER = 2.0


def choose_column(table: Table, column: str | None) -> tuple[str, tuple[str, ...]]:
    """The column of the texts, and a note if it was chosen automatically.

    Raises:
        ValueError: No such column, no column of texts, or several candidates.
    """
    if column is not None:
        table.column(str(column))
        return str(column), ()
    known = [name for name in table.columns if name.strip().lower() not in LABELS]
    texts = text_columns(table)
    lengths = {
        name: length
        for name in known
        if not (texts and role_of(name, table.columns[name]) in _NO_TEXTS)
        and (length := _mean_length(table, name)) is not None
    }
    usual = next((name for name in lengths if name.strip().lower() in ("text", "texts")), None)
    usual = "text" if "text" in table.columns else usual
    others = [name for name in lengths if name != usual and not _is_category(table, name)]
    if usual is not None:
        return usual, _chosen(usual, others)
    longest = sorted(lengths, key=lambda name: -lengths[name])[:2]
    if not longest or (
        len(longest) == 2 and lengths[longest[0]] < MUCH_LONGER * lengths[longest[1]]
    ):
        held = texts if len(texts) > 1 else [name for name in lengths if name in {*longest}]
        raise ValueError(_ambiguous(table, held))
    if len(table.columns) == 1:
        return longest[0], ()
    return longest[0], _chosen(longest[0], [n for n in others if n != longest[0]]) or (
        f"texts are column {longest[0]!r}",
    )


def _ambiguous(table: Table, held: list[str]) -> str:
    """Why no column is chosen, and what chooses one."""
    columns = ", ".join(table.columns)
    if not held:
        how = f"specify one with {named('column')}"
        return f"{table.name} has no column of texts: {how}; the columns are {columns}"
    how = (
        f"{given(column=held[0])} takes one, {given(x=held[0], s=held[1])} pairs of two"
        f"; the columns are {columns}"
    )
    if text_columns(table):
        return f"{table.name} has several columns of texts, {list_names(held)}: {how}"
    return (
        f"{table.name} has several columns of words and none of longer texts or numbers"
        f" ({list_names(held)}): {how}. For vectors, save the categories as numbers, such as one"
        " column of 0 and 1 per category"
    )


def _chosen(name: str, others: list[str]) -> tuple[str, ...]:
    """A note if there are other columns of texts."""
    if not others:
        return ()
    listed = list_names([repr(other) for other in others])
    return (f"texts are column {name!r}; other columns of texts: {listed}",)


def _is_category(table: Table, name: str) -> bool:
    """Whether most entries of a column are repetitions."""
    seen = [value for value in islice(table.columns[name], LOOKED_AT) if value not in (None, "")]
    return 2 * len(set(seen)) <= len(seen)


def label_column(table: Table, labels: str | None) -> str:
    """The column of the labels.

    Raises:
        ValueError: No such column, or no column with a common name for labels.
    """
    if labels is not None:
        table.column(str(labels), option="labels")
        return str(labels)
    found = next((name for name in table.columns if name.strip().lower() in LABELS), None)
    if found is None:
        raise ValueError(
            f"{table.name} has no column {', '.join(LABELS[:-1])} or {LABELS[-1]}: specify that of"
            f" the labels with `labels`; the columns are {', '.join(table.columns)}"
        )
    return found


def _mean_length(table: Table, name: str) -> float | None:
    """Mean number of characters per text; None if the entries are not texts."""
    seen = [value for value in islice(table.columns[name], LOOKED_AT) if value not in (None, "")]
    if not seen or not all(isinstance(value, str) for value in seen):
        return None
    if all(map(looks_numeric, seen)):
        return None
    return sum(map(len, seen)) / len(seen)
