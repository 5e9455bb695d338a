"""Graphs: what is read, what is put in order, what is refused."""

from __future__ import annotations

import io
import pickle
import warnings

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from nearfar.data import modality_of, open_labeled, open_source
from nearfar.data.graphs import Graph, GraphSource, NodeFeatures, open_graphs
from nearfar.data.graphs._neighborhoods import Neighborhoods
from nearfar.data.named._planetoid import _Plain, read_planetoid

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch_geometric.data import Data
    from torch_geometric.utils import k_hop_subgraph

PATH = np.array([[0, 1, 1, 2], [1, 0, 2, 1]])  # 0 - 1 - 2


def random_graph(nodes=200, edges=800, width=6, *, seed=0, **more):
    generator = np.random.default_rng(seed)
    pairs = generator.integers(0, nodes, (2, edges))
    features = NodeFeatures(generator.normal(size=(nodes, width)), name="random")
    return Graph("random", features, pairs, **more)


def write_npz(path, **arrays):
    np.savez(path, **({"edge_index": PATH, "x": np.eye(3)} | arrays))
    return path


def write_list(path, text, *, features=None):
    path.write_text(text)
    np.save(path.with_name("features.npy"), np.eye(3) if features is None else features)
    return path, path.with_name("features.npy")


def test_a_file_of_arrays_is_a_graph(tmp_path):
    source = open_source(write_npz(tmp_path / "g.npz"))
    assert source.modality == "graphs"
    assert source.describe() == "3 nodes, 2 edges, 3 features"
    batch = source.read([2, 0])
    assert torch.equal(batch.inputs.features, torch.eye(3))
    assert batch.inputs.edges.tolist() == [[1, 0, 2, 1], [0, 1, 1, 2]]
    assert batch.inputs.targets.tolist() == batch.samples.tolist() == [2, 0]
    assert source.identify(2) == "node 2"


def test_sparse_features_are_the_dense_ones(tmp_path):
    dense = np.array([[0, 2, 0], [0, 0, 0], [1, 0, 3]])
    sparse = csr_matrix(dense)
    parts = {"x_indptr": sparse.indptr, "x_indices": sparse.indices, "x_data": sparse.data}
    np.savez(tmp_path / "g.npz", edge_index=PATH, x_shape=np.array([3, 3]), **parts)
    source = open_graphs(tmp_path / "g.npz", row_normalize=False)
    assert source.read([0]).inputs.features.tolist() == dense.tolist()


def test_rows_of_counts_are_normalized_and_an_empty_row_stays(tmp_path):
    counts = np.array([[1, 3], [0, 0], [2, 2]])
    source = open_graphs(write_npz(tmp_path / "g.npz", x=counts))
    assert source.read([0]).inputs.features.tolist() == [[0.25, 0.75], [0, 0], [0.5, 0.5]]


def test_features_below_zero_are_left_as_they_are(tmp_path):
    source = open_graphs(write_npz(tmp_path / "g.npz", x=np.diag([1.0, -2.0, 4.0])))
    assert not source.row_normalize
    assert source.read([0]).inputs.features.diagonal().tolist() == [1, -2, 4]


def test_mostly_absent_features_are_a_sparse_matrix(tmp_path):
    source = open_graphs(write_npz(tmp_path / "g.npz", x=np.eye(3, 50)))
    features = source.read([0]).inputs.features
    assert features.is_sparse
    assert torch.equal(features.to_dense(), torch.eye(3, 50))


def test_batches_share_one_graph():
    source = GraphSource(random_graph())
    first, second = source.read([1, 2]).inputs, source.read([5]).inputs
    assert first.features.data_ptr() == second.features.data_ptr()
    assert first.edges.data_ptr() == second.edges.data_ptr()
    assert source.at_once == len(source) == 200


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("g.csv", "0,1\n1,2\n"),
        ("g.csv", "source,target\n0,1\n1,2\n"),
        ("g.tsv", "0\t1\n1\t2\n"),
        ("g.txt", "# from somewhere\n# nodes 3\n0 1\n1 2\n"),
        ("g.edges", "0 1\n1   2\n"),
        ("g.edgelist", "0 1\n1 2\n"),
    ],
)
def test_lists_of_edges_in_every_layout_are_the_same_graph(tmp_path, name, text):
    path, features = write_list(tmp_path / name, text)
    source = open_source(path, features=features)
    assert source.read([0]).inputs.edges.tolist() == [[1, 0, 2, 1], [0, 1, 1, 2]]
    assert source.notes == ("2 edges made undirected",)


def test_features_may_be_named_by_a_text(tmp_path):
    path, features = write_list(tmp_path / "g.edges", "0 1\n1 2\n")
    assert len(open_source(path, features=str(features))) == 3


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("source,target,time\n0,1,0.5\n1,2,0.1\n", "time"),
        ("time,target,source\n7,0,1\n8,1,2\n", "time"),
        ("0,1,17\n1,2,18\n", "column 3"),
    ],
)
def test_further_columns_of_a_list_are_left_out_and_named(tmp_path, text, columns):
    path, features = write_list(tmp_path / "g.csv", text)
    source = open_graphs(path, features=features)
    assert source.notes[0] == f"1 further column of g.csv ignored: {columns}"
    assert source.read([0]).inputs.edges.tolist() == [[1, 0, 2, 1], [0, 1, 1, 2]]


def test_features_come_from_a_table_too(tmp_path):
    path, _ = write_list(tmp_path / "g.edges", "0 1\n1 2\n")
    (tmp_path / "f.csv").write_text("one,two\n1,0\n0,1\n1,1\n")
    source = open_graphs(path, features=tmp_path / "f.csv", row_normalize=False)
    assert source.read([0]).inputs.features.tolist() == [[1, 0], [0, 1], [1, 1]]


def test_features_in_a_file_of_their_own_are_mapped(tmp_path):
    path, features = write_list(tmp_path / "g.edges", "0 1\n1 2\n")
    source = open_graphs(path, features=features, neighbors=2)
    assert isinstance(source.graph.features._values, np.memmap)
    assert source.read([0]).inputs.features.shape[1] == 3


def test_a_data_object_is_a_graph_with_its_split():
    masks = torch.eye(3, dtype=torch.bool)
    data = Data(
        x=torch.eye(3),
        edge_index=torch.from_numpy(PATH),
        y=torch.tensor([0, 1, 0]),
        train_mask=masks[0] | masks[1],
        test_mask=masks[2],
    )
    assert modality_of(data) == "graphs"
    labeled = open_labeled(data)
    assert labeled.train.samples.tolist() == [0, 1]
    assert labeled.test.samples.tolist() == [2]
    assert labeled.test_labels.tolist() == [0]
    assert open_graphs(data, split="test").samples.tolist() == [2]
    assert len(open_graphs(data)) == 3


def test_a_data_object_with_sparse_features_is_read():
    data = Data(x=torch.eye(3).to_sparse(), edge_index=torch.from_numpy(PATH))
    assert torch.equal(open_graphs(data).read([0]).inputs.features, torch.eye(3))


def test_nodes_without_a_label_are_left_out_of_probes_and_counted(tmp_path):
    path = write_npz(tmp_path / "g.npz", y=np.array([0, -1, 1]))
    labeled = open_labeled(path)
    assert labeled.train.samples.tolist() == [0, 2]
    assert labeled.train_labels.tolist() == [0, 1]
    assert labeled.train.notes[-1] == "1 node without a label excluded"


def test_loops_repetitions_and_directions_are_put_in_order_and_counted(tmp_path):
    edges = np.array([[0, 0, 0, 1, 2, 2], [1, 1, 1, 0, 1, 2]])
    source = open_graphs(write_npz(tmp_path / "g.npz", edge_index=edges, x=np.eye(4)))
    assert source.read([0]).inputs.edges.tolist() == [[1, 0, 2, 1], [0, 1, 1, 2]]
    assert source.notes == (
        "1 self-loop removed",
        "2 duplicate edges removed",
        "1 edge made undirected",
        "1 of 4 nodes has no edge",
    )
    assert len(source) == 4  # an isolated node is a sample like any other


def test_directions_are_kept_where_asked(tmp_path):
    edges = np.array([[0, 2], [1, 1]])
    source = open_graphs(write_npz(tmp_path / "g.npz", edge_index=edges), undirected=False)
    assert source.read([0]).inputs.edges.tolist() == [[0, 2], [1, 1]]
    assert source.describe() == "3 nodes, 2 edges, 3 features"


BAD = [
    (
        {"edge_index": np.array([[0], [3]])},
        ValueError,
        "connect nodes with features, 0 to 2.*node 3",
    ),
    ({"edge_index": np.array([[-1], [1]])}, ValueError, "has node -1"),
    ({"edge_index": PATH.T}, ValueError, "must have shape 2 × edges"),
    ({"edge_index": PATH.astype(float)}, TypeError, "must be integers, got float64"),
    ({"x": np.zeros((0, 3)), "edge_index": PATH[:, :0]}, ValueError, "at least 1 node, got 0"),
    ({"x": np.zeros((3, 0))}, ValueError, "at least 1 feature"),
    ({"x": np.zeros(3)}, ValueError, r"nodes × features.* got shape \(3,\)"),
    ({"x": np.diag([1, np.nan, np.inf])}, ValueError, "2 of 3 nodes, the first is node 1"),
    (
        {"x": np.array([["a"], ["b"], ["c"]])},
        TypeError,
        "features of g must be real numbers, got <U1",
    ),
    ({"x": np.array([[{}], [1], [2]], object)}, TypeError, "never loaded"),
]


@pytest.mark.parametrize(("arrays", "kind", "words"), BAD)
def test_a_graph_that_cannot_be_used_is_refused(tmp_path, arrays, kind, words):
    with pytest.raises(kind, match=words):
        open_source(write_npz(tmp_path / "g.npz", **arrays))


def test_numbers_that_are_not_finite_are_found_in_sparse_features_too():
    parts = {
        "x_indptr": np.array([0, 1, 1, 2]),
        "x_indices": np.array([0, 1]),
        "x_data": np.array([1.0, np.nan]),
        "x_shape": np.array([3, 2]),
    }
    with pytest.raises(ValueError, match="the first is node 2"):
        NodeFeatures(parts, name="g")
    with pytest.raises(ValueError, match="inconsistent as a sparse matrix"):
        NodeFeatures(parts | {"x_shape": np.array([3, 1])}, name="g")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0 1\n1 two\n", "two node numbers per line"),
        ("0\n1\n", "two nodes per line, source and target, got 1 column"),
        ("", "contains no edges"),
        ("0 1\n1 7\n", "connect nodes with features, 0 to 2.* the first has node 7"),
    ],
)
def test_a_list_that_is_no_list_of_edges_is_refused(tmp_path, text, words):
    path, features = write_list(tmp_path / "g.edges", text)
    with pytest.raises(ValueError, match=words):
        open_source(path, features=features)


def test_features_that_are_not_there_are_named(tmp_path):
    path, _ = write_list(tmp_path / "g.edges", "0 1\n")
    with pytest.raises(FileNotFoundError, match="`features`: no file"):
        open_source(path, features=tmp_path / "other.npy")


def test_fewer_rows_of_features_than_nodes_are_refused(tmp_path):
    path, features = write_list(tmp_path / "g.edges", "0 1\n1 2\n", features=np.eye(2))
    with pytest.raises(ValueError, match="1 of 2 do not, the first has node 2"):
        open_source(path, features=features)


def test_features_beside_a_graph_that_has_its_own_are_refused(tmp_path):
    path = write_npz(tmp_path / "g.npz")
    np.save(tmp_path / "f.npy", np.eye(3))
    with pytest.raises(
        ValueError, match=r"`features` is only for graphs without features, but g.npz contains x"
    ):
        open_source(path, features=tmp_path / "f.npy")


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({}, "has no labels"),
        ({"y": np.zeros(2, int)}, r"labels of g must be one per node, 3, got shape \(2,\)"),
        ({"y": np.zeros(3, int)}, "labels must have at least 2 classes, got 1 in g"),
        (
            {"y": np.arange(3), "test_idx": np.array([9])},
            "the split of g must contain nodes from 0 to 2, got 9",
        ),
        (
            {"y": np.arange(3), "test_idx": np.array([0.5])},
            "the split of g must be lists of node numbers, got float64",
        ),
    ],
)
def test_labels_that_do_not_fit_the_nodes_are_refused(tmp_path, arrays, words):
    with pytest.raises(ValueError, match=words):
        open_labeled(write_npz(tmp_path / "g.npz", **arrays))


def test_a_damaged_file_is_refused(tmp_path):
    path = write_npz(tmp_path / "g.npz")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"g\.npz is damaged"):
        open_graphs(path)


def test_neighborhoods_without_a_limit_are_those_of_torch_geometric():
    source = GraphSource(random_graph(), neighbors=1000, hops=2)
    whole = GraphSource(random_graph()).read([0]).inputs
    part = source.read([3, 17, 3]).inputs
    nodes, _, _, mask = k_hop_subgraph([3, 17], 2, whole.edges, num_nodes=200)
    assert sorted(part.ids.tolist()) == nodes.tolist()
    assert part.ids[part.targets].tolist() == [3, 17, 3]
    assert torch.equal(part.features, whole.features[part.ids])
    expected = set(map(tuple, whole.edges[:, mask].T.tolist()))
    found = set(map(tuple, part.ids[part.edges].T.tolist()))
    # of edges between the outermost nodes there is no need
    assert found <= expected
    inner = set(k_hop_subgraph([3, 17], 1, whole.edges, num_nodes=200)[0].tolist())
    assert {edge for edge in expected if edge[1] in inner} == found


def test_a_limit_holds_and_is_a_function_of_the_node_alone():
    star = np.stack([np.arange(1, 101), np.zeros(100, int)])
    around = Neighborhoods(star, nodes=101, hops=1, most=7)
    alone, together = around.around(np.array([0])), around.around(np.array([5, 0, 9]))
    assert alone.edges.shape == (2, 7)
    assert len(set(alone.edges[0].tolist())) == 7
    kept = set(alone.nodes[alone.edges[0]].tolist())
    assert set(together.nodes[together.edges[0]].tolist()) == kept


def test_reading_in_parts_is_noted_and_repeats():
    source = GraphSource(random_graph(), neighbors=3)
    assert source.notes[-1] == "sampled neighbourhoods: 2 hops, at most 3 incoming edges per node"
    assert source.at_once == 256
    first, second = source.read([4, 8]).inputs, source.read([4, 8]).inputs
    assert torch.equal(first.edges, second.edges)
    assert torch.equal(first.features, second.features)


def test_the_fingerprint_changes_with_edges_features_and_reading():
    base = random_graph()
    others = [
        GraphSource(base).fingerprint,
        GraphSource(base, undirected=False).fingerprint,
        GraphSource(base, row_normalize=True).fingerprint,
        GraphSource(base, neighbors=5).fingerprint,
        GraphSource(random_graph(seed=1)).fingerprint,
    ]
    assert len(set(others)) == len(others)
    assert GraphSource(random_graph()).fingerprint == others[0]


def old_pickle(value):
    """As the authors' files were written."""
    content = pickle.dumps(value, protocol=3)
    return content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray").replace(
        b"scipy.sparse._csr", b"scipy.sparse.csr"
    )


def test_the_authors_files_of_planetoid_are_read_without_running_them():
    # nodes 0 to 3 are known, 6 and 4 are the test set, 5 is missing
    known, held_out = np.eye(4, 5), 2 * np.eye(2, 5)
    files = {
        "allx": old_pickle(csr_matrix(known)),
        "tx": old_pickle(csr_matrix(held_out)),
        "ally": old_pickle(np.eye(4, 2)[[0, 1, 1, 0]]),
        "ty": old_pickle(np.eye(2)),
        "y": old_pickle(np.eye(2)),
        "graph": old_pickle({0: [1, 6], 4: [6]}),
        "test.index": b"6\n4\n",
    }
    found = read_planetoid(files)
    features = NodeFeatures(found, name="g").rows(np.arange(7), row_normalize=False)
    assert features.argmax(1)[[0, 1, 2, 3, 6, 4]].tolist() == [0, 1, 2, 3, 0, 1]
    assert features[5].count_nonzero() == 0
    assert found["y"].tolist() == [0, 1, 1, 0, 1, -1, 0]
    assert found["edge_index"].tolist() == [[0, 0, 4], [1, 6, 6]]
    assert found["train_idx"].tolist() == [0, 1]
    assert found["test_idx"].tolist() == [4, 6]


def test_a_pickle_that_asks_for_anything_else_is_refused():
    with pytest.raises(pickle.UnpicklingError, match="not allowed in a graph's file"):
        _Plain.read(pickle.dumps(io.BytesIO))


SEEN = "transductive: the graph has features and edges of its 1,000 test nodes, but no labels"


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "described", "sizes", "notes"),
    [
        ("cora", "2,708 nodes, 5,278 edges, 1,433 features", (140, 1000), (SEEN,)),
        (
            "citeseer",
            "3,327 nodes, 4,552 edges, 3,703 features",
            (120, 1000),
            ("48 of 3,327 nodes have no edge", SEEN),
        ),
    ],
)
def test_the_citation_graphs_are_as_published(data_dir, name, described, sizes, notes):
    source = open_source(name, data_dir=data_dir)
    assert source.describe() == described
    assert source.notes == notes
    sums = source.read([0]).inputs.features.to_dense().sum(dim=1)
    assert torch.allclose(sums[sums > 0], torch.ones(()))
    labeled = open_labeled(name, data_dir=data_dir)
    assert (len(labeled.train), len(labeled.test)) == sizes
    assert labeled.train.root.name == name
    counts = labeled.train_labels.bincount()
    assert counts.tolist() == [20] * len(counts)  # of each class
    assert len(open_source(name, split="all", data_dir=data_dir)) == len(source)
