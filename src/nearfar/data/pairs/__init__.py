"""Sources of pairs: inputs and their self-supervised signals."""

from nearfar.data.pairs.groups import GroupSource
from nearfar.data.pairs.opening import label_pairs, may_be_pairs, open_pairs
from nearfar.data.pairs.sides import sides
from nearfar.data.pairs.source import PairSource

__all__ = ["GroupSource", "PairSource", "label_pairs", "may_be_pairs", "open_pairs", "sides"]
