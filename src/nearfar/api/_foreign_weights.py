"""Weights from elsewhere: which encoder they are of, and how they get into it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from nearfar.checks import check_choice
from nearfar.data import Source
from nearfar.modules import EncoderDescription
from nearfar.records import RunDirectory
from nearfar.weights import (
    PREPARATIONS,
    Architecture,
    Candidate,
    Preparation,
    WeightFile,
    architecture_of,
    candidates,
    chosen,
    matched,
    open_weights,
    preparation_of,
)

__all__ = [
    "NO_WEIGHTS",
    "ForeignWeights",
    "Loaded",
    "WeightsAsked",
    "channels_of",
    "find_weights",
    "per_channel",
]

_USUAL_SIDE = 224  # of images for a standard stem, where nothing says another one


@dataclass(frozen=True)
class Loaded:
    """What of a file became an encoder.

    Attributes:
        used: Number of keys that became weights of the encoder.
        dropped: Keys of heads in the encoder's part of the file.
        apart: How many keys each other part of the file has.
        notes: What is to be said of it, the first of which counts the keys.
    """

    used: int
    dropped: tuple[str, ...]
    apart: Mapping[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ForeignWeights:
    """Weights of a file or a run, with the name and the inputs of their encoder.

    Attributes:
        what: As the user named them.
        file: The file.
        encoder: Name of the encoder, as ``--encoder`` takes it.
        key: Prefix that was asked for.
        known: The architecture that the shapes say; None where it is not recognised.
        preparation: Mean, deviation and size of images for them; None where that is not images'.
        notes: What is assumed.
    """

    what: str
    file: WeightFile
    encoder: str
    key: str | None
    known: Architecture | None
    preparation: Preparation | None
    notes: tuple[str, ...]

    @property
    def epsilon(self) -> float | None:
        """What transformers' layer norms add to variances; None if nothing says it."""
        said = self.file.configuration.get("config.json", {}).get("layer_norm_eps")
        return float(said) if isinstance(said, (int, float)) else None

    @property
    def image_size(self) -> int | None:
        """Side of the images that the weights are for; None for that of the data."""
        said = self.preparation.image_size if self.preparation else None
        if said is not None or self.known is None:
            return said
        usual = _USUAL_SIDE if self.known.stem == "standard" else None
        return self.known.image_size or usual

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Options of images and encoder that belong to the weights, unless they are given.

        Raises:
            ValueError: Another stem than that of the weights was asked for.
        """
        if self.known is None:
            return {}
        stem = given.get("stem") or "auto"
        if stem not in ("auto", self.known.stem):
            raise ValueError(
                f"`stem` must be {self.known.stem!r}, that of the weights in {self.what}, whose"
                f" first convolution does not fit another one, got {stem!r}"
            )
        size = given.get("image_size") or self.image_size
        return {"stem": self.known.stem} | ({} if size is None else {"image_size": size})

    def for_training(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Options of images and encoder for training, unless they are given.

        The size of the images is that of the data, unless the weights have position embeddings.

        Args:
            given: Options that were given.
        """
        size = self.known.image_size if self.known else None
        found = self.options(given)
        return {k: v for k, v in found.items() if k != "image_size" or size is not None}

    def view_options(self, settings: Callable[..., Any], *, channels: int) -> dict[str, Any]:
        """Mean and deviation of views for these weights.

        Args:
            settings: Class or function of the views.
            channels: Channels of the images.
        """
        if self.preparation is None:
            return {}
        known = inspect.signature(settings).parameters
        values = {"mean": self.preparation.mean, "std": self.preparation.std}
        return {name: per_channel(v, channels) for name, v in values.items() if name in known}

    def start(self, module: nn.Module, name: str) -> tuple[str, ...]:
        """Put the weights into an encoder that is then trained; returns the notes on them."""
        notes = self.load_into(module, name=name).notes
        own = {part.eps for part in module.modules() if isinstance(part, nn.LayerNorm)}
        if self.epsilon is None or own <= {self.epsilon}:
            return notes
        held = ", ".join(f"{eps:g}" for eps in sorted(own))
        return (
            *notes,
            f"layer norms add {held} to variances, those of the weights {self.epsilon:g}",
        )

    def load_into(self, module: nn.Module, *, name: str) -> Loaded:
        """Put the weights into an encoder.

        Args:
            module: The encoder, of the architecture of the weights.
            name: Its name, for messages.

        Raises:
            ValueError: Not the weights of this encoder; the message names the keys.
        """
        names = set(module.state_dict())
        candidate, note = _candidate(self.file, self.key, names=names)
        found = matched(self.file, candidate, module, name=name)
        module.load_state_dict(dict(found.state), strict=True)
        place = f" under {candidate.place}" if candidate.place else ""
        counted = [f"{len(found.used):,} keys{place} are the weights of {name}"]
        if found.dropped:
            counted.append(f"{len(found.dropped):,} of heads are dropped ({_few(found.dropped)})")
        if found.apart:
            counted.append(
                f"{sum(found.apart.values()):,} of other parts are not used"
                f" ({_few([f'{part} {count:,}' for part, count in found.apart.items()])})"
            )
        notes = (f"weights of {self.what}: {', '.join(counted)}", note, *found.notes, *self.notes)
        kept = tuple(dict.fromkeys(note for note in notes if note))
        return Loaded(len(found.used), found.dropped, found.apart, kept)


@dataclass(frozen=True)
class WeightsAsked:
    """Weights to start training from, as they were asked for.

    Attributes:
        what: File, folder or run; None for random weights.
        key: Which encoder of the file.
        preprocess: Preparation of images for them.
    """

    what: str | Path | None = None
    key: str | None = None
    preprocess: str | None = None

    def find(self, encoder: Any) -> ForeignWeights | None:
        """The weights, if any were asked for.

        Args:
            encoder: The encoder as it was asked for.

        Raises:
            ValueError: Flags of weights without any, or an encoder that is an object.
        """
        if self.what is None:
            for name, value in (("weights_key", self.key), ("preprocess", self.preprocess)):
                if value is not None:
                    raise ValueError(f"`{name}` must be unset without `weights`, got {value!r}")
            return None
        if not isinstance(encoder, str):
            raise ValueError(
                f"`weights` must be unset for an encoder that is passed as an object, which has"
                f" weights of its own, got {self.what}"
            )
        name = None if encoder == "auto" else encoder
        return find_weights(self.what, encoder=name, key=self.key, preprocess=self.preprocess)

    def in_recipe(self, found: ForeignWeights | None) -> dict[str, str]:
        """The entries of a recipe."""
        if found is None:
            return {}
        digest = found.file.digest
        return {"weights": found.what, "weights_key": self.key or "", "weights_digest": digest}


NO_WEIGHTS = WeightsAsked()
"""Training starts from random weights."""


def channels_of(source: Source) -> int:
    """Channels of images; 0 for other data."""
    return int(getattr(source.root, "channels", 0))


def per_channel(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """Mean or deviation for other channels: the mean over those that are known."""
    if len(values) in (1, channels):
        return values
    return (sum(values) / len(values),)


def find_weights(
    what: str | Path, *, encoder: str | None, key: str | None, preprocess: str | None
) -> ForeignWeights:
    """Open weights and find out which encoder they are of.

    Args:
        what: A file of weights, a folder of Hugging Face or timm, or a nearfar run.
        encoder: Name of the encoder, if it is given.
        key: Prefix of the encoder in the file, if it holds several.
        preprocess: How images are prepared, instead of what the weights' configuration says.

    Raises:
        FileNotFoundError: There is nothing there.
        ValueError: Nothing that can be read as weights, or an encoder that is not recognised.
    """
    if preprocess is not None:
        check_choice(tuple(PREPARATIONS), preprocess=preprocess)
    directory = RunDirectory(Path(what))
    if directory.exists():
        return _of_run(directory, encoder=encoder, preprocess=preprocess)
    file = open_weights(what)
    configured: str | None = (
        str(file.configuration.get("config.json", {}).get("architecture", "")) or None
    )
    found = candidates(file.shapes)
    if not found and encoder is None and configured is None:
        names = ", ".join(list(file.shapes)[:3])
        raise ValueError(
            f"`encoder` must be given for the weights in {file.path}: they are not recognised as a"
            f" ResNet or a vision transformer by their keys ({names}, ...)"
        )
    known = None
    if found:
        candidate, _ = chosen(found, key, file=str(file.path))
        known = architecture_of(_shapes(file, candidate))
    name = encoder or configured or (known.name if known else None)
    if name is None:
        raise ValueError(
            f"`encoder` must be given for the weights in {file.path}: their shapes are those of no"
            " ResNet or vision transformer that is recognised"
        )
    preparation = preparation_of(
        file.configuration, asked=preprocess, channels=known.channels if known else 3
    )
    said = (*(known.notes if known and not (encoder or configured) else ()), preparation.note)
    return ForeignWeights(str(what), file, name, key, known, preparation, said)


def _candidate(file: WeightFile, key: str | None, *, names: set[str]) -> tuple[Candidate, str]:
    found = candidates(file.shapes, encoder=names)
    if not found:
        held, wanted = ", ".join(list(file.shapes)[:3]), ", ".join(sorted(names)[:3])
        raise ValueError(
            f"`weights` must be those of the encoder, but {file.path} has {held}, ..., the encoder"
            f" {wanted}, ..."
        )
    return chosen(found, key, file=str(file.path))


def _shapes(file: WeightFile, candidate: Candidate) -> dict[str, tuple[int, ...]]:
    return {name: file.shapes[parts[0]] for name, parts in candidate.sources.items()}


def _of_run(
    directory: RunDirectory, *, encoder: str | None, preprocess: str | None
) -> ForeignWeights:
    """The weights of a finished run."""
    if not directory.finished():
        raise ValueError(
            f"`weights` must be of a finished run, got {directory.path}: continue it first"
        )
    description: EncoderDescription[Any] = EncoderDescription.load(directory.encoder_description)
    if encoder not in (None, description.name):
        raise ValueError(
            f"`encoder` must be {description.name}, that of the run {directory.path}, got {encoder}"
        )
    file, form = open_weights(directory.encoder), description.form
    if description.modality != "images":
        return ForeignWeights(str(directory.path), file, description.name, None, None, None, ())
    known = Architecture(
        description.name, form["channels"], stem=description.stem, image_size=form["image_size"]
    )
    preparation = preparation_of(file.configuration, asked=preprocess, channels=known.channels)
    if preprocess is None:
        note = f"images are prepared as in {directory.path}"
        mean, std = tuple(form["mean"]), tuple(form["std"])
        preparation = replace(preparation, mean=mean, std=std, note=note)
    return ForeignWeights(
        str(directory.path), file, description.name, None, known, preparation, (preparation.note,)
    )


def _few(names: Any) -> str:
    listed = [str(name) for name in names]
    return ", ".join(listed[:3]) + (", ..." if len(listed) > 3 else "")
