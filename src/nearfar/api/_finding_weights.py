"""Weights that were asked for: opened, and their encoder found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nearfar.api._foreign_weights import ForeignWeights
from nearfar.checks import check_choice
from nearfar.data import Source
from nearfar.modules import EncoderDescription
from nearfar.records import RunDirectory
from nearfar.weights import (
    PREPARATIONS,
    Architecture,
    Candidate,
    WeightFile,
    architecture_of,
    candidates,
    chosen,
    open_weights,
    preparation_of,
)

__all__ = ["NO_WEIGHTS", "WeightsAsked", "channels_of", "find_weights"]


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
        asked = None if encoder == "auto" else encoder
        return find_weights(self.what, encoder=asked, key=self.key, preprocess=self.preprocess)

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
    channels = known.channels if known else _first_channels(file)
    preparation = preparation_of(file.configuration, asked=preprocess, channels=channels)
    assumed = known.notes if known and not (encoder or configured) else ()
    return ForeignWeights(
        str(what), file, name, key, known, channels, preparation, (*assumed, preparation.note)
    )


def _first_channels(file: WeightFile) -> int:
    """Channels of the images of an encoder that is not recognised: of its first convolution."""
    return next((shape[1] for shape in file.shapes.values() if len(shape) == 4), 3)


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
        return ForeignWeights(str(directory.path), file, description.name, None, None, 0, None, ())
    known = Architecture(
        description.name, form["channels"], stem=description.stem, image_size=form["image_size"]
    )
    preparation = preparation_of(file.configuration, asked=preprocess, channels=known.channels)
    if preprocess is None:
        note = f"images are prepared as in {directory.path}"
        mean, std = tuple(form["mean"]), tuple(form["std"])
        preparation = replace(preparation, mean=mean, std=std, note=note)
    return ForeignWeights(
        str(directory.path),
        file,
        description.name,
        None,
        known,
        known.channels,
        preparation,
        (preparation.note,),
    )
