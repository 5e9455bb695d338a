"""What samples are made of, from the source to the encoder: rows that are cut, joined and moved."""

from nearfar.inputs.graphs import Nodes
from nearfar.inputs.groups import Group
from nearfar.inputs.images import Images
from nearfar.inputs.inputs import Inputs, View, count, join, joinable, move, select
from nearfar.inputs.numbers import numbers
from nearfar.inputs.pairs import Pair, Signal
from nearfar.inputs.sequences import Sequences
from nearfar.inputs.texts import Texts, Tokens

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
]
