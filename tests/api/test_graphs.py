"""Graphs from end to end: train, embed, probe, export, resume, show."""

from __future__ import annotations

import base64
import io
import json
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

import nearfar
from nearfar import api
from nearfar.inputs import Nodes
from nearfar.modalities import GraphForm, modality
from tests.every import every

QUICK = {"epochs": 4, "devices": 1, "view_options": {}, "units": 16}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Two communities, whose nodes have features that say a little of which."""
    generator = np.random.default_rng(0)
    labels = np.arange(60) % 2
    same = labels[:, None] == labels
    adjacency = np.triu(generator.random((60, 60)) < np.where(same, 0.25, 0.02), k=1)
    x = generator.poisson(1.0, (60, 12)) + 2 * (labels[:, None] == np.arange(12) % 2)
    path = tmp_path_factory.mktemp("graph") / "two.npz"
    np.savez(
        path,
        edge_index=np.stack(np.nonzero(adjacency)),
        x=x,
        y=labels,
        train_idx=np.arange(20),
        test_idx=np.arange(20, 60),
    )
    return path


@pytest.fixture(scope="module")
def run(file, tmp_path_factory):
    return nearfar.pretrain("dgi", file, out=tmp_path_factory.mktemp("run") / "r", **QUICK)


def test_a_run_says_what_it_was(run):
    assert run.record.method == "deep_graph_infomax"
    assert run.record.modality == "graphs"
    assert run.record.data == "two: 60 nodes, 246 edges, 12 features"
    assert run.record.samples + run.record.watched == 60
    assert run.record.batch_size == run.record.samples  # all nodes are one batch
    assert run.record.chance == pytest.approx(0.6931, abs=1e-4)
    assert run.health.verdict


def test_every_node_is_embedded_in_order(run, file):
    embeddings, names = api.embed(run, file, ids=True)
    assert embeddings.shape == (60, 16)
    assert names[:2] == ("node 0", "node 1")
    some = api.embed(run, file)[5]
    assert np.array_equal(some, embeddings[5])


def test_probes_judge_on_the_graphs_own_split(run, file):
    record = api.probe(run, file)
    assert record.protocol == "official split"
    assert [row.representation for row in record.rows] == [
        "trained encoder",
        "untrained encoder",
        "raw features",
    ]
    assert every(0 <= row.linear <= 1 for row in record.rows)


def test_a_loaded_run_embeds_the_same(run, file):
    again = nearfar.load(run.path)
    assert np.array_equal(again.embed(file), run.embed(file))
    assert again.description.how.startswith("nearfar.modules.GraphEncoder(features=12, dim=16")


def test_a_stopped_run_goes_on_to_the_same_weights(run, file, tmp_path):
    out = tmp_path / "r"
    nearfar.pretrain("dgi", file, out=out, checkpoint_every=2, **QUICK)
    checkpoints = sorted((out / "checkpoints").iterdir())
    assert len(checkpoints) > 1
    expected = nearfar.load(out).embed(file)
    newest = max(checkpoints, key=lambda path: path.stat().st_mtime_ns)
    newest.unlink()
    (out / "encoder.safetensors").unlink()
    assert np.array_equal(api.resume(out).embed(file), expected)


@pytest.mark.parametrize("method", ["simclr", "vicreg", "byol", "moco_v2"])
def test_methods_of_two_views_train_on_graphs(method, file, tmp_path):
    made = nearfar.pretrain(method, file, out=tmp_path / "r", **QUICK)
    assert made.embed(file).shape == (60, 16)
    assert np.isfinite(made.embed(file)).all()


def test_a_graph_read_in_parts_trains_and_embeds(file, tmp_path):
    made = nearfar.pretrain(
        "dgi", file, encoder="sage", out=tmp_path / "r", neighbors=3, batch_size=16, **QUICK
    )
    assert any("sampled neighbourhoods" in note for note in made.record.notes)
    together = made.embed(file)
    # a node's representation does not depend on which others are read with it
    assert np.allclose(made.embed(file, batch_size=7), together, atol=1e-6)


def test_too_few_steps_around_a_node_are_refused(file, tmp_path):
    with pytest.raises(ValueError, match="`hops` must be at least 2"):
        nearfar.pretrain("dgi", file, out=tmp_path / "r", neighbors=3, hops=1, **QUICK)


def test_another_graph_must_have_as_many_features(run, tmp_path):
    np.savez(tmp_path / "g.npz", edge_index=np.array([[0], [1]]), x=np.eye(4))
    with pytest.raises(ValueError, match=r"12 features per node.*got 4"):
        run.embed(tmp_path / "g.npz")


def test_a_method_for_graphs_refuses_images(tmp_path):
    with pytest.raises(ValueError, match="deep_graph_infomax is for graphs"):
        nearfar.pretrain("dgi", "digits", out=tmp_path / "r")


def test_the_exported_encoder_computes_the_same(run, file, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    path = api.export(run, "onnx", tmp_path / "e.onnx")
    nodes = run.open(file).read([3, 41]).inputs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = runtime.InferenceSession(path)
    given = {
        "features": nodes.features.to_dense().numpy(),
        "edges": nodes.edges.numpy(),
        "targets": nodes.targets.numpy(),
    }
    (found,) = session.run(None, given)
    assert np.allclose(found, run.embed(file)[[3, 41]], atol=1e-5)


def test_a_node_is_shown_with_its_neighbors():
    star = torch.stack([torch.arange(1, 60), torch.zeros(59, dtype=torch.int64)])
    nodes = Nodes(torch.rand(61, 2), torch.cat([star, star.flip(0)], dim=1), torch.tensor([0, 60]))
    many, alone = modality("graphs").show(nodes, GraphForm(num_features=2))
    pictures = [Image.open(io.BytesIO(base64.b64decode(e.png))) for e in (many, alone)]
    assert [picture.size for picture in pictures] == [(160, 160)] * 2
    lines = [len(picture.getcolors(1 << 16)) for picture in pictures]
    assert lines[0] > lines[1] > 1  # an isolated node is drawn too


def test_what_is_saved_builds_the_encoder_again(run):
    known = json.loads((run.path / "encoder.json").read_text())
    assert known["form"] == {
        "num_features": 12,
        "undirected": True,
        "row_normalize": True,
        "hops": None,
        "neighbors": None,
        "weighted": False,
        "columns": None,
    }
    assert known["arguments"]["convolution"] == "gcn"


@pytest.mark.slow
@pytest.mark.data
def test_a_few_updates_on_cora_beat_the_features(data_dir, tmp_path):
    made = nearfar.pretrain("dgi", "cora", out=tmp_path / "r", epochs=30, units=128, devices=1)
    record = api.probe(made, "cora", representations=("trained", "raw"))
    trained, raw = (row.linear for row in record.rows)
    assert made.health.verdict == "healthy"
    assert trained > raw + 0.15
