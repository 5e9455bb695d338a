"""Write src/nearfar/index.json, from which the command line answers without importing PyTorch.

``python scripts/build_index.py`` derives it from the signatures, the docstrings and timm; run it
after a change of a method, an option, a flag or a dataset. ``--check`` only compares, and exits
with 1 if the file is outdated. The limits of numbers are found by construction: each constructor is
called with values around the usual limits, and what it refuses by name is what the index holds.
The search takes minutes; ``--quick`` keeps the limits of the present index.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import json
import math
import re
import sys
import typing
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from nearfar import methods as presets
from nearfar._index import INDEX_FILE
from nearfar._suggestions import UnknownChoiceError
from nearfar.api._choices import opening
from nearfar.api._listing import described_methods
from nearfar.api._method_listing import canonical_name, find_preset, kinds_of
from nearfar.api._recipe import view_recipe
from nearfar.cli._flags import RENAMED
from nearfar.cli._stored_flags import stored
from nearfar.cli._train_flags import general_flags, method_flags, view_flags
from nearfar.data import MODALITIES, implying_options, open_source, opening_options
from nearfar.data.named._catalog import ENTRIES
from nearfar.methods import RunFacts
from nearfar.methods._preset import facts_parameter, is_preset
from nearfar.modalities import Modality, make_encoder, modality
from nearfar.modules import ConvNet, StridedEncoder
from nearfar.modules._amdim_encoder import AMDIM_SIZES
from nearfar.training import TrainingOptions
from nearfar.views import GraphViews

__all__ = ["build_index", "find_limits", "main"]

COMMAND = "python scripts/build_index.py"
TINY = math.ulp(0.0)
NUMBERS = (
    *(-2.0, -1.0, -TINY, 0.0, TINY, 0.5, math.nextafter(1, 0), 1.0, math.nextafter(1, 2)),
    *(1.5, 2.0, 3.0, 1e6),
)
WHOLE = (-2, -1, 0, 1, 2, 3, 4, 5, 8, 16)
NOT_FINITE = (math.inf, -math.inf, math.nan)
SCALES = (1, 2)
"""What is refused at one scale of data and encoder only is not a limit of the argument."""


def build_index(*, limits: bool = True) -> dict[str, Any]:
    """The index of what is installed.

    Args:
        limits: Whether the limits of numbers are looked for, which takes most of the time.
    """
    kinds = {name: modality(name) for name in MODALITIES}
    methods: dict[str, Any] = {}
    views: dict[str, Any] = {}
    rows = {row["name"]: row for row in described_methods()}
    for method in filter(lambda name: is_preset(getattr(presets, name)), presets.__all__):
        own = canonical_name(method)
        shown: dict[str, str] = {}
        for name, kind in kinds.items():
            flags = view_flags(method, kind)
            settings = kind.view_settings(view_recipe(method, name))
            shown[name] = f"{settings.__name__} {len(flags)}"
            if shown[name] not in views:
                views[shown[name]] = _stored(flags, _made_views(settings) if limits else ())
        methods[method] = {
            "alias_of": own if own != method else "",
            "row": rows.get(method, {}),
            "kinds": list(kinds_of(method)),
            "views": shown,
            "flags": _stored(method_flags(method), _made_method(method) if limits else ()),
        }
    return {
        "methods": methods,
        "kinds": {name: _kind(kind, limits=limits) for name, kind in kinds.items()},
        "views": views,
        "datasets": {
            name: {
                "modality": entry.modality,
                "samples": entry.samples,
                "classes": entry.classes,
                "files": list(entry.files),
                "megabytes": entry.megabytes,
                "origin": entry.origin,
            }
            for name, entry in ENTRIES.items()
        },
        "timm": _timm(),
    }


Make = Callable[[dict[str, Any]], object]
"""Calls a constructor with keyword arguments."""


def find_limits(makes: Sequence[Make], name: str, kind: Any) -> dict[str, Any] | None:
    """The numbers that a constructor refuses as a value of one argument.

    Args:
        makes: The constructor, for data and encoders of several scales.
        name: The argument.
        kind: Type of the argument; only ``int``, ``float`` and these or None have limits.

    Returns:
        See :func:`nearfar.cli._stored_flags.restored`; None if nothing is refused at every scale.

    >>> find_limits([lambda given: TrainingOptions(**given)], "epochs", int)
    {'low': 0, 'expected': 'must be a whole number of 1 or more'}
    """
    found = [_limits(make, name, kind) for make in makes]
    return found[0] if found and found == found[:1] * len(found) else None


def _limits(make: Make, name: str, kind: Any) -> dict[str, Any] | None:
    plain = {part for part in (typing.get_args(kind) or (kind,)) if part is not type(None)}
    if not plain <= {int, float} or not _accepts(make, {}):
        return None
    values: Sequence[float] = NUMBERS if float in plain else WHOLE
    said = [_refusal(make, name, value) for value in values]
    accepted = [place for place, text in enumerate(said) if text is None]
    if not accepted or all(text is None for text in said):
        return None
    first, last = accepted[0], accepted[-1]
    found: dict[str, Any] = {}
    if first:
        found["low"] = values[first - 1]
    if last < len(values) - 1 and not any(said[first : last + 1]):
        found["high"] = values[last + 1]
    if float in plain and all(_refusal(make, name, value) for value in NOT_FINITE):
        found["finite"] = True
    expected = next(text for text in said if text)
    return found | {"expected": expected} if found else None


def _stored(flags: Iterable[inspect.Parameter], makes: Sequence[Make]) -> list[dict[str, Any]]:
    entries = []
    for flag in flags:
        name = flag.name.removesuffix(RENAMED).rpartition("__")[2]
        kind = typing.get_args(flag.annotation)[0]
        entries.append(stored(flag, find_limits(makes, name, kind)))
    return entries


def _refusal(make: Make, name: str, value: float) -> str | None:
    """What the constructor says that the argument must be; None if it does not refuse it by name.

    What it says has no value in it, so that it holds for each value that it refuses. A negative
    whole number may also fail without a word, as a size in PyTorch.
    """
    try:
        make({name: value})
    except (ValueError, TypeError) as error:
        found = re.match(rf"`{name}` (must .*?), got {re.escape(repr(value))}$", str(error))
        return found[1] if found else None
    except Exception:
        return (
            "must be a whole number of 0 or more" if isinstance(value, int) and value < 0 else None
        )
    return None


def _accepts(make: Make, given: dict[str, Any]) -> bool:
    try:
        make(given)
    except Exception:
        return False
    return True


def _made_method(method: str) -> list[Make]:
    preset = find_preset(method)
    facts = facts_parameter(preset)
    of_steps = kinds_of(method) == ("sequences",)

    def make(given: dict[str, Any], *, scale: int) -> object:
        with torch.device("meta"), warnings.catch_warnings():  # without memory, and at once
            warnings.simplefilter("ignore")
            encoder: nn.Module = StridedEncoder(width=16, context=16, strides=(2,) * 2 * scale)
            if not of_steps:
                encoder = ConvNet(width=8 * scale, norm="layer")
                encoder.map_channels += (encoder.num_features,) * (scale - 1)
            width = int(encoder.num_features)  # type: ignore[arg-type]
            known = {facts: _facts(scale)} if facts else {}
            return preset(encoder, width, **known, **given)

    return [functools.partial(make, scale=scale) for scale in SCALES]


def _facts(scale: int) -> RunFacts:
    return RunFacts(
        **{"samples": 512 * scale, "batch_size": 64, "batches_per_epoch": 8, "updates": 80},
        **{"signal_dim": 64, "length": 64 * scale, "rows": 4 * scale, "shared_rows": 2},
    )


def _made_views(settings: Callable[..., Any]) -> list[Make]:
    def make(given: dict[str, Any], *, scale: int) -> object:
        needed = {  # arguments of views without a default
            "size": 32 * scale,
            "length": 256 * scale,
            "tokenizer": None,
            "mean": (0.0,),
            "std": (1.0,),
            "s": GraphViews(),
        }
        parameters = inspect.signature(settings).parameters.items()
        without = {name for name, found in parameters if found.default is found.empty}
        return settings(**{k: v for k, v in needed.items() if k in without}, **given)

    return [functools.partial(make, scale=scale) for scale in SCALES]


def _made_encoder(kind: Modality[Any, Any]) -> list[Make]:
    """Options of a modality go through opening the data, their form, and the encoder."""

    def make(given: dict[str, Any], *, scale: int) -> object:
        random = np.random.default_rng(0)
        size = 16 * scale
        texts = [f"the {word} of a story" for word in ("end", "start", "middle", "name")]
        data = {
            "images": random.integers(0, 255, (size, size, size, 3)).astype(np.uint8),
            "sequences": random.standard_normal((size, 1, 64 * size)).astype(np.float32),
            "text": texts * size,
            "vectors": random.standard_normal((size, 4)).astype(np.float32),
        }[kind.name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source = open_source(data, modality=kind.data, **opening(kind, given))
            options, _ = kind.decide(source, kind.options(**given))
            form = kind.form(source, options, seed=0)
            return make_encoder(kind, kind.encoder, form, options)

    if kind.name in ("graphs", "pairs"):
        return []
    return [functools.partial(make, scale=scale) for scale in SCALES]


def _kind(kind: Modality[Any, Any], *, limits: bool) -> dict[str, Any]:
    options = _made_encoder(kind) if limits else []
    loop: list[Make] = [lambda given: TrainingOptions(**given)]
    of_training = inspect.signature(TrainingOptions).parameters
    flags = {
        group: [
            entry
            for flag in general
            for entry in _stored([flag], loop if flag.name in of_training else options)
        ]
        for group, general in general_flags(kind).items()
    }
    return {
        "encoder": kind.encoder,
        "encoders": _encoders(kind),
        "example": kind.example,
        "prefixes": list(kind.data.prefixes),
        "opening": list(opening_options(kind.data)),
        "composite": kind.data.composite,
        "implied_by": {
            name: found.__name__
            for name, found in implying_options().items()
            if name in kind.data.implied_by
        },
        "flags": flags,
    }


def _encoders(kind: Modality[Any, Any]) -> list[str]:
    """Names of the modality's own encoders; empty if any name can be one."""
    if kind.name == "images":
        return ["convnet", *AMDIM_SIZES]
    if kind.name in ("text", "pairs"):
        return []
    try:
        kind.build_encoder("?", None, None)
    except UnknownChoiceError as error:
        found = re.match(r"must be one of (.*), got", error.problem)
        return found[1].split(", ") if found else []
    return []


def _timm() -> dict[str, Any]:
    """All names that timm accepts: also old ones, which it does not list."""
    import timm

    sources = Path(timm.__file__).parent.joinpath("models").rglob("*.py")
    words = {word for file in sources for word in re.findall(r"\w+", file.read_text("utf-8"))}
    return {"version": timm.__version__, "models": sorted(filter(timm.is_model, words))}


def _keep_limits(built: Any, present: Any) -> None:
    """Copy the limits of flags that have the same name and type in the same place."""
    if isinstance(built, dict) and isinstance(present, dict):
        for key in built.keys() & present.keys():
            _keep_limits(built[key], present[key])
    elif isinstance(built, list) and isinstance(present, list):
        known = {flag["called"]: flag for flag in present if isinstance(flag, dict)}
        for flag in built:
            old = known.get(flag["called"], {}) if isinstance(flag, dict) else {}
            if "limits" in old and old["type"] == flag["type"]:
                flag.setdefault("limits", old["limits"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the index, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    parser.add_argument("--quick", action="store_true", help="keep the limits of the present index")
    asked = parser.parse_args(arguments)
    check, built = asked.check, build_index(limits=not asked.quick)
    if asked.quick:
        _keep_limits(built, json.loads(INDEX_FILE.read_text(encoding="utf-8")))
    text = json.dumps(built, indent=1, ensure_ascii=False) + "\n"
    if check:
        same = INDEX_FILE.is_file() and INDEX_FILE.read_text(encoding="utf-8") == text
        print("the index is up to date" if same else f"the index is outdated: run {COMMAND}")
        return 0 if same else 1
    INDEX_FILE.write_text(text, encoding="utf-8")
    print(f"{INDEX_FILE}: {len(text):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
