"""Sources of pairs: inputs and their self-supervised signals."""

from nearfar.data.pairs._groups import GroupSource
from nearfar.data.pairs._open_pairs import label_pairs, may_be_pairs, open_pairs
from nearfar.data.pairs._sides import sides
from nearfar.data.pairs._source import PairSource

__all__ = ["GroupSource", "PairSource", "label_pairs", "may_be_pairs", "open_pairs", "sides"]
