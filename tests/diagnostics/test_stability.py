"""How often subsamples give the same verdict."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from nearfar.diagnostics import HealthStream, health
from nearfar.diagnostics._stability import half_samples
from nearfar.records import HealthRecord
from tests.diagnostics.embedding_worlds import (
    an_eighth_shared,
    drawn,
    every_row_twice,
    hundred_points,
    isotropic,
)


def shared(noise: float) -> tuple[Tensor, Tensor]:
    """Two views with noise of their own; their relative alignment rises with it."""
    z = drawn(200, 32)
    return z + noise * drawn(200, 32, seed=1), z + noise * drawn(200, 32, seed=2)


@pytest.mark.parametrize("world", [isotropic, hundred_points, an_eighth_shared, every_row_twice])
def test_a_clear_verdict_is_that_of_every_subsample(world: object) -> None:
    assert health(*world(200, 48), subsamples=10).stability == 1  # type: ignore[operator]


def test_a_verdict_at_a_threshold_is_not() -> None:
    record = health(*shared(1.75), subsamples=20)
    assert record.measurements["relative_alignment"] == pytest.approx(0.75, abs=0.01)
    assert record.stability is not None
    assert 0.3 < record.stability < 0.9
    assert record.steadiness in repr(record._repr_html_())
    assert f"stability {record.stability}" in repr(record)
    assert HealthRecord.from_json(record.to_json()).stability == record.stability


def test_subsamples_depend_on_the_samples_and_not_on_their_order() -> None:
    views, order = shared(1.75), torch.randperm(200, generator=torch.Generator().manual_seed(3))
    known = health(*views, subsamples=10)
    moved = health(*(view[order] for view in views), subsamples=10, ids=order)
    assert moved.stability == known.stability
    ids = torch.arange(200)
    for rows, others in zip(
        half_samples(ids, count=3), half_samples(ids[order], count=3), strict=True
    ):
        assert torch.equal(order[others], rows)
        assert len(rows.unique()) == 100


def test_every_matrix_has_the_same_rows() -> None:
    """Representations and raw values of other samples would not find the other view."""
    views, raw = shared(0.3), shared(0.3)
    given = {"representations": views, "untrained": views, "raw": raw, "statistics": raw}
    record = health(*views, subsamples=5, **given)  # type: ignore[arg-type]
    assert (record.verdict, record.stability) == ("shortcut suspected", 1)


def test_of_few_samples_it_is_not_measured_and_that_is_said() -> None:
    views = [view[:99] for view in shared(0.3)]
    record = health(*views, subsamples=10)
    assert record.stability is None
    assert "stability: 100 samples are needed, and there are 99" in record.not_judged
    assert health(*shared(0.3)).stability is None


def test_a_stream_has_that_of_its_sample() -> None:
    views = shared(1.75)
    whole, parts = HealthStream(), (HealthStream(), HealthStream(first=80))
    whole.update(*views)
    parts[0].update(*(view[:80] for view in views))
    parts[1].update(*(view[80:] for view in views))
    merged = parts[1].merge(parts[0]).compute(subsamples=10)
    assert whole.compute(subsamples=10).stability == merged.stability
    assert merged.stability == health(*views, subsamples=10).stability
