"""Embeddings out, diagnoses, probes, comparison, export."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import timm
import torch
from pyarrow import parquet
from safetensors.torch import load_file

import nearfar
from nearfar import api
from nearfar.cli import main
from nearfar.data import open_source
from tests.every import every


@pytest.mark.parametrize("name", ["e.npz", "e.parquet", "e.npy"])
def test_embeddings_go_to_a_file_and_come_back(tmp_path, digits_run, name):
    embeddings, ids = api.embed(digits_run, "digits", ids=True)
    path = api.save_embeddings(tmp_path / name, embeddings, ids)
    first, second = api.load_embeddings(path)
    assert second is None
    np.testing.assert_array_equal(first.numpy(), embeddings)
    assert ids[17] == "row 17"
    assert nearfar.diagnose(path).dim == 256


def test_files_that_hold_no_embeddings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in .npz, .parquet or .npy"):
        api.save_embeddings(tmp_path / "e.csv", np.zeros((2, 2), np.float32), ("a", "b"))
    with pytest.raises(ValueError, match="each of the 2 rows, got 1"):
        api.save_embeddings(tmp_path / "e.npz", np.zeros((2, 2), np.float32), ("a",))
    np.savez(tmp_path / "two.npz", a=np.zeros((3, 2)), b=np.zeros((3, 2)))
    with pytest.raises(ValueError, match="`embeddings` or one floating-point matrix"):
        nearfar.diagnose(tmp_path / "two.npz")
    np.save(tmp_path / "cube.npy", np.zeros((3, 2, 2)))
    with pytest.raises(ValueError, match="must contain a matrix of numbers"):
        nearfar.diagnose(tmp_path / "cube.npy")
    (tmp_path / "bomb.npy").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ValueError, match="pickle"):
        nearfar.diagnose(tmp_path / "bomb.npy")
    with pytest.raises(ValueError, match="a file of embeddings or a run"):
        nearfar.diagnose(tmp_path / "nothing.npz")


def test_notes_and_ids_are_kept_with_the_embeddings(tmp_path):
    rows, ids, notes = np.eye(3, dtype=np.float32), ("a", "b", "c"), ("1 of 4 files skipped: d",)
    for ending in ("npz", "parquet", "npy"):
        api.save_embeddings(tmp_path / f"e.{ending}", rows, ids, notes=notes)
    with np.load(tmp_path / "e.npz") as arrays:
        assert (tuple(arrays["ids"]), tuple(arrays["notes"])) == (ids, notes)
    stored = json.loads(parquet.read_schema(tmp_path / "e.parquet").metadata[b"nearfar"])
    assert stored == {"notes": list(notes)}
    assert json.loads((tmp_path / "e.json").read_text()) == {"ids": [*ids], "notes": [*notes]}


@pytest.mark.parametrize("name", ["e.npz", "e.parquet"])
def test_two_sides_go_to_one_file_and_come_back(tmp_path, name):
    rows = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    path = api.save_embeddings(tmp_path / name, rows[0], tuple("abcde"), rows[1])
    for found, expected in zip(api.load_embeddings(path), rows, strict=True):
        np.testing.assert_array_equal(found.numpy(), expected)
    with pytest.raises(ValueError, match=r"must end in .npz or .parquet for two sides"):
        api.save_embeddings(tmp_path / "e.npy", rows[0], tuple("abcde"), rows[1])


def table_of(rows, path):
    """A table of numbers without an embedding's own column."""
    lines = [",".join(map(str, row)) for row in [["a", "b", "c"], *rows.tolist()]]
    path.write_text("\n".join(lines) + "\n")


def test_every_format_of_embeddings_has_the_same_verdict(tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    np.save(tmp_path / "e.npy", rows)
    np.savez(tmp_path / "e.npz", anything=rows)
    parquet.write_table(pa.table({"embedding": rows.tolist()}), tmp_path / "e.parquet")
    parquet.write_table(pa.table(dict(zip("abc", rows.T, strict=True))), tmp_path / "wide.parquet")
    lines = [json.dumps({"id": i, "embedding": row}) for i, row in enumerate(rows.tolist())]
    (tmp_path / "e.jsonl").write_text("\n".join(lines))
    table_of(rows, tmp_path / "e.csv")
    expected = nearfar.diagnose(rows).measurements["effective_rank"]
    for path in sorted(tmp_path.iterdir()):
        found = nearfar.diagnose(path)
        assert (found.samples, found.dim) == (60, 3), path
        assert found.measurements["effective_rank"] == pytest.approx(expected, rel=1e-5), path


def damaged(folder):
    """Files of embeddings, each damaged or unusable in its own way."""
    good = folder / "good.npy"
    np.save(good, np.ones((50, 8)))
    (folder / "short.npy").write_bytes(good.read_bytes()[:500])
    good.unlink()
    (folder / "zip.npz").write_bytes(b"PK\3\4junk")
    (folder / "empty.npz").write_bytes(b"")
    (folder / "empty.npy").write_bytes(b"")
    (folder / "page.npy").write_text("<html>")
    (folder / "page.parquet").write_text("<html>")
    np.save(folder / "nan.npy", np.array([[1.0, 2.0], [np.nan, 1.0], [0.0, 1.0]]))
    np.save(folder / "words.npy", np.array([["a", "b"]] * 5))
    np.save(folder / "one.npy", np.ones((1, 4)))
    ragged = [[1.0, 2.0]] * 4 + [[1.0]]
    parquet.write_table(pa.table({"embedding": ragged}), folder / "ragged.parquet")
    parquet.write_table(pa.table({"word": ["a", "b"]}), folder / "words.parquet")
    (folder / "words.csv").write_text("a,b\nx,y\nz,w\n")


def test_a_damaged_file_of_embeddings_is_named_in_one_line(tmp_path, capsys):
    damaged(tmp_path)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 12
    for path in files:
        assert main(["diagnose", str(path)]) == 2, path
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, (path, lines)
        assert path.name in lines[0], (path, lines)


def test_two_views_are_judged_for_agreement(tmp_path):
    z = torch.nn.functional.normalize(torch.randn(300, 32), dim=1)
    np.savez(tmp_path / "pairs.npz", embeddings=z.numpy(), embeddings2=(z + 0.01).numpy())
    health = nearfar.diagnose(tmp_path / "pairs.npz")
    assert health.verdict == "healthy"
    assert health.measurements["alignment"] < 0.1
    assert "alignment" not in nearfar.diagnose(z).measurements


def test_a_run_is_diagnosed_by_its_own_verdict(digits_run):
    assert nearfar.diagnose(digits_run.path) == digits_run.health == nearfar.diagnose(digits_run)


def test_numpy_integers_and_lists_are_taken():
    numbers = np.random.default_rng(0).integers(0, 9, (50, 4))
    for given in (numbers, numbers.tolist(), pd.DataFrame(numbers)):
        assert nearfar.diagnose(given).samples == 50


@pytest.mark.slow  # tests/cli/test_commands.py and test_kinds.py probe smaller runs
def test_probing_has_rows_for_the_untrained_encoder_and_raw_pixels(digits_run, few_digits):
    record = api.probe(digits_run, few_digits)
    assert [row.representation for row in record.rows] == [
        "trained encoder", "untrained encoder", "raw pixels 16×16",
    ]  # fmt: skip
    assert record.classes == 10
    assert record.protocol == "five stratified folds"
    assert every(0.5 < row.linear <= 1 and 0.5 < row.knn <= 1 for row in record.rows)


def test_the_untrained_encoder_is_what_training_started_from(digits_run, tmp_path):
    started = digits_run.untrained_encoder().state_dict()
    trained = digits_run.encoder.state_dict()
    assert not torch.equal(started["layers.0.0.weight"], trained["layers.0.0.weight"])
    again = nearfar.load(digits_run.path).untrained_encoder().state_dict()
    assert every(torch.equal(started[name], again[name]) for name in started)


def test_runs_stand_side_by_side(digits_run):
    rows = api.compare([digits_run.path, digits_run])
    assert rows[0] == rows[1]
    assert rows[0]["method"] == "simclr"
    assert json.dumps(rows)


def test_pages_are_written_where_asked(tmp_path, digits_run):
    api.compare([digits_run, digits_run], report=tmp_path / "compare.html")
    nearfar.diagnose(digits_run, report=tmp_path / "run.html")
    cloud = nearfar.diagnose(torch.randn(50, 8), report=tmp_path / "cloud.html")
    verdicts = dict.fromkeys(("compare", "run"), digits_run.health.verdict)
    for name, verdict in (verdicts | {"cloud": cloud.verdict}).items():
        page = (tmp_path / f"{name}.html").read_text()
        assert page.lower().startswith("<!doctype html>")
        assert verdict in page.lower()


@pytest.mark.slow  # test_exporting.py compares an encoder of each modality
def test_onnx_gives_the_same_embeddings_for_any_batch(tmp_path, digits_run):
    import onnxruntime

    path = api.export(digits_run, "onnx", tmp_path / "encoder.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    batch = open_source("digits").read(range(5))
    images = digits_run.views.plain(batch.inputs).contiguous().numpy()
    (found,) = session.run(None, {"images": images})
    np.testing.assert_allclose(found, digits_run.embed("digits")[:5], atol=1e-4)
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["nearfar_notes"]) == list(digits_run.record.notes)


def test_safetensors_bring_their_description(tmp_path, digits_run):
    path = api.export(digits_run, "safetensors", tmp_path / "e.safetensors")
    assert load_file(path).keys() == digits_run.encoder.state_dict().keys()
    described = json.loads(path.with_suffix(".json").read_text())
    assert described["width"] == 256
    assert described["notes"] == list(digits_run.record.notes)


def test_timm_loads_what_was_exported_for_it(tmp_path, pictures, quick, digits_run):
    run = nearfar.pretrain(
        "simclr", pictures, encoder="resnet10t", stem="standard", out=tmp_path / "run", **quick
    )
    folder = api.export(run, "timm")
    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    shown = run.views.plain(torch.from_numpy(pictures[:4]).permute(0, 3, 1, 2))
    with torch.no_grad():
        np.testing.assert_allclose(model(shown).numpy(), run.embed(pictures[:4]), atol=1e-4)
    with pytest.raises(ValueError, match="timm has no convnet of nearfar"):
        api.export(digits_run, "timm")


@pytest.mark.usefixtures("as_users_run_it")
def test_an_unknown_format_names_the_nearest(digits_run):
    with pytest.raises(ValueError, match="did you mean 'onnx'"):
        api.export(digits_run, "onx")


def test_other_channels_than_the_runs_are_refused(digits_run, pictures):
    with pytest.raises(ValueError, match="`channels`=1"):
        digits_run.embed(pictures)


def test_methods_and_data_are_listed():
    assert {row["name"] for row in api.list_methods()} == set(api._recipe.preset_names())
    assert {"cifar10", "digits", "fashion-mnist"} <= {row["name"] for row in api.list_data()}
