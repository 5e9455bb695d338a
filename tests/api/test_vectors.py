"""Vectors from a file to a judged encoder, by the same verbs as images."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

import nearfar
from nearfar import api
from nearfar.data import open_source
from nearfar.methods import Method
from nearfar.modalities import VectorForm, modality
from nearfar.modalities._vector_modality import VectorOptions
from nearfar.views import ViewRecipe
from tests.every import every

X, Y = (values[:300] for values in load_digits(return_X_y=True))
QUICK = {"epochs": 1, "batch_size": 64, "precision": "32"}


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of five features, a number of the row and a kind."""
    path = tmp_path_factory.mktemp("tables") / "flowers.csv"
    lines = ["row,a,b,c,d,e,kind"]
    for i in range(120):
        numbers = ",".join(f"{value:.4f}" for value in X[i, 10:15] + 0.1 * np.arange(5))
        lines.append(f"{i},{numbers},{'red' if Y[i] < 5 else 'blue'}")
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    folder = tmp_path_factory.mktemp("vectors")
    np.savez(folder / "v.npz", x=X[:200], y=Y[:200], x_test=X[200:], y_test=Y[200:])
    return nearfar.pretrain("simclr", folder / "v.npz", out=folder / "run", **QUICK)


def test_vectors_are_pretrained_judged_and_reported(run: api.Run) -> None:
    record = run.record
    assert record.modality == "vectors"
    assert record.data == "v: 200 vectors of 64 features"
    assert (record.samples, record.watched) == (180, 20)
    assert run.health.samples == 20
    assert run.embed(X).shape == (300, 256)
    page = (run.path / "report.html").read_text()
    assert "data:image/png;base64" in page
    assert any("constant column" in note for note in record.notes)


def test_probing_compares_with_raw_features_and_the_untrained_encoder(run: api.Run) -> None:
    file = run.path.parent / "v.npz"
    rows = api.probe(run, file).rows
    names = [row.representation for row in rows]
    assert names[0] == "trained encoder"
    assert "64 standardised features" in names
    assert "untrained encoder" in names
    assert every(0.3 < row.linear <= 1 for row in rows)


def test_embeddings_of_a_finished_run_are_diagnosed(run: api.Run) -> None:
    health = nearfar.diagnose(run.embed(X[200:]))
    assert health.samples == 100
    assert nearfar.diagnose(run).samples == 20


def test_an_exported_encoder_gives_the_same_numbers(run: api.Run, tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    path = api.export(run, format="onnx", out=tmp_path / "encoder.onnx")
    shown = run.views.plain(torch.from_numpy(X[:7])).numpy()
    (h,) = runtime.InferenceSession(path).run(None, {"vectors": shown})
    np.testing.assert_allclose(h, run.embed(X[:7]), atol=1e-4)


def test_a_table_is_pretrained_without_its_labels_and_probed_with_them(
    table: Path, tmp_path: Path
) -> None:
    run = nearfar.pretrain(
        "vicreg", table, modality="vectors", exclude=("row",), units=32, out=tmp_path / "r", **QUICK
    )
    form = run.description.form
    assert form.columns == ("a", "b", "c", "d", "e")
    assert any("kind" in note for note in run.record.notes)
    assert run.embed(table).shape == (120, 32)
    rows = api.probe(run, table, labels="kind").rows
    assert {row.representation for row in rows} >= {"trained encoder", "untrained encoder"}


@pytest.mark.slow
def test_an_interrupted_run_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole = nearfar.pretrain("simclr", X, out=tmp_path / "whole", **QUICK | {"epochs": 2})
    again = nearfar.pretrain("simclr", X, out=tmp_path / "again", **QUICK | {"epochs": 2})
    for path in sorted((again.path / "checkpoints").iterdir())[1:]:
        path.unlink()
    (again.path / "encoder.safetensors").unlink()
    resumed = api.resume(again.path, X)
    for one, other in zip(
        whole.encoder.state_dict().values(), resumed.encoder.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)


def test_data_of_other_features_are_refused(run: api.Run) -> None:
    with pytest.raises(ValueError, match="`data` must have 64 features, like the run's vectors"):
        run.embed(X[:, :60])
    with pytest.raises(ValueError, match="vectors must be N×D, got shape 1797×8×8"):
        run.embed(load_digits().images)


def test_the_form_survives_json_and_shows_new_vectors_as_the_old_ones_were() -> None:
    kind, source = modality("vectors"), open_source(X)
    form = VectorForm.from_json(kind.form(source, VectorOptions(), seed=0).to_json())
    plain = kind.plain(form).plain(torch.from_numpy(X))
    assert isinstance(plain, torch.Tensor)
    varies = X.std(0) > 0
    np.testing.assert_allclose(plain.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(plain.std(0, correction=0)[varies], 1, atol=1e-5)
    assert (plain[:, ~varies] == 0).all()
    name, raw = kind.raw(source, form)
    assert name == "64 standardised features"
    assert torch.equal(raw, plain)


def test_the_marginals_are_spread_as_the_values_are() -> None:
    rng = np.random.default_rng(0)
    column = np.stack([rng.exponential(size=4000), rng.random(4000) < 0.25], axis=1)
    source = open_source(column)
    form = modality("vectors").form(source, VectorOptions(), seed=0)
    levels = np.array(form.marginals)
    assert levels.shape == (2, 64)
    back = levels * np.array(form.std)[:, None] + np.array(form.mean)[:, None]
    np.testing.assert_allclose(back[0].mean(), column[:, 0].mean(), rtol=0.02)
    np.testing.assert_allclose(np.median(back[0]), np.median(column[:, 0]), rtol=0.02)
    np.testing.assert_allclose((back[1] > 0.5).mean(), column[:, 1].mean(), atol=1 / 64)


def test_a_vector_is_shown_as_a_strip_and_its_first_values() -> None:
    kind = modality("vectors")
    form = VectorForm(dim=3, columns=("a", "b", "c"))
    (shown,) = kind.show(torch.tensor([[3.0, -3.0, 0.0]]), form)
    assert shown.text == "a +3.00, b -3.00, c +0.00"
    strip = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown.png))))
    third = strip.shape[1] // 3
    assert strip[0, 0].tolist() == [255, 0, 0]
    assert strip[0, third].tolist() == [0, 0, 255]
    assert strip[0, 2 * third].tolist() == [255, 255, 255]
    long = kind.show(torch.zeros(1, 3), VectorForm(dim=3, columns=("a",) * 3))[0].text
    assert not long.endswith("…")


def test_numbers_too_large_to_be_squared_are_refused(tmp_path: Path) -> None:
    large = X.copy()
    large[:, 5] *= 1e200
    with pytest.raises(ValueError, match="column 5 has values whose squares overflow"):
        nearfar.pretrain("simclr", large, out=tmp_path / "r", **QUICK)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("method", ["simclr", "vicreg", "moco_v2", "byol"])
def test_every_method_of_two_views_trains_on_vectors(method: str) -> None:
    from nearfar import methods

    kind, source = modality("vectors"), open_source(X)
    form = kind.form(source, VectorOptions(), seed=0)
    encoder, description = kind.build_encoder("perceptron", form, VectorOptions())
    built = getattr(methods, method)(encoder, description.width)
    assert isinstance(built, Method)
    batch = source.read(range(32))
    views = kind.views(ViewRecipe(), form, source=source, options=kind.options(), settings={})
    step = built(views(batch.inputs, batch.samples, seed=0, epoch=0))
    step.loss.backward()
    assert torch.isfinite(step.loss)
