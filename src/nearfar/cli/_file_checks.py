"""What the file system says of a command's arguments, before PyTorch is imported.

An argument of a name means the same in every command, so the checks go by name. They refuse only
what the command itself would refuse; what takes a look at the data is left to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from nearfar._audience import resuming
from nearfar._index import load_index
from nearfar._plugins import plugins, refers_to_code
from nearfar._suggestions import suggest
from nearfar.data._absent_data import absent_data, nearest_entry
from nearfar.data._files import SOUND_ENDINGS, file_ending
from nearfar.data._folder_walk import iterate_files
from nearfar.data._matrix_parts import PART_ENDINGS, part_files

__all__ = ["EXTRAS", "check_encoder", "check_files", "prefixes"]

EXTRAS: Mapping[tuple[str, ...], tuple[str, str]] = {
    SOUND_ENDINGS: ("soundfile", "audio"),
    (".parquet", ".arrow", ".feather"): ("pyarrow", "parquet"),
    (".h5", ".hdf5"): ("h5py", "arrays"),
    (".zarr",): ("zarr", "arrays"),
    (".graphml", ".gml"): ("networkx", "graph"),
}
"""The library, and the extra of nearfar that has it, without which files cannot be read."""
OF_KINDS = {"graphs": ("torch_geometric", "graph"), "text": ("tokenizers", "text")}
LOOKED_AT = 1000  # files of a folder
EMBEDDINGS = "the directory of a run, or a file of embeddings"


def check_files(command: str, given: Mapping[str, Any]) -> Iterator[str]:
    """A message for each argument of a command that its files contradict.

    Args:
        command: Name of the command.
        given: Values of the arguments that were given, by name.
    """
    for name, value in given.items():
        if name == "data" and value is not None:
            yield from _check_data(str(value))
        elif name in ("run", "resume", "embeddings") and value is not None:
            yield from _check_run(
                Path(value), argument=name, file_fits=name == "embeddings" or command == "probe"
            )
        elif name == "second" and value is not None and not Path(value).exists():
            yield (
                f"`second` must be a file of embeddings, got {value}, which is not there"
                f"{nearest_entry(Path(value))}"
            )
        elif name == "runs":
            for path in map(Path, value):
                before = path.with_name(path.name.partition("@")[0])  # RUN@best is a checkpoint
                at = "@" in path.name and not path.exists() and before.name
                yield from _check_run(before if at else path, argument=name)
        elif name == "recipe" and value is not None:
            yield from _check_recipe(Path(value))
    if command == "train" and given.get("out") is not None:
        yield from _check_new(Path(given["out"]))
    elif "out" in given and str(given["out"]).endswith(".parquet"):
        yield from _check_extra("pyarrow", "parquet", f"writing {given['out']}")
    if given.get("format") == "onnx":
        for library in ("onnx", "onnxscript"):
            yield from _check_extra(library, "onnx", "`--format onnx`")


def check_encoder(name: str, kinds: tuple[str, ...]) -> Iterator[str]:
    """A message if no modality of several has an encoder of this name.

    Models of timm are those of the index where its version is installed; of another version, those
    whose name stands in its source files.
    """
    index = load_index()
    if name == "auto" or name in plugins("nearfar.encoders"):
        return
    if refers_to_code(name, argument="encoder"):
        return
    own = [index["kinds"][kind]["encoders"] for kind in kinds]
    if not all(own) or any(name in names for names in own):
        return  # some modality takes names of other libraries
    known = sorted({known for names in own for known in names})
    if "images" not in kinds:
        yield f"`--encoder` must be one of {', '.join(known)}, got {name!r}{suggest(name, known)}"
    elif not _is_timm(name):
        models = index["timm"]["models"]
        yield (
            f"`--encoder` must be convnet, amdim or a model name of timm, got"
            f" {name!r}{suggest(name, [*known, *models])}; an encoder of your own is given by"
            " reference, package.module:name"
        )


def prefixes() -> tuple[str, ...]:
    """How names of data begin that are neither paths nor datasets, such as ``hf:``."""
    kinds = load_index()["kinds"].values()
    return tuple(prefix for kind in kinds for prefix in kind["prefixes"])


def _is_timm(name: str) -> bool:
    """Whether the installed timm has, or may have, a model of this name."""
    index = load_index()["timm"]
    model = name.partition(".")[0]  # before the name of its weights
    if model in index["models"] or not model.isidentifier():
        return model.isidentifier()
    try:
        return version("timm") != index["version"] and _is_named(model)
    except PackageNotFoundError:
        return True


def _check_data(data: str) -> Iterator[str]:
    index = load_index()
    if data in index["datasets"]:
        kind = index["datasets"][data]["modality"]
        if kind in OF_KINDS:
            yield from _check_extra(*OF_KINDS[kind], data)
        return
    if data.startswith(prefixes()):
        yield from _check_extra("datasets", "stream", data)
        return
    path = Path(data).expanduser()
    if plugins("nearfar.modalities") and not path.exists():  # may have prefixes of its own
        return
    if not path.exists():
        yield absent_data(data)
    elif path.is_dir():
        yield from _check_folder(path)
    else:
        yield from _check_ending(file_ending(path), path.name)


def _check_folder(folder: Path) -> Iterator[str]:
    if file_ending(folder) == ".zarr":
        yield from _check_ending(".zarr", folder.name)
        return
    try:
        files = [path for path, _ in islice(iterate_files(folder), LOOKED_AT)]
    except OSError as error:
        yield f"`--data` {folder} cannot be read: {error.strerror}"
        return
    if not files:
        yield f"`--data` must be a folder with files, got {folder}, which has none"
    elif all(path.lower().endswith(SOUND_ENDINGS) for path in files):
        yield from _check_ending(SOUND_ENDINGS[0], str(folder))


def _check_ending(ending: str, shown: str) -> Iterator[str]:
    for endings, (library, extra) in EXTRAS.items():
        if ending in endings:
            yield from _check_extra(library, extra, shown)


def _check_extra(library: str, extra: str, shown: str) -> Iterator[str]:
    if find_spec(library) is None:
        yield f"{shown} needs {library}: pip install 'nearfar[{extra}]'"


def _check_run(path: Path, *, argument: str, file_fits: bool = False) -> Iterator[str]:
    wanted = EMBEDDINGS if file_fits else "the directory of a run"
    shown = f"--{argument}" if argument == "resume" else argument
    if not path.exists():
        yield f"`{shown}` must be {wanted}, got {path}, which is not there{nearest_entry(path)}"
    elif path.is_dir() and not (path / "recipe.toml").is_file() and file_ending(path) != ".zarr":
        if file_fits and part_files(path):
            return
        inside = sorted(other.parent.name for other in path.glob("*/recipe.toml"))
        hint = f" (it holds the runs {', '.join(inside[:5])})" if inside else ""
        parts = f" and no parts of embeddings ({', '.join(PART_ENDINGS)})" if file_fits else ""
        yield f"`{shown}` must be {wanted}, got {path}, which contains no recipe.toml{parts}{hint}"


def _check_recipe(path: Path) -> Iterator[str]:
    if not (path / "recipe.toml" if path.is_dir() else path).is_file():
        yield (
            f"`--recipe` must be a TOML file or a run, got {path}, which is not there"
            f"{nearest_entry(path)}"
        )


def _check_new(out: Path) -> Iterator[str]:
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        is_run = (out / "recipe.toml").is_file()
        resume = f": resume it with {resuming(out)}, or" if is_run else ":"
        yield f"`--out` must be a new directory, but {out} exists{resume} choose another `--out`"


def _is_named(model: str) -> bool:
    """Whether the name stands in the source files of timm's models."""
    found = find_spec("timm")
    folders = (found.submodule_search_locations or ()) if found else ()
    word = re.compile(rf"\b{model}\b".encode())
    files = [file for folder in folders for file in Path(folder, "models").rglob("*.py")]
    return not files or any(word.search(file.read_bytes()) for file in files)
