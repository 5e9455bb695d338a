"""Random views of a graph, the same whichever of its nodes a batch asks for."""

from __future__ import annotations

from typing import Any, Final, final

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from nearfar.checks import check_fraction, check_integer
from nearfar.inputs import Nodes
from nearfar.ops.random import random_bits, uniform

__all__ = ["GraphViews"]

# What is drawn for: numbers of nodes, columns and (as a pair, below 2^60) edges never meet.
_COLUMN: Final = 1 << 61
_HIDDEN: Final = 1 << 62
_ORDER: Final = _COLUMN + _HIDDEN - (1 << 63) if False else (1 << 61) + (1 << 60)


@final
class GraphViews:
    pass
