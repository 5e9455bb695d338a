"""A recipe: everything one must say to repeat a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeAlias

from nearfar import methods
from nearfar.checks import check_choice, suggest
from nearfar.methods import Method
from nearfar.modalities import Modality, modality
from nearfar.records import RunDirectory, format_toml, write_text
from nearfar.training import TrainingOptions

__all__ = [
    "FILLED_IN",
    "Preset",
    "Recipe",
    "find_preset",
    "method_class",
    "name_of",
    "preset_names",
    "preset_options",
    "split_options",
]


FILLED_IN = frozenset({"length", "num_samples", "rows", "shared_rows", "signal_dim", "updates"})
"""Keyword arguments of presets that data, views or the length of the training decide."""

Preset: TypeAlias = Callable[..., Method]
"""Encoder, width and options to a method, as the presets of ``nearfar.methods`` do."""


def preset_names() -> tuple[str, ...]:
    """Names that a method is asked for by: the presets of ``nearfar.methods``."""
    return tuple(name for name in methods.__all__ if name.islower())


def find_preset(method: str | Preset) -> Preset:
    """The preset of this name; one that was handed over as it is."""
    if not isinstance(method, str):
        return method
    check_choice(preset_names(), method=method)
    preset: Preset = getattr(methods, method)
    return preset


def name_of(recipe: Recipe, preset: Preset) -> str:
    """What a run says it was trained by: the preset's name, or that of the function handed over."""
    if recipe.method != "custom":
        return recipe.method
    return str(getattr(preset, "__name__", "custom")).strip("<>")


def preset_options(method: str | Preset) -> dict[str, Any]:
    """Keyword arguments of a method preset, with their defaults."""
    signature = inspect.signature(find_preset(method))
    return {
        parameter.name: parameter.default
        for parameter in signature.parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    }


def method_class(method: str | Preset) -> type[Method]:
    """The class that a preset makes.

    Raises:
        TypeError: What was handed over does not say that it makes a method.
    """
    preset = find_preset(method)
    kind = inspect.signature(preset, eval_str=True).return_annotation
    if not (inspect.isclass(kind) and issubclass(kind, Method)):
        raise TypeError(
            "`method` must be a name or a function (encoder, width) whose annotation says which"
            f" nearfar.methods.Method it returns, got {preset!r} that returns {kind!r}"
        )
    return kind


@dataclass(frozen=True)
class Recipe:
    """Method, data, encoder, views and training of a run.

    Args:
        method: Preset name, or ``custom`` for one handed over in Python.
        modality: What the samples are: ``images``, ``sequences``, ...
        data: What ``--data`` was; ``custom`` for arrays and data sets handed over in Python.
        encoder: A name that the modality knows, or ``custom``.
        options: What was said of data and encoder: options of the modality.
        method_options: Keyword arguments of the preset that differ from its defaults.
        view_options: Keyword arguments of the views that differ from the preset's.
        training: Options of the loop.
        fingerprint: Of the data, so that a run never resumes on others.
    """

    method: str = "simclr"
    modality: str = "images"
    data: str = "digits"
    encoder: str = "convnet"
    options: dict[str, Any] = field(default_factory=dict)
    method_options: dict[str, Any] = field(default_factory=dict)
    view_options: dict[str, Any] = field(default_factory=dict)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    fingerprint: str = ""

    def __post_init__(self) -> None:
        kind = modality(self.modality)
        if self.method != "custom":
            _check_keys("method", self.method_options, preset_options(self.method))
        settings = inspect.signature(kind.view_settings(self.method)).parameters
        _check_keys("views", self.view_options, dict(settings))
        _check_keys(self.modality, self.options, dict(inspect.signature(kind.options).parameters))

    def save(self, directory: RunDirectory) -> None:
        """Write ``recipe.toml``."""
        tables: dict[str, dict[str, Any]] = {
            "data": {"data": self.data, "modality": self.modality}
            | {k: str(v) if isinstance(v, Path) else v for k, v in self.options.items()}
            | {"fingerprint": self.fingerprint},
            "encoder": {"encoder": self.encoder},
            "method": {"name": self.method} | self.method_options,
            "views": self.view_options,
            "training": asdict(self.training),
        }
        write_text(directory.recipe, format_toml(tables) + "\n")

    @classmethod
    def from_tables(cls, tables: Mapping[str, Mapping[str, Any]]) -> Recipe:
        """The recipe that these tables, as in ``recipe.toml``, describe.

        Raises:
            ValueError: A table or key is unknown; the nearest known one is named.
        """
        _check_keys(
            "recipe", tables, dict.fromkeys(("data", "encoder", "method", "views", "training"))
        )
        data, encoder = dict(tables.get("data", {})), dict(tables.get("encoder", {}))
        _check_keys("encoder", encoder, dict.fromkeys(("encoder",)))
        method = dict(tables.get("method", {}))
        said = {key: data.pop(key) for key in ("data", "modality", "fingerprint") if key in data}
        return cls(
            method=method.pop("name", "simclr"),
            options=_with_tuples(data),
            method_options=_with_tuples(method),
            view_options=_with_tuples(tables.get("views", {})),
            training=training_options(tables.get("training", {})),
            **said,
            **encoder,
        )


def split_options(given: Mapping[str, Any], *, kind: Modality) -> tuple[dict[str, Any], ...]:
    """Keyword arguments sorted into the modality's and the training loop's; None is not said.

    Raises:
        ValueError: A name that is neither; the nearest is named.
    """
    of_data = inspect.signature(kind.options).parameters
    of_training = {f.name: None for f in fields(TrainingOptions)}
    _check_keys("a run", given, {**of_data, **of_training})
    data = {k: v for k, v in given.items() if k in of_data and v is not None}
    return data, {k: v for k, v in given.items() if k in of_training}


def _with_tuples(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}


def training_options(given: Mapping[str, Any]) -> TrainingOptions:
    """Options by keyword; an unknown one is an error that names the nearest."""
    _check_keys("training", given, {f.name: None for f in fields(TrainingOptions)})
    return TrainingOptions(**given)


def _check_keys(table: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for key in given:
        if key not in known:
            raise ValueError(
                f"{key!r} is no option of {table}{suggest(key, known)};"
                f" the options are {', '.join(sorted(known))}"
            )
