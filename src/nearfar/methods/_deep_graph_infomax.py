"""Deep Graph Infomax: discriminate the nodes of a graph from those of a corrupted one.

Both graphs are encoded by the same network. The summary is the sigmoid of the mean representation
of the real graph, and a bilinear critic scores each node against it. Veličković, Fedus, Hamilton,
Liò, Bengio, Hjelm, ICLR 2019, arXiv 1809.10341.
"""

from __future__ import annotations

from typing import ClassVar, final

from torch import nn

from nearfar.inputs import View
from nearfar.methods._method import Method, Projected, Step, encode
from nearfar.methods._preset import preset
from nearfar.methods._serves import Serves
from nearfar.modules import BilinearCritic
from nearfar.objectives import BinaryDiscriminationLoss
from nearfar.parallel import gather
from nearfar.views import ViewRecipe

__all__ = ["DeepGraphInfomax", "deep_graph_infomax", "dgi"]


@final
class DeepGraphInfomax(Method):
    r"""A graph and its corruption, one network, :math:`\sigma(h_i^\top W s)` for every node.

    Nodes of the graph are discriminated from nodes of a corrupted graph by their scores against a
    summary of the whole graph, :math:`s = \sigma(\frac1N \sum_i h_i)`. There is no projector.

    Args:
        encoder: A graph to the representations of its target nodes.
        critic: :math:`s \mapsto W s`, whose inner product with a representation is its score.

    When to use:
        Nodes of one graph with node features, without labels and without known label-preserving
        augmentations of graphs: the corruption only shuffles features among nodes. Logistic
        regression on the representation reached 82.3 % on Cora, 71.8 % on Citeseer and 76.8 % on
        Pubmed. With suitable augmentations, SimCLR or VICReg are the alternative.

    Good to know:
        The loss starts at ln 2, where every score is 0. It is the mean over real and corrupted
        nodes; other implementations add the two means, which is twice this loss. The summary is
        over all nodes in a batch. Row-normalise the features, as the authors do. The corrupted
        graph is not a second view, so a run is evaluated on two other views, with dropped edges and
        masked features.

    Reference:
        Veličković, Fedus, Hamilton, Liò, Bengio, Hjelm: Deep Graph Infomax (ICLR 2019), arXiv
        1809.10341, equation 1; authors' code PetarV-/DGI.
    """

    paper: ClassVar = "Veličković et al. 2019, arXiv 1809.10341"
    sees: ClassVar = "a graph and its corruption"
    negatives: ClassVar = True
    momentum: ClassVar = False
    serves: ClassVar = {
        "graphs": Serves(
            views=ViewRecipe(
                settings={"edge_drop": (0.0,), "feature_mask": (0.0,), "shuffle": (False, True)}
            ),
            training={"weight_decay": 0.0},
        )
    }
    positives: ClassVar = False
    objective: BinaryDiscriminationLoss

    def __init__(self, encoder: nn.Module, critic: BilinearCritic) -> None:
        super().__init__()
        self.encoder = encoder
        self.projector = nn.Identity()
        self.critic = critic
        self.objective = BinaryDiscriminationLoss()

    def project(self, views: tuple[View, ...]) -> Projected:
        """Encode the graph and its corruption."""
        return (encode(self.encoder, views),)

    def compare(self, projected: Projected) -> Step:
        """Summarise the real nodes, and score every node against the summary."""
        (representations,) = projected
        real, corrupted = (gather(h) for h in representations)
        wanted = self.critic(real.mean(dim=0).sigmoid())
        loss = self.objective(real @ wanted, corrupted @ wanted)
        return Step(loss=loss, representations=representations, projections=representations)

    def chance(self, batch_size: int) -> float | None:
        """Ln 2, the loss if all scores are 0."""
        return self.objective.chance(batch_size=batch_size)


@preset()
def deep_graph_infomax(encoder: nn.Module, width: int) -> DeepGraphInfomax:
    """Deep Graph Infomax as published, around any encoder.

    Its views are a graph and the same graph with the features shuffled among the nodes.

    Example:
        >>> import torch
        >>> from nearfar.inputs import Nodes
        >>> from nearfar.modules import GraphEncoder
        >>> from nearfar.views import GraphViews
        >>> path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
        >>> graph = Nodes(torch.eye(3), path, torch.arange(3))
        >>> views = GraphViews(edge_drop=(0.0,), feature_mask=(0.0,), shuffle=(False, True))
        >>> method = deep_graph_infomax(GraphEncoder(features=3, dim=8), 8)
        >>> step = method(views(graph, torch.arange(3), seed=0, epoch=0))
        >>> len(step.representations), step.representations[0].shape
        (2, torch.Size([3, 8]))
    """
    critic = BilinearCritic(width, width)
    # small initialisation, like the authors' bilinear layer: half a point of accuracy on Cora
    nn.init.xavier_uniform_(critic.weight.data[None])
    return DeepGraphInfomax(encoder, critic)


dgi = deep_graph_infomax
"""Short form of :func:`deep_graph_infomax`."""
