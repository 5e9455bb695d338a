"""A small sweep: one run for each combination of settings, and their comparison."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from nearfar.api._compared_runs import compared_runs
from nearfar.api._comparing import Comparison
from nearfar.api._pretraining import pretrain, resume
from nearfar.api._recipe import find_preset, preset_options
from nearfar.api._requested import called
from nearfar.api._run_object import Run
from nearfar.checks import check_integer
from nearfar.methods import Method
from nearfar.records import HealthRecord, RunDirectory, RunRecord, write_text
from nearfar.training import Latest, NonFiniteLossError

__all__ = ["sweep"]

Shown: TypeAlias = Callable[[str, int, int], None]
"""Called with what is done next, the steps done, and their number."""
_PREFIXES = ("training", "data", "encoder")


def sweep(
    method: str | Callable[..., Method] = "simclr",
    data: Any = "digits",
    *,
    tries: Mapping[str, Sequence[Any]],
    seeds: int = 1,
    out: str | Path | None = None,
    report: str | Path | None = None,
    progress: Shown | None = None,
    **settings: Any,
) -> Comparison:
    """Train one run for each combination of settings, and compare them.

    Each run is an ordinary run in a directory of its own below `out`. A sweep that was interrupted
    is continued by the same call: runs that have finished are not trained again, and further values
    add runs. Settings are ranked over seeds (:func:`nearfar.compare`); a run whose loss is not
    finite is left out, with a note.

    Args:
        method: A method by name, or a function of your own, as of :func:`nearfar.pretrain`.
        data: The data, as of :func:`nearfar.pretrain`.
        tries: Values to try, by the name of the setting: an option of the method (``temperature``
            or ``method.temperature``), of the views (``views.crop_scale``), of training
            (``learning_rate``), or any other argument of :func:`nearfar.pretrain`.
        seeds: Number of seeds per combination: ``seed``, ``seed + 1``, ...
        out: Directory of the runs; ``runs/sweep-METHOD-DATA`` if not given.
        report: HTML page to write, with the curves of all runs and their ranking.
        progress: Called with the run that is trained, the updates done, and their number, over all
            runs as far as they are known.
        settings: Further arguments of :func:`nearfar.pretrain`, for all runs.

    Returns:
        One row per run; ``ranking`` says which setting is best, and how sure that is.

    Raises:
        ValueError: Nothing to try, an unknown setting, or an `out` that has other settings.
        Interrupted: Stopped by Ctrl-C; the same call continues.

    Example:
        >>> import nearfar, tempfile
        >>> found = nearfar.sweep("simclr", "digits", tries={"temperature": [0.1, 0.5]}, epochs=1,
        ...                       out=tempfile.mkdtemp() + "/sweep")
        >>> [row["run"] for row in found]
        ['temperature=0.1', 'temperature=0.5']
    """
    check_integer(at_least=1, seeds=seeds)
    if not tries or not all(isinstance(v, (list, tuple)) and v for v in tries.values()):
        raise ValueError(f"`tries` must have one or more values for each setting, got {tries!r}")
    name = method if isinstance(method, str) else getattr(method, "__name__", "custom")
    folder = Path(out) if out else Path("runs") / f"sweep-{name}-{_slug(Path(called(data)).stem)}"
    _claim(folder, {"method": name, "data": called(data), **settings})
    variants = _variants(tries, method, seeds=seeds, seed=settings.pop("seed", None) or 0)
    runs, failed = [], []
    for number, variant in enumerate(variants):
        path = folder / _slug(variant.name)
        shown = _Steps(variant.name, number, len(variants), progress)
        try:
            runs.append(_trained(path, method, data, variant, settings=settings, shown=shown))
        except NonFiniteLossError as error:
            failed.append(f"{variant.name} is left out: {error}")
    if not runs:
        raise ValueError(f"no run has a finite loss: {'; '.join(failed)}")
    in_memory = None if isinstance(data, (str, Path)) else data
    found = compared_runs(runs, report=report, data=in_memory)
    found.notes = tuple(failed)
    return found


@dataclass(frozen=True)
class _Variant:
    """One run: its name, and the arguments in which it differs from the others."""

    name: str
    method_options: dict[str, Any] = field(default_factory=dict)
    view_options: dict[str, Any] = field(default_factory=dict)
    others: dict[str, Any] = field(default_factory=dict)


def _variants(
    tries: Mapping[str, Sequence[Any]],
    method: str | Callable[..., Method],
    *,
    seeds: int,
    seed: int,
) -> list[_Variant]:
    """All combinations, with all seeds."""
    known = preset_options(find_preset(method))
    found = []
    for values in itertools.product(*tries.values()):
        for place in range(seeds):
            made = _Variant(_name(dict(zip(tries, values, strict=True)), seeds, seed + place))
            made.others["seed"] = seed + place
            for key, value in zip(tries, values, strict=True):
                table, _, option = key.rpartition(".")
                if table not in ("", "method", "views", *_PREFIXES):
                    raise ValueError(
                        "`tries` must name a setting as method.NAME, views.NAME or NAME, got"
                        f" {key!r}"
                    )
                of_method = table == "method" or (not table and option in known)
                where = made.method_options if of_method else made.others
                (made.view_options if table == "views" else where)[option] = value
            found.append(made)
    return found


def _name(values: Mapping[str, Any], seeds: int, seed: int) -> str:
    parts = [f"{key.rpartition('.')[2]}={_text(value)}" for key, value in values.items()]
    return ",".join([*parts, f"seed={seed}"] if seeds > 1 else parts)


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "-".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _slug(name: str) -> str:
    return re.sub(r"[^\w.,=+-]+", "-", name).strip("-.") or "data"


def _claim(folder: Path, settings: Mapping[str, Any]) -> None:
    """Note what the runs have in common, so that no other sweep adds its runs to them.

    Raises:
        ValueError: The folder has runs with other settings, or something else.
    """
    file = folder / "sweep.json"
    text = json.dumps({key: str(value) for key, value in sorted(settings.items())}, indent=1) + "\n"
    if file.is_file():
        if file.read_text(encoding="utf-8") != text:
            raise ValueError(f"`out` must be new or of the same sweep, got {folder} (see {file})")
        return
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"`out` must be new, empty or a sweep, got {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(file, text)


def _trained(
    path: Path,
    method: str | Callable[..., Method],
    data: Any,
    variant: _Variant,
    *,
    settings: Mapping[str, Any],
    shown: _Steps,
) -> Run:
    """The run of a variant: stored, continued or new."""
    directory = RunDirectory(path)
    own_encoder = settings.get("encoder")
    if directory.exists():
        if directory.finished():
            return Run(path)
        return resume(
            path,
            None if isinstance(data, (str, Path)) else data,
            method=None if isinstance(method, str) else method,
            encoder=None if isinstance(own_encoder, str) else own_encoder,
            progress=shown,
        )
    given = {name: value for name, value in settings.items() if not name.endswith("_options")}
    return pretrain(
        method,
        data,
        out=path,
        progress=shown,
        method_options={**(settings.get("method_options") or {}), **variant.method_options},
        view_options={**(settings.get("view_options") or {}), **variant.view_options},
        **{**given, **variant.others},
    )


@dataclass
class _Steps:
    """Shows the updates of a run among those of a sweep."""

    name: str
    number: int
    runs: int
    progress: Shown | None

    def start(self, record: RunRecord) -> None:
        self._show(0, record.steps)

    def update(self, *, step: int, steps: int, epoch: int, epochs: int, values: Latest) -> None:
        self._show(step, steps)

    def finish(self, health: HealthRecord) -> None:
        """Nothing."""

    def _show(self, step: int, steps: int) -> None:
        if self.progress is not None:
            self.progress(self.name, self.number * steps + step, self.runs * steps)
