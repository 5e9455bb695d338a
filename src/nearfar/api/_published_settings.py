"""Published settings of papers, in terms of a recipe."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from nearfar.checks import check_choice

__all__ = [
    "PUBLISHED_FOR",
    "SMALL",
    "Published",
    "find_published",
    "published_settings",
    "unpublished",
]

SMALL: Final = "small"
"""The unpublished setting, chosen for small data and one computer."""

PUBLISHED_FOR: Final = "images"
"""The modality that settings are published for."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A paper's training setting, as far as a recipe can express it.

    Args:
        source: The publication and its result.
        encoder: Name of the encoder.
        image_size: Side of the views in pixels.
        method: Keyword arguments of the preset.
        training: Options of the training loop; ``rate_per_256`` is the learning rate for a batch
            of 256.
        views: Keyword arguments of the views that differ from the preset's defaults.
        differs: Differences between the published setting and this implementation.
    """

    source: str
    encoder: str
    image_size: int
    method: dict[str, Any]
    training: dict[str, Any]
    views: dict[str, Any] = field(default_factory=dict)
    differs: tuple[str, ...] = ()

    def train(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """The setting's training options, overridden by the user's.

        The published learning rate scales linearly with the batch size. With another optimiser the
        published learning rate and weight decay are dropped. The warm-up is at most a tenth of the
        epochs.

        >>> setting = find_published("imagenet", "simclr")
        >>> setting.train({"batch_size": 512})["learning_rate"]
        0.6
        """
        overrides = {name: value for name, value in overrides.items() if value is not None}
        own = dict(self.training)
        rate = own.pop("rate_per_256", None)
        if overrides.get("optimizer", own["optimizer"]) != own["optimizer"]:
            own.pop("learning_rate", None)
            own.pop("weight_decay", None)
            rate = None
        chosen = own | overrides
        if "warmup_epochs" in own and "warmup_epochs" not in overrides:
            chosen["warmup_epochs"] = min(own["warmup_epochs"], chosen["epochs"] / 10)
        if rate is not None and "learning_rate" not in overrides:
            samples = chosen["batch_size"] * chosen.get("accumulate", 1)
            chosen["learning_rate"] = rate * samples / 256
        return chosen

    def notes(self) -> tuple[str, ...]:
        """Notes for a run: the source of the setting, and the differences."""
        return (f"setting of {self.source}", *(f"not as published: {d}" for d in self.differs))


def find_published(setting: str, method: str, *, modality: str = PUBLISHED_FOR) -> Published | None:
    """A method's setting by name; None for ``small``.

    Raises:
        ValueError: No such setting is published for the method; the message lists those that are.
    """
    if setting == SMALL:
        return None
    table = published_settings()
    check_choice((SMALL, *table), setting=setting)
    if modality != PUBLISHED_FOR:
        raise ValueError(
            f"`setting` {setting} is for {PUBLISHED_FOR}, got {modality}: leave it out"
        )
    if method in table[setting]:
        return table[setting][method]
    others = [name for name in table if method in table[name]]
    why = unpublished().get(method)
    raise ValueError(
        f"`setting` {setting} is not published for {method}{f' ({why})' if why else ''}: "
        + (f"use {' or '.join(others)}" if others else "leave it out")
        + f"; {setting} is published for {', '.join(table[setting])}"
    )


@functools.cache
def published_settings() -> dict[str, dict[str, Published]]:
    """All published settings, by name and preset."""
    tables = {name: of for name, of in _tables().items() if name != "none"}
    return {
        name: {
            method: Published(**entry | {"differs": tuple(entry.get("differs", ()))})
            for method, entry in of.items()
        }
        for name, of in tables.items()
    }


def unpublished() -> dict[str, str]:
    """Image presets without a published setting, and the reason."""
    return dict(_tables()["none"])


@functools.cache
def _tables() -> dict[str, Any]:
    file = Path(__file__).with_suffix(".toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))
