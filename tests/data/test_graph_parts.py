"""Graphs with splits, weights and names of their nodes, from every kind of file and object."""

from __future__ import annotations

import json
import warnings

import networkx
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.data import modality_of, open_labeled, open_source
from nearfar.data.graphs import Graph, GraphSource, NodeFeatures, open_graphs
from nearfar.data.graphs._bare_graphs import DEGREES
from nearfar.data.graphs._edge_lists import find_endpoints
from nearfar.data.graphs._node_ids import NodeIds
from nearfar.data.graphs._node_split import find_split, split_of_column
from nearfar.data.graphs._ordered_edges import order_edges
from tests.every import every

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch_geometric.data import Data, HeteroData
    from torch_geometric.transforms import ToSparseTensor

N = 8
RING = np.stack([np.arange(N), (np.arange(N) + 1) % N])
X = np.arange(3.0 * N).reshape(N, 3) + 1
Y = np.arange(N) % 2
NAMES = [f"n{(3 * node) % N}" for node in range(N)]


def mask(*nodes):
    found = np.zeros(N, bool)
    found[list(nodes)] = True
    return found


def npz(folder, **arrays):
    path = folder / "g.npz"
    np.savez(path, **({"edge_index": RING, "x": X} | arrays))
    return path


def data_of(folder, **arrays):
    """The same as a PyTorch Geometric object."""
    return Data(
        **{k: torch.as_tensor(v) for k, v in ({"edge_index": RING, "x": X} | arrays).items()}
    )


def edges_of(source):
    """Edges and weights by the names of their nodes."""
    nodes = source.read(range(len(source))).inputs
    names = [source.identify(node) for node in range(len(source))]
    weights = [1.0] * nodes.edges.shape[1] if nodes.weights is None else nodes.weights.tolist()
    pairs = zip(*nodes.edges.tolist(), weights, strict=True)
    return {(names[a], names[b], round(w, 5)) for a, b, w in pairs}


# --- splits ---------------------------------------------------------------------------------------

SPLITS = {"train_mask": mask(0, 1), "val_mask": mask(2, 3), "test_mask": mask(4, 5, 6)}


@pytest.mark.parametrize("made", [npz, data_of])
def test_masks_are_the_split_of_probes(tmp_path, made):
    labeled = open_labeled(made(tmp_path, y=Y, **SPLITS))
    assert labeled.train.samples.tolist() == [0, 1]
    assert labeled.test.samples.tolist() == [4, 5, 6]
    assert "3 labelled nodes outside the training and test sets unused" in labeled.train.notes
    source = open_source(made(tmp_path, y=Y, **SPLITS))
    assert len(source) == N
    assert source.notes[-1].startswith("transductive: the graph has features and edges of its 3")


@pytest.mark.parametrize(
    ("given_parts", "train", "test", "words"),
    [
        ({"train_mask": mask(0, 1), "val_mask": mask(2, 3)}, [0, 1], [2, 3], "no test set"),
        ({"train_mask": mask(0, 1, 2)}, [0, 1, 2], [3, 4, 5, 6, 7], "no evaluation set"),
        ({"test_mask": mask(0, 7)}, [1, 2, 3, 4, 5, 6], [0, 7], "no training set"),
        ({"idx_train": np.array([5, 0]), "idx_test": np.array([1, 2])}, [5, 0], [1, 2], "unused"),
        ({"train_mask": mask(0, 3).astype(int), "test_idx": np.array([6])}, [0, 3], [6], "unused"),
    ],
)
def test_parts_of_a_split_that_are_missing_are_completed_with_a_note(
    tmp_path, given_parts, train, test, words
):
    labeled = open_labeled(npz(tmp_path, y=Y, **given_parts))
    assert labeled.train.samples.tolist() == train
    assert labeled.test.samples.tolist() == test
    assert any(words in note for note in labeled.train.notes)


@pytest.mark.parametrize("made", [npz, data_of])
def test_nodes_in_both_parts_are_refused_by_probes_and_noted_by_all_others(tmp_path, made):
    graph = made(tmp_path, y=Y, train_mask=mask(0, 1, 2, 3), test_mask=mask(2, 3, 4))
    with pytest.raises(ValueError, match="both the training set and the test set, got 2: node 2"):
        open_labeled(graph)
    assert "2 nodes in both the training set and the test set" in open_source(graph).notes


def test_of_several_splits_the_first_is_used_and_the_number_is_noted(tmp_path):
    several = np.stack([mask(0, 1), mask(2, 3)], axis=1)
    labeled = open_labeled(npz(tmp_path, y=Y, train_mask=several, test_mask=mask(7)))
    assert labeled.train.samples.tolist() == [0, 1]
    assert "train_mask of g has 2 splits: the first is used" in labeled.train.notes


def test_a_mask_of_another_length_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`test_mask` of g must have one value per node, 8"):
        open_source(npz(tmp_path, test_mask=mask(1)[:5]))


def test_a_part_without_labels_is_refused(tmp_path):
    labels = np.where(mask(4, 5), -1, Y)
    with pytest.raises(ValueError, match="no test node of g has a label"):
        open_labeled(npz(tmp_path, y=labels, train_mask=mask(0, 1), test_mask=mask(4, 5)))


def test_whole_floats_are_classes_and_nan_is_no_label(tmp_path):
    labels = np.array([0, 1, np.nan, 0, 1, 1, 0, -1])
    labeled = open_labeled(npz(tmp_path, y=labels))
    assert labeled.train_labels.tolist() == [0, 1, 0, 1, 1, 0]
    assert labeled.class_names == ("0", "1")
    assert "2 nodes without a label excluded" in labeled.train.notes


def test_arrays_without_a_role_are_named(tmp_path):
    source = open_source(npz(tmp_path, pos=X, edge_attr=np.ones(N)))
    assert "not used of g: pos, edge_attr" in source.notes
    assert any("name it edge_weight" in note for note in source.notes)
    assert open_source(npz(tmp_path)).notes == ("8 edges made undirected",)


def test_a_column_of_parts_is_a_split():
    found = split_of_column(["train", "Test", " dev ", "", "train"], column="split")
    assert found.train.tolist(), found.test.tolist() == ([0, 4], [1])
    assert found.validation.tolist() == [2]
    assert found.notes[0].startswith("1 nodes in no part of the split: split = ")
    assert find_split({}, nodes=3, name="g").train is None


# --- weights --------------------------------------------------------------------------------------

WEIGHTS = np.arange(N) + 0.5


@pytest.mark.parametrize("made", [npz, data_of])
@pytest.mark.parametrize("key", ["edge_weight", "weight"])
def test_weights_go_with_their_edges(tmp_path, made, key):
    source = open_source(made(tmp_path, **{key: WEIGHTS}))
    expected = {(f"node {a}", f"node {b}", w) for a, b, w in zip(*RING, WEIGHTS, strict=True)}
    assert edges_of(source) == expected | {(b, a, w) for a, b, w in expected}
    assert any("edge weights from 0.5 to 7.5: gcn uses them" in note for note in source.notes)
    ignored = open_source(made(tmp_path, **{key: WEIGHTS}), edge_weights=False)
    assert ignored.read([0]).inputs.weights is None
    assert any("edge weights of" in note and "ignored" in note for note in ignored.notes)
    assert ignored.fingerprint != source.fingerprint


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_weights_of_duplicates_are_added_and_of_reverses_completed(data):
    nodes = data.draw(st.integers(2, 6))
    count = data.draw(st.integers(0, 20))
    number = st.integers(0, nodes - 1)
    edges = np.array(data.draw(st.lists(st.tuples(number, number), min_size=count, max_size=count)))
    edges = edges.reshape(-1, 2).T.astype(np.int64)
    weights = np.array(
        data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count)), float
    )
    sums: dict[tuple[int, int], float] = {}
    for a, b, w in zip(*edges.tolist(), weights.tolist(), strict=True):
        if a != b:
            sums[a, b] = sums.get((a, b), 0.0) + w
    for undirected in (False, True):
        expected = dict(sums)
        if undirected:
            expected |= {(b, a): w for (a, b), w in sums.items() if (b, a) not in sums}
        found = order_edges(edges, nodes=nodes, undirected=undirected, name="g", weights=weights)
        plain = order_edges(edges, nodes=nodes, undirected=undirected, name="g")
        assert np.array_equal(found.edges, plain.edges)
        assert plain.weights is None
        pairs = zip(*found.edges.tolist(), found.weights.tolist(), strict=True)
        assert {(a, b): w for a, b, w in pairs} == expected


def test_sampled_neighborhoods_keep_the_weight_of_each_edge():
    generator = np.random.default_rng(0)
    edges = generator.integers(0, 50, (2, 300))
    features = NodeFeatures(generator.random((50, 2)), name="g")
    ids = NodeIds([f"n{node}" for node in generator.permutation(50)], name="g")
    graph = Graph("g", features, edges, weights=edges.sum(axis=0) + 1.0, ids=ids)
    source = GraphSource(graph, undirected=False, neighbors=4, hops=2)
    part = source.read([3, 11]).inputs
    ends = part.ids[part.edges].sum(dim=0) + 1
    merged = part.weights / ends
    assert torch.equal(merged, merged.round())  # duplicates are added
    assert part.edges.shape[1] > 4


@pytest.mark.parametrize(
    ("weights", "kind", "words"),
    [
        (-WEIGHTS, ValueError, r"at least 0, got -0.5 for edge 0 \(8 of 8\): set `edge_weights`"),
        (WEIGHTS * np.nan, ValueError, "must be finite"),
        (WEIGHTS[:3], ValueError, r"one per edge, 8, got shape \(3,\)"),
        (np.array(["a"] * N), TypeError, "must be real numbers"),
    ],
)
def test_weights_that_cannot_be_used_are_refused_until_they_are_ignored(
    tmp_path, weights, kind, words
):
    path = npz(tmp_path, edge_weight=weights)
    with pytest.raises(kind, match=words):
        open_source(path)
    assert len(open_source(path, edge_weights=False)) == N


def test_a_transposed_adjacency_is_its_edges():
    directed = {"undirected": False}
    expected = edges_of(open_source(data_of(None, edge_weight=WEIGHTS), **directed))
    row, column = torch.as_tensor(RING)
    weights = torch.as_tensor(WEIGHTS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch, on sparse tensors
        sparse = torch.sparse_coo_tensor(torch.stack([column, row]), weights, (N, N))
        by_rows = sparse.coalesce().to_sparse_csr()
        transformed = ToSparseTensor()(data_of(None))
    for matrix in (sparse, by_rows):
        data = Data(x=torch.as_tensor(X), adj_t=matrix)
        assert modality_of(data) == "graphs"
        assert edges_of(open_source(data, **directed)) == expected
    assert edges_of(open_source(transformed, **directed)) == edges_of(
        open_source(data_of(None), **directed)
    )


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: Data(x=torch.ones(3, 2)), "a graph must have edges"),
        (lambda: Data(x=torch.ones(3, 2), edge_index="none"), "must have shape 2 × edges"),
        (lambda: Data(x=torch.ones(3, 2), adj_t="nothing"), "must be a sparse matrix, got str"),
        (lambda: HeteroData(a={"x": torch.ones(3, 2)}), "one type of nodes"),
    ],
)
def test_objects_without_a_part_are_refused_in_one_line(made, words):
    with pytest.raises(ValueError, match=words) as raised:
        open_source(made(), modality="graphs")
    assert "\n" not in str(raised.value)


# --- names of columns and nodes -------------------------------------------------------------------


def edge_table():
    ends = {"source": [NAMES[a] for a in RING[0]], "target": [NAMES[b] for b in RING[1]]}
    return pd.DataFrame(ends | {"weight": WEIGHTS})


def node_table():
    return pd.DataFrame(X, columns=["a", "b", "c"]).assign(id=NAMES)


def write(table, path):
    """Write a table in the format of its extension."""
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    elif path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in table.to_dict("records")))
    elif path.suffix in (".edges", ".txt"):
        table.to_csv(path, sep=" ", index=False)
    else:
        table.to_csv(path, sep="\t" if path.suffix == ".tsv" else ",", index=False)
    return path


EXPECTED = {(NAMES[a], NAMES[b], w) for a, b, w in zip(*RING, WEIGHTS, strict=True)}
EXPECTED |= {(b, a, w) for a, b, w in EXPECTED}


@pytest.mark.parametrize("ending", ["csv", "tsv", "txt", "edges", "parquet", "jsonl"])
@pytest.mark.parametrize("order", [("weight", "source", "target"), ("target", "weight", "source")])
def test_columns_of_edges_are_found_by_name_in_every_format(tmp_path, ending, order):
    edges = write(edge_table()[list(order)], tmp_path / f"g.{ending}")
    features = write(node_table(), tmp_path / "nodes.csv")
    source = open_source(edges, features=features, modality="graphs")
    assert edges_of(source) == EXPECTED
    assert [source.identify(node) for node in range(N)] == NAMES


@given(st.permutations(range(N)), st.permutations(range(N)), st.permutations("abcd"))
@settings(max_examples=25, deadline=None)
def test_a_graph_does_not_depend_on_the_order_of_its_files(tmp_path_factory, rows, edges, columns):
    folder = tmp_path_factory.mktemp("order")
    table = node_table().rename(columns={"id": "d"})[list(columns)].rename(columns={"d": "id"})
    features = write(table.iloc[list(rows)], folder / "nodes.csv")
    listed = write(edge_table().iloc[list(edges)], folder / "g.csv")
    source = open_source(listed, features=features)
    assert edges_of(source) == EXPECTED
    found = source.graph.features.rows(np.arange(N), row_normalize=False)
    names = [source.identify(node) for node in range(N)]
    assert names == [NAMES[row] for row in rows]
    kept = [key for key in table.columns if key != "id"]
    assert np.array_equal(found, table.set_index("id").loc[names, kept])


@pytest.mark.parametrize(
    "ids", [list(range(100, 100 + N)), [10**15 + node for node in range(N)], [*range(N)][::-1]]
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_integers_that_are_no_row_numbers_are_identifiers(tmp_path, ids, ending):
    ends = {"source": [ids[a] for a in RING[0]], "target": [ids[b] for b in RING[1]]}
    edges = write(pd.DataFrame(ends), tmp_path / f"g.{ending}")
    features = write(node_table().assign(id=ids), tmp_path / f"nodes.{ending}")
    source = open_source(edges, features=features, modality="graphs")
    pairs = {(str(ids[a]), str(ids[b]), 1.0) for a, b in RING.T}
    assert edges_of(source) == pairs | {(b, a, w) for a, b, w in pairs}


def test_an_array_file_may_name_its_nodes(tmp_path):
    named = np.array(NAMES)
    source = open_source(npz(tmp_path, ids=named, edge_index=named[RING], edge_weight=WEIGHTS))
    assert edges_of(source) == EXPECTED
    rows = open_source(npz(tmp_path, ids=named, edge_weight=WEIGHTS))
    assert edges_of(rows) == EXPECTED
    other = open_source(npz(tmp_path, ids=np.arange(N)[::-1].copy()))
    assert "edge_index of g is read as row numbers, not as identifiers of nodes" in other.notes
    assert every("row numbers" not in note for note in rows.notes)


@pytest.mark.parametrize(
    ("tail", "edges"), [("2,3\n3,2\n", 2), ("0,2\n2,3\n", 3), ("2,1\n2,3\n", 3)]
)
def test_columns_called_0_and_1_are_names_if_no_other_edge_has_these_nodes(tmp_path, tail, edges):
    np.save(tmp_path / "x.npy", np.eye(4, dtype=np.float32))
    (tmp_path / "g.csv").write_text("0,1\n" + tail)
    source = open_source(tmp_path / "g.csv", modality="graphs", features=tmp_path / "x.npy")
    assert source.graph.edges.shape[1] == edges
    assert any("read as names of columns" in note for note in source.notes) == (edges == 2)


def test_lines_without_a_header_may_hold_names(tmp_path):
    features = write(node_table(), tmp_path / "nodes.csv")
    lines = [f"{NAMES[a]} {NAMES[b]}" for a, b in RING.T]
    (tmp_path / "g.edges").write_text("\n".join(lines))
    source = open_source(tmp_path / "g.edges", features=features)
    assert {pair[:2] for pair in edges_of(source)} == {pair[:2] for pair in EXPECTED}


def test_a_table_of_nodes_gives_classes_and_split_too(tmp_path):
    parts = ["train", "train", "val", "test", "test", "test", "", "train"]
    table = node_table().assign(label=[f"c{y}" for y in Y], split=parts, comment=["x"] * N)
    edges = write(edge_table(), tmp_path / "g.csv")
    features = write(table, tmp_path / "nodes.csv")
    labeled = open_labeled(edges, features=features)
    assert labeled.train.root.num_features == 3
    assert labeled.train.samples.tolist() == [0, 1, 7]
    assert labeled.test.samples.tolist() == [3, 4, 5]
    assert labeled.class_names == ("c0", "c1")
    notes = labeled.train.notes
    assert "column 'label' of nodes.csv is the class of a node, not a feature" in notes
    assert "1 non-numeric column ignored: comment" in notes


def test_row_names_that_pandas_writes_are_no_feature(tmp_path):
    node_table().drop(columns="id").to_csv(tmp_path / "nodes.csv")
    pd.DataFrame({"source": RING[0], "target": RING[1]}).to_csv(tmp_path / "g.csv")
    source = open_source(tmp_path / "g.csv", features=tmp_path / "nodes.csv")
    assert source.num_features == 3
    pd.DataFrame(X).to_csv(tmp_path / "counted.csv", index=False)  # columns 0, 1, 2
    counted = open_source(tmp_path / "g.csv", features=tmp_path / "counted.csv")
    assert len(counted) == N


BAD = [
    ("a,b,c\n0,1,2\n", None, "must name its columns source and target"),
    ("source,target\nn0,lost\nn1,n2\n", None, r"1 of 2 do not, with the unknown nodes lost"),
    ("source,target\nn0,\nn1,n2\n,n1\n", None, "more than half of the edges"),
    ("source,target,weight\nn0,n1,much\n", None, "edge weights of g.csv must be numbers"),
    ("source,target\nn0,n1\n", "id,a\nn0,1\nn0,2\n", "must be distinct, got 1 identifier"),
    ("source,target\nn0,n1\n", "id,a\nn0,1\n,2\n", "none in 1 of 2 rows, the first is row 1"),
    ("source,source\n0,1\n", None, "distinct names, got source, source"),
    ("source,target\nn0,n1\n", "id,a,a\nn0,1,2\nn1,2,3\n", "distinct names"),
    ("source,target\nn0,n1\n", "id,word\nn0,b\nn1,b\n", "has no numeric column"),
]


@pytest.mark.parametrize(("text", "nodes", "words"), BAD)
def test_tables_that_are_no_graph_are_refused_in_one_line(tmp_path, text, nodes, words):
    (tmp_path / "g.csv").write_text(text)
    write(node_table(), tmp_path / "nodes.csv")
    if nodes is not None:
        (tmp_path / "nodes.csv").write_text(nodes)
    with pytest.raises(ValueError, match=words) as raised:
        open_graphs(tmp_path / "g.csv", features=tmp_path / "nodes.csv")
    assert "\n" not in str(raised.value)


def test_an_edge_without_an_end_is_skipped_and_named(tmp_path):
    (tmp_path / "g.csv").write_text("source,target\nn0,n1\nn1,\nn1,n2\n")
    source = open_graphs(tmp_path / "g.csv", features=write(node_table(), tmp_path / "nodes.csv"))
    skipped = "1 of 3 edges of g.csv have a missing end and were skipped: row 1"
    assert skipped in source.notes


def test_semicolons_come_with_decimal_commas(tmp_path):
    (tmp_path / "g.csv").write_text("source;target;weight\n0;1;0,5\n1;2;2\n")
    (tmp_path / "nodes.csv").write_text("a;b\n1,5;2\n2;2\n-0,25;4\n")
    source = open_graphs(tmp_path / "g.csv", features=tmp_path / "nodes.csv")
    assert source.read([0]).inputs.weights.tolist() == [0.5, 0.5, 2, 2]
    assert source.read([0]).inputs.features.tolist() == [[1.5, 2], [2, 2], [-0.25, 4]]


def test_unknown_names_of_exactly_two_columns_are_the_ends():
    found = find_endpoints(["", "weight", "b", "a"], width=4, name="g")
    assert (found.source, found.target, found.weight) == (2, 3, 1)
    assert find_endpoints(None, width=3, name="g").ignored == ("column 3",)


def test_the_selection_of_neighbors_follows_the_names_not_the_order():
    generator = np.random.default_rng(0)
    edges, x = generator.integers(0, 40, (2, 600)), generator.random((40, 2))
    names = np.array([f"n{node}" for node in range(40)])
    order = generator.permutation(40)
    place = np.argsort(order)
    found = []
    for rows, ends in ((np.arange(40), edges), (order, place[edges])):
        ids = NodeIds(names[rows], name="g")
        graph = Graph("g", NodeFeatures(x[rows], name="g"), ends, ids=ids)
        source = GraphSource(graph, neighbors=3, hops=1)
        row = int(np.flatnonzero(names[rows] == "n7")[0])
        part = source.read([row]).inputs
        found.append({source.identify(int(node)) for node in part.ids})
    assert found[0] == found[1]
    assert len(found[0]) > 2


def test_one_node_without_edges_is_a_graph(tmp_path):
    path = npz(tmp_path, x=X[:1], edge_index=RING[:, :0])
    source = open_source(path)
    assert len(source) == 1
    assert source.notes == ("1 of 1 nodes has no edge",)


# --- graphs of NetworkX ---------------------------------------------------------------------------


def network(kind=networkx.Graph):
    graph = kind()
    for row, name in enumerate(NAMES):
        features = dict(zip("abc", X[row].tolist(), strict=True))
        graph.add_node(name, **features, y=int(Y[row]), kind="x")
    for a, b, w in zip(*RING, WEIGHTS.tolist(), strict=True):
        graph.add_edge(NAMES[a], NAMES[b], weight=w, since=2000)
    return graph


@pytest.mark.parametrize("ending", ["graphml", "gml", "gexf", None])
def test_graphs_of_networkx_keep_names_weights_and_classes(tmp_path, ending):
    graph = network()
    if ending is not None:
        graph_path = tmp_path / f"g.{ending}"
        getattr(networkx, f"write_{ending}")(graph, graph_path)
        graph = graph_path
    assert modality_of(graph) == "graphs"
    source = open_source(graph, row_normalize=False)
    assert edges_of(source) == EXPECTED
    assert [source.identify(node) for node in range(N)] == NAMES
    assert source.read([0]).inputs.features.tolist() == X.tolist()
    assert any("attributes of the edges of" in note and "since" in note for note in source.notes)
    assert any("non-numeric column ignored: kind" in note for note in source.notes)
    assert open_labeled(graph).train_labels.tolist() == Y.tolist()


def test_networkx_graphs_without_attributes_take_features_by_name(tmp_path):
    bare = networkx.Graph([(NAMES[a], NAMES[b]) for a, b in RING.T])
    assert open_source(bare).graph.columns == DEGREES
    features = write(node_table().sample(frac=1, random_state=0), tmp_path / "nodes.csv")
    source = open_source(bare, features=features)
    assert {pair[:2] for pair in edges_of(source)} == {pair[:2] for pair in EXPECTED}
    np.save(tmp_path / "few.npy", X[:3])
    with pytest.raises(ValueError, match="one row for each of the 8 nodes"):
        open_source(bare, features=tmp_path / "few.npy")


def test_vectors_as_attributes_are_features_and_missing_weights_are_one():
    graph = network(networkx.DiGraph)
    for row, name in enumerate(NAMES):
        graph.nodes[name].clear()
        graph.nodes[name]["x"] = X[row].tolist()
    del graph.edges[NAMES[0], NAMES[1]]["weight"]
    source = open_source(graph, undirected=False, row_normalize=False)
    assert source.graph.columns == ("x_0", "x_1", "x_2")
    assert source.read([0]).inputs.features.tolist() == X.tolist()
    assert "1 of 8 edges without a weight have weight 1" in source.notes
    assert (NAMES[0], NAMES[1], 1.0) in edges_of(source)


@pytest.mark.parametrize("ending", ["graphml", "gml", "gexf"])
def test_a_damaged_file_of_networkx_is_named_in_one_line(tmp_path, ending):
    path = tmp_path / f"g.{ending}"
    getattr(networkx, f"write_{ending}")(network(), path)
    whole = path.read_bytes()
    for damaged in (b"", b"<html>", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"g\.{ending} is damaged") as raised:
            open_source(path)
        assert "\n" not in str(raised.value)


def test_graphs_and_features_are_read_from_every_file_of_arrays(tmp_path):
    h5py = pytest.importorskip("h5py")
    expected = open_labeled(npz(tmp_path, y=Y))
    with h5py.File(tmp_path / "g.h5", "w") as file:
        file["edge_index"], file["x"], file["y"] = RING, X, Y
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = X
    (tmp_path / "edges.csv").write_text("\n".join(f"{a},{b}" for a, b in RING.T))
    graph = open_labeled(tmp_path / "g.h5")
    assert modality_of(tmp_path / "g.h5") == "graphs"
    assert graph.train.fingerprint == expected.train.fingerprint
    assert graph.train_labels.tolist() == expected.train_labels.tolist()
    listed = open_source(tmp_path / "edges.csv", features=tmp_path / "x.h5")
    assert torch.equal(
        listed.read(range(N)).inputs.features, graph.train.root.read(range(N)).inputs.features
    )
