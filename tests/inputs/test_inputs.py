"""Every kind of inputs is cut, joined and moved alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from nearfar.inputs import (
    Images,
    Inputs,
    Nodes,
    Pair,
    Sequences,
    Signal,
    Texts,
    Tokens,
    View,
    count,
    join,
    joinable,
    move,
    numbers,
    select,
)


def some_images(start: int = 0) -> Images:
    shapes = [(3, 4), (2, 5), (4, 2)]
    return Images.of([torch.full((1, h, w), float(start + i)) for i, (h, w) in enumerate(shapes)])


def some_sequences(start: int = 0) -> Sequences:
    return Sequences.of([torch.full((2, 3 + i), float(start + i)) for i in range(3)])


def some_tokens(start: int = 0) -> Tokens:
    ids = torch.tensor([[1, 2, 0], [3, 4, 5], [6, 0, 0]])
    return Tokens(ids + (ids > 0) * start, torch.tensor([2, 3, 1]))


def some_nodes(start: int = 0) -> Nodes:
    features = torch.arange(8.0).view(4, 2) + start
    return Nodes(features, torch.tensor([[0, 1, 2], [1, 0, 3]]), torch.tensor([3, 0, 2]))


KINDS: dict[str, Callable[[int], View]] = {
    "tensor": lambda start: torch.arange(6.0).view(3, 2) + start,
    "images": some_images,
    "sequences": some_sequences,
    "texts": lambda start: Texts((f"a{start}", "b", "c d")),
    "tokens": some_tokens,
    "nodes": some_nodes,
    "pair": lambda start: Pair(some_images(start), some_tokens(start)),
    "signal": lambda start: Signal(some_sequences(start)),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def rows(view: View) -> list[Any]:
    """What each sample is, without padding and without the other samples."""
    if isinstance(view, Tensor):
        return [row.tolist() for row in view]
    if isinstance(view, (Images, Sequences)):
        return [row.tolist() for row in view.unpadded()]
    if isinstance(view, Texts):
        return list(view.strings)
    if isinstance(view, Tokens):
        return [ids[:n].tolist() for ids, n in zip(view.ids, view.lengths.tolist(), strict=True)]
    if isinstance(view, Nodes):
        return [(view.features[t].tolist(), around(view, t)) for t in view.targets.tolist()]
    if isinstance(view, Pair):
        return list(zip(rows(view.x), rows(view.s), strict=True))
    assert isinstance(view, Signal)
    return rows(view.view)


def around(graph: Nodes, node: int) -> list[list[float]]:
    """Features of the nodes with an edge into this one."""
    source, target = graph.edges
    return graph.features[source[target == node]].tolist()


@every_kind
def test_rows_are_selected_in_the_order_asked_for(kind: str) -> None:
    view = KINDS[kind](0)
    assert count(view) == 3
    wanted = torch.tensor([2, 0, 2])
    assert rows(select(view, wanted)) == [rows(view)[i] for i in wanted]
    assert rows(select(view, slice(1, None))) == rows(view)[1:]


@every_kind
def test_joined_samples_stay_what_they_were(kind: str) -> None:
    first, second = KINDS[kind](0), select(KINDS[kind](10), slice(0, 2))
    assert joinable([first, second])
    joined = join([first, second])
    assert type(joined) is type(first)
    assert rows(joined) == rows(first) + rows(second)


@every_kind
def test_a_move_changes_numbers_of_floating_point_alone(kind: str) -> None:
    moved = move(KINDS[kind](0), "cpu", torch.float64)
    assert rows(moved) == rows(KINDS[kind](0))
    for tensor in tensors(moved):
        assert tensor.dtype in (torch.float64, torch.int64)


def tensors(view: View) -> list[Tensor]:
    if isinstance(view, Tensor):
        return [view]
    assert dataclasses.is_dataclass(view)
    values = [getattr(view, field.name) for field in dataclasses.fields(view)]
    return [t for v in values if isinstance(v, (Tensor, Inputs)) for t in tensors(v)]


@every_kind
def test_inputs_survive_a_process_boundary(kind: str) -> None:
    import pickle

    view = KINDS[kind](0)
    assert rows(pickle.loads(pickle.dumps(view))) == rows(view)


def test_views_of_two_kinds_are_not_joined() -> None:
    views = [torch.zeros(2, 3), some_tokens()]
    assert not joinable(views)
    assert not joinable([torch.zeros(2, 3), torch.zeros(2, 4)])
    with pytest.raises(TypeError, match="the same type to be joined, got Tensor, Tokens"):
        join(views)


def test_masks_are_true_where_there_is_no_padding() -> None:
    assert some_sequences().mask().sum(dim=1).tolist() == [3, 4, 5]
    assert some_tokens().mask().tolist() == [[True, True, False], [True] * 3, [True, False, False]]


def test_inputs_of_one_size_are_not_padded() -> None:
    same = [torch.zeros(1, 4, 4)] * 2
    assert Images.of(same).sizes is None
    assert Sequences.of([torch.zeros(1, 4)] * 2).lengths is None
    assert join([Sequences(torch.zeros(1, 1, 4))] * 2).lengths is None  # type: ignore[union-attr]


def test_the_rows_of_a_graphs_samples_are_dense_whatever_its_features_are() -> None:
    graph = some_nodes()
    sparse = Nodes(graph.features.to_sparse_coo(), graph.edges, graph.targets)
    expected = graph.features[graph.targets]
    assert torch.equal(graph.rows(), expected)
    assert torch.equal(sparse.rows(), expected)
    assert torch.equal(numbers(sparse, count=2), expected)
