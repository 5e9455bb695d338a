"""Deep Graph Infomax and its encoder, against PyTorch Geometric and by hand."""

from __future__ import annotations

import math
import warnings

import pytest
import torch

from nearfar.inputs import Nodes, join
from nearfar.methods import dgi, simclr
from nearfar.modules import BilinearCritic, GraphEncoder
from nearfar.training import cached_backward
from nearfar.views import GraphViews
from tests.every import every

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch_geometric.nn import DeepGraphInfomax as PeerInfomax
    from torch_geometric.nn import GCNConv, SAGEConv

INFOMAX = GraphViews(edge_drop=(0.0,), feature_mask=(0.0,), shuffle=(False, True))


def graph(nodes=30, width=7, edges=80) -> Nodes:
    generator = torch.Generator().manual_seed(1)
    drawn = torch.randint(nodes - 1, (2, edges), generator=generator)  # the last node is alone
    drawn = drawn[:, drawn[0] != drawn[1]]
    both = torch.cat([drawn, drawn.flip(0)], dim=1).unique(dim=1)
    features = torch.rand(nodes, width, generator=generator, dtype=torch.float64)
    return Nodes(features, both, torch.arange(nodes))


def method(width=7, dim=5):
    torch.manual_seed(0)
    return dgi(GraphEncoder(features=width, dim=dim), dim).double()


def infomax(nodes: Nodes) -> tuple[Nodes, ...]:
    return INFOMAX(nodes, nodes.targets, seed=0, epoch=0)


def test_a_graph_convolution_is_the_formula():
    nodes = graph()
    encoder = GraphEncoder(features=7, dim=5).double()
    count = len(nodes)
    adjacency = torch.eye(count, dtype=torch.float64)
    for source, target in nodes.edges.T.tolist():
        adjacency[target, source] = 1
    scale = adjacency.sum(dim=1).rsqrt()
    convolution = encoder.convolutions[0]
    summed = (scale[:, None] * adjacency * scale) @ nodes.features @ convolution.lin.weight.T
    expected = torch.where(summed > 0, summed, 0.25 * summed)  # a fresh PReLU, a bias of 0
    torch.testing.assert_close(encoder(nodes), expected)


@pytest.mark.parametrize("convolution", ["gcn", "sage"])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("directed", [False, True])
def test_encoders_are_those_of_torch_geometric(convolution, layers, directed):
    nodes = graph()
    edges = nodes.edges[:, ::3] if directed else nodes.edges
    encoder = GraphEncoder(features=7, dim=5, layers=layers, convolution=convolution).double()
    x = nodes.features
    for ours, activation in zip(encoder.convolutions, encoder.activations, strict=True):
        theirs = (GCNConv if convolution == "gcn" else SAGEConv)(x.shape[1], 5).double()
        theirs.load_state_dict(ours.state_dict())
        x = activation(theirs(x, edges))
    torch.testing.assert_close(encoder(Nodes(nodes.features, edges, nodes.targets)), x)


@pytest.mark.parametrize("convolution", ["gcn", "sage"])
def test_sparse_features_are_encoded_as_dense_ones(convolution):
    nodes = graph()
    encoder = GraphEncoder(features=7, dim=5, convolution=convolution).double()
    sparse = Nodes(nodes.features.to_sparse(), nodes.edges, nodes.targets)
    torch.testing.assert_close(encoder(sparse), encoder(nodes))
    encoder(join([sparse, sparse])).square().sum().backward()
    gradient = [parameter.grad for parameter in encoder.parameters()]
    encoder.zero_grad()
    (2 * encoder(nodes).square().sum()).backward()
    for found, parameter in zip(gradient, encoder.parameters(), strict=True):
        torch.testing.assert_close(found, parameter.grad)


def test_the_loss_is_half_of_torch_geometrics():
    nodes = graph()
    ours = method()
    peer = PeerInfomax(
        hidden_channels=5,
        encoder=lambda x, edges: ours.encoder(Nodes(x, edges, nodes.targets)),
        summary=lambda z, *_: z.mean(dim=0).sigmoid(),
        corruption=lambda x, edges: (infomax(nodes)[1].features, edges),
    ).double()
    with torch.no_grad():
        peer.weight.copy_(ours.critic.weight.T)
    theirs = peer.loss(*peer(nodes.features, nodes.edges))
    step = ours(infomax(nodes))
    # they add the means of both kinds of scores; and 1e-15 before taking logarithms
    torch.testing.assert_close(2 * step.loss.double(), theirs, rtol=1e-6, atol=1e-6)


def test_the_loss_is_the_papers_sum_over_nodes():
    nodes = graph(nodes=6)
    ours = method()
    step = ours(infomax(nodes))
    real, corrupted = (h.detach() for h in step.representations)
    weight = ours.critic.weight.T.detach()
    summary = [1 / (1 + math.exp(-float(real[:, d].mean()))) for d in range(5)]

    def score(h: torch.Tensor) -> float:
        pairs = [(a, b) for a in range(5) for b in range(5)]
        return sum(float(h[a]) * float(weight[a, b]) * summary[b] for a, b in pairs)

    total = sum(math.log(1 / (1 + math.exp(-score(h)))) for h in real)
    total += sum(math.log(1 - 1 / (1 + math.exp(-score(h)))) for h in corrupted)
    assert float(step.loss.detach()) == pytest.approx(-total / 12, rel=1e-6)


def test_a_critic_that_knows_nothing_is_at_chance():
    ours = method()
    torch.nn.init.zeros_(ours.critic.weight)
    assert float(ours(infomax(graph())).loss.detach()) == pytest.approx(math.log(2))
    assert ours.chance(30) == pytest.approx(math.log(2))


def test_the_batch_chooses_rows_and_changes_none():
    nodes = graph()
    some = Nodes(nodes.features, nodes.edges, torch.tensor([3, 29, 3]))
    ours = method()
    torch.testing.assert_close(ours.embed(some), ours.embed(nodes)[[3, 29, 3]])


@pytest.mark.parametrize("micro_batch", [1, 7, 30])
def test_gradient_caching_over_nodes_is_exact(micro_batch):
    nodes = graph()
    views = infomax(nodes)
    whole, cached = method(), method()
    expected = whole(views)
    expected.loss.backward()
    parts = [tuple(view.select(rows) for view in views) for rows in torch.arange(30).split(10)]
    joined = tuple(
        tuple(torch.cat(same) for same in zip(*groups, strict=True))
        for groups in zip(*(cached.project(part) for part in parts), strict=True)
    )
    torch.testing.assert_close(cached.compare(joined).loss, expected.loss)
    step = cached_backward(cached, views, micro_batch=micro_batch)
    torch.testing.assert_close(step.loss, expected.loss.detach())
    others = dict(whole.named_parameters())
    for name, parameter in cached.named_parameters():
        torch.testing.assert_close(parameter.grad, others[name].grad, rtol=1e-6, atol=1e-9)


def test_a_method_of_two_views_trains_on_two_views_of_a_graph():
    nodes = graph()
    torch.manual_seed(0)
    ours = simclr(GraphEncoder(features=7, dim=8), 8, dim=4, temperature=0.5).double()
    views = GraphViews()(nodes, nodes.targets, seed=0, epoch=0)
    optimizer = torch.optim.SGD(ours.parameters(), lr=0.01)
    before = ours(views)
    before.loss.backward()
    optimizer.step()
    assert before.projections[0].shape == (30, 4)
    assert ours(views).loss < before.loss


def test_half_precision_is_left_to_the_heads():
    nodes = graph()
    ours = method().float()
    single = Nodes(nodes.features.float(), nodes.edges, nodes.targets)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        step = ours(infomax(single))
    assert step.representations[0].dtype == torch.float32
    step.loss.backward()
    assert every(p.grad.isfinite().all() for p in ours.parameters())


def test_an_unknown_convolution_is_refused():
    with pytest.raises(ValueError, match="`convolution` must be one of gcn, sage, got 'gat'"):
        GraphEncoder(features=3, convolution="gat")


def test_a_critic_has_one_weight_for_each_pair_of_dimensions():
    assert method().critic.weight.shape == BilinearCritic(5, 5).weight.shape == (5, 5)
