"""The lines of ``metrics.jsonl``, as typed records."""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, final

from nearfar.records._record import encode
from nearfar.records._seals import DamagedFileError, check_json

__all__ = ["Metrics", "TrainMetrics", "WatchMetrics", "metrics_lines"]


@final
@dataclass(frozen=True)
class TrainMetrics:
    """The training loss and its terms: means over the updates since the previous line.

    Attributes:
        step: Number of updates so far.
        loss: Mean training loss over these updates' batches.
        epoch: Fractional number of epochs so far; None if the length of an epoch is unknown.
        learning_rate: Learning rate of the last of these updates.
        samples_per_second: Throughput over all processes.
        terms: The method's ``Step.terms``, under the method's names.
    """

    step: int
    loss: float
    epoch: float | None = None
    learning_rate: float | None = None
    samples_per_second: float | None = None
    terms: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        """The record as one line of JSON.

        Example:
            >>> TrainMetrics(step=10, loss=3.5, terms={"loss": 1.5, "step": 2.0}).to_json()
            '{"kind": "train", "step": 10, "loss": 3.5, "terms": {"loss": 1.5, "step": 2.0}}'
        """
        return _to_json("train", self)

    @classmethod
    def from_json(cls, text: str) -> TrainMetrics:
        """The record that :meth:`to_json` wrote; values unknown to this version are ignored.

        In lines of version 0.1 the terms are on the same level as the other values.

        Raises:
            ValueError: The text is not such a line.

        Example:
            >>> TrainMetrics.from_json('{"kind": "train", "step": 10, "loss": 3.5, "variance": 2}')
            TrainMetrics(step=10, loss=3.5, epoch=None, learning_rate=None,
                         samples_per_second=None, terms={'variance': 2.0})
        """
        return _train(_of_kind("train", text))


@final
@dataclass(frozen=True)
class WatchMetrics:
    """Measurements on the watched samples, which are held out from training; without labels.

    Attributes:
        step: Number of updates so far.
        epoch: Fractional number of epochs so far; None if the length of an epoch is unknown.
        loss: The method's loss on the watched samples, with the network in evaluation mode; None if
            the method's loss is undefined for held-out samples.
        chance: Chance level of that loss, for batches of `batch_size`.
        batch_size: Samples per batch; `loss` is the mean over the batches.
        alignment: :func:`nearfar.diagnostics.alignment`.
        uniformity: :func:`nearfar.diagnostics.uniformity`.
        m_o: Length of the mean embedding.
        m_r: Mean length of the residuals, after subtracting the mean embedding.
        effective_rank: :func:`nearfar.diagnostics.effective_rank`.
        feature_std: :func:`nearfar.diagnostics.feature_std`.
        random_distance: Mean squared distance between views of different samples.
        relative_alignment: `alignment` divided by `random_distance`.
        order: How well the other view of a sample is found by projections: 0.5 is chance, 1 perfect
            (:func:`nearfar.diagnostics.view_retrieval`).
        representation_order: The same by representations.
        representation_rank: Effective rank of the representations as unit vectors.
        representation_m_o: Length of the mean of the representations as unit vectors.
        representation_m_r: Mean length of their residuals, after subtracting that mean.
        dimension_correlation: Root mean square correlation of different dimensions of the
            projections (:func:`nearfar.diagnostics.dimension_correlation`).
        covariance: Mean absolute covariance of the same.
        spectrum: Share of the variance of the projections, as unit vectors, along the principal
            direction of each of these ranks: ``"1"``, ``"2"``, ``"4"``, ... and the last.
        representation_spectrum: The same of the representations.
        dim: Dimension of the measured embeddings.
        samples: Number of measured samples.
    """

    step: int
    epoch: float | None = None
    loss: float | None = None
    chance: float | None = None
    batch_size: int | None = None
    alignment: float | None = None
    uniformity: float | None = None
    m_o: float | None = None
    m_r: float | None = None
    effective_rank: float | None = None
    feature_std: float | None = None
    random_distance: float | None = None
    relative_alignment: float | None = None
    order: float | None = None
    representation_order: float | None = None
    representation_rank: float | None = None
    representation_m_o: float | None = None
    representation_m_r: float | None = None
    dimension_correlation: float | None = None
    covariance: float | None = None
    spectrum: dict[str, float] | None = None
    representation_spectrum: dict[str, float] | None = None
    dim: int | None = None
    samples: int | None = None

    def to_json(self) -> str:
        """The record as one line of JSON, without values that were not measured.

        Example:
            >>> WatchMetrics(step=10, alignment=0.2, dim=64, samples=180).to_json()
            '{"kind": "watch", "step": 10, "alignment": 0.2, "dim": 64, "samples": 180}'
        """
        return _to_json("watch", self)

    @classmethod
    def from_json(cls, text: str) -> WatchMetrics:
        """The record that :meth:`to_json` wrote; values unknown to this version are ignored.

        Raises:
            ValueError: The text is no such line.
        """
        return _watch(_of_kind("watch", text))


@final
@dataclass(frozen=True)
class Metrics:
    """The metrics of a run.

    Attributes:
        train: Losses and terms, in the order of the lines.
        watch: Measurements on the watched samples, in the order of the lines.
    """

    train: tuple[TrainMetrics, ...] = ()
    watch: tuple[WatchMetrics, ...] = ()

    @classmethod
    def of(cls, lines: Iterable[str]) -> Metrics:
        """Parse lines of ``metrics.jsonl``; unreadable lines are skipped."""
        train: list[TrainMetrics] = []
        watch: list[WatchMetrics] = []
        for line in lines:
            try:
                values = _object(line)
                if values.get("kind") == "train":
                    train.append(_train(values))
                elif values.get("kind") == "watch":
                    watch.append(_watch(values))
            except ValueError:
                continue
        return cls(tuple(train), tuple(watch))

    @staticmethod
    def lines_up_to(lines: Iterable[str], *, step: int) -> Iterator[str]:
        """The lines of updates up to `step`, unchanged.

        Values and kinds of line unknown to this version are kept; unreadable lines, such as a last
        line truncated by a crash, are dropped.
        """
        for line in lines:
            try:
                done = _whole(_object(line).get("step"))
            except ValueError:
                continue
            if done is not None and done <= step:
                yield line.strip()

    def until(self, step: int | None) -> Metrics:
        """The metrics up to an update; all of them for None."""
        if step is None:
            return self
        return Metrics(
            tuple(line for line in self.train if line.step <= step),
            tuple(line for line in self.watch if line.step <= step),
        )

    def __repr__(self) -> str:
        """Numbers of lines, and the last update."""
        lines: list[TrainMetrics | WatchMetrics] = [*self.train, *self.watch]
        last = f" up to update {max(line.step for line in lines):,}" if lines else ""
        return f"<metrics: {len(self.train):,} of training, {len(self.watch):,} watched{last}>"

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """Names of the loss terms, in order of first appearance."""
        return tuple(dict.fromkeys(name for line in self.train for name in line.terms))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The lines as dictionaries, as in version 0.1; deprecated."""
        warnings.warn(
            "`read_metrics()` returns a nearfar.records.Metrics: use its `train` and `watch`"
            " instead of iterating over lines",
            DeprecationWarning,
            stacklevel=2,
        )
        lines: list[TrainMetrics | WatchMetrics] = [*self.train, *self.watch]
        for line in sorted(lines, key=lambda line: line.step):
            kind = "train" if isinstance(line, TrainMetrics) else "watch"
            shown = {name: value for name, value in vars(line).items() if value is not None}
            yield {**shown.pop("terms", {}), "kind": kind, **shown}


def metrics_lines(path: Path, *, damaged: list[int] | None = None) -> list[str]:
    """The lines of a file of metrics; a last one that a crash has cut off is left out.

    Args:
        path: The file.
        damaged: Receives the numbers of damaged lines, which are then left out.

    Raises:
        DamagedFileError: A line is damaged, and `damaged` is None.
    """
    *lines, last = path.read_bytes().split(b"\n")
    if not last.isascii():  # no beginning of a line
        lines.append(last)
    sealed = any(b'"crc32": "' in line for line in lines)  # not so in version 0.1
    found = []
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode()
            check_json(text, required=sealed)
        except ValueError as error:
            if damaged is None:
                raise DamagedFileError(f"line {number:,}: {error}") from error
            damaged.append(number)
        else:
            found.append(text)
    return found


_SPECTRA: Final = ("spectrum", "representation_spectrum")
_WHOLE: Final = frozenset({"step", "batch_size", "dim", "samples"})


def _to_json(kind: str, line: TrainMetrics | WatchMetrics) -> str:
    measured = {name: encode(value) for name, value in vars(line).items() if value is not None}
    return json.dumps({"kind": kind} | measured, allow_nan=False)


def _object(text: str) -> dict[str, Any]:
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError(f"a line of metrics must be an object, got {type(values).__name__}")
    return values


def _of_kind(kind: str, text: str) -> dict[str, Any]:
    values = _object(text)
    if values.get("kind") != kind:
        raise ValueError(f"`kind` of the line must be {kind!r}, got {values.get('kind')!r}")
    return values


def _train(values: dict[str, Any]) -> TrainMetrics:
    known = _fields(TrainMetrics, values)
    terms = values.get("terms")
    if not isinstance(terms, dict):  # version 0.1 stored terms next to the other values
        names = {each.name for each in dataclasses.fields(TrainMetrics)}
        terms = {name: value for name, value in values.items() if name not in names}
    return TrainMetrics(**known, terms=_numbers(terms))


def _watch(values: dict[str, Any]) -> WatchMetrics:
    known = _fields(WatchMetrics, values)
    known |= {name: _numbers(values.get(name)) or None for name in _SPECTRA}
    return WatchMetrics(**known)


def _fields(cls: type[TrainMetrics | WatchMetrics], values: dict[str, Any]) -> dict[str, Any]:
    """The numeric values of the record's fields; all other values are dropped."""
    known: dict[str, Any] = {}
    for each in dataclasses.fields(cls):
        if each.name in ("terms", *_SPECTRA):
            continue
        read = _whole if each.name in _WHOLE else _number
        value = read(values.get(each.name))
        if value is not None:
            known[each.name] = value
        elif each.default is dataclasses.MISSING:
            raise ValueError(f"a line of metrics must have a number as its `{each.name}`")
    return known


def _numbers(values: Any) -> dict[str, float]:
    """The entries of an object that are numbers."""
    read = {name: _number(v) for name, v in values.items()} if isinstance(values, dict) else {}
    return {name: value for name, value in read.items() if value is not None}


def _number(value: Any) -> float | None:
    if isinstance(value, dict) and value.get("float") in ("nan", "inf", "-inf"):
        return float(value["float"])
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
