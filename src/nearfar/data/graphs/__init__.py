"""Graphs: the samples are their nodes."""

from nearfar.data.graphs.graph import Graph
from nearfar.data.graphs.labelled import label_graphs
from nearfar.data.graphs.node_features import NodeFeatures
from nearfar.data.graphs.opening import open_graphs
from nearfar.data.graphs.source import GraphSource

__all__ = ["Graph", "GraphSource", "NodeFeatures", "label_graphs", "open_graphs"]
