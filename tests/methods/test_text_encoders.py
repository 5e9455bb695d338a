"""Encoders of texts: ours against the formula, and those of transformers without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from nearfar.inputs import Tokens
from nearfar.modules import (
    BagEncoder,
    EncoderDescription,
    GRUEncoder,
    TransformerEncoder,
    build_text_encoder,
    rebuild_text_encoder,
)

TOKENS = Tokens(torch.tensor([[4, 5, 6, 4], [7, 8, 0, 0], [9, 0, 0, 0]]), torch.tensor([4, 2, 1]))
CONFIG: dict[str, Any] = {
    "model_type": "bert",
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 64,
}
ENCODERS = [BagEncoder(12, width=6), GRUEncoder(12, width=6)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A transformer that has a configuration and no weights."""
    pytest.importorskip("transformers")
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def longer(tokens: Tokens) -> Tokens:
    """The same with more padding."""
    return Tokens(nn.functional.pad(tokens.ids, (0, 3)), tokens.lengths)


def test_a_bag_is_the_mean_of_the_word_vectors() -> None:
    encoder = BagEncoder(12, width=6).double()
    vectors = encoder.embedding.weight
    expected = [(2 * vectors[4] + vectors[5] + vectors[6]) / 4, (vectors[7] + vectors[8]) / 2]
    assert torch.allclose(encoder(TOKENS)[:2], torch.stack(expected))


def test_a_gru_is_the_formula_both_ways_averaged_over_the_words() -> None:
    encoder = GRUEncoder(12, width=6).double()
    out = encoder(TOKENS)
    for row, ids in enumerate(([4, 5, 6, 4], [7, 8], [9])):
        forth = _recur(encoder, encoder.forth, ids)
        back = _recur(encoder, encoder.back, ids[::-1])[::-1]
        states = [torch.cat(pair) for pair in zip(forth, back, strict=True)]
        assert torch.allclose(out[row], torch.stack(states).mean(0))


def _recur(encoder: GRUEncoder, gru: nn.GRU, ids: list[int]) -> list[torch.Tensor]:
    """Cho et al. 2014, with the candidate's reset as PyTorch documents it."""
    w, u, b, c = gru.weight_ih_l0, gru.weight_hh_l0, gru.bias_ih_l0, gru.bias_hh_l0
    h = torch.zeros(3, dtype=torch.float64)
    states = []
    for number in ids:
        wx = (w @ encoder.embedding.weight[number] + b).chunk(3)
        uh = (u @ h + c).chunk(3)
        r, z = torch.sigmoid(wx[0] + uh[0]), torch.sigmoid(wx[1] + uh[1])
        h = (1 - z) * torch.tanh(wx[2] + r * uh[2]) + z * h
        states.append(h)
    return states


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda e: type(e).__name__)
def test_padding_changes_nothing_and_learns_nothing(encoder: nn.Module) -> None:
    assert torch.allclose(encoder(longer(TOKENS)), encoder(TOKENS))
    encoder(longer(TOKENS)).square().sum().backward()
    weight: Any = encoder.embedding.weight  # type: ignore[union-attr]
    assert not weight[0].any()
    assert not weight.grad[0].any()
    assert weight.grad[4].any()


@pytest.mark.parametrize("name", ["bag", "gru"])
def test_dropout_tells_two_passes_apart_in_training_alone(name: str) -> None:
    encoder, _ = build_text_encoder(name, vocabulary=12, dropout=0.5)
    assert not torch.equal(encoder(TOKENS), encoder(TOKENS))
    encoder.eval()
    assert torch.equal(encoder(TOKENS), encoder(TOKENS))


@pytest.mark.parametrize(("name", "width"), [("bag", None), ("bag", 8), ("gru", None), ("gru", 8)])
def test_an_own_encoder_is_built_again_from_its_description(name: str, width: int | None) -> None:
    encoder, description = build_text_encoder(name, vocabulary=12, width=width)
    check_rebuilt(encoder, description)
    assert description.library == "nearfar"


def check_rebuilt(encoder: nn.Module, description: EncoderDescription) -> None:
    again = rebuild_text_encoder(EncoderDescription.from_json(description.to_json()))
    again.load_state_dict(encoder.state_dict())
    out = encoder.eval()(TOKENS)
    assert torch.equal(again.eval()(TOKENS), out)
    assert out.shape == (3, description.width)


@pytest.mark.parametrize(
    ("width", "expected"), [(0, "be a whole number of 2 or more, got 0"), (7, "be even.*, got 7")]
)
def test_a_gru_needs_an_even_width(width: int, expected: str) -> None:
    with pytest.raises(ValueError, match=f"`width` must {expected}"):
        GRUEncoder(12, width=width)


def test_a_transformer_is_built_again_without_its_folder(folder: Path) -> None:
    encoder, description = build_text_encoder(str(folder), vocabulary=31, shift=1)
    (folder / "config.json").unlink()
    check_rebuilt(encoder, description)
    assert (description.library, description.width) == ("transformers", 16)


def test_a_transformer_is_the_mean_over_its_tokens(folder: Path) -> None:
    encoder = TransformerEncoder.load(str(folder), shift=1).eval()
    model: Any = encoder.model
    for row, ids in enumerate(([3, 4, 5, 3], [6, 7], [8])):
        states = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
        assert torch.allclose(encoder(TOKENS)[row], states.mean(0), atol=1e-5)
    assert torch.allclose(encoder(longer(TOKENS)), encoder(TOKENS), atol=1e-5)


def test_a_vocabulary_of_ones_own_replaces_that_of_a_transformer(folder: Path) -> None:
    encoder, description = build_text_encoder(str(folder), vocabulary=12)
    assert description.arguments["settings"]["vocab_size"] == 12
    assert encoder(TOKENS).shape == (3, 16)


def test_the_weights_of_a_transformer_are_taken_unless_fresh_ones_are_asked_for(
    folder: Path,
) -> None:
    first = TransformerEncoder.load(str(folder)).eval()
    model: Any = first.model
    model.save_pretrained(folder)
    again = TransformerEncoder.load(str(folder)).eval()
    assert torch.allclose(again(TOKENS), first(TOKENS), atol=1e-6)
    fresh = TransformerEncoder.load(str(folder), pretrained=False).eval()
    assert not torch.allclose(fresh(TOKENS), first(TOKENS), atol=1e-2)


def test_dropout_of_a_transformer_is_that_of_its_configuration_or_as_said(folder: Path) -> None:
    drops = {
        said: TransformerEncoder.load(str(folder), dropout=said).settings()["hidden_dropout_prob"]
        for said in (None, 0.3)
    }
    assert drops == {None: 0.1, 0.3: 0.3}


def test_an_encoder_that_is_nowhere_says_what_there_is(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(ValueError, match="`encoder` must be bag, gru, or a transformer"):
        build_text_encoder(str(tmp_path / "nothing"), vocabulary=12, shift=1)


def test_a_transformer_has_a_width_of_its_own(folder: Path) -> None:
    with pytest.raises(ValueError, match="`units` must be None for"):
        build_text_encoder(str(folder), vocabulary=12, width=32)
