"""The run that a file of embeddings remembers."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nearfar.data._content_hash import hash_contents
from nearfar.records import Record, RunDirectory
from nearfar.version import __version__

__all__ = ["Origin", "is_run_of", "origin_in", "origin_of", "placed"]


@dataclass(frozen=True)
class Origin(Record):
    """What a file of embeddings was made with.

    Attributes:
        run: Absolute path of the run.
        near: Path of the run from the folder of the file, if both are moved.
        recipe: Hash of the run's recipe.
        method: Name of the method.
        data: Name of the data that were embedded.
        output: What the rows are: ``representations``, ``time steps`` or ``two views``.
        layer: Layer of the encoder; empty for its output.
        pool: Pooling of that layer.
        side: Side of pairs.
        checkpoint: Updates of the checkpoint that was asked for; empty for the end of the run.
        nearfar: Version that wrote the file.
        verdicts: The verdicts on the run at that time, gravest first; empty if it had none.
        loss: The run's final training loss, if the samples are those of its own verdict.
        chance: Chance level of that loss.
        positives: Whether the method trains views of a sample to agree.
        course: Further measurements that the verdict on the run rests on, such as the course of
            training, if the samples are those of its own verdict.
        modality: Kind of data, if the samples are those of its own verdict.
    """

    run: str
    recipe: str
    method: str
    output: str
    near: str = ""
    data: str = ""
    layer: str = ""
    pool: str = ""
    side: str = ""
    checkpoint: str = ""
    nearfar: str = __version__
    verdicts: tuple[str, ...] = ()
    loss: float | None = None
    chance: float | None = None
    positives: bool = True
    course: dict[str, float] = field(default_factory=dict)
    modality: str | None = None


def origin_of(directory: RunDirectory, *, output: str, data: str = "", **how: Any) -> Origin:
    """What embeddings of a run are made with.

    Args:
        directory: The run.
        output: What the rows are.
        data: Name of the data.
        how: Layer, pooling, side and checkpoint, each None if it was not given.
    """
    given: dict[str, Any] = {name: str(v) for name, v in how.items() if v is not None}
    health = None if "checkpoint" in given else directory.read_health()
    verdicts = (health.verdicts or (health.verdict,)) if health else ()
    return Origin(
        run=str(directory.path.absolute()),
        recipe=_recipe_hash(directory),
        method=directory.read_run().method,
        output=output,
        data=data,
        verdicts=verdicts,
        **given,
    )


def is_run_of(path: Path, origin: Origin) -> bool:
    """Whether a directory is the run that a file remembers."""
    directory = RunDirectory(path)
    return directory.exists() and _recipe_hash(directory) == origin.recipe


def placed(origin: Origin, file: Path) -> Origin:
    """The origin as a file remembers it, with the path from its folder to the run."""
    try:
        near = os.path.relpath(origin.run, file.absolute().parent)
    except ValueError:  # on another drive
        return origin
    return replace(origin, near=Path(near).as_posix())


def origin_in(text: str | bytes) -> Origin | None:
    """The origin in the JSON of a file; None if there is none that can be read."""
    try:
        values = json.loads(text)
        found = values["run"] if isinstance(values, Mapping) else None
        return Origin.of_values(found) if isinstance(found, Mapping) else None
    except (KeyError, TypeError, ValueError):
        return None


def _recipe_hash(directory: RunDirectory) -> str:
    return hash_contents([directory.recipe]).hex()
