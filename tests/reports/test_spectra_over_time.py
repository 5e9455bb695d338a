"""Spectra over the run: few curves, in words as well, and nothing from runs without them."""

from __future__ import annotations

import pytest
import torch

from nearfar.diagnostics._watched_readings import spectrum_shares
from nearfar.records import Metrics, WatchMetrics
from nearfar.reports._spectrum_course import spectra_over_time


def _metrics(steps):
    torch.manual_seed(0)
    rows = torch.randn(40, 16)
    watch = []
    for step in steps:
        scales = torch.arange(1, 17).float() ** (-step / 100)
        shares = spectrum_shares(rows * scales)
        watch.append(WatchMetrics(step=step, spectrum=shares))
    return Metrics(watch=tuple(watch))


def test_shares_are_those_of_the_covariance_of_unit_vectors():
    torch.manual_seed(0)
    for rows in (torch.randn(40, 16), torch.randn(16, 40)):
        units = torch.nn.functional.normalize(rows.double(), dim=1)
        values = torch.linalg.eigvalsh(units.T.cov()).flip(0)
        expected = (values / values.sum()).tolist()
        found = spectrum_shares(rows)
        assert [int(rank) for rank in found] == (
            [1, 2, 4, 8, 16] if len(rows) == 40 else [1, 2, 4, 8, 15]
        )
        for rank, share in found.items():
            assert share == pytest.approx(expected[int(rank) - 1], rel=1e-3)
    assert spectrum_shares(torch.ones(5, 4)) == {}


def test_five_curves_are_drawn_and_described():
    (figure,) = spectra_over_time(_metrics(range(10, 510, 10)))
    assert [trace["name"] for trace in figure.data] == [
        "update 10", "update 30", "update 70", "update 190", "update 500",
    ]  # fmt: skip
    assert "from update 10 to update 500: that of the first direction goes from" in figure.alt
    assert len(figure.html()) < 4_000


def test_lines_with_spectra_are_read_as_written_and_others_have_none():
    metrics = _metrics([10])
    (line,) = metrics.watch
    assert WatchMetrics.from_json(line.to_json()) == line
    assert "representation_spectrum" not in line.to_json()
    assert spectra_over_time(metrics) == []
