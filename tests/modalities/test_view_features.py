"""What a view shows without an encoder."""

from __future__ import annotations

import math

import pytest
import torch

from nearfar.inputs import Nodes, Sequences, Texts, Tokens
from nearfar.modalities._view_features import raw_values, statistics

DRAWN = torch.Generator().manual_seed(0)


def test_pictures_are_flattened_and_large_ones_pooled() -> None:
    small = torch.rand(3, 2, 8, 8, generator=DRAWN)
    assert torch.equal(raw_values(small), small.flatten(1))
    large = torch.rand(3, 2, 64, 64, generator=DRAWN)
    values = raw_values(large)
    assert values.shape == (3, 2 * 32 * 32)
    assert values[0, 0] == pytest.approx(float(large[0, 0, :2, :2].mean()))


def test_statistics_of_pictures() -> None:
    picture = torch.zeros(1, 1, 4, 4)
    picture[0, 0, 1:3, 1:3] = 1.0
    mean, std, low, high, border = statistics(picture)[0].tolist()
    assert (mean, low, high, border) == (0.25, 0.0, 1.0, 0.0)
    assert std == pytest.approx(math.sqrt(0.25 * 0.75))


def test_series_of_any_length_are_resampled_and_measured() -> None:
    line = torch.linspace(-1, 1, 50)
    series = Sequences.of([line[None], line[None, :20]])
    values = raw_values(series)
    assert values.shape == (2, 128)
    assert values[0, [0, -1]].tolist() == [-1.0, 1.0]
    assert torch.equal(raw_values(series.values[:1]), values[:1])
    mean, loudness, peak, length = statistics(series)[1].tolist()
    assert mean == pytest.approx(float(line[:20].mean()), abs=1e-6)
    assert loudness == pytest.approx(float(line[:20].square().mean().sqrt()), rel=1e-6)
    assert (peak, length) == (1.0, 20.0)


def test_texts_are_bags_and_rare_tokens_weigh_more() -> None:
    tokens = Tokens(torch.tensor([[5, 7, 5, 5], [7, 9, 0, 0]]), torch.tensor([4, 2]))
    values = raw_values(tokens)
    known = [0, 5, 7, 9]
    assert values.shape == (2, len(known))
    by_token = dict(zip(known, values.T.tolist(), strict=True))
    assert by_token[0] == [0.0, 0.0]  # padding is no token
    assert by_token[5] == pytest.approx([math.sqrt(3) * math.log(2), 0.0])
    assert by_token[7] == [0.0, 0.0]  # in every text
    assert statistics(tokens).tolist() == [[4.0, 2.0], [2.0, 2.0]]


def test_nodes_have_features_and_degrees() -> None:
    nodes = Nodes(
        torch.tensor([[1.0, 0.0], [1.0, 2.0], [0.0, 0.0]]),
        torch.tensor([[0, 1, 2, 1], [1, 0, 1, 2]]),
        torch.tensor([1, 2]),
    )
    assert raw_values(nodes).tolist() == [[1.0, 2.0], [0.0, 0.0]]
    assert statistics(nodes).tolist() == [[2.0, 2.0], [1.0, 0.0]]


def test_vectors_are_themselves() -> None:
    rows = torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    assert torch.equal(raw_values(rows), rows)
    assert statistics(rows).tolist() == [[2.0, 1.0, 1.0, 3.0], [2.0, 0.0, 2.0, 2.0]]


def test_what_has_no_values_has_none() -> None:
    clips = torch.zeros(2, 3, 3, 1, 4, 4)
    assert raw_values(clips) is None
    assert statistics(clips) is None
    texts = Texts(("a", "two words"))
    assert raw_values(texts) is None
    assert statistics(texts).tolist() == [[1.0, 1.0], [9.0, 2.0]]
