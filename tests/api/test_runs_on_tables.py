"""Runs on tables: columns by name, one sample or all of them, sides of pairs, selected rows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nearfar
from nearfar.api import Run, probe

X = np.random.default_rng(0).normal(size=(40, 4)) * [1, 10, 100, 1000]
NAMES = ["age", "height", "income", "steps"]
TEXTS = [f"{'red apple' if i % 2 else 'blue sea'} number {i % 7} of {i % 5}" for i in range(40)]
OTHERS = [f"{'pomme rouge' if i % 2 else 'mer bleue'} {i % 7}" for i in range(40)]


def table(path: Path, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows] if names else rows)
    return path


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


@pytest.fixture(scope="module")
def vectors(places: Path) -> Run:
    path = table(places / "a.csv", NAMES, X.tolist())
    return nearfar.pretrain(
        "vicreg", str(path), modality="vectors", out=places / "vectors", epochs=1, batch_size=16
    )


@pytest.fixture(scope="module")
def texts(places: Path) -> Run:
    path = table(places / "t.csv", ["text", "label"], [(t, i % 2) for i, t in enumerate(TEXTS)])
    return nearfar.pretrain("simclr", str(path), out=places / "texts", epochs=1, batch_size=16)


@pytest.fixture(scope="module")
def two_sided(places: Path) -> Run:
    path = table(places / "p.csv", ["en", "fr"], list(zip(TEXTS, OTHERS, strict=True)))
    return nearfar.pretrain(
        "multiview",
        str(path),
        x="en",
        s="fr",
        shared=False,
        out=places / "pairs",
        epochs=1,
        batch_size=16,
    )


def test_columns_are_found_by_name(vectors: Run, places: Path) -> None:
    expected = vectors.embed(places / "a.csv")
    turned = table(places / "b.csv", NAMES[::-1], X[:, ::-1].tolist())
    np.testing.assert_array_equal(vectors.embed(turned), expected)
    assert vectors.open(turned).notes == ("columns of b.csv reordered by name, as in the run",)
    with pytest.raises(ValueError, match="it lacks age and has pulse as other columns"):
        vectors.embed(table(places / "c.csv", ["pulse", *NAMES[1:]], X.tolist()))
    frame = pytest.importorskip("pandas").DataFrame(X, columns=NAMES)
    np.testing.assert_allclose(vectors.embed(frame[NAMES[::-1]]), expected, atol=1e-6)
    with pytest.raises(ValueError, match="in this order, got steps, income, height, age"):
        vectors.embed(nearfar.data.open_source(turned, modality="vectors"))


def test_what_has_no_names_is_taken_by_position(vectors: Run, places: Path) -> None:
    expected = vectors.embed(places / "a.csv")
    unnamed = table(places / "u.csv", [], X.tolist())
    np.testing.assert_array_equal(vectors.embed(unnamed), expected)
    assert "taken in the order of the run's" in vectors.open(unnamed).notes[-1]
    np.testing.assert_array_equal(vectors.embed(X), expected)
    assert "taken in the order of the run's" in vectors.open(X).notes[-1]


def test_a_run_without_names_takes_any_by_position(places: Path) -> None:
    run = nearfar.pretrain(
        "vicreg", X, modality="vectors", out=places / "array", epochs=1, batch_size=16
    )
    named = table(places / "n.csv", NAMES, X.tolist())
    np.testing.assert_array_equal(run.embed(named), run.embed(X))
    assert "taken by position" in run.open(named).notes[-1]


def test_labels_next_to_the_features_are_for_the_probe(vectors: Run, places: Path) -> None:
    rows = [[*row, i % 2] for i, row in enumerate(X.tolist())]
    path = table(places / "l.csv", [*NAMES, "label"], rows)
    for labels in (None, "label"):
        assert probe(vectors, path, labels=labels, representations=("raw",)).classes == 2
    np.save(places / "labels.npy", np.arange(40) % 2)
    found = probe(vectors, path, labels=str(places / "labels.npy"), representations=("raw",))
    assert found.classes == 2


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_sample_is_embedded_as_among_others(
    vectors: Run, texts: Run, two_sided: Run, places: Path, count: int
) -> None:
    some = table(places / "some.csv", NAMES, X[:count].tolist())
    rows = vectors.embed(places / "a.csv")[:count]
    np.testing.assert_allclose(vectors.embed(some), rows, atol=1e-6)
    np.testing.assert_allclose(vectors.embed(X[:count]), rows, atol=1e-6)
    rows = texts.embed(TEXTS)[:count]
    np.testing.assert_allclose(texts.embed(TEXTS[:count]), rows, atol=1e-6)
    some = table(places / "some.csv", ["text"], [(text,) for text in TEXTS[:count]])
    np.testing.assert_allclose(texts.embed(some), rows, atol=1e-6)
    pairs = list(zip(TEXTS, OTHERS, strict=True))[:count]
    some = table(places / "some.csv", ["en", "fr"], pairs)
    for side in ("x", "s"):
        rows = two_sided.embed(places / "p.csv", side=side)[:count]
        np.testing.assert_allclose(two_sided.embed(some, side=side), rows, atol=1e-6)


def test_each_side_has_its_own_encoder(two_sided: Run, places: Path) -> None:
    x = two_sided.embed(places / "p.csv")
    s = two_sided.embed(places / "p.csv", side="s")
    np.testing.assert_array_equal(two_sided.embed(places / "p.csv", side="x"), x)
    np.testing.assert_allclose(two_sided.embed(TEXTS, side="x"), x, atol=1e-6)
    np.testing.assert_allclose(two_sided.embed(OTHERS, side="s"), s, atol=1e-6)
    encoder, form = two_sided.encoder, two_sided.description.form
    tokens = form.s_form.tokenizer().encode(OTHERS)
    expected = encoder.bridge(encoder.s_encoder(tokens)).detach()
    np.testing.assert_allclose(s, expected.numpy(), atol=1e-6)
    with pytest.raises(ValueError, match="`side` must be x or s: the run has an encoder for each"):
        two_sided.embed(OTHERS)
    embedded, second = two_sided.embed_sides(places / "p.csv")
    np.testing.assert_array_equal(embedded.embeddings, x)
    assert second is not None
    np.testing.assert_array_equal(second, s)


@pytest.mark.usefixtures("as_users_run_it")
def test_there_are_two_sides(two_sided: Run) -> None:
    with pytest.raises(ValueError, match="`side` must be one of s, x"):
        two_sided.embed(OTHERS, side="y")  # type: ignore[call-overload]


def test_a_side_can_be_probed(two_sided: Run) -> None:
    labels = [i % 2 for i in range(40)]
    for side in ("x", "s"):
        record = two_sided.probe(OTHERS, labels=labels, side=side, representations=("raw",))
        assert record.rows[0].linear == 1.0
    with pytest.raises(ValueError, match="`side` must be x or s"):
        two_sided.probe(OTHERS, labels=labels)


def test_the_sides_of_a_shared_encoder(places: Path) -> None:
    path = table(places / "q.csv", ["en", "fr"], list(zip(TEXTS, OTHERS, strict=True)))
    run = nearfar.pretrain("simclr", str(path), x="en", s="fr", out=places / "q", epochs=1)
    embedded, second = run.embed_sides(path)
    np.testing.assert_allclose(embedded.embeddings, run.embed(TEXTS), atol=1e-6)
    np.testing.assert_allclose(second, run.embed(OTHERS), atol=1e-6)
    assert run.embed_sides(TEXTS)[1] is None


def test_selected_rows_are_those_of_the_training_only(places: Path) -> None:
    rows = [(t, "train" if i < 30 else "test") for i, t in enumerate(TEXTS)]
    path = table(places / "w.csv", ["text", "split"], rows)
    run = nearfar.pretrain(
        "simclr", str(path), where={"split": "train"}, out=places / "w", epochs=1, batch_size=8
    )
    assert run.record.samples + run.record.watched == 30
    assert "30 of 40 rows selected: split = train" in run.record.notes
    assert run.directory.read_recipe()["data"]["where"] == ["split=train"]
    assert len(run.embed(path)) == 40
    assert len(run.embed(path, where="split=test")) == 10


def test_the_column_of_texts_is_kept(places: Path) -> None:
    rows = [(f"t{i}", text) for i, text in enumerate(TEXTS)]
    path = table(places / "k.csv", ["title", "story"], rows)
    run = nearfar.pretrain("simclr", str(path), out=places / "k", epochs=1, batch_size=16)
    assert "texts are column 'story'; other columns of texts: 'title'" in run.record.notes
    long = table(places / "k2.csv", ["title", "story"], [(t * 9, t) for t in TEXTS])
    np.testing.assert_array_equal(run.embed(long), run.embed(path))
    with pytest.raises(ValueError, match=r"`column` must be a column of k3\.csv, got 'story'"):
        run.embed(table(places / "k3.csv", ["tale"], [(text,) for text in TEXTS]))


def test_a_finished_run_of_0_1_has_names_of_columns(vectors: Run) -> None:
    form = vectors.description.form
    values = {name: value for name, value in vars(form).items() if name != "named"}
    old = vectors.kind.read_form(values)
    assert not old.named
    assert vectors.kind.opening(old)["columns"] == tuple(NAMES)


def test_texts_without_spaces_are_split_into_characters(places: Path) -> None:
    rng = np.random.default_rng(0)
    topics = [list("猫狗鸟鱼兔马牛羊"), list("車船飛機火箭橋路")]
    lines = ["".join(rng.choice(topics[i % 2], 12)) + "。" for i in range(60)]
    run = nearfar.pretrain("simclr", lines, out=places / "zh", epochs=1, batch_size=16)
    assert run.record.notes[0].startswith("100% of the letters are Chinese, written without spaces")
    assert run.description.form.vocabulary == 3 + 16 + 1
    labels = [i % 2 for i in range(60)]
    rows = run.probe(lines, labels=labels, representations=("raw",)).rows
    assert rows[0].linear > 0.9
    words = nearfar.pretrain(
        "simclr", lines, tokens="words", min_frequency=1, out=places / "zw", epochs=1, batch_size=16
    )
    assert words.description.form.vocabulary > 60
