"""What a training writes into ``metrics.jsonl``: one typed record per line."""

from __future__ import annotations

import dataclasses
import json
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, final

from nearfar.records._record import encode

__all__ = ["Metrics", "TrainMetrics", "WatchMetrics"]


@final
@dataclass(frozen=True)
class TrainMetrics:
    """The training loss and its terms: means over the updates since the line before.

    Attributes:
        step: Updates done.
        loss: Training loss, over the batches of all updates.
        epoch: Passes over the data, with their fraction; None where a pass has no known length.
        learning_rate: Of the last of these updates.
        samples_per_second: Over all processes.
        terms: The method's ``Step.terms``, under whatever names it gives them.
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
        """The record that :meth:`to_json` wrote; values unknown to this version are left out.

        In a line of version 0.1 the terms stand among the other values.

        Raises:
            ValueError: The text is no such line.

        Example:
            >>> TrainMetrics.from_json('{"kind": "train", "step": 10, "loss": 3.5, "variance": 2}')
            TrainMetrics(step=10, loss=3.5, epoch=None, learning_rate=None,
                         samples_per_second=None, terms={'variance': 2.0})
        """
        return _train(_of_kind("train", text))


@final
@dataclass(frozen=True)
class WatchMetrics:
    """Readings of the watched samples, which are set aside and never trained on. No labels enter.

    Attributes:
        step: Updates done.
        epoch: Passes over the data, with their fraction; None where a pass has no known length.
        loss: The method's loss on the watched samples, with the network in evaluation mode; None
            where the method has none for samples it does not train on.
        chance: What that loss reads when nothing was learnt, for batches of `batch_size`.
        batch_size: Samples per batch; `loss` is the mean over the batches.
        alignment: As :func:`nearfar.diagnostics.alignment`, like the following ones.
        uniformity: As named.
        m_o: Length of the mean embedding.
        m_r: Length of what remains when the mean is taken away.
        effective_rank: As named.
        feature_std: As named.
        random_distance: Squared distance of views of different samples.
        relative_alignment: `alignment` divided by `random_distance`.
        dim: Dimensions of the embeddings these were measured on.
        samples: How many samples they were measured on.
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
    dim: int | None = None
    samples: int | None = None

    def to_json(self) -> str:
        """The record as one line of JSON; what was not measured is left out.

        Example:
            >>> WatchMetrics(step=10, alignment=0.2, dim=64, samples=180).to_json()
            '{"kind": "watch", "step": 10, "alignment": 0.2, "dim": 64, "samples": 180}'
        """
        return _to_json("watch", self)

    @classmethod
    def from_json(cls, text: str) -> WatchMetrics:
        """The record that :meth:`to_json` wrote; values unknown to this version are left out.

        Raises:
            ValueError: The text is no such line.
        """
        return _watch(_of_kind("watch", text))


@final
@dataclass(frozen=True)
class Metrics:
    """The metrics of a run.

    Attributes:
        train: Losses and terms, in the order they were written.
        watch: Readings of the watched samples, in the order they were written.
    """

    train: tuple[TrainMetrics, ...] = ()
    watch: tuple[WatchMetrics, ...] = ()

    @classmethod
    def of(cls, lines: Iterable[str]) -> Metrics:
        """What lines of ``metrics.jsonl`` hold; one that cannot be read is passed over."""
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
        """Those of the lines that belong to updates up to `step`, as they were written.

        Values and kinds of line that this version does not know stay; lines that cannot be read,
        such as a last one cut short by a crash, do not.
        """
        for line in lines:
            try:
                done = _whole(_object(line).get("step"))
            except ValueError:
                continue
            if done is not None and done <= step:
                yield line.strip()

    @cached_property
    def terms(self) -> tuple[str, ...]:
        """Names of the loss's terms, in the order in which they appear."""
        return tuple(dict.fromkeys(name for line in self.train for name in line.terms))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The lines as dictionaries, as version 0.1 gave them: deprecated."""
        warnings.warn(
            "`read_metrics()` gives a nearfar.records.Metrics: read its `train` and `watch`"
            " instead of iterating over lines",
            DeprecationWarning,
            stacklevel=2,
        )
        lines: list[TrainMetrics | WatchMetrics] = [*self.train, *self.watch]
        for line in sorted(lines, key=lambda line: line.step):
            kind = "train" if isinstance(line, TrainMetrics) else "watch"
            shown = {name: value for name, value in vars(line).items() if value is not None}
            yield {**shown.pop("terms", {}), "kind": kind, **shown}


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
    if not isinstance(terms, dict):  # version 0.1 had them among the others
        names = {each.name for each in dataclasses.fields(TrainMetrics)}
        terms = {name: value for name, value in values.items() if name not in names}
    read = {name: _number(value) for name, value in terms.items()}
    return TrainMetrics(**known, terms={n: value for n, value in read.items() if value is not None})


def _watch(values: dict[str, Any]) -> WatchMetrics:
    return WatchMetrics(**_fields(WatchMetrics, values))


def _fields(cls: type[TrainMetrics | WatchMetrics], values: dict[str, Any]) -> dict[str, Any]:
    """The numbers of the record's own fields; others and those that are no numbers are left out."""
    known: dict[str, Any] = {}
    for each in dataclasses.fields(cls):
        if each.name == "terms":
            continue
        read = _whole if each.name in _WHOLE else _number
        value = read(values.get(each.name))
        if value is not None:
            known[each.name] = value
        elif each.default is dataclasses.MISSING:
            raise ValueError(f"a line of metrics must have a number as its `{each.name}`")
    return known


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
