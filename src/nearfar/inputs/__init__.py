"""Batches of samples of every kind: selecting, concatenating and moving rows."""

from nearfar.inputs._graphs import Nodes
from nearfar.inputs._groups import Group
from nearfar.inputs._images import Images
from nearfar.inputs._inputs import Inputs, View, count, join, joinable, move, select
from nearfar.inputs._numbers import numbers
from nearfar.inputs._pairs import Pair, Signal
from nearfar.inputs._sequences import Sequences
from nearfar.inputs._tensor_view import tensor_view
from nearfar.inputs._texts import Texts, Tokens

__all__ = [
    "Group",
    "Images",
    "Inputs",
    "Nodes",
    "Pair",
    "Sequences",
    "Signal",
    "Texts",
    "Tokens",
    "View",
    "count",
    "join",
    "joinable",
    "move",
    "numbers",
    "select",
    "tensor_view",
]
