"""Omniglot as pairs: two drawings of a character by different people."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import UInt8
from torch.nn import functional as F

from nearfar.data.images._arrays import ArraySource
from nearfar.data.named._archives import Places
from nearfar.data.named._named_set import NamedSet, Part
from nearfar.data.named._omniglot import load_omniglot
from nearfar.data.pairs import GroupSource

__all__ = ["load_omniglot_pairs"]

SIDE = 28
DRAWERS = 20
SHOWN = 5  # drawings of a character that a probe is trained on; it is judged on the others


def load_omniglot_pairs(places: Places) -> NamedSet:
    """633 characters by 20 people to pretrain on; 331 characters of other alphabets to judge.

    A sample is a character, of which views draw two of the 20 drawings anew in each epoch, by two
    people (Tsai et al. draw them with replacement, so that one pair in twenty is a drawing and
    itself). Which drawings are of one character is what pairs know; which character it is nobody
    is told. Ink is white on black, 28×28. A probe is trained on the first 5 drawings of each
    character of the last ten alphabets and judged on the other 15.

    Reference:
        Tsai, Wu, Salakhutdinov, Morency, ICLR 2021 (arXiv 2006.05576), section 4; their split is
        964 characters to pretrain on and 659 of a second archive to judge.
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
    """Rows sorted by character; each must have as many drawings."""
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
