"""A length, a degree or an offset that names the sample is found, and usual views have no alarm."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from nearfar.diagnostics import health
from nearfar.inputs import Nodes, Sequences, Tokens, View
from nearfar.modalities._view_features import statistics
from tests.diagnostics.embedding_worlds import drawn, views

SAMPLES = 120
World = Callable[[bool, int], View]


def texts(named: bool, seed: int) -> View:
    """A length of its own for each text; usual views leave out words."""
    lengths = 10 + torch.arange(SAMPLES)
    generator = torch.Generator().manual_seed(seed)
    if not named:
        kept = 0.5 + 0.5 * torch.rand(SAMPLES, generator=generator)
        lengths = (lengths * kept).long()
    words = torch.randint(1, 5_000, (SAMPLES, int(lengths.max())), generator=generator)
    inside = torch.arange(words.shape[1]) < lengths[:, None]
    return Tokens(words * inside, lengths)


def nodes(named: bool, seed: int) -> View:
    """A degree of its own for each node; usual views leave out edges."""
    starts = torch.cat([torch.arange(i) for i in range(1, SAMPLES + 1)])
    ends = torch.repeat_interleave(torch.arange(SAMPLES), torch.arange(1, SAMPLES + 1))
    kept = drawn(len(ends), seed=seed) < (9 if named else 0.3)
    features = (drawn(SAMPLES, 30, seed=seed) > 0).float()
    return Nodes(features, torch.stack([starts, ends])[:, kept], torch.arange(SAMPLES))


def rows(named: bool, seed: int) -> View:
    """A table with the number of the row, in a view with other columns masked."""
    table = drawn(SAMPLES, 12) * (drawn(SAMPLES, 12, seed=seed) < 0.5)
    number = torch.arange(SAMPLES).float() / 2
    kept = number if named else number * (drawn(SAMPLES, seed=seed) < 0.3)
    return torch.cat([table, kept[:, None]], dim=1)


def series(named: bool, seed: int) -> View:
    """A level of its own for each series; usual views shift it."""
    level = torch.arange(SAMPLES).float() if named else 40 * drawn(SAMPLES, seed=seed)
    return Sequences(0.1 * drawn(SAMPLES, 1, 50, seed=seed) + level[:, None, None])


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("world", [texts, nodes, rows, series])
def test_what_names_the_sample_is_found(world: World, named: bool) -> None:
    both = tuple(statistics(world(named, seed)) for seed in (1, 2))
    record = health(
        *views(drawn(SAMPLES, 32)),
        statistics=both,  # type: ignore[arg-type]
        course={"recognizable": 1.0},
    )
    assert ("shortcut suspected" in record.verdicts) is named
    assert not [line for line in record.not_judged if line.startswith("shortcuts")]
    if named:
        assert "low-level statistics" in record.summary
