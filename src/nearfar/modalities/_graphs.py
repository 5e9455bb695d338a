"""Graphs: the samples are their nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from nearfar.checks import check_choice, require
from nearfar.data import Source
from nearfar.data.graphs import GRAPHS, GraphSource
from nearfar.inputs import Nodes, View
from nearfar.modalities._exhibits import png_text
from nearfar.modalities._form import Form
from nearfar.modalities._modality import Modality, OnnxCall
from nearfar.modules import GRAPH_ENCODERS, EncoderDescription, GraphEncoder
from nearfar.records import Exhibit
from nearfar.views import GraphViews, ViewRecipe, Views

__all__ = ["GraphForm", "GraphModality", "GraphOptions"]

_WHOLE = 100_000  # nodes that are one batch
_NEIGHBOURS, _SIDE, _FINER = 30, 160, 3
_PAPER, _LINE, _NODE, _SAMPLE = "#ffffff", "#b8bec6", "#5b6b7f", "#d1495b"


@dataclass(frozen=True, kw_only=True)
class GraphForm(Form):
    """What an encoder of nodes must know of its inputs.

    Attributes:
        num_features: Of every node.
        undirected: Whether the other direction of every edge was added.
        row_normalise: Whether each node's features are divided by their sum.
        hops: Steps around a node that are read; None where the graph is read whole.
    """

    num_features: int
    undirected: bool = True
    row_normalise: bool = False
    hops: int | None = None


@dataclass(frozen=True, kw_only=True)
class GraphOptions:
    """What a user may say of a graph and its encoder.

    Args:
        features: A .npy, .npz or .csv file with one row a node, for a list of edges.
        undirected: Add the other direction of every edge.
        row_normalise: Divide each node's features by their sum; if not given, where no feature is
            negative.
        neighbours: Edges into a node that are followed, 0 for the whole graph at once; if not
            given, 0 up to 5 million edges and 1 GiB of features, 10 beyond.
        hops: Steps around a node that are read where the graph is not read whole: as many as the
            encoder has layers, and one more for gcn.
        units: Dimensions of every layer of the encoder, and so of the representation.
        layers: Layers of the encoder: how many steps away a node sees.
    """

    features: Path | None = None
    undirected: bool = True
    row_normalise: bool | None = None
    neighbours: int | None = None
    hops: int = 2
    units: int = 512
    layers: int = 1


@final
class GraphModality(Modality[GraphForm, GraphOptions]):
    """Nodes of one graph with features."""

    data: ClassVar = GRAPHS
    form_type: ClassVar = GraphForm
    inputs: ClassVar = (Nodes,)
    example: ClassVar = "cora"
    options: ClassVar = GraphOptions
    settings: ClassVar = GraphViews
    encoder: ClassVar = "gcn"
    encoders: ClassVar = "gcn, or sage for graphs that are read in parts"

    def form(self, source: Source, options: GraphOptions, *, seed: int) -> GraphForm:
        root = require(GraphSource, data=source.root)
        return GraphForm(
            num_features=root.num_features,
            undirected=root.undirected,
            row_normalise=root.row_normalise,
            hops=None if root.whole else root.hops,
        )

    def build_encoder(
        self, name: str, form: GraphForm, options: GraphOptions
    ) -> tuple[nn.Module, EncoderDescription[GraphForm]]:
        check_choice(GRAPH_ENCODERS, encoder=name)
        needed = options.layers + (name == "gcn")  # whose weights count the neighbours' neighbours
        if form.hops is not None and form.hops < needed:
            raise ValueError(
                f"`hops` must be at least {needed} for {name} with `layers`={options.layers},"
                f" got {form.hops}"
            )
        arguments: dict[str, Any] = {
            "features": form.num_features,
            "dim": options.units,
            "layers": options.layers,
            "convolution": name,
        }
        call = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        description = EncoderDescription(
            name=name,
            library="nearfar",
            width=options.units,
            modality=self.name,
            form=form,
            arguments=arguments,
            how=f"nearfar.modules.GraphEncoder({call})",
        )
        return GraphEncoder(**arguments), description

    def rebuild(self, description: EncoderDescription[GraphForm]) -> nn.Module:
        return GraphEncoder(**description.arguments)

    def views(
        self,
        recipe: ViewRecipe,
        form: GraphForm,
        *,
        source: Source,
        options: GraphOptions,
        settings: Mapping[str, Any],
    ) -> Views:
        return (recipe.make or GraphViews)(**{**recipe.settings, **settings})

    def two_views(self, form: GraphForm) -> Views:
        return GraphViews()

    def plain(self, form: GraphForm) -> Views:
        return GraphViews()

    def raw(self, source: Source, form: GraphForm) -> tuple[str, Float[Tensor, "samples features"]]:
        parts = []
        for batch in source.chunks():
            parts.append(require(Nodes, inputs=batch.inputs).rows())
        return "raw features", torch.cat(parts)

    def show(self, view: View, form: GraphForm) -> list[Exhibit]:
        nodes = require(Nodes, view=view)
        order = nodes.edges[1].argsort(stable=True)
        sources, targets = nodes.edges[:, order].cpu()
        return [Exhibit(png=_drawn(int(node), sources, targets)) for node in nodes.targets]

    def onnx(self, encoder: nn.Module, form: GraphForm) -> OnnxCall:
        if not isinstance(encoder, GraphEncoder):
            raise ValueError(f"`encoder` must be gcn or sage, got {type(encoder).__name__}")
        features = torch.zeros(3, form.num_features)
        edges = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        return OnnxCall(
            _OfTensors(encoder),
            (features, edges, torch.tensor([0, 2])),
            ("features", "edges", "targets"),
            ({0: "nodes"}, {1: "edges"}, {0: "batch"}),
        )

    def signal_dim(self, form: GraphForm) -> int:
        return int(form.num_features)

    def opening(self, form: GraphForm) -> dict[str, Any]:
        return {"undirected": form.undirected, "row_normalise": form.row_normalise}

    def training(
        self, *, samples: int, batch_size: int | None = None, updates: int | None = None
    ) -> dict[str, Any]:
        """All nodes are one batch, as a pass over the graph costs the same for one or for all."""
        suited: dict[str, Any] = {"precision": "32", "learning_rate": 1e-3}
        if samples > _WHOLE:
            return suited | {"batch_size": 256, "epochs": 10}
        return suited | {
            "batch_size": samples,
            # the authors stop by the loss: after 204 updates on Cora, 151 on Citeseer
            "epochs": 180,
            "schedule": "constant",
            "warmup_epochs": 0.0,
            "watch_every": 20,
            "checkpoint_every": 50,
        }

    def check(self, source: Source, form: GraphForm) -> None:
        root = require(GraphSource, data=source.root)
        if root.num_features != form.num_features:
            raise ValueError(
                f"`data` must have {form.num_features:,} features a node, as the run's graph"
                f" had, got {root.num_features:,}"
            )


@final
class _OfTensors(nn.Module):
    """An encoder of nodes as a function of three tensors."""

    def __init__(self, encoder: GraphEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(
        self,
        features: Float[Tensor, "nodes features"],
        edges: Int64[Tensor, "2 edges"],
        targets: Int64[Tensor, " batch"],
    ) -> Float[Tensor, "batch dim"]:
        """The representation of each target."""
        everyone: Tensor = self.encoder.convolve(features, edges)
        return everyone[targets]


def _drawn(node: int, sources: Tensor, targets: Tensor) -> str:
    """A node, its neighbours and the edges between them, as a PNG in base64."""
    import networkx
    from PIL import Image, ImageDraw

    low, high = torch.searchsorted(targets, torch.tensor([node, node + 1])).tolist()
    around = sorted(set(sources[low:high].tolist()))[:_NEIGHBOURS]
    graph = networkx.Graph()
    graph.add_node(node)
    graph.add_edges_from((node, other) for other in around)
    for other in around:
        low, high = torch.searchsorted(targets, torch.tensor([other, other + 1])).tolist()
        graph.add_edges_from(
            (other, third) for third in sources[low:high].tolist() if third in graph
        )
    side, dot = _SIDE * _FINER, 4 * _FINER
    places = networkx.spring_layout(graph, seed=0, iterations=30)
    at = {
        name: tuple(float(side / 2 + p * (side / 2 - 4 * dot)) for p in place)
        for name, place in places.items()
    }
    image = Image.new("RGB", (side, side), _PAPER)
    pen = ImageDraw.Draw(image)
    for one, other in graph.edges:
        pen.line([at[one], at[other]], fill=_LINE, width=_FINER)
    for name, (x, y) in at.items():
        size, colour = (2 * dot, _SAMPLE) if name == node else (dot, _NODE)
        pen.ellipse([x - size, y - size, x + size, y + size], fill=colour)
    return png_text(image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS))
