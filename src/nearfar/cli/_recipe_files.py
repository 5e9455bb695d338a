"""Recipe files: the flags of `nearfar train` as TOML tables."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from nearfar._deprecation import renamed_options
from nearfar._suggestions import suggest

__all__ = ["TABLES", "as_flags", "read_recipe", "was_edited"]

TABLES = ("data", "encoder", "method", "training", "views")
NOT_FLAGS = {("method", "name"), ("data", "fingerprint"), ("encoder", "weights_digest")}


def read_recipe(path: Path) -> dict[str, Any]:
    """A recipe's tables by name; missing tables are empty.

    Args:
        path: TOML with the tables ``[data]``, ``[encoder]``, ``[method]``, ``[views]`` and
            ``[training]``, or a run's directory.

    Raises:
        ValueError: Not valid TOML, or an unknown table (the closest known name is suggested).
    """
    file = path / "recipe.toml" if path.is_dir() else path
    try:
        recipe = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not a readable recipe: {error}") from error
    for name, table in recipe.items():
        if name not in TABLES or not isinstance(table, dict):
            raise ValueError(
                f"{file}: a recipe has the tables {', '.join(TABLES)},"
                f" got {name!r}{suggest(name, TABLES)}"
            )
    return {name: recipe.get(name, {}) for name in TABLES}


def was_edited(path: Path) -> bool:
    """Whether a recipe that a run has written has another content by now."""
    from nearfar.records._seals import DamagedFileError, check_text

    file = path / "recipe.toml" if path.is_dir() else path
    try:
        check_text(file.read_text(encoding="utf-8"))
    except DamagedFileError:
        return True
    return False


def as_flags(recipe: dict[str, Any], *, known: Collection[str]) -> dict[str, Any]:
    """The flags equivalent to a recipe: `[training] batch_size` is `--batch-size`.

    Args:
        recipe: Tables by name.
        known: Names of all flags; those of ``[method]`` and ``[views]`` have a prefix, as in
            ``views__crop_scale``.

    Raises:
        ValueError: An unknown key (the closest known name is suggested).
    """
    flags: dict[str, Any] = {}
    for table, entries in recipe.items():
        own = f"{table}__" if table in ("method", "views") else ""
        words = {name.removeprefix(own) for name in known if name.startswith(own)}
        keys = {}
        for key, value in renamed_options(entries, words, warn=False).items():
            if (table, key) in NOT_FLAGS:
                continue
            if key not in words:
                raise ValueError(
                    f"{key!r} is not a key of [{table}] in a recipe{suggest(key, words)}"
                )
            keys[key.replace("_", "-")] = value
        flags |= {table: keys} if own and keys else keys
    return flags
