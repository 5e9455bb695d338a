"""Format of measurements: numbers, words, and summaries that identify arrays."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
import torch

__all__ = ["Measured", "describe_array"]

KEPT = 64  # values of an array that are kept, evenly spaced
PROSE = {  # messages to users, which may be reworded
    *("about", "advice", "caption", "data", "formula", "how", "ids", "notes", "reading", "says"),
    *("setting", "statement", "summary"),
}
OF_THE_CALL = {"date", "peak_memory", "provenance", "samples_per_second", "seconds"}


@final
class Measured:
    """Values by name; names are paths such as ``views/images-digits/simclr/0``.

    Attributes:
        values: Measurements, ready for JSON.
    """

    def __init__(self) -> None:
        self.values: dict[str, dict[str, Any]] = {}

    def add(self, name: str, value: Any) -> None:
        """Store a value as numbers, words and array summaries; messages to users are skipped.

        Args:
            name: Path of the value.
            value: A tensor, array, number or word, or a mapping, sequence or dataclass of values.
        """
        value = _as_mapping(value)
        if isinstance(value, Mapping) and set(value) == {"float"}:  # as JSON has no infinities
            value = float(value["float"])
        if isinstance(value, Mapping):
            for key, item in value.items():
                if key not in PROSE | OF_THE_CALL:
                    self.add(f"{name}/{key}", item)
        elif isinstance(value, (torch.Tensor, np.ndarray)):
            self.values[name] = describe_array(value) if value.ndim else {"number": value.item()}
        elif isinstance(value, (list, tuple, range)):
            self._add_items(name, list(value))
        elif isinstance(value, (bool, int, float, np.number)):
            self.values[name] = {"number": float(value)}
        elif isinstance(value, str) or value is None:
            self.values[name] = {"word": str(value)}
        else:
            self.values[name] = {"word": f"a {type(value).__name__}"}

    def attempt(self, name: str, measure: Callable[..., Any], /, *given: Any, **named: Any) -> None:
        """The result of `measure` for these arguments, or the type of the error that it raises."""
        try:
            value = measure(*given, **named)
        except Exception as error:
            self.values[name] = {"word": type(error).__name__, "why": str(error)[:300]}
        else:
            self.add(name, value)

    def save(self, path: Path, **about: Any) -> None:
        """Write all values, together with further entries."""
        path.write_text(json.dumps({**about, "values": self.values}), encoding="utf-8")

    def _add_items(self, name: str, items: Sequence[Any]) -> None:
        if items and all(isinstance(item, str) for item in items):
            text = "\n".join(items)
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            self.values[name] = {"word": f"{len(items)} words, {digest}: {text[:60]!r}"}
        elif items and all(isinstance(item, (bool, int, float)) for item in items):
            self.values[name] = describe_array(np.asarray(items, dtype=np.float64))
        else:
            for index, item in enumerate(map(_as_mapping, items)):
                named = isinstance(item, Mapping) and isinstance(item.get("name"), str)
                inner = {k: v for k, v in item.items() if k != "name"} if named else item
                self.add(f"{name}/{item['name'] if named else index}", inner)


def _as_mapping(value: Any) -> Any:
    """Fields by name, if the value has fields."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return value._asdict() if hasattr(value, "_asdict") else value


def describe_array(values: torch.Tensor | np.ndarray) -> dict[str, Any]:
    """Digest, shape, moments and a sample of the values of an array.

    >>> describe_array(torch.zeros(2, 3))["shape"]
    [2, 3]
    """
    tensor = torch.as_tensor(values).detach().cpu()
    tensor = (tensor.to_dense() if tensor.is_sparse else tensor).contiguous()
    kind = str(tensor.dtype).removeprefix("torch.")
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    array = tensor.numpy()
    digest = hashlib.sha256(f"{kind} {array.shape} ".encode() + array.tobytes()).hexdigest()
    described: dict[str, Any] = {"array": digest[:16], "shape": list(array.shape), "kind": kind}
    if not array.size:
        return described
    wide = array.astype(np.float64).ravel()
    with np.errstate(invalid="ignore"):  # infinities have no deviation
        moments = {
            "mean": wide.mean(),
            "std": wide.std(),
            "min": wide.min(),
            "max": wide.max(),
            "norm": np.sqrt((wide**2).sum()),
        }
    places = np.linspace(0, wide.size - 1, min(KEPT, wide.size)).round().astype(int)
    kept = [float(value) for value in wide[places]]
    return described | {name: float(value) for name, value in moments.items()} | {"values": kept}
