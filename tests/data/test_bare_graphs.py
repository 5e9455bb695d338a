"""Graphs without node features: which data are edges, which nodes they have, and their degrees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nearfar.data import DataPreview, find_kind, modality_of, open_labeled, open_source
from nearfar.data._edge_columns import is_edge_list, may_be_edges
from nearfar.data._tables import Table
from nearfar.data.graphs import GraphSource, open_graphs
from nearfar.data.graphs._bare_graphs import DEGREES, degree_features, nodes_of_edges

RANDOM = np.random.default_rng(0)
EDGES = np.concatenate([[[0, 19], [19, 0], [4, 4]], RANDOM.integers(0, 20, (57, 2))])
WORDS = np.array([f"node-{chr(97 + i)}" for i in range(20)])


def graph(spec: Any, **options: Any) -> GraphSource:
    source = open_source(spec, modality="graphs", **options).root
    assert isinstance(source, GraphSource)
    return source


def degrees(source: GraphSource) -> list[int]:
    features = source.graph.features.rows(np.arange(len(source)), row_normalize=False)
    return features.argmax(dim=1).tolist()


def neighbors(edges: np.ndarray, count: int) -> list[int]:
    """Number of other nodes that each node is connected with, by a double loop."""
    around: list[set[int]] = [set() for _ in range(count)]
    for a, b in edges.tolist():
        if a != b:
            around[a].add(b)
            around[b].add(a)
    return [len(each) for each in around]


def written(folder: Path, form: str) -> Path:
    path = folder / f"g.{form.rpartition(' ')[2]}"
    frame = pd.DataFrame(EDGES, columns=["source", "target"])
    words = pd.DataFrame(WORDS[EDGES], columns=["source", "target"])
    delimiter = {"csv": ",", "tsv": "\t", "txt": " ", "edges": " "}.get(path.suffix[1:])
    if form == "parquet":
        frame.to_parquet(path)
    elif form == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    elif form == "edge_index npz":
        np.savez(path, edge_index=EDGES.T)
    elif form == "edges npz":
        np.savez(path, edges=EDGES)
    elif form == "npy":
        np.save(path, EDGES)
    else:
        chosen = words if form.startswith("words") else frame
        if "weighted" in form:
            chosen = chosen.assign(weight=RANDOM.random(len(frame)).round(3))
        chosen.to_csv(path, index=False, sep=delimiter, header="bare" not in form)
    return path


FORMS = [
    *("csv", "bare csv", "tsv", "bare tsv", "txt", "bare txt", "edges", "bare edges", "parquet"),
    *("jsonl", "edge_index npz", "edges npz", "npy", "weighted csv", "bare weighted csv"),
]


@pytest.mark.parametrize("form", FORMS)
def test_edges_of_every_form_are_a_graph_with_degrees(tmp_path: Path, form: str) -> None:
    path = written(tmp_path, form)
    assert find_kind("graphs").admits(DataPreview(path))
    source = graph(path)
    assert source.num_features == len(DEGREES) == 32
    assert degrees(source) == neighbors(EDGES, 20)
    assert source.identify(3) == "node 3"
    assert source.weighted == ("weighted" in form)
    note = "nodes of g have no features: theirs are one-hot degrees; `features` gives others"
    assert note in source.notes


@pytest.mark.parametrize("columns", [["source", "target"], ["a", "b"], None])
def test_frames_are_read_like_files(columns: list[str] | None) -> None:
    source = graph(pd.DataFrame(EDGES, columns=columns))
    assert degrees(source) == neighbors(EDGES, 20)
    weights = pd.DataFrame(EDGES, columns=["u", "v"]).assign(weight=0.5)
    assert graph(weights).weighted


@pytest.mark.parametrize("form", ["words csv", "words bare csv", "words bare tsv"])
def test_names_of_nodes_identify_them(tmp_path: Path, form: str) -> None:
    source = graph(written(tmp_path, form))
    named = dict(zip(map(source.identify, range(len(source))), degrees(source), strict=True))
    assert named == dict(zip(WORDS.tolist(), neighbors(EDGES, 20), strict=True))


def test_numbers_with_gaps_are_names_and_others_are_rows() -> None:
    far = np.array([[10, 400, 5000], [400, 5000, 10]])
    edges, ids, count, notes = nodes_of_edges(far, {}, name="g")
    assert edges.tolist() == [[0, 1, 2], [1, 2, 0]]
    assert ids is not None
    assert (ids.texts.tolist(), count, notes) == (["10", "400", "5000"], 3, ())
    edges, ids, count, notes = nodes_of_edges(np.array([[0, 1], [1, 3]]), {}, name="g")
    assert (edges.tolist(), ids, count) == ([[0, 1], [1, 3]], None, 4)
    assert notes == ("1 node of g without an edge",)
    from_one = nodes_of_edges(np.array([[1, 2], [2, 3]]), {}, name="g")
    assert from_one[1] is not None
    assert from_one[1].texts.tolist() == ["1", "2", "3"]


def test_labels_and_identifiers_tell_the_number_of_nodes(tmp_path: Path) -> None:
    labels = np.arange(25) % 3
    np.savez(tmp_path / "g.npz", edge_index=EDGES.T, y=labels)
    found = open_labeled(tmp_path / "g.npz")
    assert found.train_labels.tolist() == labels.tolist()
    assert degrees(graph(tmp_path / "g.npz")) == neighbors(EDGES, 25)
    np.savez(tmp_path / "g.npz", edge_index=EDGES.T, ids=WORDS)
    assert graph(tmp_path / "g.npz").identify(2) == WORDS[2]
    np.savez(tmp_path / "g.npz", edge_index=EDGES.T, y=labels[:10])
    with pytest.raises(ValueError, match="must connect its 10 nodes, from 0, got node 19"):
        graph(tmp_path / "g.npz")


def test_degrees_up_to_15_have_a_feature_each_and_above_one_per_octave() -> None:
    counts = [0, 1, 15, 16, 31, 32, 100, 300]
    nodes, edges = len(counts), []
    for hub, degree in enumerate(counts):
        edges += [(hub, nodes + sum(counts[:hub]) + leaf) for leaf in range(degree)]
    total = nodes + sum(counts)
    found = degree_features(np.array(edges).T, nodes=total)
    assert found.shape == (total, 32)
    assert (found.sum(axis=1) == 1).all()
    names = [DEGREES[place] for place in found[:nodes].argmax(axis=1)]
    assert names[:3] == ["degree 0", "degree 1", "degree 15"]
    assert names[3:5] == 2 * ["degree 16 to 31"]
    assert names[5:] == ["degree 32 to 63", "degree 64 to 127", "degree 256 to 511"]
    assert (found[nodes:].argmax(axis=1) == 1).all()


def test_an_encoder_of_features_does_not_get_degrees(tmp_path: Path) -> None:
    path = written(tmp_path, "csv")
    with pytest.raises(ValueError, match="no node features, but the encoder expects a, b: pass"):
        open_graphs(path, columns=("a", "b"))
    assert open_graphs(path, columns=DEGREES).fingerprint == graph(path).fingerprint


def test_edges_without_numbers_or_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "g.npz", a=np.random.rand(9, 2), b=np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"must contain the edges as edge_index.*got a \(float64"):
        graph(tmp_path / "g.npz")
    with pytest.raises(ValueError, match="edges of g must have shape 2 × edges, got 2×0"):
        nodes_of_edges(np.zeros((2, 0), np.int64), {}, name="g")


@pytest.mark.parametrize(
    ("columns", "sure", "possible"),
    [
        ({"source": ["0", "1"], "target": ["1", "2"]}, True, True),
        ({"src": ["ab", "b"], "dst": ["b", "c"], "weight": ["1.5", "2"]}, True, True),
        (
            {"src": ["0", "1"], "dst": ["1", "2"], **{c: ["1.5", "2"] for c in "abcd"}},
            False,
            True,
        ),
        ({"from": ["1", "5"], "to": ["4", "9"]}, False, True),  # intervals
        ({"source": ["one", "two"], "target": ["un", "deux"]}, False, True),  # translations
        ({"a": ["0", "1"], "b": ["1", "2"]}, False, True),
        ({"a": ["0", "1"], "b": ["1", "2"], "c": ["0.5", ""]}, False, True),
        ({"a": ["0.5", "1"], "b": ["1", "2"]}, False, False),
        ({"a": ["0", "1"], "b": ["1", "2"], "c": ["x y", "z"]}, False, False),
        ({"a": ["a dog", "two"], "b": ["1", "2"]}, False, False),
        ({"a": ["0", "1"]}, False, False),
    ],
)
def test_which_tables_are_edges(columns: dict[str, Any], sure: bool, possible: bool) -> None:
    table = Table("t", columns, range(2))
    assert (is_edge_list(table), may_be_edges(table)) == (sure, possible)


def test_a_table_that_names_its_ends_is_a_graph_and_another_is_not(tmp_path: Path) -> None:
    assert modality_of(written(tmp_path, "csv")) == "graphs"
    assert modality_of(written(tmp_path, "words csv")) == "graphs"
    assert modality_of(written(tmp_path, "bare csv")) == "vectors"
    assert modality_of(pd.DataFrame(EDGES, columns=["src", "dst"])) == "graphs"
