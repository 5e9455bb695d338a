"""Texts from a file to a judged encoder: what is theirs alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import nearfar
from nearfar import api
from nearfar.cli import main
from nearfar.data import open_source
from nearfar.inputs import Tokens
from nearfar.modalities import modality
from nearfar.modalities._text_modality import TextOptions
from nearfar.views import ViewRecipe
from tests.every import every

TOPICS = (
    "goal team match coach league striker referee",
    "stock market price bank profit shares bond",
)
QUICK = {"epochs": 1, "batch_size": 32, "precision": "32"}


def headlines(count: int = 120) -> list[tuple[str, str]]:
    """Texts of two topics, which are in the words alone."""
    generator = np.random.default_rng(0)
    drawn = []
    for row in range(count):
        words = [*generator.choice(TOPICS[row % 2].split(), 6), *generator.choice(list("abcd"), 4)]
        drawn.append((" ".join(generator.permutation(words)), ("sport", "money")[row % 2]))
    return drawn


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "news.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "headline", "topic"])
        writer.writerows((i, *row) for i, row in enumerate(headlines()))
    return path


@pytest.fixture(scope="module")
def run(table: Path, tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    out = tmp_path_factory.mktemp("runs") / "run"
    return nearfar.pretrain("simclr", table, column="headline", out=out, **QUICK | {"epochs": 20})


@pytest.fixture
def transformer(tmp_path: Path, table: Path) -> Path:
    """A folder with the configuration and the tokenizer of a small BERT, and no weights."""
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    words = tokenizers.BertWordPieceTokenizer()
    trainer = {"vocab_size": 120, "show_progress": False, "min_frequency": 1}
    words.train_from_iterator([text for text, _ in headlines()], **trainer)
    folder = tmp_path / "bert"
    folder.mkdir()
    words.save_model(str(folder))
    config = transformers.BertConfig(
        vocab_size=words.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    config.save_pretrained(folder)
    transformers.BertTokenizerFast.from_pretrained(str(folder)).save_pretrained(str(folder))
    return folder


@pytest.mark.slow
def test_an_encoder_of_words_beats_the_untrained_one_and_is_compared_with_a_bag(
    run: api.Run, table: Path
) -> None:
    rows = {row.representation: row for row in api.probe(run, table, labels="topic").rows}
    assert rows["trained encoder"].linear > 0.95
    assert "bag of words (tf-idf)" in rows


def test_a_run_says_what_it_was_shown(run: api.Run) -> None:
    assert run.record.data == "news: 120 texts of 10 words with a vocabulary of 21"
    assert run.description.how == "nearfar.modules.BagEncoder(21, width=50, dropout=0.0)"
    gallery = run.directory.read_gallery()
    assert {len(row.sample.text.split()) for row in gallery.neighbors} == {10}
    assert every(
        set(row.others[0].text.split()) <= set(row.sample.text.split()) for row in gallery.views
    )


def test_texts_in_memory_are_embedded_as_those_of_the_file(run: api.Run, table: Path) -> None:
    texts = [text for text, _ in headlines()]
    np.testing.assert_allclose(run.embed(texts), run.embed(table), atol=1e-6)
    strange = run.embed(["none of these, is known", "goal", "bank bank bank"])
    assert np.isfinite(strange).all()


def test_the_vocabulary_travels_with_the_run(run: api.Run) -> None:
    loaded = nearfar.load(run.path)
    assert loaded.description.form == run.description.form
    texts = ["a goal", "the bank"]
    np.testing.assert_array_equal(loaded.embed(texts), run.embed(texts))


@pytest.mark.parametrize("encoder", ["bag", "gru"])
def test_an_exported_encoder_gives_the_same_numbers(
    table: Path, tmp_path: Path, encoder: str
) -> None:
    runtime = pytest.importorskip("onnxruntime")
    out = tmp_path / "run"
    run = nearfar.pretrain(
        "simclr", table, column="headline", encoder=encoder, out=out, units=8, **QUICK
    )
    path = api.export(run, format="onnx", out=tmp_path / "encoder.onnx")
    assert run.description.width == 8
    texts = ["goal", "bank profit", "a b c unknown stock market price"]
    tokens = run.views.plain(texts)
    assert isinstance(tokens, Tokens)
    feed = {"ids": tokens.ids.numpy(), "lengths": tokens.lengths.numpy()}
    (h,) = runtime.InferenceSession(path).run(None, feed)
    np.testing.assert_allclose(h, run.embed(texts), atol=1e-5)


def test_a_transformer_trains_with_its_own_tokenizer_and_needs_its_folder_no_more(
    table: Path, transformer: Path, tmp_path: Path
) -> None:
    run = nearfar.pretrain(
        "simclr", table, column="headline", encoder=str(transformer), out=tmp_path / "r", **QUICK
    )
    form = run.description.form
    assert (form.shift, len(form.special)) == (1, 3)
    before = run.embed(["a goal", "the bank"])
    for file in transformer.iterdir():
        file.unlink()
    loaded = nearfar.load(run.path)
    np.testing.assert_allclose(loaded.embed(["a goal", "the bank"]), before, atol=1e-6)
    tokens = loaded.views.plain(["goal team"])
    assert isinstance(tokens, Tokens)
    assert tokens.lengths.tolist() == [4]
    assert modality("text").show(tokens, form)[0].text == "goal team"


def test_a_text_is_no_longer_than_a_transformer_can_read(transformer: Path) -> None:
    kind, source = modality("text"), open_source(["word " * 300, "other " * 200])
    form = kind.form(source, TextOptions(), seed=0)
    encoder, description = kind.build_encoder(str(transformer), form, TextOptions())
    tokens = kind.plain(description.form).plain(["word " * 300])
    assert isinstance(tokens, Tokens)
    assert tokens.lengths.tolist() == [62]
    assert encoder(tokens).shape == (1, 16)


def test_a_transformer_without_a_tokenizer_learns_the_words_of_the_texts(
    table: Path, transformer: Path, tmp_path: Path
) -> None:
    for file in transformer.iterdir():
        if file.name != "config.json":
            file.unlink()
    run = nearfar.pretrain(
        "vicreg", table, column="headline", encoder=str(transformer), out=tmp_path / "r", **QUICK
    )
    assert run.description.form.shift == 0
    assert run.description.arguments["settings"]["vocab_size"] == 21


@pytest.mark.slow
def test_dropout_alone_makes_views_and_a_stopped_run_still_resumes_to_the_same_weights(
    table: Path, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {
        "column": "headline",
        "dropout": 0.3,
        "view_options": {"erase": 0.0},
        **QUICK,
        "epochs": 2,
    }
    whole = nearfar.pretrain("simclr", table, out=tmp_path / "whole", **settings)
    assert "views differ only by the encoder's dropout" in whole.record.notes
    parts = nearfar.pretrain("simclr", table, out=tmp_path / "parts", **settings)
    for path in sorted((parts.path / "checkpoints").iterdir())[1:]:
        path.unlink()
    (parts.path / "encoder.safetensors").unlink()
    resumed = api.resume(parts.path)
    first = load_file(whole.path / "encoder.safetensors")
    second = load_file(resumed.path / "encoder.safetensors")
    assert every(torch.equal(first[name], second[name]) for name in first)


def test_the_command_line_trains_probes_and_embeds(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "run")
    quick = ["--epochs", "1", "--batch-size", "32", "--views.erase", "0.3", "--units", "8"]
    said = ["--data", str(table), "--column", "headline"]
    assert main(["train", "simclr", *said, *quick, "--out", out]) == 0
    assert main(["probe", out, *said, "--labels", "topic"]) == 0
    assert "bag of words" in capsys.readouterr().out
    assert main(["embed", out, *said, "--out", str(tmp_path / "h.npz")]) == 0
    assert np.load(tmp_path / "h.npz")["embeddings"].shape == (120, 8)


def test_a_wrong_column_stops_before_anything_is_written(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["train", "simclr", "--data", str(table), "--column", "headlin", "--out", str(out)])
    assert "did you mean 'headline'" in capsys.readouterr().err
    assert not out.exists()


def test_the_form_survives_json_and_shows_new_texts_as_the_old_ones_were() -> None:
    kind, source = modality("text"), open_source([text for text, _ in headlines()])
    form = kind.form(source, TextOptions(words=5), seed=0)
    again = kind.read_form(json.loads(form.to_json()))
    first, second = kind.plain(form).plain(["goal a b c d e f"]), kind.plain(again)
    assert isinstance(first, Tokens)
    assert first.lengths.tolist() == [5]
    shown = second.plain(["goal a b c d e f"])
    assert isinstance(shown, Tokens)
    assert torch.equal(shown.ids, first.ids)
    assert kind.signal_dim(form) == form.vocabulary == 21


def test_replaced_words_are_drawn_from_those_of_the_source() -> None:
    kind, source = modality("text"), open_source(["one one one two"] * 30)
    form = kind.form(source, TextOptions(), seed=0)
    views = kind.views(
        ViewRecipe(),
        form,
        source=source,
        options=kind.options(),
        settings={"erase": 0.0, "replace": 1.0},
    )
    (view, _) = views(["x y z w"] * 500, torch.arange(500), seed=0, epoch=0)
    assert isinstance(view, Tokens)
    ones = (view.ids == 3).sum() / (view.ids > 2).sum()
    assert ones.item() == pytest.approx(0.75, abs=0.03)


def test_words_that_occur_once_are_known_where_texts_are_few() -> None:
    kind = modality("text")
    sizes = {
        count: kind.form(
            open_source(["same words", *(f"word{i}" for i in range(count - 1))]),
            TextOptions(),
            seed=0,
        ).vocabulary
        for count in (400, 600)
    }
    assert sizes == {400: 404, 600: 3}
