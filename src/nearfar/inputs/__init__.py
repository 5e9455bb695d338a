"""Batches of samples of every kind: selecting, concatenating and moving rows."""

from nearfar.inputs._graph_inputs import Nodes
from nearfar.inputs._group_inputs import Group
from nearfar.inputs._image_inputs import Images
from nearfar.inputs._inputs import Inputs, View, count, join, joinable, move, select
from nearfar.inputs._number_inputs import numbers
from nearfar.inputs._pair_inputs import Pair, Signal
from nearfar.inputs._sequence_inputs import Sequences
from nearfar.inputs._tensor_view import tensor_view
from nearfar.inputs._text_inputs import Texts, Tokens

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
