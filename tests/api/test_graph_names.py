"""Runs on graphs whose nodes have names and whose edges have weights."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import nearfar
from nearfar import api
from nearfar.data import Subset, open_source
from nearfar.inputs import Nodes
from nearfar.modules import GraphEncoder

QUICK = {"epochs": 3, "devices": 1, "units": 8}
N = 24


def tables(seed=0):
    """Edges with weights, and nodes with names that are in no order."""
    generator = np.random.default_rng(seed)
    names = [f"n{number}" for number in generator.permutation(N)]
    ends = generator.integers(0, N, (2, 60))
    edges = pd.DataFrame(
        {
            "weight": generator.random(60).round(3),
            "source": [names[node] for node in ends[0]],
            "target": [names[node] for node in ends[1]],
        }
    )
    nodes = pd.DataFrame(generator.random((N, 4)), columns=list("abcd")).assign(id=names)
    return edges, nodes


def write(folder, edges, nodes):
    folder.mkdir(exist_ok=True)
    edges.to_csv(folder / "edges.csv", index=False)
    nodes.to_csv(folder / "nodes.csv", index=False)
    return folder / "edges.csv", folder / "nodes.csv"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("named")


@pytest.fixture(scope="module")
def run(folder):
    edges, nodes = write(folder / "first", *tables())
    return nearfar.pretrain("dgi", edges, features=nodes, out=folder / "run", **QUICK)


def by_name(found):
    return dict(zip(found.ids, found.embeddings, strict=True))


def same(first, second):
    assert first.keys() == second.keys()
    for name, row in first.items():
        np.testing.assert_allclose(second[name], row, atol=1e-6)


def test_a_node_has_the_same_embedding_wherever_it_stands(run, folder):
    edges, nodes = tables()
    expected = by_name(run.embed(folder / "first" / "edges.csv", ids=True))
    assert set(expected) == set(nodes["id"])
    shuffled = write(folder / "second", edges.sample(frac=1, random_state=1), nodes[::-1])
    found = run.embed(shuffled[0], features=shuffled[1], ids=True)
    assert list(found.ids) == list(nodes["id"][::-1])
    same(expected, by_name(found))


def test_features_are_found_by_name_and_not_by_place(run, folder):
    edges, nodes = tables()
    expected = by_name(run.embed(folder / "first" / "edges.csv", ids=True))
    moved = write(folder / "moved", edges, nodes[["d", "b", "id", "a", "c"]].assign(z=3))
    found = run.embed(moved[0], features=moved[1], ids=True)
    same(expected, by_name(found))
    assert "further features ignored: z" in found.notes
    renamed = write(folder / "renamed", edges, nodes.rename(columns={"a": "e"}))
    with pytest.raises(ValueError, match="must have the features a, b, c, d, got e, b, c, d"):
        run.embed(renamed[0], features=renamed[1])


def test_the_features_of_the_run_are_not_those_of_another_graph(run, folder):
    """Otherwise a graph of the same size would get the features of the first without a word."""
    other = write(folder / "third", *tables(seed=1))
    with pytest.raises(
        ValueError, match="has no node features, but the encoder expects a, b, c, d"
    ):
        run.embed(other[0])
    assert run.embed(other[0], features=other[1]).shape == (N, 8)
    names = tables()[1]["id"].tolist()
    place = {name: row for row, name in enumerate(names)}
    edges, nodes = tables()
    ends = np.array([[place[name] for name in edges[key]] for key in ("source", "target")])
    arrays = {"edge_index": ends, "x": nodes[list("abcd")].to_numpy(), "ids": np.array(names)}
    np.savez(folder / "g.npz", edge_weight=edges["weight"], **arrays)
    expected = by_name(run.embed(folder / "first" / "edges.csv", ids=True))
    same(expected, by_name(run.embed(folder / "g.npz", ids=True)))


def test_weights_change_the_embeddings_and_their_absence_is_refused(run, folder):
    edges, nodes = tables()
    assert run.description.form.weighted
    assert any("edge weights from" in note for note in run.record.notes)
    expected = run.embed(folder / "first" / "edges.csv")
    even = write(folder / "even", edges.assign(weight=1.0), nodes)
    assert not np.allclose(run.embed(even[0], features=even[1]), expected, atol=1e-3)
    without = write(folder / "without", edges.drop(columns="weight"), nodes)
    with pytest.raises(ValueError, match="must have edge weights, like the run's graph"):
        run.embed(without[0], features=without[1])


def test_a_run_without_weights_ignores_those_of_other_graphs_with_a_note(folder):
    edges, nodes = folder / "first" / "edges.csv", folder / "first" / "nodes.csv"
    plain = nearfar.pretrain(
        "dgi", edges, features=nodes, edge_weights=False, out=folder / "plain", **QUICK
    )
    assert not plain.description.form.weighted
    found = plain.embed(edges, ids=True)
    assert "edge weights of edges ignored" in found.notes
    without = write(folder / "without", tables()[0].drop(columns="weight"), tables()[1])
    same(by_name(found), by_name(plain.embed(without[0], features=without[1], ids=True)))


def test_weights_of_one_are_no_weights_and_sage_ignores_all():
    path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
    plain = Nodes(torch.rand(3, 4), path, torch.arange(3))
    for name in ("gcn", "sage"):
        encoder = GraphEncoder(features=4, dim=5, convolution=name)
        expected = encoder(plain)
        weighted = [
            Nodes(plain.features, path, plain.targets, weights=weights)
            for weights in (torch.ones(4), torch.tensor([1.0, 1.0, 3.0, 3.0]))
        ]
        torch.testing.assert_close(encoder(weighted[0]), expected)
        assert torch.allclose(encoder(weighted[1]), expected) == (name == "sage")


def test_a_weighted_sum_is_that_of_the_formula():
    encoder = GraphEncoder(features=2, dim=3)
    path = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
    weights = torch.tensor([2.0, 2.0, 0.5, 0.5])
    nodes = Nodes(torch.rand(3, 2), path, torch.arange(3), weights=weights)
    adjacency = torch.eye(3)
    adjacency[path[1], path[0]] = weights
    scale = adjacency.sum(dim=1).rsqrt()
    mixed = scale[:, None] * adjacency * scale @ nodes.features
    convolve = encoder.convolutions[0]
    expected = encoder.activations[0](mixed @ convolve.lin.weight.T + convolve.bias)
    torch.testing.assert_close(encoder(nodes), expected)


@pytest.mark.slow
def test_an_exported_encoder_takes_weights(run, folder):
    onnxruntime = pytest.importorskip("onnxruntime")
    path = api.export(run, "onnx", folder / "encoder.onnx")
    source = open_source(folder / "first" / "edges.csv", features=folder / "first" / "nodes.csv")
    nodes = source.read(range(N)).inputs
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(
        None,
        {
            "features": nodes.features.numpy(),
            "edges": nodes.edges.numpy(),
            "targets": nodes.targets.numpy(),
            "weights": nodes.weights.numpy(),
        },
    )
    np.testing.assert_allclose(found, run.embed(folder / "first" / "edges.csv"), atol=1e-5)


def test_some_nodes_are_embedded_as_among_all(run, folder):
    files = {"features": folder / "first" / "nodes.csv"}
    source = open_source(folder / "first" / "edges.csv", **files)
    everyone = run.embed(source)
    for count in (1, 2, 5):
        np.testing.assert_allclose(
            run.embed(Subset(source, range(count))), everyone[:count], atol=1e-6
        )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"edge_weights": False}, "must have edge weights"),
        ({"undirected": False}, "must be opened with `undirected`=True"),
        ({"row_normalize": False}, "must be opened with `row_normalize`=True"),
        ({"columns": ("d", "c", "b", "a")}, "must have the features a, b, c, d, in this order"),
    ],
)
def test_a_source_that_was_opened_otherwise_is_refused(run, folder, options, words):
    files = {"features": folder / "first" / "nodes.csv"}
    source = open_source(folder / "first" / "edges.csv", **files, **options)
    with pytest.raises(ValueError, match=words):
        run.embed(source)


def test_a_sampled_graph_is_sampled_when_it_is_embedded(folder):
    edges, nodes = folder / "first" / "edges.csv", folder / "first" / "nodes.csv"
    made = nearfar.pretrain(
        "dgi", edges, features=nodes, encoder="sage", neighbors=2, out=folder / "parts", **QUICK
    )
    assert made.description.form.neighbors == 2
    found = made.embed(edges, ids=True)
    assert any("at most 2 incoming edges" in note for note in found.notes)
    shuffled = write(folder / "fourth", tables()[0][::-1], tables()[1][::-1])
    other = made.embed(shuffled[0], features=shuffled[1], ids=True)
    assert any("at most 2 incoming edges" in note for note in other.notes)
    same(by_name(found), by_name(other))


def test_training_needs_an_edge_and_embedding_does_not(run, folder):
    x = tables()[1][list("abcd")].to_numpy()
    empty = {"edge_index": np.zeros((2, 0), np.int64), "edge_weight": np.zeros(0)}
    np.savez(folder / "alone.npz", x=x[:1], **empty)
    assert run.embed(folder / "alone.npz").shape == (1, 8)
    np.savez(folder / "apart.npz", x=x, **empty)
    with pytest.raises(ValueError, match="apart must have at least 1 edge between distinct nodes"):
        nearfar.pretrain("dgi", folder / "apart.npz", out=folder / "none", **QUICK)
