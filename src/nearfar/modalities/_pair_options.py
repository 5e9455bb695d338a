"""Options of pairs, and settings of their views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nearfar.views import PairViews, PlainViews, Views

__all__ = ["PairOptions", "pair_views"]


@dataclass(frozen=True, kw_only=True)
class PairOptions:
    """Options of pairs and their encoders.

    Args:
        x: Column or array of the inputs; by default the first of two.
        s: Column or array of the self-supervised signals; by default the second of two.
        adjacent: Pair each text with the next one; an empty line separates documents.
        encoding: Encoding of a text file; by default determined from its bytes.
        delimiter: Character between the cells of a line (``tab``, ``;``); by default determined
            from the content.
        header: Whether the first row of a table has the columns' names; by default determined from
            the content.
        where: Conditions on the rows of a table: ``split=train``.
        shared: Use one encoder for both halves; by default if both are of the same modality.
        signal_encoder: Encoder of the signals, if not shared; by default that of their modality.
        image_size: Side length of the views of images in pixels; by default chosen from the size of
            the images.
        sample_rate: Sampling rate in Hz that audio is resampled to; by default the most common rate
            of the files.
        words: Number of words after which texts are truncated.
        min_frequency: Minimum frequency of words in the vocabulary; rarer words are mapped to the
            unknown token.
        units: Dimension of the representation of texts and vectors, for encoders where it is
            configurable.
    """

    x: str | None = None
    s: str | None = None
    adjacent: bool | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    where: tuple[str, ...] | Mapping[str, str] | str = ()
    shared: bool | None = None
    signal_encoder: str | None = None
    image_size: int | None = None
    sample_rate: int | None = None
    words: int | None = None
    min_frequency: int | None = None
    units: int | None = None


def pair_views(
    x: Views,
    s: Views,
    *,
    augment: bool = True,
    crop_scale: tuple[float, float] | None = None,
    flip: float | None = None,
    rotation: float | None = None,
    erase: float | None = None,
    noise: float | None = None,
) -> PairViews:
    """Views of pairs, with settings for the views of each half.

    Args:
        x: Views of the inputs.
        s: Views of the signals.
        augment: Whether halves are augmented at all.
        crop_scale: Smallest and largest fraction of an image's area in a crop.
        flip: Probability of flipping an image horizontally.
        rotation: Largest rotation of an image in degrees, in either direction.
        erase: Probability of masking each word of a text.
        noise: Standard deviation of the Gaussian noise added to vectors.
    """
    return PairViews(x, s) if augment else PairViews(PlainViews(x), PlainViews(s))
