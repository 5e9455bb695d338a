"""Benchmarks run, name every variant, and carry their provenance."""

from __future__ import annotations

import csv

import pytest

from nearfar.bench import bench_train, bench_views, write_csv


@pytest.mark.parametrize(
    ("function", "variants"),
    [
        (bench_train, ["nearfar", "nearfar-float32", "lightly"]),
        (bench_views, ["nearfar", "torchvision-pil", "torchvision-v2-tensor", "kornia"]),
    ],
)
def test_a_benchmark_gives_a_row_for_each_variant(tmp_path, function, variants):
    rows = function(batch=16, size=16, seconds=1.0)
    assert [row.variant for row in rows] == variants
    assert rows[0].ratio == pytest.approx(1.0)
    for row in rows:
        assert row.images_per_second > 0 or "not measured" in row.note
    write_csv(rows, tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert [line["variant"] for line in written] == variants
    assert all(line["torch"] and line["date"] for line in written)


@pytest.mark.parametrize("function", [bench_train, bench_views])
def test_a_benchmark_refuses_what_makes_no_sense(function):
    with pytest.raises(ValueError, match="`seconds` must be a finite number above 0"):
        function(seconds=0.0)
    with pytest.raises(ValueError, match="`batch` must be a whole number"):
        function(batch=0)
