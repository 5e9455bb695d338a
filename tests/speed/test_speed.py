"""Benchmarks run, name every variant, and carry their provenance."""

from __future__ import annotations

import csv

import pytest
import torch

from nearfar.speed import bench_objectives, bench_train, bench_views, write_csv
from nearfar.speed._worker import Worker
from tests.every import every


@pytest.mark.parametrize(
    ("function", "variants"),
    [
        pytest.param(
            bench_train, ["nearfar", "nearfar-float32", "lightly"], marks=pytest.mark.full
        ),
        pytest.param(
            bench_views,
            ["nearfar", "torchvision-pil", "torchvision-v2-tensor", "kornia"],
            marks=pytest.mark.full,
        ),
    ],
)
@pytest.mark.usefixtures("forked_processes")
def test_a_benchmark_gives_a_row_for_each_variant(tmp_path, function, variants):
    rows = function(batch=16, size=16, seconds=0.3)
    assert [row.variant for row in rows] == variants
    assert rows[0].ratio == pytest.approx(1.0)
    for row in rows:
        assert row.images_per_second > 0 or "not measured" in row.note
    write_csv(rows, tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert [line["variant"] for line in written] == variants
    assert every(line["torch"] and line["date"] for line in written)


@pytest.mark.parametrize("function", [bench_train, bench_views])
def test_a_benchmark_refuses_what_makes_no_sense(function):
    with pytest.raises(ValueError, match="`seconds` must be a finite number above 0"):
        function(seconds=0.0)
    with pytest.raises(ValueError, match="`batch` must be a whole number"):
        function(batch=0)


@pytest.mark.full
def test_objectives_are_measured_in_time_and_memory(tmp_path):
    rows = bench_objectives(seconds=0.5, shrink=64, only=["uniformity"])
    found = [(row.name, row.variant, row.batch) for row in rows]
    assert found == [("uniformity", "nearfar", 1024), ("uniformity", "torch.pdist", 128)]
    assert rows[0].ratio == pytest.approx(1)
    for row in rows:
        assert row.median_seconds > 0
        assert row.pairs_per_second > 0
        assert 0 <= row.peak_memory < 64
    write_csv(rows, tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="") as file:
        assert [line["dim"] for line in csv.DictReader(file)] == ["128"] * 2


def holds(side, cells):
    """A step that fills so many bytes."""
    return lambda: torch.ones(side, cells // side, dtype=torch.uint8)


@pytest.mark.full
def test_a_worker_sees_the_memory_that_a_step_adds_and_why_it_failed():
    with Worker(holds, (64, 100 * 2**20), warm_up=(1, 2)) as worker:
        assert worker.peak == pytest.approx(100, abs=8)
        assert worker.seconds(2) > 0
    with Worker(holds, (-1, 10), warm_up=(1, 2)) as worker:
        assert worker.note.startswith("not measured: ")


def test_an_unknown_objective_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"`only` must name some of nt-xent, .*, got speed"):
        bench_objectives(only=["speed"])
    with pytest.raises(ValueError, match="`shrink` must be a whole number of 1 or more, got 0"):
        bench_objectives(shrink=0)
