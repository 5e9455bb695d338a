"""Lines of metrics: what is written is what is read, and what else may stand in the file."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nearfar.records import Metrics, RunDirectory, TrainMetrics, WatchMetrics, write_text

NUMBERS = st.floats()
NAMES = st.text() | st.sampled_from(["step", "loss", "kind", "terms", "epoch", "float", "größe ∆"])

OLD = """\
{"kind": "train", "step": 10, "epoch": 0.5, "learning_rate": 0.001, "loss": 6.1, \
"alignment": 0.9, "uniformity": -1.5, "samples_per_second": 900.0}
{"kind": "watch", "step": 10, "epoch": 0.5, "uniformity": -1.4, "m_o": 0.3, "m_r": 0.95, \
"feature_std": 0.06, "effective_rank": 12.5, "alignment": 0.8, "random_distance": 1.9, \
"relative_alignment": 0.42, "dim": 64, "samples": 180}
"""


def same(one: object, other: object) -> bool:
    """Equal, where NaN is NaN."""
    return repr(one) == repr(other)


@given(NUMBERS, st.dictionaries(NAMES, NUMBERS))
def test_a_line_of_training_comes_back_whatever_its_terms_are_called(
    loss: float, terms: dict[str, float]
) -> None:
    line = TrainMetrics(step=3, loss=loss, epoch=0.1, learning_rate=1e-3, terms=terms)
    text = line.to_json()
    assert "\n" not in text
    assert same(TrainMetrics.from_json(text), line)
    assert same(Metrics.of([text]).train, (line,))


@given(*(st.none() | NUMBERS for _ in range(3)), st.none() | st.integers(1, 10**9))
def test_a_line_of_the_watch_comes_back_with_what_was_measured_and_no_more(
    loss: float | None, alignment: float | None, rank: float | None, dim: int | None
) -> None:
    line = WatchMetrics(step=3, loss=loss, alignment=alignment, effective_rank=rank, dim=dim)
    measured = {name for name, value in vars(line).items() if value is not None}
    assert set(json.loads(line.to_json())) == measured | {"kind"}
    assert same(WatchMetrics.from_json(line.to_json()), line)


def test_lines_of_version_0_1_are_read() -> None:
    metrics = Metrics.of(OLD.splitlines())
    assert metrics.train == (
        TrainMetrics(
            step=10,
            loss=6.1,
            epoch=0.5,
            learning_rate=0.001,
            samples_per_second=900.0,
            terms={"alignment": 0.9, "uniformity": -1.5},
        ),
    )
    (watch,) = metrics.watch
    assert (watch.alignment, watch.effective_rank, watch.dim, watch.samples) == (0.8, 12.5, 64, 180)
    assert watch.loss is None


def test_values_of_a_later_version_are_left_out_and_do_not_become_terms() -> None:
    text = '{"kind": "train", "step": 1, "loss": 2.0, "entropy": 0.5, "terms": {"a": 1}}'
    assert TrainMetrics.from_json(text).terms == {"a": 1.0}
    text = '{"kind": "watch", "step": 1, "alignment": 2, "entropy": 0.5}'
    assert WatchMetrics.from_json(text) == WatchMetrics(step=1, alignment=2.0)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[1, 2]",
        "null",
        '"text"',
        '{"kind": "train", "step": 4, "lo',
        '{"kind": "train", "step": 4, "loss": null}',
        '{"kind": "train", "step": 4, "loss": true}',
        '{"kind": "train", "step": 4, "loss": "3.5"}',
        '{"kind": "train", "step": 4.5, "loss": 3.5}',
        '{"kind": "train", "step": 4, "loss": 1' + "0" * 400 + "}",
        '{"kind": "train", "loss": 3.5}',
        '{"kind": ["train"], "step": 4, "loss": 3.5}',
        '{"kind": "watch", "alignment": 0.5}',
        '{"kind": "other", "step": 4}',
    ],
)
def test_a_line_that_cannot_be_read_is_passed_over(line: str) -> None:
    good = TrainMetrics(step=2, loss=1.5)
    assert Metrics.of([good.to_json(), line, good.to_json()]) == Metrics((good, good))
    with pytest.raises(ValueError, match=r"line|Expecting|Unterminated"):
        TrainMetrics.from_json(line)


def test_odd_values_cost_themselves_only() -> None:
    text = '{"kind": "train", "step": 4, "loss": NaN, "epoch": "one", "terms": {"a": null, "b": 1}}'
    line = TrainMetrics.from_json(text)
    assert math.isnan(line.loss)
    assert (line.epoch, line.terms) == (None, {"b": 1.0})


def test_a_line_of_another_kind_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="`kind` of the line must be 'watch', got 'train'"):
        WatchMetrics.from_json(TrainMetrics(step=1, loss=2.0).to_json())


def test_lines_up_to_an_update_are_kept_as_they_were_written() -> None:
    lines = [
        '{"step": 1, "kind": "train",  "loss": 2.0, "entropy": 0.5}\n',
        '{"kind": "of a later version", "step": 2}\n',
        '{"kind": "watch", "step": 3}\n',
        '{"kind": "train", "step": 4, "loss": 2.0}\n',
        '{"kind": "train", "st',
    ]
    assert list(Metrics.lines_up_to(lines, step=3)) == [line.strip() for line in lines[:3]]


def test_a_run_without_metrics_has_none(tmp_path: Path) -> None:
    assert RunDirectory(tmp_path).read_metrics() == Metrics()


def test_iterating_over_metrics_gives_the_dictionaries_of_version_0_1_and_warns(
    tmp_path: Path,
) -> None:
    directory = RunDirectory(tmp_path)
    write_text(directory.metrics, OLD)
    with pytest.warns(DeprecationWarning, match="use its `train` and `watch`"):
        lines = list(directory.read_metrics())
    assert lines == [json.loads(line) for line in OLD.splitlines()]
