"""What to do next: one or two commands that work as printed, chosen by what a run can still do."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, TypeAlias

from nearfar._plugins import TRUST, package_of, refers_to_code
from nearfar._signs import counted
from nearfar.cli._console import print_next

if TYPE_CHECKING:
    from nearfar.api import Run

__all__ = [
    "START",
    "after_advice",
    "after_comparison",
    "after_diagnosis",
    "after_embedding",
    "after_export",
    "after_probe",
    "after_report",
    "after_training",
    "longer_run",
    "print_steps",
    "repeated",
    "resuming",
    "shell",
]

Steps: TypeAlias = list[tuple[str, str]]
"""Commands, each with what it does."""
START: Steps = [("nearfar train simclr --data digits", "train on handwritten digits")]
"""After a list."""
_MOST = 2


def print_steps(steps: Iterable[tuple[str, str]]) -> None:
    """Print the first two commands."""
    for command, purpose in list(dict.fromkeys(steps))[:_MOST]:
        print_next(command, purpose)


def shell(*words: str | os.PathLike[str]) -> str:
    """A command of nearfar, quoted for a shell.

    >>> shell("embed", Path("runs/my photos"))
    "nearfar embed 'runs/my photos'"
    """
    return " ".join(["nearfar", *(quote(os.fspath(word)) for word in words)])


def repeated(**flags: object) -> list[str]:
    """Flags of this command that the next one needs as well, with their values.

    >>> repeated(data="my photos", side=None)
    ['--data', 'my photos']
    """
    given = ((f"--{name}", str(value)) for name, value in flags.items() if value is not None)
    return [word for flag in given for word in flag]


def after_training(run: Run) -> Steps:
    """After training: evaluate and embed, as far as the run's data and encoder allow."""
    data = _own_data(run)
    if run.stopped:
        return [*resuming(run), (shell("report", _path(run)), "what there is so far")]
    health = run.directory.read_health()
    if health is not None and "over-trained" in health.verdicts and _has_best(run):
        best = shell("export", _path(run), "--checkpoint", "best")
        return [(best, "the encoder before it got worse"), _report(run)]
    if data is None:
        return [_export(run), _report(run)]
    if _of_pairs(run):
        return [_embed(run), _export(run)]
    return [*_evaluate(run, data), _embed(run), _export(run)]


def _has_best(run: Run) -> bool:
    """Whether a checkpoint is kept that is better than the end of the run."""
    return (run.directory.checkpoints / "best.safetensors").is_file()


def resuming(run: Run) -> Steps:
    """How to continue an unfinished run; nothing if that takes Python objects."""
    if _own_data(run) is None or run.directory.read_recipe()["method"].get("name") == "custom":
        return []
    return [(_on(run, "train", "--resume", _path(run)), "continue training")]


def longer_run(run: Run, epochs: int) -> Steps:
    """How to train longer: a new run from the recipe; nothing if that takes Python objects."""
    data = _own_data(run)
    recipe = run.directory.read_recipe()
    if data is None or recipe["method"].get("name") == "custom":
        return []
    moved = [] if data == recipe["data"]["data"] else ["--data", data]
    words = ["train", "--recipe", _plain(run.directory.recipe), *moved, "--epochs", str(epochs)]
    return [(_on(run, *words), f"a new run of {counted(epochs, 'epoch')}")]


def after_embedding(path: Path, *, of_steps: bool = False) -> Steps:
    """After writing a file of embeddings."""
    check = (shell("diagnose", _plain(path)), "check the embeddings for collapse, without labels")
    return [check] if of_steps else [check, _duplicates(path)]


def after_diagnosis(
    path: Path, run: Run | None, *, report: Path | None, second: Path | None = None
) -> Steps:
    """After a verdict on a run, or on a file of embeddings and perhaps one of a second view."""
    if run is not None:
        return after_training(run)
    page = _free(path.with_suffix(".html"))
    files = [_plain(path), *([_plain(second)] if second else [])]
    draw = shell("diagnose", *files, "--report", _plain(page))
    drawn: Steps = [] if report else [(draw, "draw sphere and spectrum")]
    return [
        *drawn,
        _duplicates(path),
        (shell("neighbours", _plain(path)), "nearest neighbours of some rows"),
        (shell("advise"), "what theory predicts of a setting"),
    ]


def after_export(run: Run, format: str) -> Steps:
    """After an export: timm's form if timm has the encoder, and whom to cite."""
    offered = format != "timm" and "timm" in run.export_formats
    timm = _on(run, "export", _path(run), "--format", "timm")
    return [
        *([(timm, "as a folder for timm.create_model")] if offered else []),
        (shell("cite", _path(run)), "the papers to cite"),
    ]


def after_advice(run: Path | None) -> Steps:
    """After advice: the run's report, or the methods that have such a loss."""
    if run is not None:
        return [(shell("report", _plain(run)), "what the run measured")]
    return [(shell("methods"), "the methods and their losses"), *START]


def after_probe(run: Run) -> Steps:
    """After a probe: the report, and the encoder for other libraries."""
    return [_report(run), _export(run)]


def after_report(run: Run) -> Steps:
    """After drawing the report again: what comes first after training, and an export."""
    usual = [step for step in after_training(run) if " report " not in step[0]]
    return [*usual[:1], _export(run)]


def after_comparison(runs: Sequence[Path], *, report: Path | None) -> Steps:
    """After a comparison: draw it, or look at its first run."""
    words = ["compare", *map(_plain, runs), "--report", _plain(_free(Path("comparison.html")))]
    drawn: Steps = [] if report else [(shell(*words), "draw the curves of all runs")]
    return [*drawn, (shell("report", _plain(runs[0])), "the whole report of the first")]


def _own_data(run: Run) -> str | None:
    """The run's own data, if a command can embed them with its encoder."""
    try:
        known = run.description
        custom = known.library == "custom" and not known.own_class
        return None if custom else _plain(run.own_data.spec)
    except (ImportError, OSError, TypeError, ValueError):
        return None


def _evaluate(run: Run, data: str) -> Steps:
    if _has_labels(run, data):
        return [(_on(run, "probe", _path(run), "--data", data), "evaluate it with labels")]
    return [(_on(run, "neighbours", _path(run)), "look at nearest neighbours")]


def _has_labels(run: Run, data: str) -> bool:
    """Whether data have labels that a probe can use; the samples are not read."""
    from nearfar.data import is_name, named_sources
    from nearfar.data._files import IMAGE_ENDINGS, find_files
    from nearfar.data._folder_parts import has_classes

    if is_name(data):
        known = {row["name"]: row["classes"] for row in named_sources()}
        return any(letter.isdigit() for letter in known[data])
    if not Path(data).exists():
        return False
    if run.kind.name == "images" and Path(data).is_dir():
        pictures = find_files(Path(data), IMAGE_ENDINGS).wanted
        if pictures:
            return has_classes([Path(path) for path in pictures])
    try:
        return len(run.open_labeled(data).class_names) > 1
    except (ImportError, OSError, TypeError, ValueError):
        return False


def _embed(run: Run) -> tuple[str, str]:
    what = "the embeddings of both sides" if _of_pairs(run) else "its embeddings"
    return _on(run, "embed", _path(run)), f"write {what}"


def _of_pairs(run: Run) -> bool:
    from nearfar.modalities import modality

    return modality(run.directory.read_recipe()["data"]["modality"]).paired


def _export(run: Run) -> tuple[str, str]:
    return _on(run, "export", _path(run)), "the encoder for use without nearfar"


def _report(run: Run) -> tuple[str, str]:
    return shell("report", _path(run)), "draw its report again"


def _duplicates(path: Path) -> tuple[str, str]:
    return shell("duplicates", _plain(path)), "groups of samples that are alike"


def _on(run: Run, *words: str) -> str:
    """A command on a run, which trusts the user's own code that the run names."""
    return _trusting(run) + shell(*words)


def _trusting(run: Run) -> str:
    """The environment that a command on a run needs: ``NEARFAR_TRUST=mine.py``; usually empty."""
    recipe = run.directory.read_recipe()
    named = [
        (str(recipe["method"].get("name", "")), "method"),
        (str(recipe["encoder"].get("encoder", "")), "encoder"),
    ]
    with suppress(ValueError):  # a run without an encoder so far
        named.append((run.description.own_class, "encoder"))
    own = [package_of(name) for name, part in named if refers_to_code(name, argument=part)]
    packages = [package for package in dict.fromkeys(own) if not re.search(r"[\s,]", package)]
    return f"{TRUST}={quote(','.join(packages))} " if packages else ""


def _path(run: Run) -> str:
    return _plain(run.path)


def _plain(path: str | os.PathLike[str]) -> str:
    """A path that is not read as a flag."""
    text = os.fspath(path)
    return f"./{text}" if text.startswith("-") else text


def _free(path: Path) -> Path:
    """The path, with a number after its stem if it is taken."""
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_stem(f"{path.stem}-{number}")
    return found
