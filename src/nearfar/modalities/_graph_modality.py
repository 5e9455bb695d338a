"""The modality of graphs, whose samples are nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from nearfar._deprecation import renamed_members
from nearfar.checks import check_choice, require
from nearfar.data import Source
from nearfar.data._files import list_names
from nearfar.data.graphs import GRAPHS, GraphSource
from nearfar.inputs import Nodes, View
from nearfar.modalities._exhibits import png_text
from nearfar.modalities._form import Form
from nearfar.modalities._modality import Modality, OnnxCall
from nearfar.modules import GRAPH_ENCODERS, EncoderDescription, GraphEncoder
from nearfar.records import Exhibit
from nearfar.views import GraphViews, ViewRecipe, Views

__all__ = ["GraphForm", "GraphModality", "GraphOptions"]

_WHOLE = 100_000  # largest number of nodes in a full batch
_NEIGHBORS, _SIDE, _FINER = 30, 160, 3
_PAPER, _LINE, _NODE, _SAMPLE = "#ffffff", "#b8bec6", "#5b6b7f", "#d1495b"


@renamed_members(row_normalise="row_normalize")
@dataclass(frozen=True, kw_only=True)
class GraphForm(Form):
    """Specification of the inputs of an encoder of nodes.

    Attributes:
        num_features: Number of features per node.
        undirected: Whether the reverse of every edge is added.
        row_normalize: Whether each node's features are divided by their sum.
        hops: Number of hops in sampled neighbourhoods; None if the whole graph is used.
        neighbors: Largest number of incoming edges per node in sampled neighbourhoods; None if the
            whole graph is used, or if an older version has not stored it.
        weighted: Whether edges have weights.
        columns: Name of each feature, if the data name them.
    """

    num_features: int
    undirected: bool = True
    row_normalize: bool = False
    hops: int | None = None
    neighbors: int | None = None
    weighted: bool = False
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class GraphOptions:
    """Options of a graph and its encoder.

    Args:
        features: A .npy or .npz file or a table of node features with one row per node, for an
            edge list; a column `id` identifies the nodes.
        undirected: Add the reverse of every edge.
        row_normalize: Divide each node's features by their sum; by default only if no feature is
            negative.
        neighbors: Largest number of incoming edges per node in sampled neighbourhoods; 0 uses the
            whole graph at once. By default 0 up to 5 million edges and 1 GiB of features, and 10
            beyond.
        hops: Number of hops in sampled neighbourhoods; at least the number of the encoder's layers,
            plus one for gcn.
        edge_weights: Use the weights of edges, if there are any, as strengths; sage ignores them.
        units: Width of every layer of the encoder, and dimension of the representation.
        layers: Number of layers of the encoder, which is its receptive field in hops.
    """

    features: Path | None = None
    undirected: bool = True
    row_normalize: bool | None = None
    neighbors: int | None = None
    hops: int = 2
    edge_weights: bool = True
    units: int = 512
    layers: int = 1


@final
class GraphModality(Modality[GraphForm, GraphOptions]):
    """Nodes of a graph with node features."""

    data: ClassVar = GRAPHS
    form_type: ClassVar = GraphForm
    inputs: ClassVar = (Nodes,)
    example: ClassVar = "cora"
    options: ClassVar = GraphOptions
    settings: ClassVar = GraphViews
    encoder: ClassVar = "gcn"
    recognizable = True
    encoders: ClassVar = "gcn, or sage for graphs with sampled neighbourhoods"

    def rungs(self, source: Source, options: GraphOptions) -> tuple[Mapping[str, Any], ...]:
        return tuple({"units": units} for units in (256, 128, 64) if units < options.units)

    def smallest_batch(self, source: Source, options: GraphOptions) -> int | None:
        whole = require(GraphSource, data=source.root).whole
        return None if whole else super().smallest_batch(source, options)

    def form(self, source: Source, options: GraphOptions, *, seed: int) -> GraphForm:
        root = require(GraphSource, data=source.root)
        if not root.num_edges:
            raise ValueError(
                f"{root.name} must have at least 1 edge between distinct nodes to train on, got 0"
            )
        return GraphForm(
            num_features=root.num_features,
            undirected=root.undirected,
            row_normalize=root.row_normalize,
            hops=None if root.whole else root.hops,
            neighbors=None if root.whole else root.neighbors,
            weighted=root.weighted,
            columns=root.graph.columns,
        )

    def build_encoder(
        self, name: str, form: GraphForm, options: GraphOptions
    ) -> tuple[nn.Module, EncoderDescription[GraphForm]]:
        check_choice(GRAPH_ENCODERS, encoder=name)
        needed = options.layers + (name == "gcn")  # gcn needs the degrees of the outermost nodes
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
        targets = torch.tensor([0, 2])
        weighted = form.weighted and encoder.convolution == "gcn"
        return OnnxCall(
            _OfTensors(encoder),
            (features, edges, targets, *((torch.ones(4),) if weighted else ())),
            ("features", "edges", "targets", *(("weights",) if weighted else ())),
            ({0: "nodes"}, {1: "edges"}, {0: "batch"}, *(({0: "edges"},) if weighted else ())),
        )

    def signal_dim(self, form: GraphForm) -> int:
        return int(form.num_features)

    def opening(self, form: GraphForm) -> dict[str, Any]:
        same: dict[str, Any] = {
            "undirected": form.undirected,
            "row_normalize": form.row_normalize,
            "edge_weights": form.weighted,
        }
        if form.neighbors is not None and form.hops is not None:
            same |= {"neighbors": form.neighbors, "hops": form.hops}
        if form.columns is not None:
            same["columns"] = form.columns
        return same

    def training(
        self, *, samples: int, batch_size: int | None = None, updates: int | None = None
    ) -> dict[str, Any]:
        """All nodes are one batch, as encoding the graph costs the same for any batch size."""
        suited: dict[str, Any] = {"precision": "32", "learning_rate": 1e-3}
        if samples > _WHOLE:
            return suited | {"batch_size": 256, "epochs": 10}
        return suited | {
            "batch_size": samples,
            # the authors' early stopping ends after 204 updates on Cora, 151 on Citeseer
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
                f"`data` must have {form.num_features:,} features per node, like the run's graph,"
                f" got {root.num_features:,}"
            )
        if form.weighted and not root.weighted:
            raise ValueError(
                f"`data` must have edge weights, like the run's graph, got none in {root.name}"
            )
        columns = root.graph.columns
        if form.columns is not None and columns is not None and columns != form.columns:
            raise ValueError(
                f"`data` must have the features {list_names(form.columns, most=20)}, in this order,"
                f" got {list_names(columns, most=20)}"
            )
        for option, wanted, found in (  # of a source that was opened without the run
            ("edge_weights", form.weighted, root.weighted),
            ("undirected", form.undirected, root.undirected),
            ("row_normalize", form.row_normalize, root.row_normalize),
        ):
            if wanted != found:
                raise ValueError(
                    f"`data` must be opened with `{option}`={wanted}, like the run's graph,"
                    f" got {found}"
                )


@final
class _OfTensors(nn.Module):
    """An encoder of nodes as a function of tensors."""

    def __init__(self, encoder: GraphEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(
        self,
        features: Float[Tensor, "nodes features"],
        edges: Int64[Tensor, "2 edges"],
        targets: Int64[Tensor, " batch"],
        weights: Float[Tensor, " edges"] | None = None,
    ) -> Float[Tensor, "batch dim"]:
        """The representation of each target."""
        everyone: Tensor = self.encoder.convolve(features, edges, weights)
        return everyone[targets]


def _drawn(node: int, sources: Tensor, targets: Tensor) -> str:
    """A node with its neighbours and edges, as a base64 PNG."""
    import networkx
    from PIL import Image, ImageDraw

    low, high = torch.searchsorted(targets, torch.tensor([node, node + 1])).tolist()
    around = sorted(set(sources[low:high].tolist()))[:_NEIGHBORS]
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
        size, color = (2 * dot, _SAMPLE) if name == node else (dot, _NODE)
        pen.ellipse([x - size, y - size, x + size, y + size], fill=color)
    return png_text(image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS))
