"""What a search looks through: a run's embeddings of its data, a file, or a matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from nearfar.api._diagnosing import opened_embeddings
from nearfar.api._embedding import embed_source, row_names
from nearfar.api._run_format import names_run
from nearfar.api._stored_run import Side, StoredRun
from nearfar.checks import check_finite_rows, check_matrix
from nearfar.data import Source, is_paired, open_source, sides
from nearfar.inputs import Texts
from nearfar.modalities import Modality, PairModality, modality
from nearfar.records import Exhibit
from nearfar.views import Views

__all__ = ["SearchedSide", "find_query", "open_searched"]

Show = Callable[[Sequence[int]], list[Exhibit]]


@dataclass(frozen=True)
class SearchedSide:
    """Embeddings of one side of pairs, or of samples of one modality.

    Attributes:
        embeddings: Samples × dim.
        ids: Name of each row.
        name: What they are embeddings of.
        show: Exhibits of rows, without captions.
        notes: Notes on the data.
        side: The side, if the samples are pairs.
        partner: The other side.
        run: The run whose encoder embedded them.
        texts: Whether samples are texts.
    """

    embeddings: Tensor
    ids: tuple[str, ...]
    name: str
    show: Show
    notes: tuple[str, ...] = ()
    side: Side | None = None
    partner: SearchedSide | None = field(default=None, repr=False)
    run: StoredRun | None = None
    texts: bool = False


def open_searched(
    embeddings: Any, data: Any = None, *, side: Side | None = None, **options: Any
) -> SearchedSide:
    """Open what is to be searched.

    Args:
        embeddings: A run or its directory, a file of embeddings, or a matrix.
        data: The samples: by default the data of the run. For a file, they are only shown.
        side: Side of pairs.
        options: Options for loading the data.
    """
    if names_run(embeddings):
        embeddings = StoredRun(embeddings)
    if isinstance(embeddings, StoredRun):
        return _of_run(embeddings, data, side, options)
    return _of_file(embeddings, data, side, options)


def _of_run(run: StoredRun, data: Any, side: Side | None, options: dict[str, Any]) -> SearchedSide:
    data = run.taken(data)
    paired = run.holds_pairs(data, **options)
    if side is not None and not paired and not run.kind.paired:
        raise ValueError(f"`side` must be None for data that are not pairs, got {side!r}")
    chosen = (side or "x") if paired else side
    first = _embedded(run, data, chosen, options)
    if not paired:
        return first
    other = _embedded(run, data, "s" if chosen == "x" else "x", options)
    return replace(first, partner=other)


def _embedded(
    run: StoredRun, data: Any, side: Side | None, options: dict[str, Any]
) -> SearchedSide:
    source = run.open(data, side=side, **options)
    views = run.side_views(source, side)
    rows = embed_source(run.encoder, source, views)
    kind, form = run.kind, run.description.form
    if isinstance(kind, PairModality) and side is not None:
        kind, form = kind.halves(form)["xs".index(side)]
    elif isinstance(kind, PairModality):
        fitting = [half for half in kind.halves(form) if half[0].name == source.modality]
        kind, form = fitting[0]
    name = f"{source.name}: {source.describe()}"
    show = _shower(source, kind, form, views)
    return SearchedSide(
        rows,
        row_names(source),
        name,
        show,
        (*run.state_notes, *run.notes_on_data(data, source), *source.notes),
        side,
        run=run,
        texts=source.modality == "text",
    )


def _of_file(
    embeddings: Any, data: Any, side: Side | None, options: dict[str, Any]
) -> SearchedSide:
    found = opened_embeddings(embeddings)
    check_matrix(embeddings=found.embeddings)
    check_finite_rows(embeddings=found.embeddings)
    named = isinstance(embeddings, (str, Path))
    name = Path(embeddings).name if named else "embeddings"
    if side is not None and found.second is None:
        raise ValueError(f"`side` must be None for embeddings of one side, got {side!r}")
    halves: tuple[Side | None, ...] = (None,) if found.second is None else ("x", "s")
    made = []
    for half, rows in zip(halves, (found.embeddings, found.second), strict=False):
        assert rows is not None
        folder = Path(embeddings).parent if named else Path()
        show, notes, texts = _of_ids(found.ids, folder), found.notes, False
        if data is not None:
            source = _samples_of(data, half, options)
            show, more = _in_order(source, found.ids, len(rows))
            notes, texts = (*notes, *more), source.modality == "text"
        made.append(SearchedSide(rows, found.ids, name, show, notes, half, texts=texts))
    if len(made) == 1:
        return made[0]
    chosen = "xs".index(side or "x")
    return replace(made[chosen], partner=made[1 - chosen])


def _samples_of(data: Any, side: Side | None, options: dict[str, Any]) -> Source:
    source = open_source(data, split="all", **options)
    return sides(source)["xs".index(side or "x")] if is_paired(source) else source


def _in_order(source: Source, ids: tuple[str, ...], count: int) -> tuple[Show, tuple[str, ...]]:
    """Show samples in the order of the embeddings: by their names, else by position.

    Raises:
        ValueError: Neither the names nor the number of samples match.
    """
    positions = {name: place for place, name in enumerate(row_names(source))}
    if all(name in positions for name in ids):
        places = [positions[name] for name in ids]
        notes: tuple[str, ...] = ()
    elif len(source) == count:
        places = list(range(count))
        notes = (f"samples of {source.name} are matched to the embeddings by their order",)
    else:
        raise ValueError(
            f"`data` must have the {count:,} samples of the embeddings, or their ids, got"
            f" {source.describe()}"
        )
    kind: Modality[Any, Any] = modality(source.modality)
    options, _ = kind.decide(source, kind.options())
    form = kind.form(source, options, seed=0)
    show = _shower(source, kind, form, kind.plain(form))
    return lambda rows: show([places[row] for row in rows]), notes


def _shower(source: Source, kind: Modality[Any, Any], form: Any, views: Views) -> Show:
    def show(rows: Sequence[int]) -> list[Exhibit]:
        inputs = source.read(list(rows)).inputs
        if isinstance(inputs, Texts):  # as they were written, not as tokens
            return [Exhibit(text=string) for string in inputs.strings]
        return kind.show(views.plain(inputs), form)

    return show


def _of_ids(ids: tuple[str, ...], folder: Path) -> Show:
    """Show rows by the files that their names are, relative to here or to the embeddings."""

    def one(row: int) -> Exhibit:
        for path in (Path(ids[row]), folder / ids[row]):
            if path.is_file():
                try:
                    return _in_order(open_source(path), (ids[row],), 1)[0]([0])[0]
                except (ValueError, TypeError, OSError):
                    break  # no sample that can be shown
        return Exhibit(text=ids[row])

    return lambda rows: [one(row) for row in rows]


def find_query(searched: SearchedSide, given: Any, *, data: Any = None) -> int | SearchedSide:
    """A row of the embeddings, or a new sample that the run embeds.

    Args:
        searched: What is searched.
        given: Row number, name of a row, or a file that is among the data or new; for a run on
            texts also a text.
        data: The folder or file of the data, in which a file may be.

    Raises:
        ValueError: None of them.
    """
    count, text = len(searched.ids), str(given)
    if not isinstance(given, (int, np.integer, str, Path)):
        raise TypeError(f"`of` must hold rows, names or files, got {type(given).__name__}")
    if text in searched.ids:
        return searched.ids.index(text)
    if not isinstance(given, Path) and (text.isascii() and text.lstrip("-").isdigit()):
        if not 0 <= int(text) < count:
            raise ValueError(f"`of` must be a row from 0 to {count - 1:,}, got {given}")
        return int(text)
    path = Path(text).expanduser()
    if path.exists():
        return _of_path(searched, path, data)
    endings = [place for place, name in enumerate(searched.ids) if name.endswith(f"/{text}")]
    if len(endings) == 1:
        return endings[0]
    if searched.run is not None and searched.texts and " " in text and not path.suffix:
        return replace(_embedded(searched.run, [text], searched.side, {}), ids=("your text",))
    what = "in several of their folders" if endings else "not among them, and no such file"
    raise ValueError(
        f"`of` must hold rows from 0 to {count - 1:,}, ids (such as {searched.ids[0]!r}) or files,"
        f" got {text!r}, which is {what}"
    )


def _of_path(searched: SearchedSide, path: Path, data: Any) -> int | SearchedSide:
    """The row of a file that is among the data, or its samples embedded by the run."""
    if data is None and searched.run is not None:
        data = searched.run.own_data.spec
    root = Path(data).expanduser() if isinstance(data, (str, Path)) else Path()
    root = (root if root.is_dir() else root.parent).resolve()
    inside = path.resolve()
    name = inside.relative_to(root).as_posix() if inside.is_relative_to(root) else ""
    if name in searched.ids:
        return searched.ids.index(name)
    if searched.run is None:
        raise ValueError(
            f"`of` must be among the embeddings, as only a run can embed new samples, got {path}"
        )
    return _embedded(searched.run, path, searched.side, {})
