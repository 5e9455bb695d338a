"""Views of graphs: what they change, and that they are a function of who asks alone."""

from __future__ import annotations

import pytest
import torch
from tests.data.test_graphs import random_graph
from tests.every import every

from nearfar.data.graphs import GraphSource
from nearfar.inputs import Nodes
from nearfar.views import GraphViews, Views

OFF = {"edge_drop": (0.0,), "node_drop": (0.0,), "feature_mask": (0.0,)}


def graph() -> Nodes:
    return GraphSource(random_graph()).read(range(200)).inputs


def shown(inputs, *, seed=0, epoch=0, **settings):
    views = GraphViews(**OFF | settings)
    return views(inputs, torch.arange(len(inputs)), seed=seed, epoch=epoch)


def pairs(nodes: Nodes) -> set[tuple[int, int]]:
    return set(map(tuple, nodes.edges.T.tolist()))


def test_they_are_views():
    assert isinstance(GraphViews(), Views)
    assert GraphViews().num_views == 2


def test_nothing_asked_changes_nothing():
    inputs = graph()
    for view in shown(inputs):
        assert torch.equal(view.features, inputs.features)
        assert torch.equal(view.edges, inputs.edges)
        assert torch.equal(view.targets, inputs.targets)
    assert GraphViews().plain(inputs) is inputs


def test_edges_are_dropped_at_the_rate_and_with_both_directions():
    inputs = graph()
    first, second = shown(inputs, edge_drop=(0.3,))
    for view in (first, second):
        kept = pairs(view)
        assert kept < pairs(inputs)
        assert every((b, a) in kept for a, b in kept)
        assert len(kept) / inputs.edges.shape[1] == pytest.approx(0.7, abs=0.06)
    assert pairs(first) != pairs(second)


def test_a_rate_may_differ_from_view_to_view():
    first, second = shown(graph(), edge_drop=(0.0, 1.0))
    assert first.edges.shape[1] > 0
    assert second.edges.shape[1] == 0


def test_a_hidden_node_is_not_seen_but_sees():
    inputs = graph()
    view, _ = shown(inputs, node_drop=(0.3,))
    silent = set(inputs.edges[0].tolist()) - set(view.edges[0].tolist())
    assert len(silent) / 200 == pytest.approx(0.3, abs=0.1)
    assert pairs(view) == {edge for edge in pairs(inputs) if edge[0] not in silent}
    assert len(view) == len(inputs)


def test_a_masked_feature_is_zero_at_every_node():
    inputs = graph()
    wide = Nodes(torch.rand(200, 300) + 1, inputs.edges, inputs.targets)
    view, _ = shown(wide, feature_mask=(0.4,))
    masked = (view.features == 0).all(dim=0)
    assert float(masked.float().mean()) == pytest.approx(0.4, abs=0.1)
    assert torch.equal(view.features[:, ~masked], wide.features[:, ~masked])


def test_shuffled_features_are_the_same_rows_elsewhere():
    inputs = graph()
    real, corrupted = shown(inputs, shuffle=(False, True))
    assert torch.equal(real.features, inputs.features)
    assert torch.equal(corrupted.edges, inputs.edges)
    moved = (corrupted.features != inputs.features).any(dim=1)
    assert moved.float().mean() > 0.95
    assert torch.equal(corrupted.features.sort(dim=0).values, inputs.features.sort(dim=0).values)


@pytest.mark.parametrize("changed", [{"seed": 1}, {"epoch": 1}])
def test_views_are_a_function_of_seed_and_epoch(changed):
    settings = {"edge_drop": (0.3,), "feature_mask": (0.5,), "shuffle": (True,)}
    first, again = (shown(graph(), **settings)[0] for _ in range(2))
    other = shown(graph(), **settings, **changed)[0]
    assert torch.equal(first.edges, again.edges)
    assert torch.equal(first.features, again.features)
    assert pairs(first) != pairs(other)
    assert not torch.equal(first.features, other.features)


def test_the_samples_of_a_batch_change_nothing_of_the_graph():
    source = GraphSource(random_graph())
    views = GraphViews(edge_drop=(0.3,), feature_mask=(0.5,))
    one, many = source.read([7]), source.read(range(50))
    first = views(one.inputs, one.samples, seed=3, epoch=2)[1]
    second = views(many.inputs, many.samples, seed=3, epoch=2)[1]
    assert torch.equal(first.edges, second.edges)
    assert torch.equal(first.features, second.features)


def test_a_part_of_the_graph_loses_the_edges_that_the_whole_graph_loses():
    whole, cut = GraphSource(random_graph()), GraphSource(random_graph(), neighbors=1000)
    views = GraphViews(edge_drop=(0.4,), node_drop=(0.2,), feature_mask=(0.5,))
    everything, part = whole.read(range(200)), cut.read([11, 3])
    big = views(everything.inputs, everything.samples, seed=0, epoch=5)[0]
    small = views(part.inputs, part.samples, seed=0, epoch=5)[0]
    kept = set(map(tuple, small.ids[small.edges].T.tolist()))
    before = set(map(tuple, part.inputs.ids[part.inputs.edges].T.tolist()))
    assert kept == before & pairs(big)
    assert torch.equal(small.features, big.features[small.ids])


@pytest.mark.parametrize("settings", [{"feature_mask": (0.5,)}, {"shuffle": (True,)}])
def test_sparse_features_have_the_views_of_dense_ones(settings):
    inputs = graph()
    sparse = Nodes(inputs.features.to_sparse(), inputs.edges, inputs.targets)
    dense_view, sparse_view = shown(inputs, **settings)[1], shown(sparse, **settings)[1]
    assert sparse_view.features.is_sparse
    assert torch.equal(sparse_view.features.to_dense(), dense_view.features)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"edge_drop": (1.5,)}, "`edge_drop` must lie between 0 and 1, got 1.5"),
        ({"feature_mask": (0.1, 0.2, 0.3)}, "`feature_mask` must be one value or 2.* got"),
        ({"num_views": 0}, "`num_views` must be a whole number of 1 or more, got 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        GraphViews(**settings)


def test_a_number_for_each_sample_is_asked_for(as_users_run_it):
    with pytest.raises(ValueError, match=r"`samples` must be 200 indices, got shape \(3,\)"):
        GraphViews()(graph(), torch.arange(3), seed=0, epoch=0)


def test_settings_build_the_same_views():
    views = GraphViews(edge_drop=(0.1, 0.2), shuffle=(False, True))
    assert GraphViews(**views.settings()).settings() == views.settings()
    assert "edge_drop=(0.1, 0.2)" in repr(views)
