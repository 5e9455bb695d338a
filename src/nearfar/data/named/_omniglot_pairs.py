"""Omniglot as pairs: two drawings of the same character by different people."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import UInt8
from torch.nn import functional as F

from nearfar.data.images._image_arrays import ArraySource
from nearfar.data.named._archives import Places
from nearfar.data.named._named_set import NamedSet, Part
from nearfar.data.named._omniglot import load_omniglot
from nearfar.data.pairs import GroupSource

__all__ = ["load_omniglot_pairs"]

SIDE = 28
DRAWERS = 20
SHOWN = 5  # drawings per character for training a probe; the others are for its evaluation


def load_omniglot_pairs(places: Places) -> NamedSet:
    """633 characters by 20 people for pretraining; 331 from other alphabets for evaluation.

    A sample is a character with 20 drawings, each by another person. In each epoch two of them are
    drawn without replacement as views (Tsai et al. draw with replacement, so that one pair in
    twenty consists of the same drawing twice). Pretraining uses the grouping of drawings by
    character, but not the characters' labels. Images are 28×28, white ink on black. A probe is
    trained on the first 5 drawings of each character of the last ten alphabets and evaluated on the
    other 15.

    Reference:
        Tsai, Wu, Salakhutdinov, Morency, ICLR 2021 (arXiv 2006.05576), section 4; their split has
        964 characters for pretraining and 659 from a second archive for evaluation.
    """
    loaded = load_omniglot(places)
    assert loaded.test is not None
    members = ArraySource(_small(_by_character(loaded.train).images), name="omniglot")
    judged = _by_character(loaded.test)
    drawings = _small(judged.images).reshape(-1, DRAWERS, 1, SIDE, SIDE)
    labels = judged.labels.reshape(-1, DRAWERS)
    train, test = (
        ArraySource(drawings[:, part].reshape(-1, 1, SIDE, SIDE), name="omniglot-pairs")
        for part in (slice(SHOWN), slice(SHOWN, None))
    )
    pretrain = GroupSource(members, size=DRAWERS, name="omniglot-pairs", noun="character")
    return NamedSet(
        pretrain=pretrain,
        train=train,
        labels={"class": labels[:, :SHOWN].flatten()},
        test=test,
        test_labels={"class": labels[:, SHOWN:].flatten()},
        everything=pretrain,
    )


def _by_character(part: Part) -> Part:
    """Sort rows by character, and check that each has the full number of drawings."""
    order = np.argsort(part.labels, kind="stable")
    counts = np.unique(part.labels, return_counts=True)[1]
    if (counts != DRAWERS).any():
        raise ValueError(f"omniglot must have {DRAWERS} drawings of each character")
    return Part(part.images[order], part.labels[order])


def _small(
    images: UInt8[np.ndarray, "samples 1 height width"],
) -> UInt8[np.ndarray, "samples 1 side side"]:
    chunks = np.array_split(images, max(1, len(images) // 1000))
    parts = [
        F.interpolate(
            torch.from_numpy(np.array(chunk)).float(),
            size=(SIDE, SIDE),
            mode="bilinear",
            antialias=True,
        )
        for chunk in chunks
    ]
    return torch.cat(parts).round().clamp(0, 255).to(torch.uint8).numpy()
