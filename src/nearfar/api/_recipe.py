"""Recipes: the settings that reproduce a run."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from nearfar._deprecation import renamed_options
from nearfar._plugins import check_trusted, refers_to_code
from nearfar.api._argument_checks import check_types
from nearfar.api._method_listing import (
    Preset,
    canonical_name,
    find_preset,
    method_class,
    preset_names,
    preset_options,
    served,
)
from nearfar.checks import check_choice, suggest
from nearfar.modalities import Modality, modality
from nearfar.modalities._own_encoders import check_known
from nearfar.records import RunDirectory, format_toml, write_text
from nearfar.records._seals import seal_text
from nearfar.training import TrainingOptions
from nearfar.views import ViewRecipe

__all__ = [
    "CUSTOM",
    "Preset",
    "Recipe",
    "find_preset",
    "method_class",
    "name_of",
    "preset_names",
    "preset_options",
    "split_options",
    "training_options",
    "view_recipe",
]

_OF_SOURCE = ("data", "modality", "fingerprint", "groups")
_OF_WEIGHTS = ("weights", "weights_key", "weights_digest")
CUSTOM = "custom"
"""Name in a recipe of anything that was passed as a Python object."""


def name_of(recipe: Recipe, preset: Preset) -> str:
    """The method's name in records: that of the preset, or of the user's function."""
    if recipe.method != CUSTOM:
        return recipe.method
    return str(getattr(preset, "__name__", CUSTOM)).strip("<>")


def view_recipe(method: str | Preset, kind: str) -> ViewRecipe:
    """The views that a method is trained on; by default those of the modality."""
    found = served(method, kind)
    return found.views if found else ViewRecipe()


@dataclass(frozen=True)
class Recipe:
    """Method, data, encoder, views and training of a run.

    Args:
        method: Name of a method, or ``custom`` for a Python function.
        modality: Modality of the samples: ``images``, ``sequences``, ...
        data: The value of ``--data``; ``custom`` for arrays and datasets in Python.
        encoder: Name of an encoder, or ``custom`` for a Python object.
        weights: File, folder or run whose weights the encoder starts from; empty for random ones.
        weights_key: Prefix of the encoder in that file that was asked for.
        weights_digest: SHA-256 of that file.
        options: Options of data and encoder (:attr:`nearfar.modalities.Modality.options`).
        method_options: Keyword arguments of the preset that differ from its defaults.
        view_options: Keyword arguments of the views that differ from the method's.
        training: Options of the training loop.
        fingerprint: Fingerprint of the data, so that a run is never resumed with other data.
        groups: What the groups of samples are that are never on both sides of a split: a column, a
            file, or ``custom`` for an array; empty without groups.
        own_kind: The modality, if it is a Python object. It is not saved.
    """

    method: str = "simclr"
    modality: str = "images"
    data: str = "digits"
    encoder: str = "convnet"
    weights: str = ""
    weights_key: str = ""
    weights_digest: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    method_options: dict[str, Any] = field(default_factory=dict)
    view_options: dict[str, Any] = field(default_factory=dict)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    fingerprint: str = ""
    groups: str = ""
    own_kind: Modality[Any, Any] | None = field(default=None, repr=False, compare=False)

    @property
    def kind(self) -> Modality[Any, Any]:
        """The modality of the samples.

        Raises:
            ValueError: A modality of a package that is not installed, or of your own that is not
                given.
        """
        own = self.own_kind.component(self.modality) if self.own_kind else None
        return own or modality(self.modality)

    def __post_init__(self) -> None:
        if self.method != CUSTOM:
            object.__setattr__(self, "method", canonical_name(self.method))
            self.check(find_preset(self.method))
        known = inspect.signature(self.kind.options).parameters
        self._rename("options", known)
        _check_keys(self.modality, self.options, dict(known))
        for name, choices in literals_of(self.kind.options).items():
            if isinstance(self.options.get(name), str):
                check_choice(choices, **{name: self.options[name]})
        check_types(self.kind.options, self.options)

    def check(self, preset: Preset) -> None:
        """Check that a preset has these options, and its views these settings.

        Raises:
            ValueError: An unknown option (the closest known name is suggested).
        """
        _check_keys("method", self.method_options, preset_options(preset))
        check_types(preset, self.method_options)
        kind = self.kind
        settings = kind.view_settings(view_recipe(preset, kind.name))
        known = inspect.signature(settings).parameters
        self._rename("view_options", known)
        _check_keys("views", self.view_options, dict(known))
        check_types(settings, self.view_options)

    def _rename(self, table: str, known: Mapping[str, Any]) -> None:
        """Replace names of 0.1, whose runs are loaded and resumed."""
        object.__setattr__(self, table, renamed_options(getattr(self, table), known, warn=False))

    def save(self, directory: RunDirectory) -> None:
        """Write ``recipe.toml``."""
        tables: dict[str, dict[str, Any]] = {
            "data": {"data": self.data, "modality": self.modality}
            | {k: _plain(v) for k, v in self.options.items()}
            | ({"groups": self.groups} if self.groups else {})
            | {"fingerprint": self.fingerprint},
            "encoder": {"encoder": self.encoder}
            | {name: value for name in _OF_WEIGHTS if (value := getattr(self, name))},
            "method": {"name": self.method} | self.method_options,
            "views": self.view_options,
            "training": asdict(self.training),
        }
        write_text(directory.recipe, seal_text(format_toml(tables) + "\n"))

    @classmethod
    def from_tables(
        cls,
        tables: Mapping[str, Mapping[str, Any]],
        *,
        own_kind: Modality[Any, Any] | None = None,
        own_encoder: bool = False,
    ) -> Recipe:
        """The recipe described by the tables of a ``recipe.toml``.

        Args:
            tables: The tables by name.
            own_kind: The modality, if it is a Python object.
            own_encoder: Whether an encoder is given, so that none is imported.

        Raises:
            ValueError: An unknown table or key (the closest known name is suggested), or a method
                or encoder of a package that only this file names.
        """
        _check_keys(
            "recipe", tables, dict.fromkeys(("data", "encoder", "method", "views", "training"))
        )
        data, encoder = dict(tables.get("data", {})), dict(tables.get("encoder", {}))
        _check_keys("encoder", encoder, dict.fromkeys(("encoder", *_OF_WEIGHTS)))
        method = dict(tables.get("method", {}))
        source = {key: data.pop(key) for key in _OF_SOURCE if key in data}
        name = method.pop("name", "simclr")
        check_code_in({k: v for k, v in tables.items() if not (own_encoder and k == "encoder")})
        found = own_kind.component(source.get("modality", "images")) if own_kind else None
        found = found or modality(source.get("modality", "images"))
        return cls(
            method=name,
            options=_with_tuples(data),
            method_options=_with_tuples(method),
            view_options=_with_tuples(tables.get("views", {})),
            training=training_options(tables.get("training", {})),
            own_kind=own_kind,
            **source,
            **encoder,
        )


def literals_of(options: Callable[..., Any]) -> dict[str, tuple[Any, ...]]:
    """The choices of each field whose type is a ``Literal``, alone or in a union."""
    hints = typing.get_type_hints(options)
    found = {}
    for name, hint in hints.items():
        for kind in (hint, *typing.get_args(hint)):
            if typing.get_origin(kind) is typing.Literal:
                found[name] = typing.get_args(kind)
    return found


def check_code_in(tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a recipe with a method or an encoder of a package that only its file names.

    Raises:
        ValueError: There is one; the message says how to trust the package.
    """
    for table, key in (("method", "name"), ("encoder", "encoder"), ("data", "signal_encoder")):
        given = tables.get(table, {}).get(key)
        argument = "method" if table == "method" else "encoder"
        if not isinstance(given, str) or not refers_to_code(given, argument=argument):
            continue
        if argument == "encoder":
            check_known(given)
        else:
            check_trusted(given, argument=argument)


def split_options(
    given: Mapping[str, Any], *, kind: Modality[Any, Any]
) -> tuple[dict[str, Any], ...]:
    """Keyword arguments split into those of the modality and of training; None means unset.

    Raises:
        ValueError: An unknown name (the closest known name is suggested).
    """
    of_data = inspect.signature(kind.options).parameters
    of_training = {f.name: None for f in fields(TrainingOptions)}
    _check_keys("a run", given, {**of_data, **of_training})
    data = {k: v for k, v in given.items() if k in of_data and v is not None}
    return data, {k: v for k, v in given.items() if k in of_training}


def _plain(value: Any) -> Any:
    """A value that TOML can represent; a mapping as ``key=value``."""
    if isinstance(value, Mapping):
        return tuple(f"{key}={item}" for key, item in value.items())
    return str(value) if isinstance(value, Path) else value


def _with_tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}


def training_options(given: Mapping[str, Any]) -> TrainingOptions:
    """Training options from keyword arguments; for an unknown one the error suggests a name."""
    _check_keys("training", given, {f.name: None for f in fields(TrainingOptions)})
    return TrainingOptions(**given)


def _check_keys(table: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for key in given:
        if key not in known:
            raise ValueError(
                f"{key!r} is not an option of {table}{suggest(key, known)};"
                f" the options are {', '.join(sorted(known))}"
            )
