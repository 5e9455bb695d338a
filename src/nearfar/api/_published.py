"""The settings that papers publish, as what a recipe holds."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from nearfar.checks import check_choice

__all__ = ["SMALL", "Published", "find_published", "published_settings", "unpublished"]

SMALL: Final = "small"
"""The setting of which nothing is published: chosen for small data and one computer."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a paper trained with, where a recipe can say it.

    Args:
        source: Where it is published, and what came out.
        encoder: Its name.
        image_size: Side of the views in pixels.
        method: Keyword arguments of the preset.
        training: Options of the loop; ``rate_per_256`` is the learning rate of a batch of 256.
        views: Keyword arguments of the views, beyond what their preset has.
        differs: What of it is done otherwise here.
    """

    source: str
    encoder: str
    image_size: int
    method: dict[str, Any]
    training: dict[str, Any]
    views: dict[str, Any] = field(default_factory=dict)
    differs: tuple[str, ...] = ()

    def train(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Its options of the loop beside those that were said, which win.

        A rate of its own grows with the batch; neither it nor a weight decay outlives the change
        to another optimiser. The warm-up takes a tenth of the epochs at most.

        >>> setting = find_published("imagenet", "simclr")
        >>> setting.train({"batch_size": 512})["learning_rate"]
        0.6
        """
        said = {name: value for name, value in said.items() if value is not None}
        own = dict(self.training)
        rate = own.pop("rate_per_256", None)
        if said.get("optimizer", own["optimizer"]) != own["optimizer"]:
            own.pop("learning_rate", None)
            own.pop("weight_decay", None)
            rate = None
        chosen = own | said
        if "warmup_epochs" in own and "warmup_epochs" not in said:
            chosen["warmup_epochs"] = min(own["warmup_epochs"], chosen["epochs"] / 10)
        if rate is not None and "learning_rate" not in said:
            samples = chosen["batch_size"] * chosen.get("accumulate", 1)
            chosen["learning_rate"] = rate * samples / 256
        return chosen

    def notes(self) -> tuple[str, ...]:
        """What a run should say of it."""
        return (f"setting of {self.source}", *(f"not as published: {d}" for d in self.differs))


def find_published(setting: str, method: str, *, modality: str = "images") -> Published | None:
    """A method's setting by name; None for ``small``.

    Raises:
        ValueError: Nothing of that name is published for the method; what there is is named.
    """
    if setting == SMALL:
        return None
    table = published_settings()
    check_choice((SMALL, *table), setting=setting)
    if modality != "images":
        raise ValueError(f"`setting` {setting} is for images, got {modality}: leave it out")
    if method in table[setting]:
        return table[setting][method]
    others = [name for name in table if method in table[name]]
    why = unpublished().get(method)
    raise ValueError(
        f"`setting` {setting} is not published for {method}{f' ({why})' if why else ''}: "
        + (f"there is {' and '.join(others)}" if others else "leave it out")
        + f"; {setting} is there for {', '.join(table[setting])}"
    )


@functools.cache
def published_settings() -> dict[str, dict[str, Published]]:
    """All of them, by name and preset."""
    tables = {name: of for name, of in _tables().items() if name != "none"}
    return {
        name: {
            method: Published(**entry | {"differs": tuple(entry.get("differs", ()))})
            for method, entry in of.items()
        }
        for name, of in tables.items()
    }


def unpublished() -> dict[str, str]:
    """Presets for images without any, and why."""
    return dict(_tables()["none"])


@functools.cache
def _tables() -> dict[str, Any]:
    file = Path(__file__).with_suffix(".toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))
