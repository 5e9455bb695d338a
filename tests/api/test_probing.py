"""Probes of runs and files: tasks, names of rows, groups, shares, layers, sentences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from torch import nn

import nearfar
from nearfar import api
from nearfar.api._layers import LayerEncoder, layer_names
from nearfar.api._probe_sentences import Evaluated, Truth, compared_representations
from nearfar.cli import main
from nearfar.inputs import Sequences, Tokens
from nearfar.modules import BagEncoder, ConvNet, GRUEncoder, StridedEncoder
from nearfar.records import ProbeRecord
from nearfar.reports import render_report
from tests.every import every


@pytest.fixture
def cloud(tmp_path):
    """A file of embeddings of four clusters, with the names of the rows and their clusters."""
    generator = np.random.default_rng(0)
    clusters = np.arange(80) % 4
    rows = (np.eye(6)[clusters] * 3 + generator.normal(size=(80, 6))).astype(np.float32)
    names = tuple(f"photos/{row:02}.jpg" for row in range(80))
    return api.save_embeddings(tmp_path / "e.npz", rows, names), clusters, names, rows


def table(path, names, **columns):
    lines = [",".join(["file", *columns])]
    for cells in reversed([*zip(names, *columns.values(), strict=True)]):
        lines.append(",".join(map(str, cells)))
    path.write_text("\n".join(lines) + "\n")
    return path


# --- embeddings from anywhere ---------------------------------------------------------------------


def test_labels_are_matched_by_the_names_of_the_rows(cloud, tmp_path):
    path, clusters, names, rows = cloud
    words = [["ash", "elm", "fir", "oak"][c] for c in clusters]
    file = table(tmp_path / "labels.csv", names, label=words)  # in another order
    found = nearfar.probe(path, labels=file)
    assert found.rows[0].linear > 0.9
    assert any("matched by its column 'file'" in note for note in found.notes)
    assert found == nearfar.probe(str(path), labels=str(file))
    assert nearfar.probe(rows, labels=words).rows == found.rows
    bases = table(tmp_path / "bases.csv", [n.split("/")[1] for n in names], tree=words)
    assert nearfar.probe(path, labels=f"{bases}:tree").rows == found.rows
    with pytest.raises(ValueError, match=r"`labels` must be file or tree.*got 'tre'|did you mean"):
        nearfar.probe(path, labels=f"{bases}:tre")
    with pytest.raises(ValueError, match=r"one per sample, 80 in e.npz, got 3"):
        nearfar.probe(path, labels=["a", "b", "a"])


def test_labels_stored_with_the_embeddings_are_used(tmp_path):
    x = np.eye(3, dtype=np.float32).repeat(10, 0)
    np.savez(tmp_path / "e.npz", embeddings=x, y=np.arange(3).repeat(10))
    assert nearfar.probe(tmp_path / "e.npz").rows[0].knn == 1
    api.save_embeddings(tmp_path / "p.parquet", x, tuple(map(str, range(30))))
    with pytest.raises(ValueError, match=r"`labels` must be given, as p.parquet has no array"):
        nearfar.probe(tmp_path / "p.parquet")
    np.save(tmp_path / "y.npy", np.arange(3).repeat(10))
    assert nearfar.probe(tmp_path / "p.parquet", labels=tmp_path / "y.npy").rows[0].knn == 1
    with pytest.raises(ValueError, match="`layer` must be unset for embeddings"):
        nearfar.probe(tmp_path / "e.npz", layer=1)
    with pytest.raises(ValueError, match="`data` must be given for a run"):
        nearfar.probe(tmp_path)


# --- tasks ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("as_users_run_it")
def test_the_task_follows_from_the_labels_unless_it_is_given(cloud):
    path, clusters, _, rows = cloud
    numbers = rows[:, 0] + 0.25
    found = nearfar.probe(path, labels=numbers)
    assert (found.task, found.measure, found.classes) == ("regression", "R²", 0)
    assert found.rows[0].linear > 0.99
    assert found.rows[0].mean_classifier is None
    assert any("numbers from" in note and "task" in note for note in found.notes)
    assert nearfar.probe(path, labels=clusters).task == "classification"
    forced = nearfar.probe(path, labels=clusters, task="regression")
    assert (forced.task, forced.notes) == ("regression", ())
    texts = [f"{number:.3f}" for number in numbers]  # as a table has them
    assert nearfar.probe(path, labels=texts).task == "regression"
    assert nearfar.probe(path, labels=["1.0", "2.0"] * 40).task == "classification"
    ages = np.random.default_rng(0).permutation(80) + 18
    assert nearfar.probe(path, labels=ages).task == "regression"
    with pytest.raises(TypeError, match="words or whole numbers, got "):
        nearfar.probe(path, labels=numbers, task="classification")
    with pytest.raises(ValueError, match="regression for numbers alone, got labels such as 'a'"):
        nearfar.probe(path, labels=["a", "b"] * 40, task="regression")
    with pytest.raises(ValueError, match=r"`task` must be .*classification"):
        nearfar.probe(path, labels=clusters, task="ranking")


def test_several_labels_are_columns_or_lists(cloud, tmp_path):
    path, clusters, names, _ = cloud
    hot = np.stack([clusters < 2, clusters % 2 == 0], axis=1).astype(int)
    expected = nearfar.probe(path, labels=hot).rows
    assert expected[0].linear > 0.95
    lists = [[w for w, h in zip(("low", "even"), row, strict=True) if h] for row in hot]
    columns = table(tmp_path / "hot.csv", names, low=hot[:, 0], even=hot[:, 1])
    cells = [";".join(words) for words in lists]
    separated = table(tmp_path / "cells.csv", names, label=[cell or ";" for cell in cells])
    for labels in (columns, lists, separated):
        found = nearfar.probe(path, labels=labels)
        assert (found.task, found.classes) == ("multilabel", 2)
        assert found.rows[0].linear == pytest.approx(expected[0].linear, abs=0.05)  # other folds
        assert found.majority == pytest.approx(0.5)
    plain = nearfar.probe(path, labels=["Paris, France", "Lyon, France"] * 40)
    assert plain.task == "classification"
    whole = nearfar.probe(path, labels=cells[:0] + ["a;b", "b"] * 40, task="multilabel")
    assert whole.classes == 2


# --- groups and shares ----------------------------------------------------------------------------


def test_groups_are_read_from_columns_files_and_lists(cloud, tmp_path):
    path, clusters, names, _ = cloud
    who = [f"patient {row // 8}" for row in range(80)]
    both = table(tmp_path / "l.csv", names, label=clusters, who=who)
    alone = table(tmp_path / "g.csv", names, group=who)
    expected = nearfar.probe(path, labels=both, groups=who)
    assert expected.protocol == "five folds of 10 groups"
    for groups in ("who", str(alone), alone):
        assert nearfar.probe(path, labels=both, groups=groups).rows == expected.rows
    with pytest.raises(ValueError, match=r"`groups` must be .*'who'|did you mean 'who'"):
        nearfar.probe(path, labels=both, groups="whoo")
    with pytest.raises(ValueError, match=r"`groups` must be one per sample, 80 .* got 4"):
        nearfar.probe(path, labels=clusters, groups=list("abcd"))
    with pytest.raises(ValueError, match="`groups` must be at least 2"):
        nearfar.probe(path, labels=clusters, groups=["a"] * 80)


def test_an_official_split_that_cuts_through_groups_is_not_used(digits_run, few_digits, tmp_path):
    with np.load(few_digits) as held:
        x, y = held["x"], held["y"]
    half = len(x) // 2
    np.savez(tmp_path / "split.npz", x=x[:half], y=y[:half], x_test=x[half:], y_test=y[half:])
    official = api.probe(digits_run, tmp_path / "split.npz", representations=["raw"])
    if official.protocol != "official split":
        pytest.skip("arrays of this name are no official split")
    apart = np.arange(len(x)) // half
    kept = api.probe(
        digits_run, tmp_path / "split.npz", representations=["raw"], groups=apart.tolist()
    )
    assert kept.protocol == "official split"
    across = (np.arange(len(x)) % 10).tolist()
    found = api.probe(digits_run, tmp_path / "split.npz", representations=["raw"], groups=across)
    assert found.protocol == "five folds of 10 groups"
    assert any("official split is not used: 10 groups of 10" in note for note in found.notes)


@pytest.mark.slow
def test_shares_of_the_labels_have_means_and_deviations(cloud):
    path, clusters, _, _ = cloud
    found = nearfar.probe(path, labels=clusters, label_share=(0.1, 0.5))
    few, many = found.shares
    assert (few.labels, many.labels, few.seeds) == (6, 32, 5)
    assert few.linear < many.linear <= found.rows[0].linear + 0.05
    assert set(few.spread) == {"knn", "linear", "mean_classifier"}
    assert few.spread["linear"] > 0
    for share in (0.0, 2.0):
        with pytest.raises(ValueError, match=r"`label_share` must (be|lie)"):
            nearfar.probe(path, labels=clusters, label_share=[share])
    numbers = nearfar.probe(path, labels=clusters + 0.5, label_share=[0.5])
    assert numbers.shares[0].mean_classifier is None


# --- sentences ------------------------------------------------------------------------------------


def outcome(right, labels, names=(("trained encoder", "trained"), ("raw tf-idf", "raw"))):
    found = [
        Evaluated(name, role, {k: torch.where(r, labels, 1 - labels) for k in ("linear", "knn")})
        for (name, role), r in zip(names, right, strict=True)
    ]
    truth = Truth("classification", labels)
    return compared_representations(found, truth, majority=0, majority_class="spam")


def test_sentences_say_who_wins_and_what_cannot_be_known():
    labels = torch.arange(300) % 2
    draw = torch.rand(2, 300, generator=torch.Generator().manual_seed(0))
    loses = outcome([draw[0] < 0.64, draw[1] < 0.80], labels)
    assert loses[0].sentence.startswith("linear probe: raw features (tf-idf 0.")
    assert " beat this encoder (0." in loses[0].sentence
    assert loses[0].high < 0
    assert loses[1].sentence == ""  # nearest neighbours agree
    wins = outcome([draw[0] < 0.9, draw[1] < 0.6], labels)
    assert "this encoder (0." in wins[0].sentence
    assert "beats raw features (tf-idf 0." in wins[0].sentence
    same = outcome([draw[0] < 0.7, draw[0] < 0.71], labels)
    assert "no difference that 300 samples could show" in same[0].sentence
    names = (("trained encoder", "trained"), ("untrained encoder", "untrained"))
    helped = outcome([draw[0] < 0.9, draw[1] < 0.6], labels, names)
    assert "training helped: +" in helped[0].sentence
    assert "over the untrained encoder (0." in helped[0].sentence
    assert "training hurt: −" in outcome([draw[0] < 0.6, draw[1] < 0.9], labels, names)[0].sentence
    chance = outcome([draw[0] < 0.5, draw[1] < 0.5], labels)
    assert chance[-1].second == "majority class"
    assert "no better than always predicting spam" in chance[-1].sentence
    assert wins[-1].sentence == ""


def test_a_probe_is_stored_with_the_run_and_shown_by_its_report(
    digits_run, few_digits, tmp_path, capsys
):
    record = api.probe(digits_run, few_digits, representations=["untrained", "raw"])
    assert {c.measure for c in record.comparisons} <= {"accuracy", "balanced accuracy"}
    assert every(c.low <= c.difference <= c.high for c in record.comparisons)
    assert record.samples == len(np.load(few_digits)["y"])
    assert ProbeRecord.from_json(record.to_json()) == record
    copy = tmp_path / "run"
    copy.mkdir()
    for name in ("recipe.toml", "run.json", "health.json"):
        (copy / name).write_bytes((digits_run.path / name).read_bytes())
    assert 'id="probe"' not in render_report(copy)
    record.save(copy / "probe.json")
    page = render_report(copy)
    assert 'id="probe"' in page
    assert every(sentence.split(" [")[0] in page for sentence in record.sentences)


def test_a_probe_of_a_file_prints_its_table(cloud, tmp_path, capsys):
    path, clusters, names, _ = cloud
    file = table(tmp_path / "l.csv", names, label=clusters)
    assert main(["probe", str(path), "--labels", str(file), "--label-share", "0.1", "0.5"]) == 0
    out = capsys.readouterr().out
    assert "embeddings" in out
    assert "6 (10 %)" in out
    assert not (path.parent / "probe.json").exists()
    assert main(["probe", str(path), "--labels", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 80
    assert main(["probe", str(path), "--labels", str(file), "--layer", "2"]) == 2
    assert "`layer` must be unset for embeddings" in capsys.readouterr().err


# --- layers ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("as_users_run_it")
def test_layers_of_a_convnet_are_its_blocks_and_the_last_is_its_output():
    encoder = ConvNet(channels=1, width=8).eval()
    images = torch.rand(3, 1, 16, 16)
    assert layer_names(encoder) == [f"layers.{place}" for place in range(8)]
    torch.testing.assert_close(LayerEncoder(encoder, layer=-1)(images), encoder(images))
    torch.testing.assert_close(LayerEncoder(encoder, pool="mean")(images), encoder(images))
    expected = encoder.layers[:3](images).amax(dim=(2, 3))
    for layer in (2, "2", "layers.2", -6):
        found = LayerEncoder(encoder, layer=layer, pool="max")(images)
        torch.testing.assert_close(found, expected)
    flat = LayerEncoder(encoder, layer=2, pool="flat")(images)
    assert flat.shape == (3, encoder.layers[:3](images)[0].numel())
    with pytest.raises(ValueError, match=r"`layer` must be a layer .*did you mean 'layers.2'.*0 l"):
        LayerEncoder(encoder, layer="layer.2")
    with pytest.raises(ValueError, match=r"`layer` must be from -8 to 7, got 8: 0 layers.0, 1"):
        LayerEncoder(encoder, layer=8)
    with pytest.raises(ValueError, match="which has no class token, got 'cls'"):
        LayerEncoder(encoder, pool="cls")(images)
    with pytest.raises(ValueError, match=r"`pool` must be .*'meen'.*did you mean 'mean'"):
        LayerEncoder(encoder, pool="meen")


def test_pooling_of_a_vision_transformer_knows_its_class_token():
    torch.manual_seed(0)
    model = timm.create_model(
        "vit_tiny_patch16_224", pretrained=False, num_classes=0, img_size=32, depth=2
    ).eval()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        tokens = model.forward_features(images)
        torch.testing.assert_close(LayerEncoder(model, pool="cls")(images), tokens[:, 0])
        mean = LayerEncoder(model, pool="mean")(images)
        torch.testing.assert_close(mean, tokens[:, 1:].mean(dim=1))
        first = LayerEncoder(model, layer="blocks.0", pool="cls")(images)
    assert first.shape == (2, 192)
    assert not torch.equal(first, tokens[:, 0])
    assert {"blocks.0", "blocks.1"} <= set(layer_names(model))


@pytest.mark.parametrize("layer", ["layers.1", "recurrent"])
@pytest.mark.parametrize("pool", ["mean", "max", "last"])
def test_padding_has_no_part_in_the_layers_of_sequences(layer, pool):
    torch.manual_seed(0)
    encoder = StridedEncoder(strides=(2, 2), width=6, context=5).eval()
    sequences = [torch.randn(1, length) for length in (12, 20, 12, 33)]
    cut = LayerEncoder(encoder, layer=layer, pool=pool)
    with torch.no_grad():
        found = cut(Sequences.of(sequences))
        alone = torch.cat([cut(sequence.unsqueeze(0)) for sequence in sequences])
        assert found.shape[1] == {"layers.1": 6, "recurrent": 5}[layer]
        torch.testing.assert_close(found, alone, rtol=1e-4, atol=1e-5)
        whole = LayerEncoder(encoder, layer="recurrent")(Sequences.of(sequences))
        torch.testing.assert_close(whole, encoder(Sequences.of(sequences)), rtol=1e-4, atol=1e-5)


def test_layers_of_text_encoders():
    tokens = Tokens(torch.tensor([[4, 5, 6], [6, 0, 0]]), torch.tensor([3, 1]))
    bag = BagEncoder(10).eval()
    torch.testing.assert_close(LayerEncoder(bag, layer="embedding")(tokens), bag(tokens))
    with pytest.raises(ValueError, match=r"`pool` needs an encoder with tokens.*BagEncoder"):
        LayerEncoder(bag, pool="max")(tokens)
    gru = GRUEncoder(10, width=8).eval()
    words = LayerEncoder(gru, layer="embedding", pool="max")(tokens)
    torch.testing.assert_close(words[1], gru.embedding.weight[6])


def test_a_layer_that_no_sample_reaches_is_refused():
    encoder = nn.ModuleDict({"used": nn.Linear(3, 2), "idle": nn.Linear(3, 2)})
    encoder.forward = encoder["used"].forward
    wrapped = LayerEncoder(encoder, layer="idle")
    with pytest.raises(ValueError, match=r"`layer` must be one that .*'idle'.*0 used, 1 idle"):
        wrapped(torch.zeros(4, 3))


def test_a_run_embeds_and_diagnoses_its_layers(digits_run, few_digits, tmp_path: Path):
    rows = digits_run.embed(few_digits, layer=3)
    assert rows.shape == (len(np.load(few_digits)["y"]), 64)
    np.testing.assert_allclose(
        digits_run.embed(few_digits, layer=-1), digits_run.embed(few_digits), atol=1e-5
    )
    health = nearfar.diagnose(digits_run, data=few_digits, layer=3)
    assert (health.dim, health.samples) == (64, len(rows))
    assert "features of layer 3" in health.notes
    file = tmp_path / "l.npz"
    words = ["embed", str(digits_run.path), "--data", str(few_digits), "--out", str(file)]
    assert main([*words, "--layer", "3", "--pool", "max"]) == 0
    np.testing.assert_array_equal(
        np.load(file)["embeddings"], digits_run.embed(few_digits, layer=3, pool="max")
    )
    with pytest.raises(ValueError, match="`layer` must be unset for embeddings"):
        nearfar.diagnose(rows, layer=2)
