"""Versions of the parts that decide the result of a cell.

A cell's key holds the versions of its parts. A version is raised on purpose, by a change after
which a part gives other results; the cells that depend on it are then computed again.
``tests/studies/test_part_versions.py`` fails if a result moves while its versions stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["MEASURE_VERSIONS", "part_versions"]

_PARTS: Mapping[str, int] = MappingProxyType(
    {
        "split": 1,  # which samples train, fit probes and test
        "training": 1,  # loop, optimisers, schedules, initial weights
        "views": 1,  # augmentations of any modality
        "continuing": 1,  # which weights are carried over
        "supervised": 1,
    }
)
_METHODS: Mapping[str, int] = MappingProxyType({})  # preset → version; 1 if not listed
_ENCODERS: Mapping[str, int] = MappingProxyType({})  # encoder → version; 1 if not listed
_VIEWS: Mapping[str, int] = MappingProxyType({})  # modality → version; 1 if not listed

MEASURE_VERSIONS: Mapping[str, int] = MappingProxyType(
    {
        "knn": 1,
        "linear": 1,
        "mean_classifier": 1,
        "projection_knn": 1,
        "projection_linear": 1,
        "projection_mean_classifier": 1,
        "health": 3,
    }
)
"""Named measures of a training, with their versions."""


def part_versions(
    *, method: str = "", encoder: str = "", modality: str = "", also: tuple[str, ...] = ()
) -> dict[str, int]:
    """Versions of the parts of a training.

    Args:
        method: Preset; none is trained if empty.
        encoder: Encoder; there is none if empty.
        modality: Modality of the data.
        also: Further parts.

    Example:
        >>> part_versions(method="simclr", encoder="convnet", modality="images")["method simclr"]
        1
    """
    found = {name: _PARTS[name] for name in ("split", *also)}
    if encoder:
        found[f"encoder {encoder}"] = _ENCODERS.get(encoder, 1)
    if method:
        found |= {name: _PARTS[name] for name in ("training", "views")}
        found[f"method {method}"] = _METHODS.get(method, 1)
        found[f"views of {modality}"] = _VIEWS.get(modality, 1)
    return found
