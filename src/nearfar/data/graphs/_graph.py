"""A graph as read from a file or an object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

import numpy as np
import torch
from jaxtyping import Int64
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._files import counted, list_names
from nearfar.data.graphs._node_features import NodeFeatures
from nearfar.data.graphs._node_ids import NodeIds

__all__ = ["Graph"]


@final
@dataclass(frozen=True)
class Graph:
    """The content of a graph's file or object; absent parts are None.

    Attributes:
        name: Short name.
        features: Features of each node.
        edges: Edges as two rows of node numbers: sources and targets.
        labels: Class of each node, -1 if unlabelled.
        train: Nodes that a probe is trained on.
        test: Nodes that a probe is evaluated on.
        notes: Notes for the user.
        validation: Nodes of the validation set, on which a probe is evaluated if there is no test
            set, and which it does not use otherwise.
        weights: Weight of each edge, 0 or more.
        ids: Identifier of each node.
        columns: Name of each feature.
    """

    name: str
    features: NodeFeatures
    edges: NDArray[Any]
    labels: NDArray[Any] | None = None
    train: NDArray[Any] | None = None
    test: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()
    validation: NDArray[Any] | None = None
    weights: NDArray[Any] | None = None
    ids: NodeIds | None = None
    columns: tuple[str, ...] | None = None

    def with_columns(self, wanted: Sequence[str]) -> Graph:
        """The graph with these features, in this order, if its features have names.

        Raises:
            ValueError: A feature that the graph does not have; the message lists both.
        """
        if self.columns is None or self.columns == tuple(wanted):
            return self
        missing = [name for name in wanted if name not in self.columns]
        if missing:
            raise ValueError(
                f"nodes of {self.name} must have the features {list_names(list(wanted), most=20)},"
                f" got {list_names(self.columns, most=20)}"
            )
        further = [name for name in self.columns if name not in wanted]
        notes = (f"further features ignored: {list_names(further)}",)
        return replace(
            self,
            features=self.features.select([self.columns.index(name) for name in wanted]),
            columns=tuple(wanted),
            notes=(*self.notes, *(notes if further else ())),
        )

    def part(self, chosen: NDArray[Any]) -> Int64[Tensor, " chosen"]:
        """Check the nodes of one part of the split, and return them as a tensor.

        Raises:
            ValueError: Not a list of node numbers, or nodes that do not exist.
        """
        if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
            raise ValueError(
                f"the split of {self.name} must be lists of node numbers, got {chosen.dtype} of"
                f" shape {chosen.shape}"
            )
        last = len(self.features) - 1
        if len(chosen) and not 0 <= chosen.min() <= chosen.max() <= last:
            raise ValueError(
                f"the split of {self.name} must contain nodes from 0 to {last:,},"
                f" got {int(chosen.min())} to {int(chosen.max())}"
            )
        return torch.from_numpy(chosen.astype(np.int64))

    @cached_property
    def evaluated(self) -> NDArray[Any] | None:
        """The nodes of the test set, else those of the validation set."""
        return self.validation if self.test is None else self.test

    def shared(self) -> NDArray[Any]:
        """Nodes that are in both the training and the test set, sorted."""
        if self.train is None or self.evaluated is None:
            return np.empty(0, np.int64)
        return np.intersect1d(self.train, self.evaluated)

    def node(self, number: int) -> str:
        """The identifier of a node, else its number as ``node 17``."""
        return f"node {number}" if self.ids is None else str(self.ids.texts[number])

    def split_notes(self) -> tuple[str, ...]:
        """Notes on what the graph contains of the test set, and on nodes in two parts."""
        if self.evaluated is None:
            return ()
        words = "test" if self.test is not None else "validation"
        count = f"{len(self.evaluated):,} {words} node{'' if len(self.evaluated) == 1 else 's'}"
        notes = [f"transductive: the graph has features and edges of its {count}, but no labels"]
        if len(self.shared()):
            both = counted(len(self.shared()), "node")
            notes.append(f"{both} in both the training set and the {words} set")
        return tuple(notes)
