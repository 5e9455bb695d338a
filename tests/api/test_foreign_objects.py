"""Every verb takes the objects that people have in Python, and says the same for each of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

import nearfar
from nearfar import SelfSupervisedEncoder, api
from nearfar.data import modality_of
from tests.data.foreign import COUNT, IMAGES, LABELS, VECTORS, Listed, Streamed, hub

PLAIN = list(zip(VECTORS, LABELS, strict=True))
HELD = TensorDataset(VECTORS, torch.tensor(LABELS))
OBJECTS: dict[str, Callable[[], Any]] = {
    "loader": lambda: DataLoader(HELD, 8, shuffle=True),
    "generator": lambda: (item for item in PLAIN),
    "iterable": lambda: Streamed(PLAIN),
    "list": lambda: PLAIN,
    "dictionary": lambda: {"x": VECTORS, "y": LABELS},
    "hub": lambda: hub(embedding=VECTORS.tolist()),
    "stream": lambda: hub(embedding=VECTORS.tolist()).to_iterable_dataset(),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    """A run on the vectors, which it got from a loader."""
    out = tmp_path_factory.mktemp("runs") / "loader"
    return nearfar.pretrain(
        "simclr", DataLoader(HELD, 8, shuffle=True), epochs=1, precision="32", out=out
    )


def test_a_run_notes_what_was_taken_of_a_loader(run: api.Run) -> None:
    assert run.record.samples + run.record.watched == COUNT
    assert any("not used: batch_size=8, RandomSampler" in note for note in run.record.notes)


@pytest.mark.slow
@pytest.mark.parametrize("name", OBJECTS)
def test_every_verb_of_a_run_takes_an_object(run: api.Run, name: str) -> None:
    make, array = OBJECTS[name], VECTORS.numpy()
    expected = run.embed(array, ids=True)
    found = nearfar.embed(run, make(), ids=True)
    assert np.array_equal(found.embeddings, expected.embeddings)
    assert found.ids == expected.ids
    assert run.embed_sides(make())[1] is None
    raw = ["raw"]
    probed = nearfar.probe(run, make(), representations=raw, groups=[n % 6 for n in range(COUNT)])
    given = run.probe(
        array, labels=LABELS, representations=raw, groups=[n % 6 for n in range(COUNT)]
    )
    assert probed.rows == given.rows
    assert nearfar.diagnose(run, data=make()).verdict == run.diagnose(array).verdict
    near, far = (
        nearfar.neighbors(run, of=[1], data=make(), k=3),
        run.neighbors([1], data=array, k=3),
    )
    assert near.queries == far.queries
    assert run.outliers(data=make(), k=3).outliers == run.outliers(data=array, k=3).outliers
    assert run.duplicates(data=make()).groups == run.duplicates(data=array).groups


def test_a_run_on_an_iterable_is_resumed_with_the_same_items(tmp_path: Path) -> None:
    run = nearfar.pretrain("simclr", iter(PLAIN), epochs=1, precision="32", out=tmp_path / "run")
    assert any("read once (list_iterator)" in note for note in run.record.notes)
    assert nearfar.resume(run.path, iter(PLAIN), progress=False).record.finished
    with pytest.raises(ValueError, match="`data` must be the data that"):
        nearfar.resume(run.path, iter(PLAIN[1:]), progress=False)
    with pytest.raises(ValueError, match="was trained on a Python object"):
        run.embed()


def test_an_adjacency_matrix_is_a_graph_for_a_method_of_graphs(tmp_path: Path) -> None:
    edges = VECTORS @ VECTORS.T > 1.0
    run = nearfar.pretrain(
        "deep_graph_infomax", edges.float().to_sparse(), epochs=1, out=tmp_path / "run"
    )
    assert run.record.data.startswith("graph: 24 nodes")
    assert len(run.embed(edges.float().to_sparse())) == COUNT


def test_lists_of_matrices_are_series_for_a_method_of_sequences(tmp_path: Path) -> None:
    series = [torch.randn(2, 160 + n) for n in range(8)]
    assert modality_of(series) == "images"
    run = nearfar.pretrain("cpc", series, epochs=1, precision="32", out=tmp_path / "run")
    assert "8 series" in run.record.data


@pytest.mark.usefixtures("as_users_run_it")
def test_what_a_run_cannot_take_is_refused(run: api.Run) -> None:
    with pytest.raises(TypeError, match=r"`data` must be ordered, got a set: pass sorted\(data\)"):
        nearfar.pretrain("simclr", {1.0, 2.0})
    with pytest.raises(TypeError, match=r"must be one array.*pass data\['a'\], or call it x"):
        run.embed({"a": VECTORS, "b": VECTORS})
    with pytest.raises(ValueError, match=r"like those of the run .*, got Streamed: "):
        run.embed(Streamed([image.copy() for image in IMAGES]))
    with pytest.raises(ValueError, match=r"6 (features|columns)"):
        run.embed(DataLoader(TensorDataset(VECTORS[:, :3])))


EMBEDDINGS: dict[str, Callable[[], Any]] = {
    "list": lambda: list(VECTORS),
    "lists": VECTORS.tolist,
    "batches": lambda: (batch for batch in VECTORS.split(7)),
    "loader": lambda: DataLoader(HELD, 8),
    "pandas": lambda: pytest.importorskip("pandas").DataFrame(VECTORS.numpy()),
    "polars": lambda: pytest.importorskip("polars").DataFrame(VECTORS.numpy()),
    "scipy": lambda: pytest.importorskip("scipy.sparse").csr_array(VECTORS.numpy()),
    "sparse tensor": VECTORS.to_sparse,
    "column": lambda: pytest.importorskip("pandas").Series(list(VECTORS.numpy())),
    "hub": lambda: hub(embedding=VECTORS.tolist()),
}


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_embeddings_are_any_object_that_holds_vectors(name: str) -> None:
    make = EMBEDDINGS[name]
    expected = nearfar.diagnose(VECTORS)
    found = nearfar.diagnose(make(), VECTORS + 0.1)
    assert found.dim == expected.dim
    assert found.measurements["uniformity"] == pytest.approx(
        nearfar.diagnose(VECTORS, VECTORS + 0.1).measurements["uniformity"]
    )
    probed = nearfar.probe(make(), labels=pytest.importorskip("pandas").Series(LABELS))
    assert probed.rows == nearfar.probe(VECTORS, labels=LABELS).rows
    assert (
        nearfar.neighbors(make(), of=[0], k=2).queries
        == nearfar.neighbors(VECTORS, of=[0], k=2).queries
    )
    assert nearfar.duplicates(make()).groups == ()
    assert nearfar.outliers(make(), k=3, top=1).outliers[0].row == (
        nearfar.outliers(VECTORS, k=3, top=1).outliers[0].row
    )


LABELED: dict[str, Callable[[], Any]] = {
    "loader": lambda: DataLoader(HELD, 8),
    "generator": lambda: iter(PLAIN),
    "batches": lambda: list(zip(VECTORS.split(7), torch.tensor(LABELS).split(7), strict=True)),
    "dictionary": lambda: {"embeddings": VECTORS, "y": LABELS},
    "pandas": lambda: (
        pytest.importorskip("pandas")
        .DataFrame(VECTORS.numpy(), columns=list("abcdef"))
        .assign(label=LABELS)
    ),
    "hub": lambda: hub(embedding=VECTORS.tolist()),
}


@pytest.mark.parametrize("name", LABELED)
def test_labels_beside_embeddings_are_probed(name: str) -> None:
    assert nearfar.probe(LABELED[name]()).rows == nearfar.probe(VECTORS, labels=LABELS).rows


def test_a_column_beside_embeddings_is_named() -> None:
    frame = pytest.importorskip("pandas").DataFrame(VECTORS.numpy(), columns=list("abcdef"))
    frame = frame.assign(species=["wolf", "fox"] * 12)
    expected = nearfar.probe(VECTORS, labels=["wolf", "fox"] * 12)
    assert nearfar.probe(frame, labels="species").rows == expected.rows
    with pytest.raises(ValueError, match="`labels` must be one of a, b, c, d, e, f, species"):
        nearfar.probe(frame, labels="specie")
    with pytest.raises(ValueError, match="`labels` must be given, as embeddings has no array or"):
        nearfar.probe(list(VECTORS))


@pytest.mark.usefixtures("as_users_run_it")
def test_what_holds_no_embeddings_is_refused() -> None:
    for given in (["a text"], IMAGES, 7, None, [[1.0, float("nan")], [1.0, 2.0]]):
        with pytest.raises((TypeError, ValueError), match=r"`embeddings` must be embeddings"):
            nearfar.diagnose(given)
    with pytest.raises(TypeError, match=r"`embeddings` must be ordered.*pass sorted\(emb"):
        nearfar.diagnose({1, 2})
    with pytest.raises(TypeError, match=r"`run` must be embeddings .*got list: vectors must"):
        nearfar.probe(["a text"], labels=[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["loader", "generator", "list", "hub"])
def test_the_estimator_takes_objects(name: str) -> None:
    model = SelfSupervisedEncoder(epochs=1, random_state=0)
    array = model.fit(VECTORS.numpy()).transform(VECTORS.numpy())
    found = model.fit(OBJECTS[name]()).transform(OBJECTS[name]())
    assert np.allclose(found, array, atol=1e-6)


def test_the_estimator_takes_sparse_matrices() -> None:
    scipy = pytest.importorskip("scipy.sparse")
    model = SelfSupervisedEncoder(epochs=1, random_state=0)
    array = model.fit(VECTORS.numpy()).transform(VECTORS.numpy())
    for given in (scipy.csr_matrix(VECTORS.numpy()), VECTORS.to_sparse()):
        assert np.allclose(model.fit(given).transform(given), array, atol=1e-6)
        assert model.n_features_in_ == 6


def test_the_estimator_takes_pictures_and_refuses_to_drop_one() -> None:
    model = SelfSupervisedEncoder(epochs=1, random_state=0).fit(IMAGES)
    assert model.transform(iter(IMAGES[:3])).shape == (3, 256)
    texts = [f"some words of text {n}" for n in range(20)]
    model = SelfSupervisedEncoder(epochs=1, random_state=0).fit(Listed(texts))
    with pytest.raises(ValueError, match=r"one row per sample: .* turned 3 samples into 2"):
        model.transform(["some words", "", "of text"])


def test_advice_takes_a_loader() -> None:
    held = DataLoader(HELD, 8, sampler=SubsetRandomSampler(range(20)))
    said = [line.statement for line in api.advise(data=held, batch_size=8).lines]
    assert "20 samples make 2 updates per epoch" in said
    assert any("all 2 classes" in statement for statement in said)
