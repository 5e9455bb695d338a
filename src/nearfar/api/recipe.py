"""A recipe: everything one must say to repeat a run."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from nearfar import methods, views
from nearfar.checks import check_choice, suggest
from nearfar.records import RunDirectory, format_toml, write_text
from nearfar.training import TrainingOptions

__all__ = ["Recipe", "preset_names", "preset_options"]


def preset_names() -> tuple[str, ...]:
    """Names that a method is asked for by: the presets of ``nearfar.methods``."""
    return tuple(name for name in methods.__all__ if name.islower())


def preset_options(name: str) -> dict[str, Any]:
    """Keyword arguments of a method preset, with their defaults."""
    check_choice(preset_names(), method=name)
    signature = inspect.signature(getattr(methods, name))
    return {
        parameter.name: parameter.default
        for parameter in signature.parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    }


@dataclass(frozen=True)
class Recipe:
    """Method, data, encoder, views and training of a run.

    Args:
        method: Preset name.
        data: What ``--data`` was; ``custom`` for arrays and data sets handed over in Python.
        encoder: ``convnet``, a timm name, or ``custom``.
        stem: ``auto``, ``small`` or ``standard``.
        image_size: Side of the views; the source's own if None.
        channels: Channels of the images, where that had to be said.
        method_options: Keyword arguments of the preset that differ from its defaults.
        view_options: Keyword arguments of the views that differ from the preset's.
        training: Options of the loop.
        fingerprint: Of the data, so that a run never resumes on others.
    """

    method: str = "simclr"
    data: str = "digits"
    encoder: str = "convnet"
    stem: str = "auto"
    image_size: int | None = None
    channels: int | None = None
    method_options: dict[str, Any] = field(default_factory=dict)
    view_options: dict[str, Any] = field(default_factory=dict)
    training: TrainingOptions = field(default_factory=TrainingOptions)
    fingerprint: str = ""

    def __post_init__(self) -> None:
        _check_keys("method", self.method_options, preset_options(self.method))
        signature = inspect.signature(views.ImageViews)
        _check_keys("views", self.view_options, dict(signature.parameters))

    def save(self, directory: RunDirectory) -> None:
        """Write ``recipe.toml``."""
        tables: dict[str, dict[str, Any]] = {
            "data": {
                "data": self.data,
                "image_size": self.image_size,
                "channels": self.channels,
                "fingerprint": self.fingerprint,
            },
            "encoder": {"encoder": self.encoder, "stem": self.stem},
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
        _check_keys("data", data, dict.fromkeys(("data", "image_size", "channels", "fingerprint")))
        _check_keys("encoder", encoder, dict.fromkeys(("encoder", "stem")))
        method = dict(tables.get("method", {}))
        name = method.pop("name", "simclr")
        view_options = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in tables.get("views", {}).items()
        }
        training = training_options(tables.get("training", {}))
        return cls(
            method=name,
            method_options=method,
            view_options=view_options,
            training=training,
            **data,
            **encoder,
        )


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
