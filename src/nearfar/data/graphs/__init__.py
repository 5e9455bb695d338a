"""Sources of graphs, whose samples are the nodes."""

from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._graph_source import GraphSource
from nearfar.data.graphs._node_features import NodeFeatures
from nearfar.data.graphs._open_graphs import GRAPHS, label_graphs, open_graphs

__all__ = ["GRAPHS", "Graph", "GraphSource", "NodeFeatures", "label_graphs", "open_graphs"]
