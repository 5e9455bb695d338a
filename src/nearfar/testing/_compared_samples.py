"""Compare batches sample by sample, independent of their padding."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nearfar.inputs import Group, Nodes, Pair, Signal, Texts, Tokens, View, count, select
from nearfar.testing._check import fail, require
from nearfar.testing._refusal import without_shape_checks

__all__ = ["different", "leaves", "one_by_one", "same_samples", "undisturbed"]


def one_by_one(view: View) -> list[Any]:
    """Split a batch into samples without padding: tensors, strings, or tuples of these.

    Custom types of inputs can define ``unpadded()``; otherwise, the attributes of each single row
    are compared.
    """
    if isinstance(view, Tensor):
        return list(view)
    if isinstance(view, Texts):
        return list(view.strings)
    if isinstance(view, Tokens):
        lengths = view.lengths.tolist()
        return [row[:length] for row, length in zip(view.ids, lengths, strict=True)]
    if isinstance(view, Signal):
        return one_by_one(view.view)
    if isinstance(view, Pair):
        return list(zip(one_by_one(view.x), one_by_one(view.s), strict=True))
    if isinstance(view, Group):
        members = one_by_one(view.members)
        return [tuple(members[i : i + view.size]) for i in range(0, len(members), view.size)]
    if isinstance(view, Nodes):
        return [_node(view, int(target)) for target in view.targets]
    unpadded = getattr(view, "unpadded", None)
    if callable(unpadded):
        return list(unpadded())
    rows = [select(view, torch.tensor([row])) for row in range(count(view))]
    return [tuple(vars(row).values()) for row in rows]


def _node(graph: Nodes, target: int) -> tuple[Tensor, Tensor, Tensor]:
    """A node's features, and those of its neighbours in a canonical order, with multiplicities."""
    rows = torch.cat([torch.tensor([target]), graph.edges[0, graph.edges[1] == target]])
    features = graph.features.index_select(0, rows)
    features = features.to_dense() if features.is_sparse else features
    around, often = torch.unique(features[1:], dim=0, return_counts=True)
    return features[0], around, often


def leaves(view: View) -> Iterator[Tensor]:
    """All tensors of the samples."""
    for sample in one_by_one(view):
        for part in sample if isinstance(sample, tuple) else (sample,):
            if isinstance(part, Tensor):
                yield part


def same_samples(
    found: View | Sequence[View],
    expected: View | Sequence[View],
    what: str,
    *,
    tolerance: float = 0,
) -> None:
    """Fail unless two batches, or the batches of several views, contain the same samples.

    Args:
        found: Actual batches.
        expected: Expected batches.
        what: Description of the compared batches, which begins the message.
        tolerance: Absolute tolerance for floating-point numbers.
    """
    pairs = zip(_views(found), _views(expected), strict=True)
    for number, (ours, theirs) in enumerate(pairs):
        where = f"{what}: view {number}" if isinstance(found, (list, tuple)) else what
        first, second = one_by_one(ours), one_by_one(theirs)
        if len(first) != len(second):
            fail(f"{where} must have {len(second)} samples, got {len(first)}")
        for row, (one, other) in enumerate(zip(first, second, strict=True)):
            require(
                _equal(one, other, tolerance),
                f"{where}: the sample in row {row} must be the same, expected {other}, got {one}",
            )


def different(found: Sequence[View], expected: Sequence[View]) -> bool:
    """Whether any sample of any view differs."""
    return not all(
        _equal(tuple(one_by_one(one)), tuple(one_by_one(other)), 0.0)
        for one, other in zip(found, expected, strict=True)
    )


def _views(found: View | Sequence[View]) -> Sequence[View]:
    return found if isinstance(found, (list, tuple)) else (found,)


def _equal(one: Any, other: Any, tolerance: float) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        if tolerance and one.is_floating_point():
            return torch.allclose(one, other, rtol=0, atol=tolerance)
        return torch.equal(one, other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(
            _equal(a, b, tolerance) for a, b in zip(one, other, strict=True)
        )
    return bool(one == other)


@contextmanager
def undisturbed(what: str) -> Iterator[None]:
    """Fail if the global random generators of Python, NumPy or PyTorch are used inside.

    Args:
        what: Description of the code inside, which begins the message.
    """

    def states() -> dict[str, Any]:
        name, keys, *rest = np.random.get_state()
        return {
            "Python": random.getstate(),
            "NumPy": (name, np.asarray(keys).tobytes(), *rest),
            "PyTorch": torch.get_rng_state().numpy().tobytes(),
        }

    with without_shape_checks():
        before = states()
        yield
        after = states()
    for generator, state in before.items():
        require(
            after[generator] == state,
            f"{what} must not use the global random generator of {generator}, but did",
        )
