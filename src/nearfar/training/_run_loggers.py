"""A run's metrics and verdict in other tools: TensorBoard, Weights & Biases, MLflow, Trackio."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Final, Protocol, final, runtime_checkable

from nearfar.checks import check_choice
from nearfar.records import HealthRecord, RunRecord
from nearfar.training._progress_interface import DetailedProgress, Latest, Progress

__all__ = ["check_tools", "logged"]

_PROJECT = "nearfar"


@runtime_checkable
class _Tool(Protocol):
    """A tool that receives a run; opened in the process that trains, and again for the verdict."""

    def open(self, settings: Mapping[str, Any]) -> None: ...
    def write(self, values: Mapping[str, float], step: int) -> None: ...
    def verdict(self, text: str, report: Path) -> None: ...
    def close(self) -> None: ...


def check_tools(tools: str | None) -> list[str]:
    """The names in a list separated by commas, after checking that each tool is installed.

    Raises:
        ValueError: An unknown tool.
        ImportError: A tool that is not installed.
    """
    names = [name.strip() for name in (tools or "").split(",") if name.strip()]
    for name in names:
        check_choice(_TOOLS, log=name)
        _module(_MODULES.get(name, name))
    return names


def logged(progress: Progress, tools: str | None, *, run: Path) -> Progress:
    """A display that also passes metrics and verdict on to other tools.

    Args:
        progress: The display.
        tools: ``tensorboard``, ``wandb``, ``mlflow``, ``trackio``, or several with commas.
        run: Directory of the run.
    """
    names = check_tools(tools)
    return _Logged(progress, [_TOOLS[name](run) for name in names]) if names else progress


@final
class _Logged:
    """Receives the progress of a run, and passes it on to the display and to the tools."""

    def __init__(self, progress: Progress, tools: list[_Tool]) -> None:
        self._progress, self._tools = progress, tools
        self._written: tuple[int, int] = (-1, -1)

    def start(self, record: RunRecord) -> None:
        """Open the tools, with the settings of the run."""
        known = dataclasses.asdict(record).items()
        settings = {name: v for name, v in known if isinstance(v, (str, int, float)) and v != ""}
        for tool in self._tools:
            tool.open(settings)
        self._progress.start(record)

    def update(self, *, step: int, steps: int, epoch: int, epochs: int, values: Latest) -> None:
        """Write the lines that ``metrics.jsonl`` has since the last update."""
        lines = values.train, values.watch
        new = tuple(-1 if line is None else line.step for line in lines)
        for line, name, before in zip(lines, ("train", "watch"), self._written, strict=True):
            if line is not None and line.step != before:
                for tool in self._tools:
                    tool.write(_numbers(line, name), line.step)
        self._written = (new[0], new[1])
        if step == steps:
            for tool in self._tools:
                tool.close()
        self._progress.update(step=step, steps=steps, epoch=epoch, epochs=epochs, values=values)

    def finish(self, health: HealthRecord) -> None:
        """Write the verdict."""
        for tool in self._tools:
            tool.open({})
            tool.verdict(health.summary, Path("report.html"))
            tool.close()
        self._progress.finish(health)

    def stage(self, doing: str) -> None:
        """Passed on."""
        if isinstance(self._progress, DetailedProgress):
            self._progress.stage(doing)

    def part(self, fraction: float) -> None:
        """Passed on."""
        if isinstance(self._progress, DetailedProgress):
            self._progress.part(fraction)


def _numbers(line: Any, name: str) -> dict[str, float]:
    """The numbers of a line of metrics by name, with those of the terms of the loss."""
    values = {**vars(line), **getattr(line, "terms", {})}
    return {
        f"{name}/{key}": float(value)
        for key, value in values.items()
        if isinstance(value, (int, float)) and key != "step"
    }


def _module(name: str) -> Any:
    """The module of a tool.

    Raises:
        ImportError: It is not installed.
    """
    try:
        return EntryPoint(name=name, value=name, group="").load()
    except ImportError:
        package = name.rpartition(".")[2]
        raise ImportError(f"`log` needs {package}: pip install 'nearfar[loggers]'") from None


@final
class _TensorBoard:
    def __init__(self, run: Path) -> None:
        self._run, self._writer = run, None

    def open(self, settings: Mapping[str, Any]) -> None:
        self._writer = _module("torch.utils.tensorboard").SummaryWriter(self._run / "tensorboard")
        if settings:
            rows = "".join(f"| {name} | {value} |\n" for name, value in settings.items())
            self._writer.add_text("settings", f"| setting | value |\n|---|---|\n{rows}")

    def write(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def verdict(self, text: str, report: Path) -> None:
        self._writer.add_text("verdict", f"{text} (`{self._run / report}`)")

    def close(self) -> None:
        self._writer.close()
        self._writer = None

    _writer: Any


@final
class _WeightsAndBiases:
    def __init__(self, run: Path) -> None:
        self._run, self._id = run, uuid.uuid4().hex[:8]
        self._open: Any = None

    def open(self, settings: Mapping[str, Any]) -> None:
        self._open = _module("wandb").init(
            project=_PROJECT,
            name=self._run.name,
            id=self._id,
            resume="allow",
            dir=self._run,
            config=dict(settings) or None,
        )

    def write(self, values: Mapping[str, float], step: int) -> None:
        self._open.log({**values, "step": step})

    def verdict(self, text: str, report: Path) -> None:
        self._open.summary["verdict"] = text
        self._open.save(self._run / report, base_path=self._run, policy="now")

    def close(self) -> None:
        self._open.finish()
        self._open = None


@final
class _MLflow:
    def __init__(self, run: Path) -> None:
        library = _module("mlflow")
        self._run, self._client = run, None
        found = library.set_experiment(_PROJECT)
        client = library.MlflowClient()
        self._id = client.create_run(found.experiment_id, run_name=run.name).info.run_id

    _client: Any

    def open(self, settings: Mapping[str, Any]) -> None:
        self._client = _module("mlflow").MlflowClient()
        for name, value in settings.items():
            self._client.log_param(self._id, name, value)

    def write(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self._client.log_metric(self._id, name, value, step=step)

    def verdict(self, text: str, report: Path) -> None:
        self._client.set_tag(self._id, "verdict", text)
        self._client.log_artifact(self._id, str(self._run / report))
        self._client.set_terminated(self._id)

    def close(self) -> None:
        self._client = None


@final
class _Trackio:
    def __init__(self, run: Path) -> None:
        self._run, self._open = run, None

    _open: Any

    def open(self, settings: Mapping[str, Any]) -> None:
        self._open = _module("trackio").init(
            project=_PROJECT, name=self._run.name, resume="allow", config=dict(settings) or None
        )

    def write(self, values: Mapping[str, float], step: int) -> None:
        self._open.log(dict(values), step=step)

    def verdict(self, text: str, report: Path) -> None:
        self._open.log({"verdict": text, "report": str(self._run / report)})

    def close(self) -> None:
        self._open.finish()
        self._open = None


_TOOLS: Final[dict[str, Callable[[Path], _Tool]]] = {
    "tensorboard": _TensorBoard,
    "wandb": _WeightsAndBiases,
    "mlflow": _MLflow,
    "trackio": _Trackio,
}
_MODULES: Final = {"tensorboard": "torch.utils.tensorboard"}
