"""Graphs: the samples are their nodes."""

from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._label_graphs import label_graphs
from nearfar.data.graphs._node_features import NodeFeatures
from nearfar.data.graphs._open_graphs import open_graphs
from nearfar.data.graphs._source import GraphSource

__all__ = ["Graph", "GraphSource", "NodeFeatures", "label_graphs", "open_graphs"]
